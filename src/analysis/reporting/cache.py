"""The cache: a report whose inputs are unchanged and whose files are all there is not built again."""

import hashlib
import json
from pathlib import Path

from analysis.reporting.dependencies import in_building_order
from analysis.reporting.manifest import output_hashes, read_manifest
from analysis.reporting.plan import ReportSpec
from analysis.reporting.provenance import Inputs, hash_of_file
from analysis.reporting.topics import Topic


def cache_key(spec: ReportSpec, inputs: Inputs) -> str:
    """Hash of everything that can change the files of a report.

    Parameters
    ----------
    spec
        The report.
    inputs
        What all reports are made from.

    Returns
    -------
    str
        sha256 in hexadecimal.
    """
    facts = {
        "notebook": hash_of_file(spec.topic.notebook),
        "topic": spec.topic.id,
        "builds_on": {topic.id: hash_of_file(topic.notebook) for topic in _others(spec)},
        "variant": spec.variant,
        "language": spec.language,
        "parameters": dict(spec.parameters),
        "formats": list(spec.formats),
        "source": inputs.source,
        "data": inputs.data,
        "lock": inputs.lock,
        "version": inputs.version,
        "epoch": inputs.epoch,
        "python": inputs.python,
        "packages": dict(inputs.packages),
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def _others(spec: ReportSpec) -> list[Topic]:
    """All reports this one builds on, near and far; they stand there with the parameters of their notebooks."""
    return [topic for topics in in_building_order([spec.topic])[:-1] for topic in topics]


def is_current(folder: Path, key: str) -> bool:
    """Whether a stored report was made from these inputs and none of its files was lost or changed.

    Parameters
    ----------
    folder
        Folder of the report.
    key
        As given by `cache_key`.

    Returns
    -------
    bool
        False for a failed report: it is tried again.
    """
    manifest = read_manifest(folder)
    if not manifest or manifest.get("status") != "ok" or manifest.get("key") != key:
        return False
    return bool(manifest.get("outputs") == output_hashes(folder))

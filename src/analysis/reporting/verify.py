"""The proof that reports can be reproduced: build them once more and compare every byte."""

import os
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analysis.errors import AnalysisError, ReportError
from analysis.reporting.cache import cache_key
from analysis.reporting.job import Job
from analysis.reporting.manifest import all_manifests, output_hashes
from analysis.reporting.parameters import validate
from analysis.reporting.plan import ReportSpec
from analysis.reporting.progress import Watcher
from analysis.reporting.provenance import read_inputs
from analysis.reporting.runner import run_jobs
from analysis.reporting.topics import Topic, all_topics, select_topics
from analysis.reporting.workspace import Workspace


@dataclass(frozen=True)
class Comparison:
    """A stored report beside the same report built anew.

    Attributes
    ----------
    spec
        The report.
    differing
        Names of the files that are not equal, or that only one of the two has.
    remark
        Why the comparison could not be made; empty otherwise.
    """

    spec: ReportSpec
    differing: tuple[str, ...]
    remark: str = ""

    @property
    def identical(self) -> bool:
        """Whether every byte is the same."""
        return not self.differing and not self.remark


def stored_reports(root: Path, targets: Sequence[str]) -> list[tuple[ReportSpec, dict[str, Any]]]:
    """Find built reports, variants included.

    Parameters
    ----------
    root
        Folder of the project.
    targets
        Studies and topics; none for all.

    Returns
    -------
    list of tuple
        Each report with its manifest.

    Raises
    ------
    ReportError
        When nothing has been built.
    """
    chosen = {(topic.study, topic.name): topic for topic in select_topics(all_topics(root), targets)}
    manifests = [m for m in all_manifests(root).values() if (m["study"], m["topic"]) in chosen]
    if not manifests:
        raise ReportError(f"Nothing has been built yet. Build it first: analysis report {' '.join(targets)}".strip())
    return [(_spec(chosen[(m["study"], m["topic"])], m), m) for m in manifests]


def verify_reports(root: Path, targets: Sequence[str], watcher: Watcher, *, jobs: int = 0) -> Iterator[Comparison]:
    """Build stored reports anew in a temporary folder and compare all files but the manifests.

    Parameters
    ----------
    root
        Folder of the project.
    targets
        Studies and topics; none for all.
    watcher
        Is told of every start.
    jobs
        How many at the same time; 0 for as many as there are processors.

    Yields
    ------
    Comparison
        One for each report, as soon as it is there.

    Raises
    ------
    ReportError
        When nothing has been built.
    """
    inputs, stored = read_inputs(root), stored_reports(root, targets)
    fit: list[ReportSpec] = []
    for spec, manifest in stored:
        remark = _remark(spec, manifest, cache_key(spec, inputs))
        if remark:
            yield Comparison(spec, (), remark)
        else:
            fit.append(spec)
    if not fit:
        return
    with Workspace(root) as workspace:
        tasks = [Job(spec, root, workspace.new_folder(), "", inputs) for spec in fit]
        with closing(run_jobs(root, workspace, tasks, watcher, jobs or os.cpu_count() or 1)) as answers:
            for job, _ in answers:
                yield Comparison(job.spec, differing_files(root / "reports" / job.spec.folder, job.folder))


def differing_files(stored: Path, anew: Path) -> tuple[str, ...]:
    """Compare two folders file by file, the manifests left out.

    Parameters
    ----------
    stored, anew
        Folders of the same report.

    Returns
    -------
    tuple of str
        Files that differ or that only one folder has, by name.
    """
    one, other = output_hashes(stored), output_hashes(anew)
    return tuple(sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name)))


def _spec(topic: Topic, manifest: dict[str, Any]) -> ReportSpec:
    try:
        parameters = validate(topic.parameters, manifest["parameters"])
    except AnalysisError:
        parameters = manifest["parameters"]
    return ReportSpec(topic, manifest["language"], parameters, tuple(manifest["formats"]), manifest["variant"])


def _remark(spec: ReportSpec, manifest: dict[str, Any], key: str) -> str:
    if manifest["status"] != "ok":
        return "failed when it was built; build it again first"
    if manifest["key"] != key:
        return "was built from other inputs than there are now; build it again first"
    return ""

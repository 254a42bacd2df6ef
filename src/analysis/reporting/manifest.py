"""The manifest of a report: what it was made from, what came out, and the only place where times are kept."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from analysis.reporting.job import Failure, Job
from analysis.reporting.parameters import differing
from analysis.reporting.provenance import files_below, hash_of_file

MANIFEST = "manifest.json"
RUN_FILE = "run.json"
SCHEMA = 1


def write_manifest(job: Job, *, started: datetime, failure: Failure | None = None) -> dict[str, Any]:
    """Describe a finished report in its folder; `run.json`, which the notebook left there, is taken up and removed.

    Parameters
    ----------
    job
        The report.
    started
        When its run began.
    failure
        Why it failed; None when it succeeded.

    Returns
    -------
    dict
        What was written.
    """
    finished = datetime.now(UTC)
    manifest = {
        "schema": SCHEMA,
        **_identity(job),
        "status": "failed" if failure else "ok",
        "failure": asdict(failure) if failure else None,
        **_take_run_file(job.folder),
        "key": job.key,
        "inputs": _inputs(job),
        "started": started.isoformat(timespec="seconds"),
        "finished": finished.isoformat(timespec="seconds"),
        "seconds": round((finished - started).total_seconds(), 1),
        "outputs": output_hashes(job.folder),
    }
    text = json.dumps(manifest, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    (job.folder / MANIFEST).write_text(text, encoding="utf-8", newline="\n")
    return manifest


def read_manifest(folder: Path) -> dict[str, Any]:
    """Read the manifest of a report.

    Parameters
    ----------
    folder
        Folder of the report.

    Returns
    -------
    dict
        Empty when there is none that can be read.
    """
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return manifest if isinstance(manifest, dict) and manifest.get("schema") == SCHEMA else {}


def all_manifests(root: Path) -> dict[str, dict[str, Any]]:
    """Manifests of all built reports.

    Parameters
    ----------
    root
        Folder of the project.

    Returns
    -------
    dict
        By folder below `reports`, for example ``homelessness/cohort_mortality/nl``.
    """
    reports = root / "reports"
    folders = sorted(path.parent for path in reports.glob(f"[!.]*/*/*/{MANIFEST}"))
    found = {folder.relative_to(reports).as_posix(): read_manifest(folder) for folder in folders}
    return {name: manifest for name, manifest in found.items() if manifest}


def output_hashes(folder: Path) -> dict[str, str]:
    """Hash of each file of a report, the manifest left out.

    Parameters
    ----------
    folder
        Folder of the report.

    Returns
    -------
    dict
        sha256 by name.
    """
    names = ((path.relative_to(folder).as_posix(), path) for path in files_below(folder))
    return {name: hash_of_file(path) for name, path in names if name != MANIFEST}


def _identity(job: Job) -> dict[str, Any]:
    spec = job.spec
    headings = spec.topic.headings
    return {
        "study": spec.topic.study,
        "topic": spec.topic.name,
        "variant": spec.variant,
        "language": spec.language,
        "formats": list(spec.formats),
        "parameters": dict(spec.parameters),
        "changed_parameters": differing(spec.topic.parameters, spec.parameters),
        "titles": {language: heading["title"] for language, heading in headings.items()},
        "leads": {language: heading["lead"] for language, heading in headings.items()},
    }


def _inputs(job: Job) -> dict[str, Any]:
    return {"notebook": hash_of_file(job.spec.topic.notebook), **asdict(job.inputs)}


def _take_run_file(folder: Path) -> dict[str, Any]:
    path = folder / RUN_FILE
    try:
        run = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        run = {}
    path.unlink(missing_ok=True)
    empty: dict[str, Any] = {"reads": [], "builds_on": [], "saved": [], "verdicts": [], "answer": ""}
    return {name: run.get(name) or nothing for name, nothing in empty.items()}

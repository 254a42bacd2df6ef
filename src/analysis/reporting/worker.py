"""A worker process: takes reports one by one from its standard input, builds each, and answers with how it went."""

import json
import os
import queue
import shutil
import signal
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

from analysis.reporting.context import ExportContext
from analysis.reporting.execute import NOTEBOOK, failure_of, is_full_disk, run_notebook
from analysis.reporting.failure import write_failure_page
from analysis.reporting.forked_kernels import CAN_FORK, use_forked_kernels
from analysis.reporting.job import Failure, Job, job_from_data
from analysis.reporting.manifest import write_manifest

Export = Callable[[Path, Path, ExportContext], None]


def build_report(job: Job, export: Export | None = None) -> Failure | None:
    """Run a notebook and write everything that belongs to its report.

    Parameters
    ----------
    job
        The report; its folder exists and is empty.
    export
        Writes the documents; the one of this package when None.

    Returns
    -------
    Failure or None
        None when all went well. Otherwise the folder holds a readable page instead of the report.

    Raises
    ------
    OSError
        When the disk is full: then the folder is worth nothing.
    """
    started = datetime.now(UTC)
    failure = run_notebook(job) or _export(job, export)
    if failure:
        finish_failed(job, failure, started)
    else:
        write_manifest(job, started=started)
    return failure


def finish_failed(job: Job, failure: Failure, started: datetime) -> None:
    """Leave a readable page, the partial notebook and a manifest; results of the first cells are taken away.

    Parameters
    ----------
    job
        The report.
    failure
        What went wrong.
    started
        When the run began.
    """
    job.folder.mkdir(parents=True, exist_ok=True)
    for path in job.folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif path.name not in (NOTEBOOK, "run.json"):
            path.unlink()
    write_failure_page(job, failure, with_notebook=(job.folder / NOTEBOOK).is_file())
    write_manifest(job, started=started, failure=failure)


def main() -> None:
    """Build what comes in, until the standard input closes; then the one who asked is gone or satisfied."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    if CAN_FORK:
        use_forked_kernels()
    jobs: queue.Queue[str] = queue.Queue()
    busy = threading.Event()
    threading.Thread(target=_receive, args=(sys.stdin, jobs, busy), daemon=True).start()
    while line := jobs.get():
        busy.set()
        answers.write(json.dumps(_answer(job_from_data(json.loads(line)))) + "\n")
        answers.flush()
        busy.clear()


def _receive(stream: TextIO, jobs: "queue.Queue[str]", busy: threading.Event) -> None:
    for line in stream:
        jobs.put(line)
    jobs.put("")
    if busy.is_set():
        os.kill(os.getpid(), signal.SIGTERM)  # nbclient answers this by stopping the kernel


def _answer(job: Job) -> dict[str, Any]:
    try:
        failure = build_report(job)
    except Exception as error:
        stage = "disk" if is_full_disk(error) else "worker"
        return {"failure": vars(failure_of(error, stage, job.root)), "usable": False}
    return {"failure": vars(failure) if failure else None, "usable": True}


def _export(job: Job, export: Export | None) -> Failure | None:
    try:
        (export or _standard_export())(job.folder / NOTEBOOK, job.folder, job.context())
    except Exception as error:
        if is_full_disk(error):
            raise
        return failure_of(error, "export", job.root)
    return None


def _standard_export() -> Export:
    from analysis.reporting.export import export_report

    return export_report


if __name__ == "__main__":
    main()

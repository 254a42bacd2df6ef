"""The build: reports from the cache or from worker processes, each moved into place whole, then the index."""

import os
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import as_completed
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from analysis.errors import ReportError
from analysis.reporting.cache import cache_key, is_current
from analysis.reporting.dependencies import in_building_order
from analysis.reporting.execute import is_full_disk
from analysis.reporting.index import write_index
from analysis.reporting.job import Failure, Job
from analysis.reporting.manifest import read_manifest
from analysis.reporting.plan import ReportSpec
from analysis.reporting.pool import WorkerPool
from analysis.reporting.progress import Watcher
from analysis.reporting.provenance import read_inputs
from analysis.reporting.worker import finish_failed
from analysis.reporting.workspace import Workspace

FULL_DISK = "The disk is full. Make room (`make clean` removes built reports) and build again."
STOPPED = "The process that built this report stopped without an answer. Often the memory of the machine ran out."


@dataclass(frozen=True)
class Result:
    """How one report ended.

    Attributes
    ----------
    spec
        The report.
    status
        ``ok``, ``cached`` or ``failed``.
    seconds
        How long it took.
    failure
        Why it failed.
    """

    spec: ReportSpec
    status: str
    seconds: float = 0.0
    failure: Failure | None = None


def build_reports(
    root: Path, specs: Sequence[ReportSpec], watcher: Watcher, *, jobs: int = 0, force: bool = False
) -> list[Result]:
    """Build reports and the index.

    Parameters
    ----------
    root
        Folder of the project.
    specs
        What to build, checked.
    watcher
        Is told of every start and end.
    jobs
        How many at the same time; 0 for as many as there are processors.
    force
        Build also what is unchanged.

    Returns
    -------
    list of Result
        In the order in which they ended.

    Raises
    ------
    ReportError
        When the index cannot be written because the disk is full.
    """
    inputs = read_inputs(root)
    keys = {spec.folder: cache_key(spec, inputs) for spec in specs}
    current = [s for s in specs if not force and is_current(root / "reports" / s.folder, keys[s.folder])]
    results = [Result(spec, "cached") for spec in current]
    for spec in current:
        watcher.finished(spec.name, "cached", 0.0)
    waiting = [spec for spec in specs if spec not in current]
    try:
        if waiting:
            with Workspace(root) as workspace:
                tasks = [Job(spec, root, workspace.new_folder(), keys[spec.folder], inputs) for spec in waiting]
                results += _build_all(root, workspace, tasks, watcher, jobs or os.cpu_count() or 1)
        write_index(root, {result.spec.folder for result in results if result.status != "cached"})
    except OSError as error:
        if is_full_disk(error):
            raise ReportError(FULL_DISK) from error
        raise
    return results


def run_jobs(
    root: Path, workspace: Workspace, tasks: Sequence[Job], watcher: Watcher, jobs: int
) -> Generator[tuple[Job, dict[str, Any] | None], None, None]:
    """Build reports in worker processes and yield each as soon as it is there, not yet moved into place.

    A report that builds on others is begun when all of those have been yielded and the caller has put them in place.

    Parameters
    ----------
    root
        Folder of the project.
    workspace
        Where the reports are made.
    tasks
        At least one report, each with its own folder.
    watcher
        Is told of every start.
    jobs
        How many at the same time.

    Yields
    ------
    tuple
        The job and the answer of its worker, None when that died.
    """
    pool = WorkerPool(root, workspace.folder, min(jobs, len(tasks)), tasks[0].inputs.epoch)
    try:
        for topics in in_building_order([task.spec.topic for task in tasks]):
            due = [task for task in tasks if task.spec.topic in topics]
            futures = {pool.submit(task, lambda job: watcher.started(job.spec.name)): task for task in due}
            for future in as_completed(futures):
                yield futures[future], future.result()
    finally:
        pool.stop()


def _build_all(root: Path, workspace: Workspace, tasks: Sequence[Job], watcher: Watcher, jobs: int) -> Iterator[Result]:
    with closing(run_jobs(root, workspace, tasks, watcher, jobs)) as answers:
        for job, answer in answers:
            result = _settle(job, answer, workspace)
            reason = result.failure.reason if result.failure else ""
            watcher.finished(job.spec.name, result.status, result.seconds, reason)
            yield result


def _settle(job: Job, answer: dict[str, Any] | None, workspace: Workspace) -> Result:
    """Move what a worker made into place; where it made nothing, make the page that says so."""
    failure, usable = _read_answer(answer)
    try:
        if not usable and failure and failure.stage != "disk":
            finish_failed(job, failure, datetime.now(UTC))
        if usable or (failure and failure.stage != "disk"):
            workspace.place(job.folder, job.root / "reports" / job.spec.folder)
    except OSError as error:
        if not is_full_disk(error):
            raise
        failure = Failure("disk", "OSError", FULL_DISK)
    if failure and failure.stage == "disk":
        return Result(job.spec, "failed", failure=Failure("disk", failure.error, FULL_DISK))
    seconds = read_manifest(job.root / "reports" / job.spec.folder).get("seconds", 0.0)
    return Result(job.spec, "failed" if failure else "ok", seconds, failure)


def _read_answer(answer: dict[str, Any] | None) -> tuple[Failure | None, bool]:
    if answer is None:
        return Failure("worker", "WorkerStopped", STOPPED), False
    failure = Failure(**answer["failure"]) if answer["failure"] else None
    return failure, answer["usable"]

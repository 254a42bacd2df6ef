"""Worker processes that build reports, with an environment that is the same for every user."""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, cast

from analysis.reporting.job import Job, job_as_data

SECONDS_TO_STOP = 5
LEFT_OUT = ("MPLBACKEND", "PYTHONWARNINGS", "PYTHONDONTWRITEBYTECODE", "PYTHONSTARTUP", "PYTHONINSPECT")


def worker_environment(root: Path, scratch: Path, epoch: int) -> dict[str, str]:
    """Environment of a worker: settings of the user's own Jupyter, IPython and matplotlib do not reach it.

    Parameters
    ----------
    root
        Folder of the project.
    scratch
        Empty folder for what these programs want to write.
    epoch
        Date for documents, in seconds since 1970.

    Returns
    -------
    dict
        Variables by name.
    """
    kept = {name: value for name, value in os.environ.items() if name not in LEFT_OUT}
    return kept | {
        "ANALYSIS_ROOT": str(root),
        "IPYTHONDIR": str(scratch / "ipython"),
        "JUPYTER_CONFIG_DIR": str(scratch / "jupyter"),
        "JUPYTER_DATA_DIR": str(scratch / "jupyter"),
        "JUPYTER_PREFER_ENV_PATH": "1",
        "JUPYTER_RUNTIME_DIR": str(scratch / "runtime"),
        "MATPLOTLIBRC": os.devnull,
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "PYTHONHASHSEED": "0",
        "PYTHONUTF8": "1",
        "SOURCE_DATE_EPOCH": str(epoch),
        "TZ": "UTC",
    }


class Worker:
    """One worker process.

    Parameters
    ----------
    root
        Folder of the project.
    scratch
        Empty folder for its settings and its log.
    epoch
        Date for documents, in seconds since 1970.
    """

    def __init__(self, root: Path, scratch: Path, epoch: int) -> None:
        with (scratch / "worker.log").open("a") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-m", "analysis.reporting.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=worker_environment(root, scratch, epoch),
                cwd=root,
                start_new_session=True,
                encoding="utf-8",
            )

    def build(self, job: Job) -> dict[str, Any] | None:
        """Build one report.

        Parameters
        ----------
        job
            The report.

        Returns
        -------
        dict or None
            `failure` and `usable`; None when the process stopped without an answer.
        """
        stdin, stdout = self.process.stdin, self.process.stdout
        if stdin is None or stdout is None:
            return None
        try:
            stdin.write(json.dumps(job_as_data(job)) + "\n")
            stdin.flush()
            return cast(dict[str, Any], json.loads(stdout.readline()))
        except (OSError, ValueError):
            return None

    def stop(self) -> None:
        """End the process and the kernel it runs."""
        if self.process.stdin:
            with contextlib.suppress(OSError):
                self.process.stdin.close()
        try:
            self.process.wait(SECONDS_TO_STOP)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class WorkerPool:
    """A fixed number of workers; one that dies takes only its own report with it and is replaced.

    Parameters
    ----------
    root
        Folder of the project.
    folder
        Folder of this build.
    jobs
        How many reports are built at the same time.
    epoch
        Date for documents, in seconds since 1970.
    """

    def __init__(self, root: Path, folder: Path, jobs: int, epoch: int) -> None:
        self._root, self._folder, self._epoch = root, folder, epoch
        self._threads = ThreadPoolExecutor(max_workers=jobs)
        self._idle: SimpleQueue[Worker] = SimpleQueue()
        self._all: list[Worker] = []
        self._stopped = False

    def submit(self, job: Job, on_start: Callable[[Job], None]) -> "Future[dict[str, Any] | None]":
        """Queue one report.

        Parameters
        ----------
        job
            The report.
        on_start
            Called with the job when a worker takes it up.

        Returns
        -------
        concurrent.futures.Future
            Of the answer, see `Worker.build`.
        """
        return self._threads.submit(self._build, job, on_start)

    def stop(self) -> None:
        """End all workers; reports that wait are not begun."""
        self._stopped = True
        self._threads.shutdown(wait=False, cancel_futures=True)
        stoppers = ThreadPoolExecutor(max_workers=max(1, len(self._all)))
        list(stoppers.map(Worker.stop, self._all))
        stoppers.shutdown()

    def _build(self, job: Job, on_start: Callable[[Job], None]) -> dict[str, Any] | None:
        on_start(job)
        worker = self._take()
        answer = worker.build(job)
        if answer is None:
            worker.stop()
        else:
            self._idle.put(worker)
        return answer

    def _take(self) -> Worker:
        try:
            return self._idle.get_nowait()
        except Empty:
            scratch = self._folder / f"worker-{len(self._all) + 1}-{os.urandom(3).hex()}"
            scratch.mkdir()
            worker = Worker(self._root, scratch, self._epoch)
            self._all.append(worker)
            if self._stopped:
                worker.stop()
            return worker

"""Running one notebook with papermill, and finding out which cell failed."""

import errno
import os
import tempfile
import traceback
from pathlib import Path
from typing import Any

from analysis.reporting.cells import read_notebook, source_of
from analysis.reporting.job import Failure, Job
from analysis.reporting.normalise import normalise, notebook_text, plain_text

NOTEBOOK = "notebook.ipynb"
KERNEL_STOPPED = "The Python process of the notebook stopped by itself. Often the memory of the machine ran out."


def run_notebook(job: Job) -> Failure | None:
    """Execute the notebook of a report and leave the normalised copy, whole or partial, in its folder.

    Parameters
    ----------
    job
        The report; the environment variable ANALYSIS_REPORT_FOLDER tells its notebook where results go.

    Returns
    -------
    Failure or None
        None when all cells ran.

    Raises
    ------
    OSError
        When the disk is full.
    """
    os.environ["ANALYSIS_REPORT_FOLDER"] = str(job.folder)
    executed = job.folder / "executed.ipynb"
    failure = _execute(job, executed)
    if executed.is_file():
        stored_ids = _stored_ids(job.spec.topic.notebook)
        notebook = normalise(read_notebook(executed), job.root, stored_ids, report=job.folder)
        (job.folder / NOTEBOOK).write_text(notebook_text(notebook), encoding="utf-8", newline="\n")
        executed.unlink()
        failure = failure and (_failing_cell(notebook) or failure)
    return failure


def failure_of(error: BaseException, stage: str, root: Path) -> Failure:
    """Describe an error without paths of this machine.

    Parameters
    ----------
    error
        What was raised.
    stage
        What was going on, see `Failure`.
    root
        Folder of the project.

    Returns
    -------
    Failure
        For the failure page and the manifest.
    """
    trace = "".join(traceback.format_exception(error))
    return Failure(stage, type(error).__name__, plain_text(str(error), root), trace=plain_text(trace, root))


def is_full_disk(error: BaseException | None) -> bool:
    """Whether an error, or the one it came from, says that no space is left.

    Parameters
    ----------
    error
        What was raised.

    Returns
    -------
    bool
        True also for an exceeded quota.
    """
    while error is not None:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            return True
        error = error.__cause__ or error.__context__
    return False


def _execute(job: Job, executed: Path) -> Failure | None:
    import papermill
    from nbclient.exceptions import DeadKernelError

    try:
        with tempfile.TemporaryDirectory(prefix="k") as sockets:
            papermill.execute_notebook(
                str(job.spec.topic.notebook),
                str(executed),
                parameters={**job.spec.parameters, "language": job.spec.language},
                kernel_name="python3",
                language="python",
                cwd=str(job.root),
                progress_bar=False,
                kernel_manager_class=_kernel_manager(sockets),
            )
    except DeadKernelError:
        return Failure("kernel", "DeadKernelError", KERNEL_STOPPED)
    except Exception as error:
        if is_full_disk(error):
            raise
        return failure_of(error, "notebook", job.root)
    return None


def _kernel_manager(sockets: str) -> type:
    """Kernels that talk through files of their own: two workers that pick free ports at once can pick the same one."""
    from jupyter_client.manager import AsyncKernelManager

    if os.name != "posix":
        return AsyncKernelManager

    class SocketKernelManager(AsyncKernelManager):
        def __init__(self, **settings: Any) -> None:
            super().__init__(**settings)
            self.transport = "ipc"
            self.ip = f"{sockets}/s"

    return SocketKernelManager


def _stored_ids(path: Path) -> frozenset[str]:
    return frozenset(cell["id"] for cell in read_notebook(path)["cells"] if "id" in cell)


def _failing_cell(notebook: dict[str, Any]) -> Failure | None:
    for cell in notebook["cells"]:
        for output in cell.get("outputs", []):
            if output["output_type"] == "error":
                trace = "\n".join(output["traceback"])
                number, source = cell["execution_count"], source_of(cell)
                return Failure("notebook", output["ename"], str(output["evalue"]), number, source, trace)
    return None

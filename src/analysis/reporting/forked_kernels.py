"""Kernels that begin with the libraries loaded: forked from one process that imported them once."""

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Mapping
from importlib.metadata import EntryPoint
from multiprocessing import forkserver
from typing import Any, cast

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning.factory import KernelProvisionerFactory
from jupyter_client.provisioning.local_provisioner import LocalProvisioner

CAN_FORK = sys.platform == "linux"
PROVISIONER = "forked"
PRELOADED = (
    "ipykernel.kernelapp",
    "pandas",
    "scipy.stats",
    "statsmodels.api",
    "seaborn",
    "analysis.run",
    "analysis.presentation.figures",
)


def use_forked_kernels() -> None:
    """Let every kernel that this process starts be a fork, and begin loading the libraries for them."""
    factory = KernelProvisionerFactory.instance()
    place = f"{__name__}:{ForkedProvisioner.__name__}"
    factory.provisioners[PROVISIONER] = EntryPoint(PROVISIONER, place, factory.GROUP_NAME)
    factory.default_provisioner_name = PROVISIONER
    multiprocessing.set_forkserver_preload(list(PRELOADED))
    forkserver.ensure_running()


class ForkedProvisioner(LocalProvisioner):
    """Start a kernel as a fork of the process with the libraries; everything else is as jupyter_client does it.

    Parameters
    ----------
    **kwargs
        Settings of `LocalProvisioner`.
    """

    async def launch_kernel(self, cmd: list[str], **options: Any) -> KernelConnectionInfo:
        """Start the kernel.

        Parameters
        ----------
        cmd
            Command that would start it as a program; its connection file stands behind ``-f``.
        **options
            `cwd` and `env` of the kernel; what else jupyter_client gives does not concern a fork.

        Returns
        -------
        dict
            How to talk to the kernel.
        """
        connection = cmd[cmd.index("-f") + 1]
        kernel = ForkedProcess(connection, options["env"], str(options.get("cwd") or os.getcwd()))
        self.process = cast(Any, kernel)
        self.pid = kernel.pid
        self.pgid = None
        return self.connection_info


class ForkedProcess:
    """A forked kernel with the manners of `subprocess.Popen` that jupyter_client uses.

    Parameters
    ----------
    connection
        File that tells the kernel where to listen.
    env
        Its environment.
    cwd
        Its working folder.
    """

    stdin = stdout = stderr = None

    def __init__(self, connection: str, env: Mapping[str, str], cwd: str) -> None:
        context = multiprocessing.get_context("forkserver")
        self._process = context.Process(target=run_kernel, args=(connection, dict(env), cwd), daemon=True)
        self._process.start()
        self.pid: int = self._process.pid or 0

    def poll(self) -> int | None:
        """Look whether the kernel still runs.

        Returns
        -------
        int or None
            Its exit code, None while it runs.
        """
        return None if self._process.is_alive() else self._process.exitcode

    def wait(self) -> int | None:
        """Wait for the end of the kernel.

        Returns
        -------
        int or None
            Its exit code.
        """
        self._process.join()
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        """Send a signal to the kernel, when it still runs.

        Parameters
        ----------
        number
            Number of the signal.
        """
        if self._process.is_alive():
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask the kernel to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End the kernel."""
        self.send_signal(signal.SIGKILL)


def run_kernel(connection: str, env: Mapping[str, str], cwd: str) -> None:
    """Be a kernel until it is told to stop; called in the fork.

    Parameters
    ----------
    connection
        File that tells where to listen.
    env
        The environment, in the place of that of the process it was forked from.
    cwd
        The working folder.
    """
    os.environ.clear()
    os.environ.update(env)
    os.environ["JPY_PARENT_PID"] = str(os.getppid())
    os.chdir(cwd)
    os.setpgid(0, 0)
    threading.Thread(target=_end_with_worker, daemon=True).start()
    from ipykernel.kernelapp import launch_new_instance

    launch_new_instance(argv=["-f", connection])


def _end_with_worker() -> None:
    """The process this kernel was forked from does not end with the worker, so the kernel watches the worker itself."""
    worker = multiprocessing.parent_process()
    if worker:
        worker.join()
        os._exit(1)

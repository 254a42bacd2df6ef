"""The folder in which reports are made before they are moved into place, and which no other build touches."""

import importlib.util
import os
import shutil
import tempfile
from pathlib import Path
from types import TracebackType
from typing import IO

BUILDING = ".building"
ATTEMPTS = 20
HAS_LOCKS = importlib.util.find_spec("fcntl") is not None  # not on Windows: leftovers stay there until `make clean`


class Workspace:
    """A folder below `reports/.building`, held by a lock as long as its process lives.

    Parameters
    ----------
    root
        Folder of the project.
    """

    def __init__(self, root: Path) -> None:
        self.building = root / "reports" / BUILDING
        self.folder = self.building
        self._lock: IO[str] | None = None

    def __enter__(self) -> "Workspace":
        """Remove what killed builds left, and make an own folder."""
        self.building.mkdir(parents=True, exist_ok=True)
        remove_leftovers(self.building)
        self._lock = _new_lock(self.building)
        self.folder = Path(self._lock.name).with_suffix("")
        self.folder.mkdir()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Remove the folder and let go of the lock."""
        shutil.rmtree(self.folder, ignore_errors=True)
        if self._lock:
            Path(self._lock.name).unlink(missing_ok=True)
            self._lock.close()

    def new_folder(self) -> Path:
        """Make an empty folder.

        Returns
        -------
        pathlib.Path
            Inside this workspace.
        """
        return Path(tempfile.mkdtemp(dir=self.folder))

    def place(self, made: Path, final: Path) -> None:
        """Move a finished folder to where readers look for it; the old one is moved away first, then removed.

        Parameters
        ----------
        made
            Finished folder inside this workspace.
        final
            Its place; another build may put its own there at the same moment.
        """
        final.parent.mkdir(parents=True, exist_ok=True)
        made.chmod(0o755)
        for attempt in range(ATTEMPTS):
            old = self.folder / f"old-{made.name}-{attempt}"
            try:
                if final.exists():
                    final.rename(old)
                made.rename(final)
            except OSError:
                if attempt == ATTEMPTS - 1:
                    raise
                continue
            break
        for old in self.folder.glob(f"old-{made.name}-*"):
            shutil.rmtree(old, ignore_errors=True)


def remove_leftovers(building: Path) -> None:
    """Remove the folders of builds whose process is gone.

    Parameters
    ----------
    building
        Folder that holds the workspaces of all builds.
    """
    for path in building.glob("*.lock"):
        with path.open("a") as stream:
            if _locked(stream):
                shutil.rmtree(path.with_suffix(""), ignore_errors=True)
                path.unlink(missing_ok=True)


def _new_lock(building: Path) -> IO[str]:
    """Make and lock a file that is still there afterwards: another start may just have cleaned it away."""
    while True:
        handle, name = tempfile.mkstemp(prefix=f"{os.getpid()}-", suffix=".lock", dir=building)
        stream: IO[str] = open(name, "w")  # noqa: SIM115 - held until the build ends
        os.close(handle)
        if (_locked(stream) or not HAS_LOCKS) and Path(name).exists():
            return stream
        stream.close()


def _locked(stream: IO[str]) -> bool:
    if not HAS_LOCKS:
        return False
    import fcntl

    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True

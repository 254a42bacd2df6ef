"""Where a report comes from: the hashes of its inputs, the commit, and the versions of Python and the packages."""

import hashlib
import platform
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as package_version
from pathlib import Path

import analysis

INPUT_FOLDERS = ("src", "data", "notebooks", "requirements.lock")
EPOCH_WITHOUT_GIT = 1_735_689_600  # 1 January 2025: documents need a date, and the clock would change their bytes
PACKAGES = ("matplotlib", "numpy", "pandas", "papermill", "pypandoc-binary", "scipy", "seaborn", "statsmodels", "typst")


@dataclass(frozen=True)
class Inputs:
    """What all reports of one build are made from.

    Attributes
    ----------
    version
        Short commit of the inputs, with ``+`` when they were changed since; without git the project's version.
    epoch
        Time of that commit, in seconds since 1970.
    commit
        The whole commit hash, empty without git.
    dirty
        Whether inputs were changed since that commit.
    source, data, lock
        Hash (sha256) of the package, of the data folder, and of `requirements.lock`.
    python
        Version of Python.
    packages
        Versions of the packages that shape results.
    """

    version: str
    epoch: int
    commit: str
    dirty: bool
    source: str
    data: str
    lock: str
    python: str
    packages: Mapping[str, str]


def read_inputs(root: Path) -> Inputs:
    """Hash the inputs of a project and ask git for its version.

    Parameters
    ----------
    root
        Folder of the project.

    Returns
    -------
    Inputs
        The same for every report of a build.
    """
    version, epoch, commit, dirty = _git_version(root)
    data = (path for path in files_below(root / "data") if path.relative_to(root / "data").parts[0] != "cache")
    package = Path(analysis.__file__).parent
    return Inputs(
        version=version,
        epoch=epoch,
        commit=commit,
        dirty=dirty,
        source=hash_of_files(package, files_below(package)),
        data=hash_of_files(root / "data", data),
        lock=hash_of_files(root, [path for path in [root / "requirements.lock"] if path.is_file()]),
        python=platform.python_version(),
        packages={name: found for name in PACKAGES if (found := _installed(name))},
    )


def files_below(folder: Path) -> list[Path]:
    """Files in a folder and its subfolders, without hidden ones and compiled Python.

    Parameters
    ----------
    folder
        May be missing: then there are none.

    Returns
    -------
    list of pathlib.Path
        In a fixed order.
    """
    files = (path for path in folder.rglob("*") if path.is_file())
    parts = ((path, path.relative_to(folder).parts) for path in files)
    return sorted(path for path, names in parts if not any(n.startswith(".") or n == "__pycache__" for n in names))


def hash_of_file(path: Path) -> str:
    """Hash of the bytes of one file.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    str
        sha256 in hexadecimal.
    """
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def hash_of_files(folder: Path, files: Iterable[Path]) -> str:
    """Hash of names and contents of several files.

    Parameters
    ----------
    folder
        The names are taken relative to it.
    files
        Files in that folder.

    Returns
    -------
    str
        sha256 in hexadecimal.
    """
    total = hashlib.sha256()
    for path in files:
        total.update(f"{path.relative_to(folder).as_posix()}\0{hash_of_file(path)}\n".encode())
    return total.hexdigest()


def _git_version(root: Path) -> tuple[str, int, str, bool]:
    line = _git(root, "log", "-1", "--format=%h,%ct,%H", "--", *INPUT_FOLDERS)
    if not line:
        return analysis.__version__, EPOCH_WITHOUT_GIT, "", False
    short, seconds, commit = line.split(",")
    dirty = bool(_git(root, "status", "--porcelain", "--", *INPUT_FOLDERS))
    return short + ("+" if dirty else ""), int(seconds), commit, dirty


def _git(root: Path, *arguments: str) -> str:
    """Answer of git, empty when there is no git, no repository or no commit."""
    command = ["git", "-C", str(root), *arguments]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return answer.stdout.strip() if answer.returncode == 0 else ""


def _installed(name: str) -> str:
    try:
        return package_version(name)
    except PackageNotFoundError:
        return ""

"""Build the virtual environment `.venv` from `requirements.lock`; needs nothing but Python 3.11+ with venv.

Run it through `make`, or by hand where there is no make: `python3 tools/setup_environment.py`.
"""

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
LOCK = ROOT / "requirements.lock"
STAMP = VENV / ".stamp"
OLDEST_PYTHON = (3, 11)


def explain_and_stop(message: str) -> None:
    """Print why the environment cannot be built and what to do, then stop with exit code 2."""
    sys.stderr.write(f"\nThe environment cannot be built: {message}\nSee 'When it does not work' in README.md.\n\n")
    raise SystemExit(2)


def check_python() -> None:
    """Stop with a remedy when this Python is too old or cannot make a virtual environment."""
    if sys.version_info < OLDEST_PYTHON:
        found = ".".join(map(str, sys.version_info[:3]))
        explain_and_stop(
            f"this is Python {found}, and 3.11 or newer is needed. Install it, then name it: "
            "`make reports PYTHON=python3.12` (or run this file with that Python)."
        )
    if importlib.util.find_spec("venv") is None or importlib.util.find_spec("ensurepip") is None:
        explain_and_stop(
            "this Python has no venv module. On Debian and Ubuntu: `sudo apt install python3-venv`; "
            "elsewhere: install Python from python.org, which has it."
        )


def executable(name: str) -> Path:
    """Path of a program inside the environment, on any operating system."""
    return VENV / ("Scripts" if os.name == "nt" else "bin") / (f"{name}.exe" if os.name == "nt" else name)


def run(*command: str | Path) -> None:
    """Run a command in the project folder; stop with its name when it fails."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    finished = subprocess.run([str(part) for part in command], cwd=ROOT, env=environment, check=False)
    if finished.returncode:
        explain_and_stop(
            f"`{Path(command[0]).name} {' '.join(map(str, command[1:4]))} ...` failed, see the lines above.\n"
            "A package index must be reachable; behind a proxy or mirror, set pip's own configuration. "
            "Then run the same command again."
        )


def install() -> None:
    """Install the locked packages and this project; uv when it can be had, plain pip otherwise."""
    python = executable("python")
    quick = (
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", "uv"], cwd=ROOT, check=False).returncode == 0
    )
    if quick:
        uv = executable("uv")
        run(uv, "pip", "install", "--quiet", "--python", python, "--require-hashes", "--compile-bytecode", "-r", LOCK)
        run(uv, "pip", "install", "--quiet", "--python", python, "--no-deps", "--editable", ROOT)
    else:
        run(python, "-m", "pip", "install", "--quiet", "--require-hashes", "-r", LOCK)
        run(python, "-m", "pip", "install", "--quiet", "--no-deps", "--editable", ROOT)


def main() -> None:
    """Make `.venv` unless it already holds exactly what the lock file asks for."""
    check_python()
    wanted = hashlib.sha256(LOCK.read_bytes() + (ROOT / "pyproject.toml").read_bytes()).hexdigest()
    if STAMP.exists() and STAMP.read_text().strip() == wanted and executable("analysis").exists():
        os.utime(STAMP)
        return
    print("Building the environment in .venv (about a minute, once) ...", flush=True)
    if VENV.exists():
        shutil.rmtree(VENV)
    run(sys.executable, "-m", "venv", VENV)
    install()
    STAMP.write_text(wanted + "\n")


if __name__ == "__main__":
    main()

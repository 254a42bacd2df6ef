"""The environment script says what is missing and what to do about it."""

import importlib.util
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def setup():
    spec = importlib.util.spec_from_file_location("setup_environment", ROOT / "tools/setup_environment.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_an_old_python_is_named_with_the_remedy(setup, monkeypatch, capsys):
    monkeypatch.setattr(sys, "version_info", (3, 9, 2))
    with pytest.raises(SystemExit) as stop:
        setup.check_python()
    assert stop.value.code == 2
    message = capsys.readouterr().err
    assert "Python 3.9.2, and 3.11 or newer is needed" in message
    assert "make reports PYTHON=" in message


@pytest.mark.parametrize("missing", ["venv", "ensurepip"])
def test_a_python_without_venv_is_told_what_to_install(setup, monkeypatch, capsys, missing):
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == missing else found(name))
    with pytest.raises(SystemExit) as stop:
        setup.check_python()
    assert stop.value.code == 2
    assert "sudo apt install python3-venv" in capsys.readouterr().err


def test_a_failing_step_names_the_step(setup, capsys):
    with pytest.raises(SystemExit) as stop:
        setup.run(sys.executable, "-c", "raise SystemExit(3)")
    assert stop.value.code == 2
    assert "failed, see the lines above" in capsys.readouterr().err


def test_ci_runs_the_two_commands_of_the_readme_and_nothing_else():
    lines = [line for line in (ROOT / ".ci/run").read_text().splitlines() if line.startswith("make")]
    assert lines == ["make test", "make reports"]
    readme = (ROOT / "README.md").read_text("utf-8")
    assert all(line in readme for line in lines)

"""What makes a report old, and what version it carries."""

import dataclasses
import json
import subprocess

import pytest

import analysis
from analysis.reporting.cache import cache_key, is_current
from analysis.reporting.manifest import output_hashes
from analysis.reporting.plan import make_plan
from analysis.reporting.provenance import EPOCH_WITHOUT_GIT, read_inputs

IDENTITY = ["-c", "user.name=Test", "-c", "user.email=test@example.org"]


@pytest.fixture
def key_of(project):
    def key(**changes):
        spec = make_plan(project, languages=["nl"])[0]
        return cache_key(dataclasses.replace(spec, **changes), read_inputs(project))

    return key


def test_key_is_the_same_for_the_same_inputs(key_of):
    assert key_of() == key_of()


def test_key_changes_with_parameters_language_and_formats(key_of):
    keys = {key_of(), key_of(language="en"), key_of(formats=("html",)), key_of(parameters={"level": 0.9})}
    assert len(keys) == 4


@pytest.mark.parametrize(
    "name",
    [
        "data/published/new.csv",
        "data/raw/new.csv",
        "requirements.lock",
        "notebooks/homelessness/cohort_mortality.ipynb",
    ],
)
def test_key_changes_with_a_file(key_of, project, name):
    before = key_of()
    path = project / name
    path.parent.mkdir(exist_ok=True)
    path.write_text((path.read_text() if path.exists() else "") + " \n")
    assert key_of() != before


def test_key_does_not_depend_on_what_is_fetched_or_hidden(key_of, project):
    before = key_of()
    for name in ("data/cache/reply.json", "data/.notes"):
        (project / name).parent.mkdir(exist_ok=True)
        (project / name).write_text("x")
    assert key_of() == before


def test_a_report_is_current_only_when_it_is_whole(tmp_path):
    (tmp_path / "report.html").write_text("page")
    facts = {"schema": 1, "status": "ok", "key": "k", "outputs": output_hashes(tmp_path)}
    (tmp_path / "manifest.json").write_text(json.dumps(facts))
    assert is_current(tmp_path, "k")
    assert not is_current(tmp_path, "other")
    (tmp_path / "report.html").write_text("changed")
    assert not is_current(tmp_path, "k")
    (tmp_path / "report.html").unlink()
    assert not is_current(tmp_path, "k")


def test_a_failed_report_is_never_current(tmp_path):
    facts = {"schema": 1, "status": "failed", "key": "k", "outputs": {}}
    (tmp_path / "manifest.json").write_text(json.dumps(facts))
    assert not is_current(tmp_path, "k")


@pytest.mark.parametrize("path", ["", None])
def test_without_git_or_repository_the_version_is_the_project_s(project, monkeypatch, path):
    if path is not None:
        monkeypatch.setenv("PATH", path)
    inputs = read_inputs(project)
    assert (inputs.version, inputs.epoch, inputs.dirty) == (analysis.__version__, EPOCH_WITHOUT_GIT, False)


def test_version_is_the_last_commit_of_the_inputs_with_a_plus_after_changes(project):
    def git(*arguments):
        subprocess.run(["git", "-C", str(project), *IDENTITY, *arguments], check=True, capture_output=True)

    (project / "requirements.lock").write_text("pandas\n")
    git("init")
    git("add", ".")
    git("commit", "-m", "Inputs", "--date", "2026-01-01T00:00:00Z")
    committed = read_inputs(project)
    assert committed.commit.startswith(committed.version)
    (project / "README.md").write_text("text")
    git("add", ".")
    git("commit", "-m", "Text that no report depends on")
    assert read_inputs(project).version == committed.version
    (project / "requirements.lock").write_text("pandas>=3\n")
    assert read_inputs(project).version == f"{committed.version}+"

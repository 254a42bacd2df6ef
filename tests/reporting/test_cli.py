"""The command line: one line and an exit code for what cannot be done, and nothing run."""

import json
import sys

import pytest

from analysis import cli


@pytest.fixture
def run(project, monkeypatch, capsys):
    def run_command(*arguments):
        monkeypatch.setattr(sys, "argv", ["analysis", *arguments])
        monkeypatch.setitem(cli.state, "debug", False)
        monkeypatch.setattr(cli, "console", cli.Console(width=200))
        with pytest.raises(SystemExit) as stop:
            cli.main()
        out, err = capsys.readouterr()
        return stop.value.code, out, err

    return run_command


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["report", "homelesness"], "Did you mean 'homelessness/cohort_mortality'"),
        (["report", "--set", "levl=0.9"], "Did you mean 'level'"),
        (["report", "--set", "level=5"], "nearest allowed value is 0.999"),
        (["report", "--set", "language=en"], "--language"),
        (["report", "--language", "de"], "Choose from: nl, en"),
        (["report", "--format", "pfd"], "Did you mean 'pdf'"),
        (["report", "--jobs", "many"], "--jobs"),
        (["report", "--nonsense"], "--nonsense"),
        (["reprot"], "report"),
        (["verify"], "Nothing has been built yet"),
        (["verify", "homelesness"], "Did you mean"),
        (["claims"], "Nothing has been built yet"),
        (["new", "homelessness/Two Words"], "homelessness/two_words"),
        (["new", "homeless/question"], "Did you mean 'homelessness'"),
        (["new", "question"], "STUDY/TOPIC"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_exit_code_two(run, project, arguments, message):
    code, _, err = run(*arguments)
    assert code == 2
    assert message in err
    assert err.count("\n") == 1
    assert not list((project / "reports").iterdir())


def test_list_shows_parameters_with_type_default_and_help(run):
    code, out, _ = run("list")
    assert code == 0
    for text in ("homelessness/cohort_mortality", "level", "float", "0.95", "female or male or total", "Use weights"):
        assert text in out


def test_without_a_command_the_help_is_shown(run):
    for arguments in ([], ["data"]):
        code, out, _ = run(*arguments)
        assert code == 0
        assert "Usage" in out


def test_claims_counts_each_topic_once(run, project, manifest):
    verdict = {"claim": "a", "says": "More often", "quoted": "3.5", "verdict": "reproduced", "estimate": 3.52}
    for language in ("nl", "en"):
        folder = project / "reports/homelessness/cohort_mortality" / language
        folder.mkdir(parents=True)
        facts = manifest(language=language, verdicts=[verdict], schema=1)
        (folder / "manifest.json").write_text(json.dumps(facts))
    code, out, _ = run("claims")
    assert code == 0
    assert "1 reproduced" in out
    assert "3.52" in out


def test_debug_shows_the_trace(project, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["analysis", "--debug", "report", "nothing"])
    with pytest.raises(cli.AnalysisError):
        cli.main()

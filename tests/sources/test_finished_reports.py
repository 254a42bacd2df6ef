"""Finished reports as a source."""

import json

import pytest

from analysis.errors import ReportError
from analysis.sources.finished_reports import read_report


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "data" / "catalogue").mkdir(parents=True)
    monkeypatch.setenv("ANALYSIS_ROOT", str(tmp_path))
    folder = tmp_path / "reports" / "homelessness" / "causes" / "nl"
    (folder / "tables").mkdir(parents=True)
    (folder / "tables" / "rates.csv").write_text("sex,rate\nfemale,0.5\n")
    write(folder, status="ok")
    return folder


def write(folder, *, status):
    manifest = {"status": status, "titles": {"nl": "Waaraan?", "en": "Of what?"}, "answer": "Twee."}
    (folder / "manifest.json").write_text(json.dumps({**manifest, "verdicts": [], "reads": []}))


def test_tables_answer_and_title_are_those_of_the_language(folder):
    report = read_report("homelessness/causes", "nl")
    assert (report.title, report.answer) == ("Waaraan?", "Twee.")
    assert report.table("rates").to_dict("records") == [{"sex": "female", "rate": 0.5}]
    assert report.link == "../../../homelessness/causes/nl/report.html"


def test_a_table_that_is_not_there_gives_the_nearest_name(folder):
    with pytest.raises(ReportError, match="no table 'rate'.*'rates'"):
        read_report("homelessness/causes", "nl").table("rate")


def test_a_report_that_was_not_built_or_failed_says_what_to_do(folder):
    with pytest.raises(ReportError, match=r"\(en\) has not been built.*analysis report homelessness/causes"):
        read_report("homelessness/causes", "en")
    write(folder, status="failed")
    with pytest.raises(ReportError, match=r"\(nl\) failed when it was built"):
        read_report("homelessness/causes", "nl")

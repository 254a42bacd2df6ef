"""The run: what a notebook reads, shows and leaves behind."""

import dataclasses
import json

import pandas as pd
import pytest

from analysis.errors import DataError, ReportError
from analysis.presentation import figures, tables
from analysis.presentation.blocks import BLOCK_MIME
from analysis.run import start_run
from analysis.sources.catalogue import load_card

ROW = {"estimate": 3.53, "lower": 3.13, "upper": 3.98, "level": 0.95, "unit": "ratio"}
WORDS = {"title": "Titel", "subtitle": "Maat", "note": "Bron", "alt": "Wat men ziet."}


@pytest.fixture
def shown(monkeypatch):
    blocks = []
    monkeypatch.setattr("analysis.run.display", blocks.append)
    return blocks


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("ANALYSIS_REPORT_FOLDER", str(tmp_path))
    return tmp_path


def forest():
    rows = pd.DataFrame([{**ROW, "label": "Samen"}])
    return figures.forest_plot(rows, figures.Axis("Verhouding"), "nl")


def test_without_a_report_folder_results_are_shown_and_nothing_is_written(tmp_path, monkeypatch, shown):
    monkeypatch.delenv("ANALYSIS_REPORT_FOLDER", raising=False)
    monkeypatch.chdir(tmp_path)
    run = start_run("homelessness", "cohort_mortality")
    run.figure(forest(), "ratios", nl=WORDS, en=WORDS)
    run.save(pd.DataFrame({"a": [1]}), "numbers")
    assert [block.kind for block in shown] == ["figure"]
    assert list(tmp_path.iterdir()) == []


def test_in_a_report_tables_figures_and_the_record_are_written(folder, shown):
    run = start_run("homelessness", "cohort_mortality", level=0.9)
    run.read("rotterdam_cohort")
    run.figure(forest(), "ratios", nl=WORDS, en=WORDS)
    data = pd.DataFrame({"sex": ["female"], "estimate": [1 / 3]})
    run.table(tables.table(data, [tables.text("sex", "Geslacht")]), "by-sex", nl=WORDS, en=WORDS)
    run.verdict("rotterdam-rate-ratio", "reproduced", estimate=ROW, nl="Omdat {estimate:1}.", en="As {estimate:1}.")
    assert (folder / "figures/ratios.svg").exists()
    assert (folder / "figures/ratios.png").exists()
    assert (folder / "tables/by-sex.csv").read_text() == "sex,estimate\nfemale,0.3333333333333333\n"
    record = json.loads((folder / "run.json").read_text())
    assert record["reads"][0]["id"] == "rotterdam_cohort"
    assert record["verdicts"][0] | {"verdict": "reproduced", "because": "Omdat 3,5."} == record["verdicts"][0]


def test_a_block_carries_its_content_beside_a_preview(shown):
    start_run("homelessness", "cohort_mortality").prose(nl="**{x:1}** keer", en="**{x:1}** times", x=3.5)
    bundle = shown[0]._repr_mimebundle_()
    assert bundle[BLOCK_MIME] == {"kind": "prose", "text": "**3,5** keer"}
    assert "<strong>3,5</strong>" in bundle["text/html"]


def test_the_answer_of_the_index_has_no_markup(folder, shown):
    sentences = ("**{x:1} keer**", "b", "c")
    start_run("homelessness", "cohort_mortality").in_short(nl=sentences, en=sentences, certainty="likely", x=3.5)
    assert json.loads((folder / "run.json").read_text())["answer"] == "3,5 keer"


def test_a_figure_without_alternative_text_is_refused(shown):
    run = start_run("homelessness", "cohort_mortality")
    with pytest.raises(ReportError, match="'ratios' has no 'alt' in 'en'"):
        run.figure(forest(), "ratios", nl=WORDS, en={**WORDS, "alt": " "})


@pytest.mark.parametrize("note", ["See @tbl-rates.", "See @fig-other.", "Source [@nusselder2013]."])
def test_a_reference_in_the_words_of_a_figure_is_refused(shown, note):
    run = start_run("homelessness", "cohort_mortality")
    with pytest.raises(ReportError, match="figure 'ratios' refer to another figure"):
        run.figure(forest(), "ratios", nl=WORDS | {"note": note}, en=WORDS)


def test_an_unknown_claim_or_verdict_or_certainty_names_the_nearest(shown):
    run = start_run("homelessness", "cohort_mortality")
    with pytest.raises(ReportError, match="Did you mean 'rotterdam-women'"):
        run.verdict("rotterdam-woman", "reproduced", nl="", en="")
    with pytest.raises(DataError, match="no verdict 'reproducd'. Did you mean 'reproduced'"):
        run.verdict("rotterdam-women", "reproducd", nl="", en="")
    with pytest.raises(ReportError, match="Did you mean 'likely'"):
        run.in_short(nl=("", "", ""), en=("", "", ""), certainty="likly")


def test_the_data_box_names_every_data_set_that_was_read(shown):
    run = start_run("homelessness", "cohort_mortality", language="en")
    run.read("rotterdam_cohort")
    run.sources()
    item = shown[0].content["items"][0]
    assert item["licence"] == "CC BY 4.0"
    assert item["place"] == "published/rotterdam_cohort.csv"
    assert item["citation"].startswith("[@nusselder2013; @")
    assert item["producer"] == "Erasmus MC"


def test_the_data_box_says_when_data_are_a_reconstruction(shown, monkeypatch):
    card = dataclasses.replace(load_card("rotterdam_cohort"), nature="reconstruction")
    monkeypatch.setattr("analysis.run.load_card", lambda dataset: card)
    run = start_run("homelessness", "cohort_mortality", language="nl")
    run.read("rotterdam_cohort")
    run.sources()
    assert shown[0].content["items"][0]["title"].startswith("Reconstructie: Dak- en thuisloze mensen")


def test_two_tables_of_one_name_are_refused(folder, shown):
    run = start_run("homelessness", "cohort_mortality")
    run.save(pd.DataFrame({"a": [1]}), "numbers")
    with pytest.raises(ReportError, match="saved as 'numbers'"):
        run.save(pd.DataFrame({"a": [2]}), "numbers")

"""The page on one's own cohort, followed to the letter on a copy of the project."""

import html
import re
import shlex
import shutil
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from analysis.cli import app
from analysis.sources.catalogue import load_card

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "own-cohort.md").read_text("utf-8")

pytestmark = pytest.mark.slow


def block(kind):
    (found,) = re.findall(rf"```{kind}\n(.*?)```", PAGE, flags=re.S)
    return found


def follow_the_page(root, card):
    """Do what the page says, and return the folder of the report."""
    for part in ("data", "notebooks", "src"):
        shutil.copytree(ROOT / part, root / part, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    shutil.copy(ROOT / "requirements.lock", root)
    (root / "data" / "raw").mkdir(exist_ok=True)
    (root / "data" / "raw" / "my_cohort.csv").write_text(block("csv"), "utf-8")
    (root / "data" / "catalogue" / "my_cohort.yaml").write_text(card, "utf-8")
    for line in block("sh").splitlines():
        program, *arguments = shlex.split(line)
        assert program == "analysis"
        formats = ["--format", "html"] if arguments[0] == "report" else []
        result = CliRunner().invoke(app, [*arguments, *formats], catch_exceptions=False)
        assert result.exit_code == 0, result.output
    (folder,) = (root / "reports" / "homelessness").glob("life_expectancy_gap--cohort-my_cohort*")
    return folder


@pytest.fixture(scope="module")
def made_up(tmp_path_factory):
    root = tmp_path_factory.mktemp("made-up")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ANALYSIS_ROOT", str(root))
        yield follow_the_page(root, block("yaml"))


@pytest.fixture(scope="module")
def counted(tmp_path_factory):
    root = tmp_path_factory.mktemp("counted")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ANALYSIS_ROOT", str(root))
        yield follow_the_page(root, block("yaml").replace("nature: synthetic\n", ""))


def words(folder, language):
    """What a reader of the page sees, without the folded code and the command at its foot."""
    text = (folder / language / "report.html").read_text("utf-8")
    text = re.sub(r"<(style|script|pre|footer)\b.*?</\1>", " ", text, flags=re.S)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", text)).split())


def test_the_tables_are_about_the_cohort_on_the_page(made_up):
    rows = pd.read_csv(made_up / "nl" / "tables" / "groups.csv")
    given = pd.read_csv(ROOT / "docs" / "own-cohort.md", skiprows=lambda line: not is_csv(line))
    for column in ("deaths", "person_years"):
        assert rows.groupby("sex")[column].sum().to_dict() == pytest.approx(
            given.groupby("sex")[column].sum().to_dict()
        )
    assert sorted(set(rows["age_from"])) == [18, 35, 45, 60]
    lost = pd.read_csv(made_up / "nl" / "tables" / "years_lost.csv")
    assert sorted(set(lost["age"])) == [18, 30]
    assert (lost["lower"] < lost["estimate"]).all()
    assert (lost["estimate"] < lost["upper"]).all()
    assert lost["estimate"].between(5, 25).all()
    assert not (made_up / "nl" / "tables" / "check.csv").exists()
    english = pd.read_csv(made_up / "en" / "tables" / "years_lost.csv")
    pd.testing.assert_frame_equal(lost, english)


def is_csv(line):
    lines = PAGE.splitlines()
    return bool(re.match(r"(sex|female|male),", lines[line])) if line < len(lines) else False


def test_made_up_data_are_called_that_and_nothing_is_called_a_reconstruction(made_up):
    assert "synthetische gegevens" in words(made_up, "nl")
    assert "synthetic data" in words(made_up, "en")
    assert "reconstructie" not in words(made_up, "nl").lower()
    assert "reconstruction" not in re.sub("rotterdam_reconstruction", "", words(made_up, "en")).lower()


def test_counted_data_carry_no_such_word(counted):
    assert "synthetisch" not in words(counted, "nl")
    assert "synthetic" not in words(counted, "en")
    assert "reconstructie" not in words(counted, "nl").lower()


@pytest.mark.parametrize("language", ["nl", "en"])
def test_rotterdam_is_named_where_its_claims_are_and_on_the_card_of_the_country_only(made_up, language):
    claim = {"nl": "De bewering gaat over Rotterdam en dit rapport over", "en": "The claim is about Rotterdam and this"}
    country = load_card("nl_deaths_person_years")
    on_its_card = f"{country.processing[language]} {country.caveats[language]}".count("Rotterdam")
    text = words(made_up, language)
    assert text.count(claim[language]) == 2
    assert text.count("Rotterdam") == 4 + on_its_card  # each verdict names it twice
    for stem in ("Nusselder", "gepubliceerd", "(published)"):
        assert stem not in text


def test_the_claims_about_rotterdam_are_not_testable(made_up):
    text = words(made_up, "nl")
    assert text.count("Niet toetsbaar") == 2
    assert "het cohort ‘Voorbeeldcohort’, 2012–2018" in text

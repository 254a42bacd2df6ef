"""The start page: what it shows of the manifests, and that it can be read by all."""

import re
import tomllib
from html.parser import HTMLParser

import pytest

from analysis.reporting.index import index_page, write_index
from analysis.reporting.pages import TEXTS

NL, EN = "homelessness/cohort_mortality/nl", "homelessness/cohort_mortality/en"


class _Tags(HTMLParser):
    def __init__(self, page):
        super().__init__()
        self.found = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def named(self, tag):
        return [attributes for name, attributes in self.found if name == tag]


@pytest.fixture
def both(manifest):
    return {NL: manifest(language="nl"), EN: manifest(language="en", answer="3.5 times as often")}


def text_of(page):
    without = re.sub(r"<(style|script)>.*?</\1>", "", page, flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", without))


def test_verdicts_are_counted_once_for_two_languages(both):
    text = text_of(index_page(both, "nl"))
    assert "✓ 1 bevestigd ≈ 0 in lijn ↻ 1 gecorrigeerd ✕ 0 weersproken ○ 0 niet toetsbaar" in text


def test_a_variant_adds_nothing_to_the_count(both, manifest):
    variant = manifest(variant="level-0.9", changed_parameters={"level": 0.9})
    text = text_of(index_page({**both, "homelessness/cohort_mortality--level-0.9/nl": variant}, "nl"))
    assert "✓ 1 bevestigd" in text
    assert "Met level = 0.9" in text


def test_a_card_has_answer_period_duration_and_links(both):
    page = index_page(both, "nl", fresh={NL})
    assert "3,5 keer zo vaak" in page
    assert "2001–2010 · 14 seconden · nieuw berekend" in text_of(page)
    links = [attributes["href"] for attributes in _Tags(page).named("a")]
    for name in ("report.html", "report.pdf", "report.docx", "notebook.ipynb"):
        assert f"{NL}/{name}" in links
    assert f"{EN}/report.html" in links


def test_each_language_links_to_its_own_report(both):
    page = index_page(both, "en")
    assert "3.5 times as often" in page
    assert "from cache" in page
    assert _Tags(page).named("h3")
    assert f'<h3><a href="{EN}/report.html">' in page


def test_a_failed_report_says_why_and_the_others_stay(both, manifest):
    failure = {"error": "DataError", "message": "Column `x` is <missing>.\nMore."}
    failed = manifest(
        topic="other", status="failed", failure=failure, answer="", verdicts=[], outputs={"report.html": "0"}
    )
    page = index_page({**both, "homelessness/other/nl": failed}, "nl")
    assert "DataError: Column `x` is &lt;missing&gt;." in page
    assert "mislukt: bekijk de melding" in page
    assert "3,5 keer zo vaak" in page


def test_a_report_in_one_language_is_shown_in_the_other_index_with_its_language(manifest):
    page = index_page({NL: manifest()}, "en")
    assert f'<a href="{NL}/report.html" lang="nl">' in page


def test_studies_stand_in_their_fixed_order(manifest):
    names = ["interventions", "homelessness", "determinants"]
    page = index_page({f"{name}/t/nl": manifest(study=name, topic="t") for name in names}, "nl")
    places = [page.index(f'id="study-{name}"') for name in reversed(names)]
    assert places == sorted(places)


@pytest.mark.parametrize("language", ["nl", "en"])
def test_page_is_accessible_and_stands_alone(both, language):
    page = index_page(both, language)
    tags = _Tags(page)
    assert tags.named("html") == [{"lang": language}]
    assert [len(tags.named(tag)) for tag in ("h1", "main", "header", "footer")] == [1, 1, 1, 1]
    assert tags.found[[tag for tag, _ in tags.found].index("a")][1] == {"class": "skip", "href": "#main"}
    assert not tags.named("link") or all(link["rel"] == "alternate" for link in tags.named("link"))
    assert not re.search(r'(src|href)="(https?:)?//', page)
    (search,) = tags.named("input")
    assert search["aria-label"]
    assert "hidden" in next(attributes for tag, attributes in tags.found if attributes.get("class") == "tools")
    ids = [attributes["id"] for _, attributes in tags.found if "id" in attributes]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize(
    ("language", "words"), [("nl", "nog geen rapport gemaakt"), ("en", "No report has been built")]
)
def test_without_reports_the_page_says_what_to_do(language, words):
    page = index_page({}, language)
    assert words in page
    assert "make reports" in page


def test_both_languages_have_the_same_words():
    def keys(table, prefix=""):
        for key, value in table.items():
            yield from keys(value, f"{prefix}{key}.") if isinstance(value, dict) else [prefix + key]

    words = tomllib.loads(TEXTS.read_text(encoding="utf-8"))
    assert set(keys(words["nl"])) == set(keys(words["en"]))


def test_unreadable_and_unfinished_folders_are_passed_over(project):
    for name in ("homelessness/broken/nl", ".building/x/y"):
        folder = project / "reports" / name
        folder.mkdir(parents=True)
        (folder / "manifest.json").write_text("{")
    path = write_index(project)
    assert path.name == "index.html"
    assert "nog geen rapport" in path.read_text(encoding="utf-8")
    assert sorted(p.name for p in path.parent.glob("*.html")) == ["index.en.html", "index.html"]

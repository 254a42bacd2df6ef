"""The plan: what `reports.yaml` and the command line make of the notebooks."""

import pytest

from analysis.errors import ReportError
from analysis.reporting.plan import make_plan, variant_slug
from analysis.reporting.topics import all_topics, select_topics, study_title

NAMES = ("interventions/linkage", "homelessness/cohort_mortality", "determinants/gradient", "determinants/causes")


@pytest.fixture
def many(tmp_path, make_project):
    return make_project(tmp_path / "many", dict.fromkeys(NAMES, ()))


def folders(specs):
    return [spec.folder for spec in specs]


def test_topics_come_in_the_order_of_the_studies(many):
    expected = [
        "determinants/causes",
        "determinants/gradient",
        "homelessness/cohort_mortality",
        "interventions/linkage",
    ]
    assert [topic.id for topic in all_topics(many)] == expected


def test_question_and_lead_are_read_in_both_languages(many):
    headings = all_topics(many)[0].headings
    assert headings["nl"] == {"title": "Hoeveel vaker sterven mensen zonder huis?", "lead": "Rotterdam, 2001–2010"}
    assert headings["en"]["title"] == "How much more often do homeless people die?"


def test_studies_have_names_in_both_languages_and_unlisted_ones_their_folder():
    assert study_title("homelessness", "nl") == "Dakloosheid en sterfte"
    assert study_title("homelessness", "en") == "Homelessness and mortality"
    assert study_title("learn_more", "en") == "Learn more"


def test_a_study_selects_its_topics_and_a_path_will_do(many):
    topics = all_topics(many)
    assert [topic.name for topic in select_topics(topics, ["determinants"])] == ["causes", "gradient"]
    assert [topic.name for topic in select_topics(topics, ["notebooks/determinants/causes.ipynb"])] == ["causes"]


def test_without_a_plan_file_everything_is_built(many):
    assert len(make_plan(many)) == 2 * len(NAMES)


def test_the_plan_file_says_what_is_built(many):
    (many / "reports/reports.yaml").write_text(
        "languages: [nl]\nformats: [html]\nreports:\n"
        "- topic: determinants/causes\n"
        "- {topic: determinants/causes, variant: wide, parameters: {level: 0.99}}\n"
    )
    plain, wide = make_plan(many)
    assert (plain.folder, plain.formats) == ("determinants/causes/nl", ("html",))
    assert (wide.folder, wide.parameters["level"]) == ("determinants/causes--wide/nl", 0.99)


def test_a_target_brings_its_variants_and_an_unlisted_topic_its_report(many):
    (many / "reports/reports.yaml").write_text(
        "reports:\n- topic: determinants/gone\n"
        "- {topic: determinants/causes, variant: wide, parameters: {level: 0.99}}\n"
    )
    specs = make_plan(many, ["determinants"], languages=["nl"])
    assert folders(specs) == ["determinants/causes--wide/nl", "determinants/gradient/nl"]


def test_set_values_make_a_variant_named_after_them(many):
    specs = make_plan(many, ["homelessness"], settings=["year=2005", "level=0.9"], languages=["en"])
    assert folders(specs) == ["homelessness/cohort_mortality--level-0.9_year-2005/en"]


def test_values_equal_to_the_defaults_make_no_variant(many):
    assert folders(make_plan(many, ["homelessness"], settings=["level=0.95"], languages=["en"])) == [
        "homelessness/cohort_mortality/en"
    ]


def test_different_values_have_different_folders():
    values = ["Den Haag", "den haag", "den-haag", "den/haag", "x" * 200, "x" * 201]
    slugs = {variant_slug({"place": value}) for value in values}
    assert len(slugs) == len(values)
    assert all("/" not in slug and len(slug) < 120 for slug in slugs)


def test_languages_and_formats_may_be_joined_by_commas(many):
    specs = make_plan(many, ["homelessness"], languages=["en,nl"], formats=["pdf,html"])
    assert [spec.language for spec in specs] == ["nl", "en"]
    assert specs[0].formats == ("html", "pdf")


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"targets": ["homelesness"]}, "Did you mean 'homelessness/cohort_mortality'"),
        ({"targets": ["cohort_mortality"]}, "Did you mean 'homelessness/cohort_mortality'"),
        ({"languages": ["de"]}, "no language 'de'"),
        ({"formats": ["pfd"]}, "Did you mean 'pdf'"),
        ({"settings": ["level"]}, "not of the form name=value"),
        ({"settings": ["level=0.9", "level=0.8"]}, "given twice"),
        ({"settings": ["levl=0.9"]}, "Did you mean 'level'"),
    ],
)
def test_what_does_not_exist_is_refused(many, asked, message):
    with pytest.raises(ReportError, match=message):
        make_plan(many, **asked)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("reports: [", "not valid YAML in line 1"),
        ("- a", "needs the keys"),
        ("report: []", "unknown key 'report'. Did you mean 'reports'"),
        ("reports: [determinants]", "row without a topic"),
        ("reports: [{topic: determinants/cause}]", "Did you mean 'determinants/causes'"),
        ("reports: [{topic: determinants/causes, variant: A B}]", "becomes a folder"),
        ("reports: [{topic: determinants/causes, parameters: {level: high}}]", "is not a number"),
        (
            "reports: [{topic: determinants/causes, variant: a, parameters: {year: 2001}},"
            " {topic: determinants/causes, variant: a, parameters: {year: 2002}}]",
            "two reports",
        ),
    ],
)
def test_a_plan_file_that_cannot_be_followed_is_refused(many, text, message):
    (many / "reports/reports.yaml").write_text(text)
    with pytest.raises(ReportError, match=message):
        make_plan(many)

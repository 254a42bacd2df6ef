"""Reports that build on others: found in the code, built after them, and old when one of them changes."""

import pytest

from analysis.errors import ReportError
from analysis.reporting.cache import cache_key
from analysis.reporting.dependencies import builds_on, in_building_order
from analysis.reporting.manifest import read_manifest
from analysis.reporting.plan import make_plan
from analysis.reporting.progress import Silent
from analysis.reporting.provenance import read_inputs
from analysis.reporting.runner import build_reports
from analysis.reporting.topics import all_topics

LEAVE = """import json, os, pathlib
folder = pathlib.Path(os.environ["ANALYSIS_REPORT_FOLDER"])
(folder / "tables").mkdir()
(folder / "tables" / "rates.csv").write_text("rate\\n0.5\\n");
reads = [{"id": "cohort", "title": {"nl": "x", "en": "x"}, "sha256": "0", "period": "2001"}]
(folder / "run.json").write_text(json.dumps({"reads": reads, "verdicts": [], "answer": "Twee."}));"""
BUILD_ON = """from analysis.run import start_run
run = start_run("homelessness", "overview", language=language)
source = run.report("homelessness/causes")
run.save(source.table("rates"), "taken")"""


@pytest.fixture
def root(tmp_path, make_project, monkeypatch):
    cells = {"homelessness/causes": [LEAVE], "homelessness/overview": [BUILD_ON], "homelessness/alone": ["1"]}
    root = make_project(tmp_path / "project", cells)
    (root / "data" / "claims").mkdir()
    (root / "data" / "claims" / "homelessness.yaml").write_text("[]\n")
    monkeypatch.setenv("ANALYSIS_ROOT", str(root))
    return root


def topics_of(root):
    return {topic.name: topic for topic in all_topics(root)}


def names(rounds):
    return [[topic.name for topic in topics] for topics in rounds]


def test_what_a_notebook_builds_on_is_read_from_its_code(root):
    topics = topics_of(root)
    assert builds_on(topics["overview"]) == (topics["causes"],)
    assert builds_on(topics["alone"]) == ()


def test_a_topic_comes_after_those_it_builds_on_whatever_the_order_asked(root):
    topics = topics_of(root)
    for asked in (["overview", "causes", "alone"], ["alone", "causes", "overview"]):
        first, last = names(in_building_order([topics[name] for name in asked]))
        assert sorted(first) == ["alone", "causes"]
        assert last == ["overview"]


def test_a_circle_is_refused_with_its_names(root, write_notebook):
    write_notebook(root / "notebooks/homelessness/causes.ipynb", ['run.report("homelessness/overview")'])
    with pytest.raises(ReportError, match=r"homelessness/overview -> homelessness/causes -> homelessness/overview"):
        in_building_order([topics_of(root)["overview"]])


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("run.report(name)", "does not name its report"),
        ('run.report("homelessness/none")', "which has no notebook"),
        ('run.report("none")', "which has no notebook"),
    ],
)
def test_a_name_that_cannot_be_followed_is_refused(root, write_notebook, code, message):
    write_notebook(root / "notebooks/homelessness/overview.ipynb", [code])
    with pytest.raises(ReportError, match=message):
        builds_on(topics_of(root)["overview"])


def test_asking_for_the_overview_plans_what_it_builds_on_in_all_formats(root):
    specs = make_plan(root, ["homelessness/overview"], languages=["nl"], formats=["html"])
    assert [(spec.topic.name, spec.formats) for spec in specs] == [
        ("overview", ("html",)),
        ("causes", ("html", "pdf", "docx")),
    ]


def test_the_key_changes_when_a_report_below_changes_and_only_then(root, write_notebook):
    def key():
        return cache_key(make_plan(root, ["homelessness/overview"], languages=["nl"])[0], read_inputs(root))

    before = key()
    write_notebook(root / "notebooks/homelessness/alone.ipynb", ["2"])
    assert key() == before
    write_notebook(root / "notebooks/homelessness/causes.ipynb", [LEAVE, "2"])
    assert key() != before


@pytest.mark.slow
def test_the_overview_is_built_from_the_saved_results_and_again_when_they_change(root, write_notebook):
    def build():
        specs = make_plan(root, ["homelessness/overview"], languages=["nl"], formats=["html"])
        return {result.spec.topic.name: result.status for result in build_reports(root, specs, Silent(), jobs=2)}

    taken = root / "reports/homelessness/overview/nl/tables/taken.csv"
    assert build() == {"causes": "ok", "overview": "ok"}
    assert taken.read_text() == "rate\n0.5\n"
    manifest = read_manifest(taken.parent.parent)
    assert manifest["builds_on"] == ["homelessness/causes"]
    assert [read["id"] for read in manifest["reads"]] == ["cohort"]
    assert build() == {"causes": "cached", "overview": "cached"}
    write_notebook(root / "notebooks/homelessness/causes.ipynb", [LEAVE.replace("0.5", "0.7")])
    assert build() == {"causes": "ok", "overview": "ok"}
    assert taken.read_text() == "rate\n0.7\n"
    write_notebook(root / "notebooks/homelessness/causes.ipynb", ["1 / 0"])
    assert build() == {"causes": "failed", "overview": "failed"}
    message = read_manifest(taken.parent.parent)["failure"]["message"]
    assert "homelessness/causes (nl) failed when it was built" in message

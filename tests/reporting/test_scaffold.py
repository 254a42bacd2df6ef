"""A new topic: files under one name, which run as they are."""

import json

import pytest
import yaml

from analysis.errors import ReportError
from analysis.reporting.parameters import read_parameters
from analysis.reporting.scaffold import check_name, start_topic


def test_a_topic_gets_notebook_module_test_and_claim(project):
    made = start_topic(project, "homelessness/shelter_use")
    assert made == [
        "notebooks/homelessness/shelter_use.ipynb",
        "src/analysis/studies/homelessness/shelter_use.py",
        "tests/studies/homelessness/test_shelter_use.py",
        "data/claims/homelessness.yaml",
    ]
    assert [p.name for p in read_parameters(project / made[0])] == ["level", "language"]
    for name in made[1:3]:
        compile((project / name).read_text(), name, "exec")
    (claim,) = yaml.safe_load((project / made[3]).read_text())
    assert (claim["topic"], set(claim["says"])) == ("shelter_use", {"nl", "en"})


def test_the_notebook_is_stored_clean_and_names_its_claim(project):
    start_topic(project, "homelessness/shelter_use")
    text = (project / "notebooks/homelessness/shelter_use.ipynb").read_text()
    cells = json.loads(text)["cells"]
    assert "shelter-use-first-claim" in text
    assert all(not cell["outputs"] and cell["execution_count"] is None for cell in cells if cell["cell_type"] == "code")
    assert len({cell["id"] for cell in cells}) == len(cells)
    for cell in cells:
        if cell["cell_type"] == "code":
            compile("".join(cell["source"]), cell["id"], "exec")


def test_claims_are_added_below_those_that_are_there(project):
    start_topic(project, "homelessness/first")
    start_topic(project, "homelessness/second")
    rows = yaml.safe_load((project / "data/claims/homelessness.yaml").read_text())
    assert [row["topic"] for row in rows] == ["first", "second"]


def test_nothing_is_overwritten(project):
    start_topic(project, "homelessness/shelter_use")
    with pytest.raises(ReportError, match="exists already"):
        start_topic(project, "homelessness/shelter_use")
    with pytest.raises(ReportError, match="exists already"):
        start_topic(project, "homelessness/cohort_mortality")


@pytest.mark.parametrize(
    "name", ["homelessness", "nothing/x", "homelessness/Class", "homelessness/class", "homelessness/1x"]
)
def test_names_that_python_does_not_accept_are_refused(name):
    with pytest.raises(ReportError):
        check_name(name)

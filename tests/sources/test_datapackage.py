import frictionless

from analysis.locations import project_root
from analysis.sources.catalogue import list_cards
from analysis.sources.datapackage import datapackage, write_datapackage


def test_the_committed_descriptor_is_the_one_the_cards_give(tmp_path):
    fresh = write_datapackage(tmp_path / "datapackage.json").read_bytes()
    assert (project_root() / "data" / "datapackage.json").read_bytes() == fresh, (
        "Run `analysis data describe` and commit data/datapackage.json."
    )


def test_frictionless_finds_no_error_in_descriptor_and_data():
    report = frictionless.validate(str(project_root() / "data" / "datapackage.json"))
    assert report.valid, report.flatten(["name", "rowNumber", "fieldName", "note"])


def test_frictionless_notices_a_changed_figure(catalogue):
    path = write_datapackage(catalogue.root / "data" / "datapackage.json")
    assert frictionless.validate(str(path)).valid
    catalogue.data("deaths").write_bytes(catalogue.data("deaths").read_bytes().replace(b"10.5", b"-1.5"))
    errors = {error for _, error in frictionless.validate(str(path)).flatten(["name", "type"])}
    assert {"hash-count", "constraint-error"} <= errors


def test_the_descriptor_has_every_local_data_set_and_no_other():
    local = [card.id for card in list_cards() if card.access["kind"] == "local"]
    assert [resource["name"] for resource in datapackage()["resources"]] == local


def test_a_licence_in_parts_gives_every_part():
    resources = {resource["name"]: resource for resource in datapackage()["resources"]}
    licences = resources["nl_deaths_person_years_2001_2010"]["licenses"]
    assert [licence["name"] for licence in licences] == ["CC-BY-4.0", "CC-BY-3.0-IGO"]

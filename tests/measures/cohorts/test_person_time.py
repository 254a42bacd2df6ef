import datetime as dt
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.errors import DataError, MethodError
from analysis.measures.cohorts.dates import decimal_years
from analysis.measures.cohorts.person_time import person_time

AGES, YEARS = range(0, 100, 5), range(1995, 2021)


def made_up(size, seed=5):
    rng = np.random.default_rng(seed)
    birth = np.datetime64("1910-01-01") + rng.integers(0, 365 * 80, size)
    entry = np.maximum(birth, np.datetime64("1996-01-01") + rng.integers(0, 365 * 5, size))
    follow_up = rng.integers(0, 365 * 12, size)
    return pd.DataFrame(
        {
            "birth": birth,
            "entry": entry,
            "exit": entry + follow_up,
            "event": rng.integers(0, 2, size),
            "sex": np.where(rng.random(size) < 0.5, "female", "male"),
        }
    )


COHORT = made_up(500)


def by_hand(cohort, ages, years):
    """Person-years per cell by clipping every person to every cell, in decimal years."""
    birth, entry, end = (decimal_years(cohort[name]) for name in ("birth", "entry", "exit"))
    table = {}
    for low, high in zip(ages, [*ages[1:], np.inf], strict=True):
        for year in years[:-1]:
            start = np.maximum.reduce([birth + low, np.full(len(birth), year), entry])
            stop = np.minimum.reduce([birth + high, np.full(len(birth), year + 1), end])
            table[low, year] = np.clip(stop - start, 0, None).sum()
    return table


def test_every_cell_has_the_time_that_clipping_each_person_to_it_gives():
    table = person_time(COHORT, age_breaks=AGES, year_breaks=YEARS)
    expected = by_hand(COHORT, list(AGES), list(YEARS))
    for row in table.itertuples():
        assert row.person_years == pytest.approx(expected.pop((row.age_from, row.year)), abs=1e-9)
    assert max(expected.values()) == pytest.approx(0, abs=1e-8)


moments = st.tuples(st.floats(1900, 1990), st.floats(0, 60), st.floats(0, 30), st.integers(0, 1))


@settings(max_examples=60)
@given(st.lists(moments, min_size=1, max_size=30), st.sampled_from([1, 2.5, 5]), st.sampled_from([1, 0.25, 3]))
def test_time_and_events_add_up_to_the_follow_up(persons, age_width, year_width):
    birth = np.array([p[0] for p in persons])
    entry = birth + [p[1] for p in persons]
    cohort = pd.DataFrame({"birth": birth, "entry": entry, "exit": entry + [p[2] for p in persons]})
    cohort["event"] = [p[3] for p in persons]
    ages, years = np.arange(0, 90, age_width), np.arange(1900, 2090, year_width)
    table = person_time(cohort, age_breaks=ages, year_breaks=years, outside="error")
    assert table["person_years"].sum() == pytest.approx((cohort["exit"] - cohort["entry"]).sum(), abs=1e-8)
    assert table["deaths"].sum() == cohort["event"].sum()
    assert table["persons"].sum() == len(cohort)


@pytest.mark.parametrize("years", [None, [1996, 1998, 2003, 2020], range(1996, 2020, 2)])
@pytest.mark.parametrize("ages", [None, [0, 18, 65], range(0, 100, 1)])
def test_coarser_bands_are_sums_of_finer_ones(ages, years):
    table = person_time(COHORT, age_breaks=ages, year_breaks=years, by="sex")
    fine = person_time(COHORT, age_breaks=range(0, 105), year_breaks=range(1996, 2021), by="sex")
    for sums in ("person_years", "deaths", "persons", "zero_follow_up"):
        assert table.groupby("sex")[sums].sum().tolist() == pytest.approx(fine.groupby("sex")[sums].sum().tolist())


def test_order_of_persons_does_not_matter():
    one = person_time(COHORT, age_breaks=AGES, year_breaks=YEARS, by="sex")
    two = person_time(COHORT.sample(frac=1, random_state=1), age_breaks=AGES, year_breaks=YEARS, by="sex")
    pd.testing.assert_frame_equal(one, two, rtol=1e-12)


def test_cutting_follow_up_in_two_spells_changes_no_time_and_no_events():
    middle = COHORT["entry"] + (COHORT["exit"] - COHORT["entry"]) / 2
    middle = middle.dt.floor("D")
    spells = pd.concat([COHORT.assign(exit=middle, event=0), COHORT.assign(entry=middle)])
    columns = ["age_band", "year", "deaths", "person_years"]
    one = person_time(COHORT, age_breaks=AGES, year_breaks=YEARS)[columns]
    two = person_time(spells, age_breaks=AGES, year_breaks=YEARS)[columns]
    both = one.merge(two, on=["age_band", "year"], how="outer").fillna(0)
    np.testing.assert_allclose(both["person_years_x"], both["person_years_y"], atol=1e-9)


def test_an_event_at_the_end_of_a_band_counts_in_that_band():
    person = pd.DataFrame({"birth": [1950.0], "entry": [1995.0], "exit": [2000.0], "event": [1]})
    table = person_time(person, age_breaks=[40, 50], year_breaks=range(1990, 2005))
    assert table[table["deaths"] == 1][["age_band", "year"]].to_numpy().tolist() == [["40-49", 1999]]
    assert table["person_years"].tolist() == [1.0] * 5


def test_persons_without_follow_up_are_counted_with_their_events():
    persons = pd.DataFrame({"birth": [1950.0] * 2, "entry": [2000.0] * 2, "exit": [2000.0, 2001.0], "event": [1, 0]})
    table = person_time(persons, age_breaks=[50], year_breaks=[2000, 2001])
    row = table.loc[0]
    assert (row["deaths"], row["person_years"], row["persons"], row["zero_follow_up"]) == (1, 1.0, 2, 1)
    assert table.attrs["zero_follow_up"] == 1
    assert "no follow-up time" in row["note"]


def test_follow_up_outside_the_breaks_is_left_out_with_a_note_or_refused():
    person = pd.DataFrame({"birth": [1950.0], "entry": [1999.5], "exit": [2002.0], "event": [1]})
    table = person_time(person, age_breaks=[50], year_breaks=[2000, 2001])
    assert table["person_years"].tolist() == [1.0]
    assert (table.attrs["person_years_outside"], table.attrs["events_outside"]) == (1.5, 1)
    assert "left out" in table.loc[0, "note"]
    with pytest.raises(DataError, match=r"1.5 person-years and 1 events lie outside"):
        person_time(person, age_breaks=[50], year_breaks=[2000, 2001], outside="error")


def test_the_convention_is_stated_and_changes_little():
    tables = {name: person_time(COHORT, age_breaks=AGES, convention=name) for name in ("day_of_year", "365.25")}
    assert all(table["convention"].str.startswith(name).all() for name, table in tables.items())
    days = (COHORT["exit"] - COHORT["entry"]).dt.days.sum()
    assert tables["365.25"]["person_years"].sum() == pytest.approx(days / 365.25)
    assert tables["day_of_year"]["person_years"].sum() == pytest.approx(days / 365.25, rel=1e-3)


def test_decimal_years_are_taken_as_they_are():
    decimal = COHORT.assign(**{name: decimal_years(COHORT[name]) for name in ("birth", "entry", "exit")})
    one, two = (person_time(c, age_breaks=AGES, year_breaks=YEARS) for c in (COHORT, decimal))
    pd.testing.assert_frame_equal(one, two)


def test_python_dates_and_time_zones_are_dates_and_texts_are_an_error():
    day = pd.Series([dt.date(2000, 7, 1), None], name="entry")
    assert decimal_years(day)[0] == pytest.approx(2000 + 182 / 366)
    zoned = pd.Series(pd.to_datetime(["2000-07-01"])).dt.tz_localize("Europe/Amsterdam")
    assert decimal_years(zoned)[0] == pytest.approx(2000 + 182 / 366)
    with pytest.raises(DataError, match=r"`entry` has 1 texts where numbers or dates .* row 7 .* `pandas.to_datetime`"):
        decimal_years(pd.Series([None, "2000-07-01"], name="entry", index=[6, 7]))
    with pytest.raises(
        DataError, match=r"`entry` has 2 values where numbers or dates belong, the first in row 8 \(\[1\]\)"
    ):
        decimal_years(pd.Series([2000.5, [1], [2]], name="entry", index=[7, 8, 9]))
    with pytest.raises(DataError, match=r"`entry` mixes dates and numbers"):
        decimal_years(pd.Series([2000.5, dt.date(2000, 7, 1)], name="entry"))
    far = pd.Series(np.array(["0900-01-01", "2900-01-01"], dtype="datetime64[s]"))
    assert decimal_years(far).tolist() == [900, 2900]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"exit": "1990-01-01"}, r"500 persons have `entry` after `exit`, the first in row 0 .*Check whether"),
        ({"birth": "2030-01-01"}, r"500 persons have `birth` after `entry`"),
        ({"entry": None}, r"500 persons have a missing or infinite `entry`.*leave those persons out"),
        ({"event": 2}, r"500 persons have an `event` that is neither 0 nor 1"),
        ({"event": np.nan}, r"500 persons have a missing `event`"),
    ],
)
def test_impossible_persons_are_counted_over_all_pieces_and_the_first_is_shown(change, message):
    column, value = next(iter(change.items()))
    wrong = COHORT.assign(**{column: pd.Timestamp(value) if isinstance(value, str) else value})
    if value is None:
        wrong["entry"] = pd.NaT
    with pytest.raises(DataError, match=message):
        person_time(wrong, age_breaks=AGES, batch_rows=99)


def test_one_wrong_person_late_in_the_table_is_found_by_row():
    wrong = COHORT.copy()
    wrong.loc[321, "exit"] = pd.Timestamp("1900-01-01")
    with pytest.raises(DataError, match=r"1 persons have `entry` after `exit`, the first in row 321 "):
        person_time(wrong, age_breaks=AGES, batch_rows=100)
    named = wrong.set_axis([f"person {row}" for row in range(len(wrong))])
    with pytest.raises(DataError, match=r"the first in row person 321 "):
        person_time(named, age_breaks=AGES, batch_rows=100)
    with pytest.raises(DataError, match=r"the first in row 321 "):  # tables one after the other count on
        person_time([named.head(300), named.tail(-300)], age_breaks=AGES)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"age_breaks": [50, 40]}, MethodError, r"`age_breaks` must be at least 1 numbers, each above"),
        ({"year_breaks": [2000]}, MethodError, r"`year_breaks` must be at least 2 numbers"),
        ({"convention": "365"}, MethodError, r"Did you mean '365.25'"),
        ({"outside": "drop"}, MethodError, r"`outside` is 'drop'"),
        ({"by": "region"}, DataError, r"Column `region` is missing"),
        ({"by": ["sex", "year"]}, MethodError, r"columns \['year'\] of its own"),
    ],
)
def test_wrong_options_are_errors(options, error, message):
    with pytest.raises(error, match=message):
        person_time(COHORT, **options)


def test_an_empty_cohort_is_an_error():
    with pytest.raises(DataError, match=r"no persons"):
        person_time(COHORT.head(0), age_breaks=AGES)


def test_events_may_be_true_and_false_or_nullable():
    plain = person_time(COHORT, age_breaks=AGES)
    for kind in ("bool", "boolean", "Int64", "float64"):
        pd.testing.assert_frame_equal(person_time(COHORT.astype({"event": kind}), age_breaks=AGES), plain)


def test_groups_with_a_missing_name_are_kept():
    table = person_time(COHORT.assign(sex=COHORT["sex"].where(COHORT["sex"] == "male")), by="sex")
    assert table["sex"].isna().tolist() == [False, True]
    assert table["persons"].sum() == 500


@pytest.mark.parametrize("ending", ["csv", "parquet"])
@pytest.mark.parametrize("rows", [7, 100, 10_000])
def test_a_file_in_pieces_gives_the_same_as_the_whole_table(tmp_path, ending, rows):
    path = tmp_path / f"cohort.{ending}"
    if ending == "csv":
        COHORT.assign(**{n: COHORT[n].dt.strftime("%Y-%m-%d") for n in ("birth", "entry", "exit")}).to_csv(path)
    else:
        COHORT.to_parquet(path)
    options = {"age_breaks": AGES, "year_breaks": YEARS, "by": ["sex"]}
    whole = person_time(COHORT, **options)
    pd.testing.assert_frame_equal(person_time(path, batch_rows=rows, **options), whole, rtol=1e-12)
    pieces = (COHORT.iloc[start : start + 50] for start in range(0, 500, 50))
    pd.testing.assert_frame_equal(person_time(pieces, **options), whole, rtol=1e-12)


def test_files_that_cannot_be_read_say_why(tmp_path):
    with pytest.raises(DataError, match=r"ending of `cohort.xlsx`"):
        person_time(tmp_path / "cohort.xlsx")
    with pytest.raises(DataError, match=r"no file `cohort.csv`"):
        person_time(tmp_path / "cohort.csv")
    (tmp_path / "cohort.csv").write_text("entry,leaving,event\n2000.5,2001.5,1\n")
    with pytest.raises(DataError, match=r"Column `exit` is missing from `cohort.csv`"):
        person_time(tmp_path / "cohort.csv")
    (tmp_path / "bad.parquet").write_text("no table")
    with pytest.raises(DataError, match=r"`bad.parquet` cannot be read as a table"):
        person_time(tmp_path / "bad.parquet")


PEAK = """
import sys, tracemalloc
import pyarrow
from analysis.measures.cohorts.person_time import person_time
tracemalloc.start()
person_time(sys.argv[1], age_breaks=range(0, 100, 5), year_breaks=range(1995, 2021), by="sex", batch_rows=50_000)
print(tracemalloc.get_traced_memory()[1] + pyarrow.default_memory_pool().max_memory())
"""


@pytest.mark.slow
def test_memory_does_not_grow_with_the_file(tmp_path):
    """Eight times as many persons add less than a quarter to the peak of the process."""
    peaks = []
    for size in (250_000, 2_000_000):
        path = tmp_path / f"{size}.parquet"
        made_up(size).to_parquet(path, row_group_size=100_000)
        command = [sys.executable, "-c", PEAK, str(path)]
        peaks.append(int(subprocess.run(command, capture_output=True, check=True, text=True).stdout))
    assert peaks[1] < 1.25 * peaks[0]

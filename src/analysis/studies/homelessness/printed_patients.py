"""The printed table of diagnoses at the street doctor's: which numbers of patients fit its counts and percentages."""

import difflib
from typing import Any

import numpy as np
import pandas as pd

TABLE = "thesis p. 50, Table 2"
GROUPS = {"street": "street doctor patients", "gp": "regular GP practice"}


def printed_table(access: pd.DataFrame) -> pd.DataFrame:
    """The printed table of diagnoses, one row per group of patients and diagnosis.

    Parameters
    ----------
    access
        Data set `rotterdam_access`.

    Returns
    -------
    pandas.DataFrame
        Columns `group` ("street", "gp"), `diagnosis`, `count` (patients), `percent` (0 to 100) and `printed_total`
        (patients), as printed.
    """
    table = access[access["place"] == TABLE]
    names = {population: group for group, population in GROUPS.items()}
    values = table.assign(group=table["population"].map(names)).rename(columns={"subgroup": "diagnosis"})
    count, percent = (
        values.loc[values["measure"] == measure, ["group", "diagnosis", "value"]]
        for measure in ("patients_with_problem", "share_with_problem")
    )
    rows = count.merge(percent, on=["group", "diagnosis"], suffixes=("_count", "_percent"), validate="one_to_one")
    rows = rows.rename(columns={"value_count": "count", "value_percent": "percent"})
    totals = values[values["measure"] == "patients"].set_index("group")["value"]
    return rows.assign(printed_total=rows["group"].map(totals)).reset_index(drop=True)


def implied_totals(printed: pd.DataFrame, *, decimals: int = 1) -> pd.DataFrame:
    """Numbers of patients that each printed count and percentage imply together.

    Parameters
    ----------
    printed
        From `printed_table`.
    decimals
        Decimals of the printed percentages.

    Returns
    -------
    pandas.DataFrame
        The rows of `printed` with `implied_lowest` and `implied_highest`: the fewest and most patients of whom the
        count is the percentage, as rounded. Where no whole number fits, the lowest is above the highest.
    """
    half = 0.5 * 10.0**-decimals
    highest = np.floor(100 * printed["count"] / (printed["percent"] - half) + 1e-9)
    return printed.assign(
        implied_lowest=np.ceil(100 * printed["count"] / (printed["percent"] + half) - 1e-9), implied_highest=highest
    )


def fitting_totals(printed: pd.DataFrame) -> pd.DataFrame:
    """The number of patients that fits the most rows of the table, per group.

    Parameters
    ----------
    printed
        From `printed_table`.

    Returns
    -------
    pandas.DataFrame
        One row per `group`: `printed_total`, `fitting_lowest` and `fitting_highest` (numbers that fit as many rows as
        any number does), `fitting_total` (the one of them that looks most like the printed one, as after a slip of
        one digit), `rows`, `rows_fitting` with it, and `rows_fitting_printed` with the printed total.
    """
    found = [_fitting_total(str(group), rows) for group, rows in implied_totals(printed).groupby("group", sort=False)]
    return pd.DataFrame(found)


def _fitting_total(group: str, rows: pd.DataFrame) -> dict[str, Any]:
    low, high = rows["implied_lowest"].to_numpy(), rows["implied_highest"].to_numpy()
    totals = np.arange(low.min(), high.max() + 1)
    fitting = ((totals[:, None] >= low) & (totals[:, None] <= high)).sum(axis=1)
    best = totals[fitting == fitting.max()]
    printed = int(rows["printed_total"].iloc[0])
    likeness = [difflib.SequenceMatcher(None, str(printed), str(int(total))).ratio() for total in best]
    return {
        "group": group,
        "printed_total": printed,
        "fitting_lowest": int(best.min()),
        "fitting_highest": int(best.max()),
        "fitting_total": int(best[int(np.argmax(likeness))]),
        "rows": len(rows),
        "rows_fitting": int(fitting.max()),
        "rows_fitting_printed": int(((printed >= low) & (printed <= high)).sum()),
    }


def misfits(printed: pd.DataFrame) -> list[str]:
    """Diagnoses whose count and percentage fit no number of patients that the other rows share.

    Parameters
    ----------
    printed
        From `printed_table`.

    Returns
    -------
    list of str
        Diagnoses that do not fit in at least one of the groups, in the order of the table.
    """
    rows = implied_totals(printed).merge(fitting_totals(printed)[["group", "fitting_total"]], on="group")
    fits = rows["fitting_total"].between(rows["implied_lowest"], rows["implied_highest"])
    return list(dict.fromkeys(rows.loc[~fits, "diagnosis"]))

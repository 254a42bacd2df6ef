"""What do we know about homelessness and mortality? The study in brief, from the saved results of its topics."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from analysis.claims import VERDICTS
from analysis.errors import DataError

SUPPORTED = ("reproduced", "consistent")
REVISED = ("corrected", "contradicted")


def verdicts(found: Mapping[str, Sequence[Mapping[str, Any]]]) -> pd.DataFrame:
    """The claims of all topics with their verdicts, the firmest first.

    Parameters
    ----------
    found
        By topic, the verdicts of its report: `claim`, `says`, `quoted`, `here`, `verdict`.

    Returns
    -------
    pandas.DataFrame
        One row per claim: `topic`, `claim`, `says`, `quoted`, `here` and `verdict`; within one in the order given.

    Raises
    ------
    DataError
        When no topic has a verdict.
    """
    columns = ["claim", "says", "quoted", "here", "verdict"]
    rows = [{"topic": topic} | {name: row[name] for name in columns} for topic, given in found.items() for row in given]
    if not rows:
        raise DataError("None of the reports has a verdict. Build the topics that answer claims first.")
    table = pd.DataFrame(rows)
    return table.sort_values("verdict", key=lambda column: column.map(VERDICTS.index), kind="stable", ignore_index=True)


def counts(verdicts: pd.DataFrame) -> dict[str, int]:
    """How many claims are supported, revised and open.

    Parameters
    ----------
    verdicts
        From `verdicts`.

    Returns
    -------
    dict
        `claims`, `supported` (reproduced or consistent), `revised` (corrected or contradicted), `open` (not testable).
    """
    given = verdicts["verdict"]
    supported, revised = int(given.isin(SUPPORTED).sum()), int(given.isin(REVISED).sum())
    return {"claims": len(given), "supported": supported, "revised": revised, "open": len(given) - supported - revised}


def ratio_rows(ratios: pd.DataFrame, pools: pd.DataFrame, change: pd.DataFrame) -> pd.DataFrame:
    """Rows of the figure of ratios: both sexes in Rotterdam, a next cohort elsewhere, after the plan against before.

    Parameters
    ----------
    ratios
        Table `rate_ratios` of cohort_mortality: rows `sex` female and male are drawn.
    pools
        Table `pools` of international_evidence: the row `pool` "all mixed" with its prediction limits.
    change
        Table `change` of policy_2006: one row.

    Returns
    -------
    pandas.DataFrame
        Columns `group` (female, male, elsewhere, after), `estimate`, `lower`, `upper`, `level`, `kind`, `section`.
    """
    by_sex = ratios[ratios["sex"].isin(["female", "male"])]
    rotterdam = by_sex.assign(group=by_sex["sex"], kind="estimate", section=0)
    elsewhere = pools[pools["pool"] == "all mixed"].assign(group="elsewhere", kind="scenario", section=1)
    elsewhere = elsewhere.assign(lower=elsewhere["prediction_lower"], upper=elsewhere["prediction_upper"])
    after = change.assign(group="after", kind="estimate", section=1)
    columns = ["group", "estimate", "lower", "upper", "level", "kind", "section"]
    return pd.concat([table[columns] for table in (rotterdam, elsewhere, after)], ignore_index=True)


def reading_list(links: Sequence[tuple[str, str]]) -> str:
    """The reports behind the overview, as links in a sentence.

    Parameters
    ----------
    links
        Of each report, the address and the words that link to it.

    Returns
    -------
    str
        Markdown: links parted by commas.
    """
    return ", ".join(f"[{words}]({address})" for address, words in links)

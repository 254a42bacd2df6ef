"""Scenario: homeless people who would be uninsured when they lose their registration. Assumptions, not estimates."""

import itertools
from collections.abc import Sequence

import pandas as pd

from analysis.errors import DataError, MethodError


def scenario(
    *,
    homeless_people: float,
    losing: Sequence[float],
    registered: Sequence[float],
    unregistered: Sequence[float],
    contacts_lost: float,
) -> pd.DataFrame:
    """Scenario: uninsured people for every combination of assumptions.

    Parameters
    ----------
    homeless_people
        Homeless people, 0 or more.
    losing
        Shares who lose their registration, 0 to 1.
    registered, unregistered
        Shares uninsured of those who keep and of those who lose their registration, 0 to 1. No share of the first may
        be above one of the second.
    contacts_lost
        Contacts with a doctor per person-year that an uninsured person has less than an insured one.

    Returns
    -------
    pandas.DataFrame
        One row per combination: `losing`, `registered`, `unregistered`, `without_registration`, `uninsured`, `extra`
        (uninsured persons because of the loss) and `missed_contacts` per year. Numbers of persons, not estimates.

    Raises
    ------
    MethodError
        When a share is not between 0 and 1, or losing the registration would insure people.
    """
    shares = [*losing, *registered, *unregistered]
    if min(shares) < 0 or max(shares) > 1:
        raise MethodError(f"A share of the scenario is {min(shares)} or {max(shares)}. Give shares between 0 and 1.")
    if max(registered) > min(unregistered):
        raise MethodError(
            f"The share uninsured with registration ({max(registered)}) is above that without ({min(unregistered)}). "
            "The scenario asks what losing it costs: give a lower share with registration."
        )
    grid = pd.DataFrame(
        itertools.product(losing, registered, unregistered), columns=["losing", "registered", "unregistered"]
    )
    lost = grid["losing"] * homeless_people
    extra = lost * (grid["unregistered"] - grid["registered"])
    return grid.assign(
        without_registration=lost,
        uninsured=homeless_people * grid["registered"] + extra,
        extra=extra,
        missed_contacts=extra * contacts_lost,
    )


def scenario_curve(grid: pd.DataFrame, *, registered: float, unregistered: float) -> pd.DataFrame:
    """The extra uninsured by the share losing registration, with the range over the other assumptions.

    Parameters
    ----------
    grid
        From `scenario`.
    registered, unregistered
        The assumptions of the middle line; both must be in the grid.

    Returns
    -------
    pandas.DataFrame
        One row per share: `x` (percent losing registration), `estimate`, `lower`, `upper` (persons; a range of
        assumptions, no confidence interval), `series` and `assumed`.

    Raises
    ------
    DataError
        When the middle assumptions are not in the grid.
    """
    middle = grid[grid["registered"].eq(registered) & grid["unregistered"].eq(unregistered)].set_index("losing")
    if middle.empty:
        raise DataError(f"The grid has no row with the shares {registered} and {unregistered}. Add them to the grid.")
    spread = grid.groupby("losing")["extra"].agg(["min", "max"])
    return pd.DataFrame(
        {
            "x": spread.index * 100,
            "estimate": middle["extra"].reindex(spread.index).to_numpy(),
            "lower": spread["min"].to_numpy(),
            "upper": spread["max"].to_numpy(),
            "series": "extra",
            "assumed": True,
        }
    )


def rounded(people: float) -> float:
    """A number of a scenario in two significant digits: more would suggest knowledge that assumptions do not give.

    Parameters
    ----------
    people
        Any number.

    Returns
    -------
    float
        The number with two significant digits.

    Examples
    --------
    >>> rounded(7672.5), rounded(84.2)
    (7700.0, 84.0)
    """
    return float(f"{people:.2g}")

"""The errors a user can meet, and the wording they share: what is wrong, where, and what to do about it."""

import difflib
from collections.abc import Iterable


class AnalysisError(Exception):
    """Base of every error this project raises on purpose; its message is fit for a reader without the code."""


class DataError(AnalysisError):
    """The data cannot be right: a missing column, an impossible value, a changed file."""


class MethodError(AnalysisError):
    """The choice of method does not fit: an unknown option, a level outside 0-1, too few groups."""


class SourceError(AnalysisError):
    """A data set or its provider cannot be used: unknown, unreadable, not installed."""


class ReportError(AnalysisError):
    """A report cannot be asked for or built: unknown topic or parameter, a figure without alternative text."""


def did_you_mean(name: str, choices: Iterable[str]) -> str:
    """Sentence that names the nearest valid choice, and all choices when they are few.

    Parameters
    ----------
    name
        What was asked for.
    choices
        What exists.

    Returns
    -------
    str
        For example ``Did you mean 'level'? Choose from: level, language.``

    Examples
    --------
    >>> did_you_mean("levle", ["level", "language"])
    "Did you mean 'level'? Choose from: level, language."
    """
    known = [str(choice) for choice in choices]
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.0)
    nearest = f"Did you mean '{near[0]}'? " if near else ""
    return f"{nearest}Choose from: {', '.join(known)}." if len(known) <= 12 else nearest.strip()

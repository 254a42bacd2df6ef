"""Options of the inequality measures: one or more names from a list, and numbers above a bound."""

from collections.abc import Iterable, Sequence
from numbers import Real
from typing import Any

from analysis.errors import MethodError
from analysis.measures.shared.checks import LARGEST, SMALLEST, check_choice


def check_choices(chosen: str | Sequence[str], choices: Iterable[str], *, option: str) -> list[str]:
    """List of the choices asked for, when there is at least one and all exist.

    Parameters
    ----------
    chosen
        One name, or several.
    choices
        What exists.
    option
        Name of the option, for the message.

    Returns
    -------
    list of str
        The names.

    Raises
    ------
    MethodError
        When there is no name, one is given twice or one does not exist; the message lists the choices.

    Examples
    --------
    >>> check_choices("par", ["par", "paf"], option="measures")
    ['par']
    """
    known = list(choices)
    listed = f"Choose one or more from: {', '.join(known)}."
    if not isinstance(chosen, Iterable):
        raise MethodError(f"The option `{option}` is {chosen!r}. {listed}")
    names = [chosen] if isinstance(chosen, str) else list(chosen)
    if not names:
        raise MethodError(f"The option `{option}` is empty, so there is nothing to compute. {listed}")
    if len({*map(repr, names)}) < len(names):
        raise MethodError(f"The option `{option}` names one choice twice: {names}. Name every choice once.")
    return [check_choice(name, known, option=option) for name in names]


def check_above(number: Any, *, option: str, above: float, advice: str) -> float:
    """The number that an option asks for, when it is one and lies above the bound.

    Parameters
    ----------
    number
        What was asked for.
    option
        Name of the option, for the message.
    above
        Bound that the number must exceed.
    advice
        What to give, as a sentence.

    Returns
    -------
    float
        The number.

    Raises
    ------
    MethodError
        When it is no number above the bound, or of a size that cannot be computed with.

    Examples
    --------
    >>> check_above(100, option="scale", above=0, advice="Give 1 for proportions.")
    100.0
    """
    usable = isinstance(number, Real) and not isinstance(number, bool)
    if not usable or not max(above, SMALLEST) < number <= LARGEST:
        raise MethodError(f"The option `{option}` is {number!r}; it must be a number above {above:g}. {advice}")
    return float(number)

"""Numbers in sentences: one place for decimal commas, intervals, p-values and number words.

A sentence is a template in each language with the same fields:
``say("nl", nl="{rr:1} keer", en="{rr:1} times", rr=row)``. A field takes a number, a text, or an estimate (a mapping
with `estimate`, `lower`, `upper`, `level`), and a format of up to three words: decimals, scale and part.

========== ============================================================
format     gives, in Dutch
========== ============================================================
``1``      3,5
``0``      17.619
``count``  vier (a word under ten), 265
``1 x100`` 40,9 (percent or percentage points; the sentence says which)
``1 x1000``15,0
``1 range``    3,1–4,0
``1 named``    95%-BI 3,1–4,0
``1 interval`` 3,5 (95%-BI 3,1–4,0)
``1 brief``    3,5 (3,1–4,0)
``p``      p = 0,005 or p < 0,001
========== ============================================================
"""

import math
import re
import string
from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from analysis.errors import MethodError, did_you_mean
from analysis.presentation.labels import check_language, messages

SCALES = {"x100": 100.0, "x1000": 1000.0, "x100000": 100000.0}
PARTS = ("range", "named", "interval", "brief", "lower", "upper")


def number(value: float, decimals: int, language: str) -> str:
    """A number with its decimals in the manner of the language.

    Parameters
    ----------
    value
        Any finite or infinite number.
    decimals
        Digits behind the decimal sign, 0 or more.
    language
        ``nl`` (decimal comma, point for thousands) or ``en``.

    Returns
    -------
    str
        With a true minus sign; an infinite value as the sign for infinity. Halves are rounded away from zero, whatever
        the last bit of a floating-point number says: 28.15 gives 28.2.

    Examples
    --------
    >>> number(17619, 0, "nl"), number(-0.409, 2, "nl"), number(17619, 0, "en")
    ('17.619', '−0,41', '17,619')
    """
    check_language(language)
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    exact = Decimal(repr(round(float(value), 9)))
    text = f"{exact.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP):,f}"
    if language == "nl":
        text = text.translate(str.maketrans(",.", ".,"))
    return re.sub(r"^-(?=[0.,]*$)", "", text).replace("-", "−")


def p_value(value: float, language: str) -> str:
    """A p-value as the field prints it, never as zero.

    Parameters
    ----------
    value
        Probability between 0 and 1.
    language
        ``nl`` or ``en``.

    Returns
    -------
    str
        Two decimals from 0.10, three below, and "< 0.001" under that.

    Examples
    --------
    >>> [p_value(value, "en").replace("\\u00a0", " ") for value in (0.0054, 0.38, 2e-20)]
    ['p = 0.005', 'p = 0.38', 'p < 0.001']
    """
    if value < 0.001:
        return f"p\u00a0<\u00a0{number(0.001, 3, language)}"
    return f"p\u00a0=\u00a0{number(value, 2 if value >= 0.0995 else 3, language)}"


def span(lower: float, upper: float, decimals: int, language: str) -> str:
    """Two limits with an en dash, or with a word where a minus sign would make the dash unreadable.

    Parameters
    ----------
    lower, upper
        The limits.
    decimals
        Digits behind the decimal sign.
    language
        ``nl`` or ``en``.

    Returns
    -------
    str
        For example ``3,1–4,0`` or ``−9,6 tot 3,4``.
    """
    first, last = number(lower, decimals, language), number(upper, decimals, language)
    joint = f" {messages(language)['wording']['to']} " if first.startswith("−") or last.startswith("−") else "–"
    return f"{first}{joint}{last}"


def interval(row: Mapping[str, Any], decimals: int, language: str, *, scale: float = 1.0, named: bool = False) -> str:
    """An estimate with its interval, for a table cell or, `named`, for a sentence.

    Parameters
    ----------
    row
        Mapping with `estimate`, `lower`, `upper` and, when `named`, `level`.
    decimals
        Digits behind the decimal sign.
    language
        ``nl`` or ``en``.
    scale
        What the numbers are multiplied by, for example 100 for percent.
    named
        Whether the interval is introduced, as in "95%-BI".

    Returns
    -------
    str
        For example ``3,5 (3,1–4,0)``.
    """
    middle = number(row["estimate"] * scale, decimals, language)
    if math.isnan(row["lower"]) or math.isnan(row["upper"]):
        return middle
    limits = span(row["lower"] * scale, row["upper"] * scale, decimals, language)
    return f"{middle} ({interval_name(row['level'], language)} {limits})" if named else f"{middle} ({limits})"


def interval_name(level: float, language: str) -> str:
    """The name of an interval, for example ``95%-BI`` or ``95% CI``.

    Parameters
    ----------
    level
        Coverage between 0 and 1.
    language
        ``nl`` or ``en``.

    Returns
    -------
    str
        With the level in percent, without superfluous decimals.
    """
    percent = number(level * 100, 0 if math.isclose(level * 100, round(level * 100)) else 1, language)
    return str(messages(language)["wording"]["interval"]).format(percent=percent)


def say(language: str, *, nl: str, en: str, **values: Any) -> str:
    """The sentence of one language with its numbers filled in.

    Parameters
    ----------
    language
        ``nl`` or ``en``.
    nl, en
        Templates; both must name the same values, so that neither language says less.
    **values
        Numbers, texts or estimates, by the name of their field.

    Returns
    -------
    str
        The finished sentence.

    Raises
    ------
    MethodError
        When the templates use different values, or a value or format is unknown.

    Examples
    --------
    >>> say("nl", nl="{deaths:0} doden", en="{deaths:0} deaths", deaths=265)
    '265 doden'
    """
    used = {name: _field_names(template) for name, template in (("nl", nl), ("en", en))}
    if used["nl"] != used["en"]:
        only = sorted(used["nl"] ^ used["en"])
        raise MethodError(f"The Dutch and the English sentence must use the same numbers; only one of them has {only}.")
    missing = sorted(used["nl"] - set(values))
    if missing:
        raise MethodError(f"The sentence needs a value for `{missing[0]}`. {did_you_mean(missing[0], values)}")
    return _Formatter(check_language(language)).format(nl if language == "nl" else en, **values)


def in_list(words: Sequence[str], language: str) -> str:
    """Words as a sentence lists them: "a, b en c".

    Parameters
    ----------
    words
        One or more words.
    language
        ``nl`` or ``en``.

    Returns
    -------
    str
        The list.

    Examples
    --------
    >>> in_list(["mannen", "vrouwen"], "nl")
    'mannen en vrouwen'
    """
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {messages(language)['wording']['and']} {words[-1]}"


def _field_names(template: str) -> set[str]:
    return {re.split(r"[.\[]", name)[0] for _, name, _, _ in string.Formatter().parse(template) if name}


class _Formatter(string.Formatter):
    """Formats the fields of a template in the manner of one language."""

    def __init__(self, language: str) -> None:
        self.language = language

    def format_field(self, value: Any, format_spec: str) -> str:
        if isinstance(value, str):
            return value
        words = format_spec.split()
        if not words:
            raise MethodError(f"A number in a sentence needs a format, for example {{name:1}}; {value!r} has none.")
        if words == ["p"]:
            return p_value(float(value), self.language)
        if words == ["count"]:
            return self._count(int(value))
        return self._amount(value, words)

    def _count(self, value: int) -> str:
        small = messages(self.language)["wording"]["small_numbers"]
        return str(small[value]) if 0 <= value < len(small) else number(value, 0, self.language)

    def _amount(self, value: Any, words: list[str]) -> str:
        if not words[0].isdigit() or any(word not in (*SCALES, *PARTS) for word in words[1:]):
            raise MethodError(f"Unknown number format {' '.join(words)!r}: give decimals, then {[*SCALES, *PARTS]}.")
        decimals = int(words[0])
        scale = math.prod(SCALES.get(word, 1.0) for word in words)
        part = next((word for word in words if word in PARTS), "")
        if part in ("interval", "brief"):
            return interval(value, decimals, self.language, scale=scale, named=part == "interval")
        if part in ("range", "named"):
            limits = span(value["lower"] * scale, value["upper"] * scale, decimals, self.language)
            return limits if part == "range" else f"{interval_name(value['level'], self.language)} {limits}"
        amount = value[part or "estimate"] if isinstance(value, Mapping) else value
        return number(float(amount) * scale, decimals, self.language)

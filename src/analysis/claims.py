"""The claims of the texts, in our own words, and the verdicts a topic gives on them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

import yaml

from analysis.errors import DataError, did_you_mean
from analysis.locations import project_root

Verdict = Literal["reproduced", "consistent", "corrected", "contradicted", "not_testable"]
VERDICTS: tuple[str, ...] = get_args(Verdict)


@dataclass(frozen=True)
class Claim:
    """What a text says, so that it can be compared with what we find.

    Attributes
    ----------
    id
        Name by which the topic answers it.
    says
        The claim in our own words, by language.
    quoted
        The value as the text has it, by language; empty when the text gives no number.
    source
        `title` and `place` of the text.
    topic
        The topic that answers it.
    estimand
        What exactly is asked, by language.
    """

    id: str
    says: Mapping[str, str]
    quoted: Mapping[str, str]
    source: Mapping[str, str]
    topic: str
    estimand: Mapping[str, str]


def load_claims(study: str, topic: str = "") -> dict[str, Claim]:
    """Claims of a study, or of one of its topics, by id.

    Parameters
    ----------
    study
        Name of the study: the file ``data/claims/<study>.yaml``.
    topic
        Only the claims of this topic; empty for all.

    Returns
    -------
    dict
        Claim id to claim, in the order of the file.

    Raises
    ------
    DataError
        When the file does not exist or a claim lacks a field or a language.
    """
    path = project_root() / "data" / "claims" / f"{study}.yaml"
    if not path.exists():
        known = [other.stem for other in path.parent.glob("*.yaml")]
        raise DataError(f"There are no claims for the study {study!r}. {did_you_mean(study, known)}")
    rows = yaml.safe_load(path.read_text("utf-8")) or []
    claims = [_claim(row, path.name) for row in rows]
    return {claim.id: claim for claim in claims if topic in ("", claim.topic)}


def _claim(row: Mapping[str, Any], file: str) -> Claim:
    name = row.get("id", "(without id)")
    for key in ("id", "says", "quoted", "source", "topic", "estimand"):
        if key not in row:
            raise DataError(f"The claim {name!r} in data/claims/{file} lacks the field `{key}`. Add it.")
    for key in ("says", "quoted", "estimand"):
        missing = [language for language in ("nl", "en") if language not in row[key]]
        if missing:
            raise DataError(f"The claim {name!r} in data/claims/{file} has no {missing[0]!r} text in `{key}`. Add it.")
    return Claim(**{key: row[key] for key in ("id", "says", "quoted", "source", "topic", "estimand")})


def check_verdict(verdict: str) -> str:
    """Return the verdict when it is one of the five.

    Parameters
    ----------
    verdict
        One of `VERDICTS`.

    Returns
    -------
    str
        The same verdict.

    Raises
    ------
    DataError
        For any other word.
    """
    if verdict not in VERDICTS:
        raise DataError(f"There is no verdict {verdict!r}. {did_you_mean(verdict, VERDICTS)}")
    return verdict


def verdict_on_value(estimate: Mapping[str, Any], quoted: float, decimals: int) -> Verdict:
    """Verdict on a quoted number: reproduced when it is our estimate as printed, consistent inside the interval.

    Parameters
    ----------
    estimate
        Our estimate, with `estimate`, `lower` and `upper`.
    quoted
        The value in the text, in the same unit.
    decimals
        Decimals with which the text prints it.

    Returns
    -------
    str
        ``reproduced``, ``consistent`` or ``contradicted``.

    Examples
    --------
    >>> verdict_on_value({"estimate": 3.53, "lower": 3.13, "upper": 3.98}, 3.5, 1)
    'reproduced'
    """
    if round(float(estimate["estimate"]), decimals) == round(quoted, decimals):
        return "reproduced"
    return "consistent" if estimate["lower"] <= quoted <= estimate["upper"] else "contradicted"


def verdict_on_direction(estimate: Mapping[str, Any], no_difference: float) -> Verdict:
    """Verdict on a claim that something is larger: reproduced when the whole interval lies above no difference.

    Parameters
    ----------
    estimate
        Our estimate of the contrast, with `estimate`, `lower` and `upper`.
    no_difference
        The value of no difference: 1 for a ratio, 0 for a difference.

    Returns
    -------
    str
        ``reproduced``, ``consistent`` (larger, but the interval includes no difference), ``not_testable`` (smaller, but
        the interval includes no difference) or ``contradicted``.

    Examples
    --------
    >>> verdict_on_direction({"estimate": 4.9, "lower": -1.0, "upper": 10.8}, 0)
    'consistent'
    """
    if estimate["lower"] > no_difference:
        return "reproduced"
    if estimate["upper"] < no_difference:
        return "contradicted"
    return "consistent" if estimate["estimate"] > no_difference else "not_testable"

"""The ledger: what the texts claim, and what the built reports say about it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analysis.errors import ReportError
from analysis.reporting.index import group_by_report
from analysis.reporting.manifest import all_manifests


@dataclass(frozen=True)
class LedgerRow:
    """One claim with its verdict.

    Attributes
    ----------
    topic
        ``study/topic`` that answers it.
    claim
        Id of the claim.
    says, quoted
        The claim in our words, and the value as quoted.
    verdict
        One of the five verdicts.
    estimate
        Our value with its interval, empty without one.
    """

    topic: str
    claim: str
    says: str
    quoted: str
    verdict: str
    estimate: str


def ledger(root: Path, language: str = "en") -> list[LedgerRow]:
    """Collect the verdicts of the reports as stored, each topic once.

    Parameters
    ----------
    root
        Folder of the project.
    language
        Preferred language of the texts.

    Returns
    -------
    list of LedgerRow
        In the order of the index.

    Raises
    ------
    ReportError
        When no report has been built.
    """
    rows: list[LedgerRow] = []
    built = {folder: m for folder, m in all_manifests(root).items() if m["status"] == "ok" and not m["variant"]}
    if not built:
        raise ReportError("Nothing has been built yet, so there are no verdicts. Build the reports: analysis report")
    for (study, topic, _), group in group_by_report(built).items():
        chosen = group.get(language) or next(iter(group.values()))
        rows += [_row(f"{study}/{topic}", verdict) for verdict in chosen[1]["verdicts"]]
    return rows


def _row(topic: str, verdict: Mapping[str, Any]) -> LedgerRow:
    return LedgerRow(
        topic,
        verdict["claim"],
        verdict["says"],
        verdict["quoted"],
        verdict["verdict"],
        verdict.get("here") or _estimate(verdict),
    )


def _estimate(verdict: Mapping[str, Any]) -> str:
    value, lower, upper = (verdict.get(key) for key in ("estimate", "lower", "upper"))
    if value is None:
        return ""
    interval = f" ({lower:.3g} to {upper:.3g})" if lower is not None and upper is not None else ""
    return f"{value:.3g}{interval} {verdict.get('unit') or ''}".strip()

"""Finished reports as a source: what a notebook takes over from the reports of other topics."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.errors import ReportError, did_you_mean
from analysis.locations import project_root


@dataclass(frozen=True)
class FinishedReport:
    """A report that was built, in one language and with the parameters of its notebook.

    Attributes
    ----------
    topic
        ``study/topic``.
    language
        ``nl`` or ``en``.
    title
        The question, in that language.
    answer
        The first sentence of its *In short*.
    verdicts
        What it found beside each claim: `claim`, `says`, `quoted`, `here`, `verdict`, `because`.
    reads
        The data sets it was made from: `id`, `title`, `sha256`, `period`.
    folder
        Where it stands.
    """

    topic: str
    language: str
    title: str
    answer: str
    verdicts: Sequence[Mapping[str, Any]]
    reads: Sequence[Mapping[str, Any]]
    folder: Path

    @property
    def link(self) -> str:
        """Address of its page, as seen from the page of another topic in the same language."""
        return f"../../../{self.topic}/{self.language}/report.html"

    def table(self, name: str) -> pd.DataFrame:
        """A table that the report saved, with all its digits.

        Parameters
        ----------
        name
            Name of its file without the ending.

        Returns
        -------
        pandas.DataFrame
            The table.

        Raises
        ------
        ReportError
            When the report has no such table.
        """
        path = self.folder / "tables" / f"{name}.csv"
        if not path.is_file():
            known = [other.stem for other in sorted(path.parent.glob("*.csv"))]
            raise ReportError(f"The report {self.topic} has no table {name!r}. {did_you_mean(name, known)}")
        return pd.read_csv(path)


def read_report(topic: str, language: str) -> FinishedReport:
    """Open a finished report.

    Parameters
    ----------
    topic
        ``study/topic``.
    language
        ``nl`` or ``en``.

    Returns
    -------
    FinishedReport
        The report as stored, never a variant.

    Raises
    ------
    ReportError
        When it was not built or its last build failed.
    """
    folder = project_root() / "reports" / topic / language
    try:
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ReportError(
            f"The report {topic} ({language}) has not been built. Build it first: analysis report {topic}"
        ) from error
    if manifest["status"] != "ok":
        raise ReportError(
            f"The report {topic} ({language}) failed when it was built. Mend it, then: analysis report {topic}"
        )
    return FinishedReport(
        topic,
        language,
        manifest["titles"][language],
        manifest["answer"],
        manifest["verdicts"],
        manifest["reads"],
        folder,
    )

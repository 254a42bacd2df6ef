"""What an export knows about the report it writes: who, which language, which parameters, which version."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class ExportContext:
    """Facts about one report that do not come from its notebook.

    Attributes
    ----------
    study, topic, variant
        Names of the report; `variant` is empty for the report as stored.
    language
        ``nl`` or ``en``.
    parameters
        Validated parameters of the run.
    version
        Short commit of the inputs, or the project's version where there is no git.
    epoch
        Seconds since 1970 that documents carry as their date: the commit's, never the clock's.
    formats
        Any of ``html``, ``pdf``, ``docx``.
    """

    study: str
    topic: str
    language: str
    parameters: Mapping[str, Any]
    version: str
    epoch: int
    variant: str = ""
    formats: tuple[str, ...] = field(default=("html", "pdf", "docx"))

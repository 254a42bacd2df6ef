"""Sentences about a report itself that every format shows: where its data come from, and how to build it again."""

from collections.abc import Mapping
from typing import Any

from analysis.presentation.labels import messages


def source_lines(item: Mapping[str, str], language: str) -> tuple[str, str, str]:
    """What the data box says of one data set.

    Parameters
    ----------
    item
        `citation`, `producer`, `period`, `licence`, `place`, `processing` and `caveats`.
    language
        ``nl`` or ``en``.

    Returns
    -------
    tuple of str
        Citation with licence and file; what was done; what to mind, both empty when the card says nothing. Markdown.
    """
    words = messages(language)["report"]
    period = f" {words['period']}: {item['period']}." if item["period"] else ""
    return (
        f"{item['citation'].rstrip('.')}. {words['producer']}: {item['producer']}.{period} "
        f"{words['licence']}: {item['licence']}. {words['file']}: `{item['place']}`.",
        f"*{words['processing']}.* {item['processing']}" if item["processing"] else "",
        f"*{words['caveats']}.* {item['caveats']}" if item["caveats"] else "",
    )


def colophon_text(variables: Mapping[str, Any], language: str) -> str:
    """How to build the report again, and from which version it was built.

    Parameters
    ----------
    variables
        `command`, `version` and `built` (a date in words).
    language
        ``nl`` or ``en``.

    Returns
    -------
    str
        Markdown.
    """
    words = messages(language)["report"]
    return (
        f"{words['built_with']} `{variables['command']}` · "
        f"{words['version']} {variables['version']} {words['date_of_version']} {variables['built']}"
    )

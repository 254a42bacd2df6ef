"""The pages that are not reports: their templates and words, filled in with everything escaped."""

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

TEXTS = Path(__file__).parent / "templates" / "texts.toml"


@cache
def texts(language: str) -> dict[str, Any]:
    """Words of the pages in one language.

    Parameters
    ----------
    language
        ``nl`` or ``en``.

    Returns
    -------
    dict
        By key; tables of the file are dictionaries.
    """
    words: dict[str, Any] = tomllib.loads(TEXTS.read_text(encoding="utf-8"))[language]
    return words


def render(template: str, language: str, **values: Any) -> str:
    """Fill in a template.

    Parameters
    ----------
    template
        File in `templates`.
    language
        ``nl`` or ``en``.
    **values
        What the template asks for.

    Returns
    -------
    str
        The page.
    """
    loader = PackageLoader("analysis.reporting", "templates")
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template(template).render(language=language, text=texts(language), **values)

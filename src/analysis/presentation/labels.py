"""Words a reader sees, in Dutch and English, from `messages/nl.toml` and `messages/en.toml`."""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

from analysis.errors import MethodError, did_you_mean

LANGUAGES = ("nl", "en")


def check_language(language: str) -> str:
    """Return the language when reports exist in it.

    Parameters
    ----------
    language
        ``nl`` or ``en``.

    Returns
    -------
    str
        The same language.

    Raises
    ------
    MethodError
        For any other language.
    """
    if language not in LANGUAGES:
        raise MethodError(f"There are no reports in the language {language!r}. {did_you_mean(language, LANGUAGES)}")
    return language


@cache
def messages(language: str) -> dict[str, dict[str, Any]]:
    """All words of one language, by group and key.

    Parameters
    ----------
    language
        ``nl`` or ``en``.

    Returns
    -------
    dict
        Group to key to word.
    """
    text = files("analysis.presentation").joinpath(f"messages/{check_language(language)}.toml").read_text("utf-8")
    return tomllib.loads(text)


def label(group: str, key: str, language: str) -> str:
    """The word for a code, for example the column ``deaths`` or the sex ``female``.

    Parameters
    ----------
    group
        Table in the message files, for example ``sex`` or ``columns``.
    key
        Code in the data.
    language
        ``nl`` or ``en``.

    Returns
    -------
    str
        The word.

    Raises
    ------
    MethodError
        When the message file has no such group or key.

    Examples
    --------
    >>> label("sex", "female", "nl")
    'vrouwen'
    """
    words = messages(language)
    if group not in words:
        raise MethodError(f"messages/{language}.toml has no group [{group}]. {did_you_mean(group, words)}")
    if key not in words[group]:
        raise MethodError(
            f"messages/{language}.toml has no word for {key!r} in [{group}]. {did_you_mean(key, words[group])} "
            "Add it to both message files."
        )
    return str(words[group][key])

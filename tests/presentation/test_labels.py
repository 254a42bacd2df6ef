"""The words of both languages."""

import pytest

from analysis.errors import MethodError
from analysis.presentation.labels import label, messages


def keys(language):
    return {(group, key) for group, words in messages(language).items() for key in words}


def test_dutch_and_english_have_the_same_keys():
    assert keys("nl") == keys("en")


def test_no_word_is_empty():
    assert all(word for language in ("nl", "en") for words in messages(language).values() for word in words.values())


def test_an_unknown_code_names_the_nearest_and_the_remedy():
    with pytest.raises(MethodError, match=r"Did you mean 'female'.*Add it to both"):
        label("sex", "femal", "nl")
    with pytest.raises(MethodError, match=r"no group \[sexe\]"):
        label("sexe", "female", "nl")

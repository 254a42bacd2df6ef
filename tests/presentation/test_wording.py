"""Numbers in sentences, in both languages."""

import pytest

from analysis.errors import MethodError
from analysis.presentation import wording
from analysis.presentation.wording import interval, number, p_value, say, span

ROW = {"estimate": 3.5308, "lower": 3.1303, "upper": 3.9826, "level": 0.95}


@pytest.mark.parametrize(
    ("value", "decimals", "dutch", "english"),
    [
        (17619, 0, "17.619", "17,619"),
        (2096.4, 1, "2.096,4", "2,096.4"),
        (-0.409, 2, "−0,41", "−0.41"),
        (-0.0004, 2, "0,00", "0.00"),
        (float("inf"), 1, "∞", "∞"),
        (0.0, 0, "0", "0"),
        (28.15, 1, "28,2", "28.2"),
        (28.15 - 22.3, 1, "5,9", "5.9"),
        (-2.25, 1, "−2,3", "−2.3"),
    ],
)
def test_numbers_follow_the_manner_of_the_language(value, decimals, dutch, english):
    assert number(value, decimals, "nl") == dutch
    assert number(value, decimals, "en") == english


@pytest.mark.parametrize(
    ("value", "dutch"), [(0.0053, "p = 0,005"), (0.38323, "p = 0,38"), (0.0, "p < 0,001"), (0.0999, "p = 0,10")]
)
def test_p_values_are_never_zero_and_have_no_superfluous_digits(value, dutch):
    assert p_value(value, "nl").replace("\u00a0", " ") == dutch


def test_limits_with_a_minus_sign_get_a_word_between_them():
    assert span(-9.6, 3.4, 1, "nl") == "−9,6 tot 3,4"
    assert span(-9.6, 3.4, 1, "en") == "−9.6 to 3.4"
    assert span(3.1, 4.0, 1, "nl") == "3,1–4,0"


def test_an_estimate_without_interval_shows_no_brackets():
    nothing = float("nan")
    assert interval({"estimate": 2.0, "lower": nothing, "upper": nothing, "level": 0.95}, 1, "nl") == "2,0"


@pytest.mark.parametrize(
    ("form", "dutch"),
    [
        ("1", "3,5"),
        ("1 range", "3,1–4,0"),
        ("1 brief", "3,5 (3,1–4,0)"),
        ("1 interval", "3,5 (95%\u2011BI 3,1–4,0)"),
        ("1 named", "95%\u2011BI 3,1–4,0"),
        ("0 x100", "353"),
        ("2 lower", "3,13"),
    ],
)
def test_a_field_shows_the_part_of_the_estimate_that_is_asked_for(form, dutch):
    template = "{row:" + form + "}"
    assert say("nl", nl=template, en=template, row=ROW) == dutch


def test_the_level_of_the_interval_is_named_as_it_is():
    assert wording.interval_name(0.9, "en") == "90% CI"
    assert wording.interval_name(0.995, "nl") == "99,5%\u2011BI"


def test_counts_under_ten_are_words_in_running_text():
    assert say("nl", nl="{n:count} doden", en="{n:count} deaths", n=4) == "vier doden"
    assert say("en", nl="{n:count} doden", en="{n:count} deaths", n=1265) == "1,265 deaths"


def test_both_languages_must_use_the_same_numbers():
    with pytest.raises(MethodError, match=r"only one of them has \['b'\]"):
        say("nl", nl="{a:1}", en="{a:1} {b:1}", a=1, b=2)


def test_a_missing_value_names_the_nearest_one():
    with pytest.raises(MethodError, match="Did you mean 'women'"):
        say("nl", nl="{woman:1}", en="{woman:1}", women=1)


@pytest.mark.parametrize("form", ["", ":een", ":1 percent"])
def test_an_unknown_format_is_refused(form):
    template = "{x" + form + "}"
    with pytest.raises(MethodError, match="format"):
        say("nl", nl=template, en=template, x=1.0)


def test_an_unknown_language_is_refused():
    with pytest.raises(MethodError, match="no reports in the language 'de'"):
        say("de", nl="", en="")


def test_lists_read_as_sentences():
    assert wording.in_list(["a", "b", "c"], "nl") == "a, b en c"
    assert wording.in_list(["a"], "en") == "a"

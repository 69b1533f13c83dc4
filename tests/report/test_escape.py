"""Nothing that is printed can move the cursor, reorder the text, hide in it or begin a line of its own."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verifier.report.escape import terminal

HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
NASTY = st.text(
    st.characters(categories=["Cc", "Cf", "Cs", "Co", "Zl", "Zp"]) | st.sampled_from("\\x1b[]8;u m\N{SNOWMAN}")
)
PLAIN = st.text(
    st.characters(categories=["L", "N", "P", "S", "Zs"], exclude_characters="\u115f\u1160\u3164\uffa0"), max_size=200
)


@given(st.text() | NASTY)
def test_no_character_that_acts_or_hides_is_left(text: str) -> None:
    assert HIDDEN.isdisjoint(map(unicodedata.category, terminal(text)))


@given(st.binary())
def test_no_byte_of_a_file_name_does_harm(raw: bytes) -> None:
    shown = terminal(raw.decode("utf-8", "surrogateescape"))

    assert HIDDEN.isdisjoint(map(unicodedata.category, shown))
    shown.encode("utf-8")


@given(PLAIN)
def test_plain_text_is_left_as_it_is(text: str) -> None:
    assert terminal(text) == text


@given(st.text(max_size=150) | NASTY.map(lambda text: text[:150]))
def test_what_was_escaped_stays_as_it_is(text: str) -> None:
    assert terminal(terminal(text)) == terminal(text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31m", r"\x1b[31m"),
        ("\x1b]8;;https://evil.example\x07", r"\x1b]8;;https://evil.example\x07"),
        ("\x9b2J", r"\x9b2J"),
        ("a\r\nb\tc\0\x7f", r"a\x0d\x0ab\x09c\x00\x7f"),
        ("\u202egnp.exe", r"\u202egnp.exe"),
        ("a\u200bb\ufeff\u00ad", r"a\u200bb\ufeff\xad"),
        ("\u2028\u2029\x85", r"\u2028\u2029\x85"),
        ("\udcff\ud800", r"\udcff\ud800"),
        ("\U000e0041", r"\U000e0041"),
        ("\ue000", r"\ue000"),
        ("naïve 模型 🤗", "naïve 模型 🤗"),
        ("", ""),
    ],
)
def test_known_tricks(text: str, shown: str) -> None:
    assert terminal(text) == shown


@pytest.mark.parametrize("character", ["\u3164", "\u115f", "\uffa0", "\u034f", "\u17b5", "\ufe0f", "\U000e0100"])
def test_letters_and_marks_that_are_invisible_are_shown(character: str) -> None:
    """Unicode's Default_Ignorable_Code_Point holds some that are letters or marks by category: `mo<U+3164>del.bin`."""
    assert character not in terminal(f"mo{character}del.bin")


def test_what_is_long_is_cut_and_says_so() -> None:
    assert terminal("a" * 2_000) == "a" * 2_000
    assert terminal("a" * 3_456) == f"{'a' * 2_000}… (3,456 characters)"
    assert terminal("abcdef", limit=3) == "abc… (6 characters)"

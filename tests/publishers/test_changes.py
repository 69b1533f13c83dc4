"""What was done to letters: the cheapest list of changes, in words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import OSA

from verifier.publishers.changes import (
    AT_THE_START,
    MISSING,
    NEIGHBOUR,
    ONE_MORE,
    OTHER,
    REDRAWN,
    SWAPPED,
    Change,
    changed,
)

LETTERS = st.text("abcdmnorl01", max_size=12)


@pytest.mark.parametrize(
    ("text", "known", "words"),
    [
        ("eleuterai", "eleutherai", "one letter missing"),
        ("openaii", "openai", "i twice"),
        ("googgle", "google", "g twice"),
        ("openaik", "openai", "one letter too many"),
        ("gooxgle", "google", "one letter too many"),
        ("micorsoft", "microsoft", "two letters swapped"),
        ("opena1", "openai", "1 for i"),
        ("rnistral", "mistral", "rn for m"),
        ("internlrn", "internlm", "rn for m"),
        ("intemlm", "internlm", "m for rn"),
        ("vvriter", "writer", "vv for w"),
        ("cleepset", "deepset", "cl for d"),
        ("googke", "google", "k for l, a neighbouring key"),
        ("mistrel", "mistral", "e for a"),
        ("fiverr", "phiverr", "f for ph"),
        ("nvidix", "nvidia", "x for a"),
        ("ggle", "google", "two letters missing"),
        ("googlexy", "google", "two letters too many"),
        ("0penal", "openai", "0 for o, l for i"),
        ("gogole", "google", "two letters swapped"),
    ],
)
def test_the_cheapest_explanation_is_given_in_words(text: str, known: str, words: str) -> None:
    assert ", ".join(changed(text, known).words) == words


def test_nothing_changed_costs_nothing() -> None:
    assert changed("google", "google") == Change(0.0, ())


def test_what_is_harder_to_see_or_done_more_often_costs_less() -> None:
    def price(text: str) -> float:
        return changed(text, "mistral").price

    assert price("mistra1") == REDRAWN
    assert price("mitsral") == SWAPPED
    assert price("mistra") == MISSING
    assert price("mistrak") == NEIGHBOUR
    assert price("mistraw") == OTHER
    assert price("wistral") == OTHER + AT_THE_START
    assert price("mjstraw") == price("mjstral") + OTHER + ONE_MORE


def test_changes_far_apart_are_not_looked_at() -> None:
    known = "a" * 50

    assert changed(f"b{known[2:]}b", known).price == float("inf")


@given(LETTERS, LETTERS)
def test_any_two_texts_can_be_compared(text: str, known: str) -> None:
    change = changed(text, known)

    assert (change.price == 0.0) == (text == known) == (change.words == ())


@given(LETTERS, LETTERS)
def test_no_explanation_costs_more_than_the_plain_one(text: str, known: str) -> None:
    distance = OSA.distance(text, known)

    assert changed(text, known).price <= (OTHER + 2 * ONE_MORE) * distance + AT_THE_START

"""Texts near others are found, whatever letters are changed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import OSA

from verifier.publishers.neighbours import Neighbourhood, Numbers

WORDS = st.text("abc", min_size=4, max_size=14)


def test_a_text_may_have_several_numbers_or_none() -> None:
    numbers = Numbers()
    for number in (7, 0, 8):
        numbers.add("mistral", number)
    numbers.add("google", 0)

    assert [list(numbers.of(text)) for text in ("mistral", "google", "x")] == [[7, 0, 8], [0], []]
    assert "google" in numbers
    assert "x" not in numbers


def test_a_text_is_found_as_far_as_it_reaches() -> None:
    names = Neighbourhood()
    names.enter("mistral", 1, 2)
    names.enter("mistrax", 2, 1)
    names.enter("mistraz", 3, 0)

    assert names.near("mistral", 2) >= {1, 2}
    assert 3 not in names.near("mistral", 0)
    assert names.near("mistraz", 0) == {3}
    assert names.near("google", 2) == set()


@given(st.lists(WORDS, min_size=1, max_size=20, unique=True), WORDS, st.integers(0, 2))
def test_no_neighbour_is_overlooked(words: list[str], asked: str, reach: int) -> None:
    names = Neighbourhood()
    for number, word in enumerate(words):
        names.enter(word, number, reach)

    near = {number for number, word in enumerate(words) if OSA.distance(word, asked) <= reach}

    assert near <= names.near(asked, reach)

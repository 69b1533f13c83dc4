"""Letters that are taken for each other, inside ASCII and outside."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verifier.publishers.letters import KEYBOARD, LOOKALIKES, SOUNDS, code_points, folded, unmasked


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("google", "g00g1e"),
        ("mistral", "rnistra1"),
        ("writer", "vvriter"),
        ("deepset", "cleepset"),
        ("nvidia", "nv1d1a"),
    ],
)
def test_texts_that_look_alike_fold_to_the_same(one: str, other: str) -> None:
    assert folded(one) == folded(other)


@pytest.mark.parametrize(("one", "other"), [("google", "gaagle"), ("mistral", "mistrel"), ("intel", "inter")])
def test_other_texts_do_not(one: str, other: str) -> None:
    assert folded(one) != folded(other)


def test_neighbours_on_the_keyboard() -> None:
    assert {("l", "k"), ("g", "t"), ("a", "q"), ("1", "2")} <= KEYBOARD
    assert {("a", "l"), ("q", "p"), ("a", "a")}.isdisjoint(KEYBOARD)


def test_sounds_go_both_ways_and_drawings_of_two_letters_only_one() -> None:
    assert {("f", "ph"), ("ph", "f"), ("a", "e")} <= SOUNDS
    assert {("0", "o"), ("o", "0"), ("rn", "m"), ("m", "rn"), ("lb", "b")} <= LOOKALIKES
    assert ("b", "lb") not in LOOKALIKES


@pytest.mark.parametrize(
    "masked",
    [
        "m\u0456\u0455t\u0433\u0430l",
        "\uff4d\uff49\uff53\uff54\uff52\uff41\uff4c",
        "m\u0131stral",
        "mi\u017ftral",
        "mistr\u00e1l",
        "mistra\u0301l",
        "mis\u200btral",
        "\u202emistral",
        "mistral\ufeff",
        "mis\u00adtral",
        "\U0001d5ba".replace("\U0001d5ba", "mistr\U0001d5bal"),
        "MISTRAL",
        "mistral\x00",
    ],
)
def test_the_plain_letters_are_found_behind_a_mask(masked: str) -> None:
    assert unmasked(masked) == "mistral"


def test_other_hyphens_are_hyphens() -> None:
    assert unmasked("meta\u2010llama") == unmasked("meta\u2212llama") == "meta-llama"


def test_code_points_are_named_and_the_list_is_short() -> None:
    assert code_points("\u0430\u0430\u200b") == "U+0430 CYRILLIC SMALL LETTER A, U+200B"
    assert code_points("\x00") == "U+0000 without a name"
    assert code_points("".join(map(chr, range(0x430, 0x440)))).endswith("U+0434, …")


@given(st.text(st.characters(exclude_categories=[])))
def test_anything_can_be_unmasked_and_named(text: str) -> None:
    plain = unmasked(text)

    assert plain.isascii()
    assert plain.isprintable()
    assert code_points(text).replace("…", "").isascii()

"""How names are taken for others: for each technique what it finds, and a near miss that it leaves alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verifier.publishers.techniques import (
    AFFIX,
    CLAIM,
    GLUED,
    OFTEN_HONEST,
    Reading,
    common_words,
    parts,
    plain,
    redrawn,
    reordered,
    shortened,
    singular,
    split,
    without_affixes,
    without_glued_strangers,
    without_strangers,
)

NAMES = st.text("abcdemnorsAILO019-_.", max_size=30)


def affixes_off(name: str) -> dict[str, Reading]:
    readings: dict[str, Reading] = {}
    for reading in without_affixes(plain(name), split(name)):
        readings.setdefault(reading.text, reading)
    return readings


def strangers_off(name: str, *known: str) -> dict[str, Reading]:
    return {reading.text: reading for reading in without_strangers(split(name), known)}


def letters_off(name: str, *known: str) -> list[str]:
    return [reading.text for reading in without_glued_strangers(name, known)]


def texts(readings: object) -> set[str]:
    assert isinstance(readings, list)
    return {reading.text for reading in readings}


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("meta-llama", ["meta", "llama"]),
        ("EleutherAI", ["eleuther", "ai"]),
        ("HuggingFaceH4", ["hugging", "face", "h", "4"]),
        ("IDEA-CCNL", ["idea", "ccnl"]),
        ("BAAI", ["baai"]),
        ("openai-v2", ["openai", "v2"]),
        ("a_b.c", ["a", "b", "c"]),
        ("-", []),
        ("", []),
    ],
)
def test_a_name_is_split_at_separators_capitals_and_digits(name: str, words: list[str]) -> None:
    assert split(name) == words


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("mistralai", ["mistral", "ai"]),
        ("cagliostrolab", ["cagliostro", "lab"]),
        ("openchat", ["open", "chat"]),
        ("flair", ["flair"]),
        ("rinna", ["rinna"]),
        ("studio", ["studio"]),
    ],
)
def test_well_known_beginnings_and_endings_are_split_off(name: str, found: list[str]) -> None:
    assert parts(name) == found


def test_only_whole_words_are_common() -> None:
    assert common_words("river-research") == {"river", "research"}
    assert common_words("jinAI") == {"jin", "ai"}
    assert common_words("r1ver-rivver") == frozenset()
    assert common_words("open4i") == frozenset()


class TestReordered:
    def test_two_and_three_words_in_each_other_order(self) -> None:
        assert texts(list(reordered(["meta", "llama"]))) == {"llamameta"}
        assert texts(list(reordered(["mit", "han", "lab"]))) == {
            "mitlabhan", "hanmitlab", "hanlabmit", "labmithan", "labhanmit",
        }  # fmt: skip

    def test_more_words_are_turned_round_or_rotated(self) -> None:
        found = texts(list(reordered(["stable", "diffusion", "v", "1"])))

        assert {"1vdiffusionstable", "diffusionv1stable"} <= found
        assert "diffusionstablev1" not in found

    def test_one_word_has_one_order(self) -> None:
        assert list(reordered(["google"])) == []


class TestShortened:
    def test_any_one_word_may_be_missing(self) -> None:
        found = {reading.text: reading for reading in shortened(["black", "forest", "labs"])}

        assert set(found) == {"blackforest", "blacklabs", "forestlabs"}
        assert found["blackforest"].words == "a word missing: labs"
        assert found["blackforest"].price < found["forestlabs"].price

    def test_what_is_left_must_say_something(self) -> None:
        assert list(shortened(["ai", "mo"])) == []
        assert texts(list(shortened(["flax", "community"]))) == {"flax"}


class TestAffixes:
    @pytest.mark.parametrize(
        ("name", "rest", "words"),
        [
            ("openai-official", "openai", "an affix: -official"),
            ("the-openai", "openai", "an affix: the-"),
            ("openaihub", "openai", "an affix: -hub"),
            ("TheOpenAI", "openai", "an affix: the-"),
            ("openai2", "openai", "an affix: -2"),
            ("openai1984", "openai", "an affix: -1984"),
            ("real-openai-models", "openai", "an affix: -models, an affix: real-"),
            ("openais-models", "openai", "an affix: -models, a plural"),
        ],
    )
    def test_known_affixes_come_off(self, name: str, rest: str, words: str) -> None:
        assert affixes_off(name)[rest].words == words

    @pytest.mark.parametrize("name", ["openai-nebraska", "openaicpp", "openai", "comopenai"])
    def test_other_words_and_short_glued_ones_stay(self, name: str) -> None:
        assert "openai" not in affixes_off(name)

    def test_three_are_too_many(self) -> None:
        assert "openai" not in affixes_off("the-real-openai-official")

    def test_a_claim_is_cheaper_and_glue_is_dearer(self) -> None:
        assert affixes_off("openai-official")["openai"].price == CLAIM
        assert affixes_off("openai-labs")["openai"].price == AFFIX
        assert affixes_off("openailabs")["openai"].price == AFFIX + GLUED

    def test_something_is_left(self) -> None:
        assert set(affixes_off("ai-hub")) == {"hub"}
        assert affixes_off("hub") == {}


class TestStrangers:
    def test_a_word_beside_a_known_name_comes_off(self) -> None:
        found = strangers_off("nvidia-finance")["nvidia"]

        assert (found.words, found.most) == ("a word added: finance", OFTEN_HONEST)

    def test_an_affix_in_the_middle_comes_off(self) -> None:
        assert strangers_off("black-forest-ai-labs")["blackforestlabs"].words == "a word added: ai"

    def test_a_short_rest_must_be_known_as_it_is(self) -> None:
        assert "qwen" in strangers_off("qwen-nigeria", "qwen")
        assert "qwem" not in strangers_off("qwem-nigeria", "qwen")

    def test_a_common_word_is_nobodys(self) -> None:
        assert "forest" not in strangers_off("nebraska-forest", "forest")

    def test_very_many_words_are_left_alone(self) -> None:
        assert strangers_off("-".join(["nebraska"] * 9)) == {}

    def test_letters_at_either_end_of_a_known_name_come_off(self) -> None:
        assert letters_off("torchtriton", "triton") == ["triton"]
        assert letters_off("nvidialeaks", "nvidia") == ["nvidia"]

    @pytest.mark.parametrize("name", ["nvidiax", "nvidja99leaks", "qwenleaks", "leaknvidialeak"])
    def test_few_letters_a_changed_or_a_short_name_and_both_ends_do_not_count(self, name: str) -> None:
        assert letters_off(name, "nvidia", "qwen") == []


@pytest.mark.parametrize(
    ("plural", "singulars"),
    [("communities", {"community", "communiti", "communitie"}), ("boxes", {"box", "boxe"}), ("labs", {"lab"})],
)
def test_a_plural_is_read_as_singular(plural: str, singulars: set[str]) -> None:
    assert texts(list(singular(plural))) == singulars


@pytest.mark.parametrize("name", ["openai", "s", "ss", ""])
def test_what_is_no_plural_is_left_alone(name: str) -> None:
    assert list(singular(name)) == []


def test_two_letters_are_read_as_the_one_that_they_look_like() -> None:
    assert texts(list(redrawn("rnistral"))) == {"mistral"}
    assert texts(list(redrawn("vvriter"))) == {"writer"}
    assert list(redrawn("mistral")) == []


@given(NAMES)
def test_every_reading_is_plain_and_has_a_price_and_words(name: str) -> None:
    text, words = plain(name), split(name)
    readings = [
        *without_affixes(text, words),
        *without_strangers(words, {"mode", "aidome"}),
        *without_glued_strangers(text, {"modelo"}),
        *singular(text),
        *redrawn(text),
        *reordered(parts(name)),
        *shortened(parts(name)),
    ]

    for reading in readings:
        assert reading.text == plain(reading.text) != ""
        assert reading.price > 0
        assert reading.words

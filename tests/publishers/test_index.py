"""Looking a publisher's name up: known, affiliated, a look-alike in words, or unknown; never an exception."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from verifier.publishers import Publisher, PublisherIndex

KNOWN = ("EleutherAI", "mistralai", "meta-llama", "acme", "google")
INDEX = PublisherIndex(KNOWN, families=[("meta-llama", "facebook"), ("nobody", "nobody-else")])


@pytest.mark.parametrize("name", KNOWN)
def test_a_known_name_is_known(name: str) -> None:
    match = INDEX.lookup(name)

    assert (match.status, match.nearest, match.score) == ("known", name, 0.0)


def test_publishers_may_be_given_as_such() -> None:
    assert PublisherIndex([Publisher("acme")]).lookup("acme").status == "known"


@pytest.mark.parametrize("name", ["eleutherai", "ELEUTHERAI", "Meta-Llama"])
def test_the_letters_case_makes_no_other_publisher(name: str) -> None:
    assert INDEX.lookup(name).status == "known"


def test_a_member_of_a_known_publishers_family_is_affiliated() -> None:
    match = INDEX.lookup("Facebook")

    assert (match.status, match.nearest) == ("affiliated", "meta-llama")


def test_a_family_without_a_known_publisher_makes_nobody_known() -> None:
    assert INDEX.lookup("nobody-else").status == "unknown"


def test_an_affiliated_name_is_imitated_as_well_as_a_known_one() -> None:
    assert INDEX.lookup("facebok").status == "lookalike"


@pytest.mark.parametrize(
    ("name", "nearest", "technique"),
    [
        ("EleuterAI", "EleutherAI", "one letter missing"),
        ("leutherAI", "EleutherAI", "one letter missing"),
        ("EleutherA", "EleutherAI", "one letter missing"),
        ("EleutherAII", "EleutherAI", "i twice"),
        ("xmistralai", "mistralai", "one letter too many"),
        ("mist-ralai", "mistralai", "the same letters with other separators"),
        ("EleutherAl", "EleutherAI", "l for i"),
        ("mistra1ai", "mistralai", "1 for l"),
        ("EleuthreAI", "EleutherAI", "two letters swapped"),
        ("imstralai", "mistralai", "two letters swapped"),
        ("meta_llama", "meta-llama", "the same letters with other separators"),
        ("metallama", "meta-llama", "the same letters with other separators"),
        ("meta.llama", "meta-llama", "the same letters with other separators"),
        ("m-eta-llama", "meta-llama", "the same letters with other separators"),
    ],
)
def test_one_edit_is_found_and_said_in_words(name: str, nearest: str, technique: str) -> None:
    match = INDEX.lookup(name)

    assert (match.status, match.level, match.nearest, match.technique) == ("lookalike", "high", nearest, technique)
    assert 0 < match.score < 1


@pytest.mark.parametrize("name", ["openai", "eluhrai", "nebraska", "adobe", "ac", "gogela", "ralai"])
def test_a_name_further_away_or_too_short_is_unknown(name: str) -> None:
    match = INDEX.lookup(name)

    assert (match.status, match.level, match.nearest, match.technique) == ("unknown", None, None, None)
    assert match.score < 0.4


@pytest.mark.parametrize("name", ["acne", "acm", "acmee", "ace"])
def test_a_short_names_neighbour_is_a_warning(name: str) -> None:
    match = INDEX.lookup(name)

    assert (match.status, match.level, match.nearest) == ("lookalike", "medium", "acme")


@pytest.mark.parametrize(
    ("name", "nearest", "point"),
    [
        pytest.param("mistr\u0430lai", "mistralai", "U+0430", id="a Cyrillic letter"),
        pytest.param("\u0395leutherAI", "EleutherAI", "U+0395", id="a Greek letter"),
        pytest.param("mistral\u200bai", "mistralai", "U+200B", id="zero width"),
        pytest.param("\u202emistralai", "mistralai", "U+202E", id="bidirectional override"),
        pytest.param("meta\u2010llama", "meta-llama", "U+2010", id="another hyphen"),
        pytest.param("goog\u0131e", "google", "U+0131", id="a dotless i"),
    ],
)
def test_a_letter_from_another_alphabet_is_found_and_named(name: str, nearest: str, point: str) -> None:
    match = INDEX.lookup(name)

    assert (match.status, match.level, match.nearest) == ("lookalike", "high", nearest)
    assert point in (match.technique or "")


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("mi\u017ftralai", id="a long s"),
        pytest.param("\u212arakenai", id="the sign for Kelvin"),
        pytest.param("o\ufb03ce", id="a ligature"),
        pytest.param("stra\u00dfe", id="a sharp s"),
    ],
)
def test_a_letter_that_folds_to_ascii_is_not_the_known_name(name: str) -> None:
    index = PublisherIndex([name.casefold(), "mistralai"])

    assert index.lookup(name.casefold()).status == "known"
    assert index.lookup(name).status == "lookalike"


def test_many_foreign_letters_imitate_somebody_even_if_nobody_known() -> None:
    match = INDEX.lookup("\uff4d\uff45\uff54\uff41")

    assert (match.status, match.nearest) == ("lookalike", None)
    assert len(match.technique or "") < 100


def test_two_known_names_that_share_a_form_are_both_compared() -> None:
    index = PublisherIndex(["mistrala", "smistral"])

    assert index.lookup("mistralx").nearest == "mistrala"
    assert index.lookup("xmistral").nearest == "smistral"


def test_other_separators_are_found_beside_a_similar_name() -> None:
    index = PublisherIndex(["abcdefg", "ab-cdef"])

    assert index.lookup("abc-def").nearest == "ab-cdef"


@pytest.mark.parametrize("name", ["", "\x00", "\x1b[31m", "a" * 10_000, "é" * 10_000, "\ud800", "-", "." * 5, "/"])
def test_no_name_is_too_odd_to_be_looked_up(name: str) -> None:
    assert INDEX.lookup(name).status in ("unknown", "lookalike")


@settings(deadline=None)
@given(st.text(alphabet=st.characters(exclude_categories=[]), max_size=40))
def test_looking_up_never_raises_and_says_how_it_is_alike(name: str) -> None:
    match = INDEX.lookup(name)

    assert (match.status == "lookalike") == (match.technique is not None)
    assert match.status != "known" or name.lower() in [known.lower() for known in KNOWN]


@settings(deadline=None)
@given(st.sampled_from(["EleutherAI", "mistralai", "meta-llama"]), st.data())
def test_every_single_edit_of_a_known_name_is_found(known: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(known) - 1))
    letter = data.draw(st.sampled_from("qxz019"))  # no letter that makes another word, as beta-llama
    edited = data.draw(
        st.sampled_from([known[:at] + known[at + 1 :], known[:at] + letter + known[at:]])
        | st.just(known[:at] + letter + known[at + 1 :])
        | st.just(known[:at] + known[at : at + 2][::-1] + known[at + 2 :])
    )

    match = INDEX.lookup(edited)

    assert match.nearest == known
    assert match.status == ("known" if edited.lower() == known.lower() else "lookalike")


def test_a_model_is_judged_by_its_publisher() -> None:
    assert INDEX.lookup_model("EleuterAI/gpt-j-6B").nearest == "EleutherAI/gpt-j-6B"
    assert INDEX.lookup_model("EleutherAI").status == "known"
    assert INDEX.lookup_model("").status == "unknown"


def test_an_index_of_nobody_knows_nobody() -> None:
    assert PublisherIndex([]).lookup("acme").status == "unknown"

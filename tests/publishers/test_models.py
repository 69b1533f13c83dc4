"""Well-known models' names: under another publisher, with a claim, or in the publisher's own place."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from verifier.publishers import PUBLISHERS, PublisherIndex
from verifier.publishers.models import ModelNames

MODELS = (
    "mistralai/Mixtral-8x7B-v0.1",
    "mistralai/Mistral-7B-v0.1",
    "openai/gpt-oss-20b",
    "black-forest-labs/FLUX.1-dev",
    "nobody/nothing-1b",
)
INDEX = PublisherIndex(["mistralai", "openai", "black-forest-labs", "bartowski"], models=MODELS)
NAMES = ModelNames(MODELS, {"mistralai": "mistralai", "openai": "openai", "black-forest-labs": "black-forest-labs"})


@pytest.mark.parametrize(
    ("model_id", "status"),
    [
        ("mistralai/Mistral-7B-v0.1", "known"),
        ("MistralAI/anything", "known"),
        ("bartowski/Mistral-7B-v0.1", "known"),
        ("bartowski/mistralai_Mistral-7B-v0.1", "known"),
        ("somebody/their-own-model", "unknown"),
        ("somebody/Mistral-7B-v0.1-GGUF", "unknown"),
        ("somebody/nothing-1b", "unknown"),
        ("somebody/", "unknown"),
        ("mistralai", "known"),
        ("", "unknown"),
        ("/", "unknown"),
    ],
)
def test_what_is_no_imitation(model_id: str, status: str) -> None:
    match = INDEX.lookup_model(model_id)

    assert (match.status, match.level, match.technique) == (status, None, None)


@pytest.mark.parametrize("name", ["Mistral-7B-v0.1", "mistral-7b-v0.1", "Mistral_7B_v0-1"])
def test_a_known_models_name_under_another_publisher_is_a_warning(name: str) -> None:
    match = INDEX.lookup_model(f"somebody/{name}")

    assert (match.status, match.level) == ("lookalike", "medium")
    assert (match.nearest, match.technique) == ("mistralai/Mistral-7B-v0.1", "a known model's name")


@pytest.mark.parametrize(
    "name",
    ["mistralai_Mistral-7B-v0.1", "Mistral-7B-v0.1-mistralai", "official-Mistral-7B-v0.1", "Mistral-7B-v0.1-official"],
)
def test_a_claim_beside_it_is_a_graver_one(name: str) -> None:
    match = INDEX.lookup_model(f"somebody/{name}")

    assert (match.status, match.level, match.nearest) == ("lookalike", "medium", "mistralai/Mistral-7B-v0.1")
    assert match.score > INDEX.lookup_model("somebody/Mistral-7B-v0.1").score


@pytest.mark.parametrize("name", ["openai-Mistral-7B-v0.1", "my-Mistral-7B-v0.1", "Mistral-7B-v0.1-finetuned"])
def test_another_word_beside_it_is_none(name: str) -> None:
    assert INDEX.lookup_model(f"somebody/{name}").status == "unknown"


def test_the_id_that_was_meant_is_named() -> None:
    match = INDEX.lookup_model("mistra1ai/Some-Model")

    assert (match.level, match.nearest, match.technique) == ("high", "mistralai/Some-Model", "1 for l")


def test_a_similar_publisher_and_its_models_name_are_no_coincidence() -> None:
    alone, both = INDEX.lookup_model("openia/x"), INDEX.lookup_model("openia/gpt-oss-20b")

    assert (both.level, both.nearest) == ("high", "openai/gpt-oss-20b")
    assert both.score > alone.score


@pytest.mark.parametrize(
    ("name", "maker"),
    [
        ("mixtral", "mistralai"),
        ("Mixtral-8x7B", "mistralai"),
        ("mixtral-large", "mistralai"),
        ("gpt-oss", "openai"),
        ("gpt", None),
        ("mixtral-fans", None),
        ("nothing", None),
        ("8x7b", None),
        ("", None),
    ],
)
def test_a_models_name_in_the_publishers_place(name: str, maker: str | None) -> None:
    assert NAMES.maker(name) == maker
    if maker:
        match = INDEX.lookup(name)
        assert (match.status, match.level, match.nearest) == ("lookalike", "medium", maker)
        assert match.technique == "a model's name, not its publisher's"


def test_models_are_judged_by_the_shipped_list_unless_others_are_given() -> None:
    shipped = PublisherIndex(PUBLISHERS)

    assert shipped.lookup_model("somebody/Mistral-7B-Instruct-v0.2").nearest == "mistralai/Mistral-7B-Instruct-v0.2"
    assert PublisherIndex(["acme"]).lookup_model("somebody/Mistral-7B-Instruct-v0.2").status == "unknown"


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=[])))
def test_no_id_is_too_odd(model_id: str) -> None:
    match = INDEX.lookup_model(model_id)

    assert (match.status == "lookalike") == (match.technique is not None) == (match.level is not None)
    assert 0 <= match.score <= 1

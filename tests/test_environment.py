"""What COMMAND is told by its environment: one cache, no way around it, no tokens."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from id._internal.oidc import ambient

from verifier.identity import TOKEN_VARIABLES
from verifier.launch import environment

PRIVATE = Path("/private")
MODEL = Path("/private/hub/models--acme--tiny/snapshots/1")


def sealed(
    inherited: Mapping[str, str] | None = None, *, model: Path | None = MODEL, keep_token: bool = False
) -> dict[str, str]:
    return environment.sealed(inherited or {}, PRIVATE, model, keep_token=keep_token)


@pytest.mark.parametrize("name", environment.CACHES)
def test_every_cache_is_the_private_one_whatever_was_set(name: str) -> None:
    assert sealed()[name] == sealed({name: "/shared"})[name]
    assert Path(sealed({name: "/shared"})[name]).is_relative_to(PRIVATE)


def test_the_caches_of_the_clients_of_today_and_yesterday_are_known() -> None:
    assert {"HF_HOME", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "TRANSFORMERS_CACHE", "HF_MODULES_CACHE"} <= (
        environment.CACHES.keys()
    )


@pytest.mark.parametrize("name", environment.OFFLINE)
@pytest.mark.parametrize("before", ["0", "false", ""])
def test_nothing_is_asked_of_the_hub(name: str, before: str) -> None:
    assert sealed({name: before})[name] == "1"


@pytest.mark.parametrize(("name", "reason"), environment.WEAKENING.items())
def test_what_would_weaken_it_is_removed(name: str, reason: str) -> None:
    assert name not in sealed({name: "1"})
    assert reason


@pytest.mark.parametrize("keep_token", [False, True])
@pytest.mark.parametrize("name", environment.SIGNING_TOKENS)
def test_what_could_sign_is_always_removed(name: str, keep_token: bool) -> None:
    assert name not in sealed({name: "secret"}, keep_token=keep_token)
    assert name not in environment.without_tokens({name: "secret"}, keep_token=keep_token)


def test_every_variable_that_we_would_sign_with_is_among_them() -> None:
    asked_for = re.findall(r'"(ACTIONS_ID_TOKEN_\w+)"', inspect.getsource(ambient))

    assert asked_for
    assert {*TOKEN_VARIABLES, *asked_for} <= set(environment.SIGNING_TOKENS)


@pytest.mark.parametrize("name", environment.HUB_TOKENS)
def test_the_hubs_token_stays_only_where_that_is_asked_for(name: str) -> None:
    assert name not in sealed({name: "secret"})
    assert sealed({name: "secret"}, keep_token=True)[name] == "secret"


def test_no_variable_is_both_set_and_removed() -> None:
    lists = (
        environment.CACHES,
        environment.NOT_MODELS,
        environment.OFFLINE,
        environment.WEAKENING,
        environment.SIGNING_TOKENS,
        environment.HUB_TOKENS,
    )
    names = [name for each in lists for name in each]
    assert len(names) == len(set(names))


def test_the_one_models_directory_is_told_and_of_several_none() -> None:
    assert sealed()["MODEL_VERIFIER_PATH"] == str(MODEL)
    assert "MODEL_VERIFIER_PATH" not in sealed({"MODEL_VERIFIER_PATH": "/models"}, model=None)


@pytest.mark.parametrize(
    ("inherited", "expected"),
    [
        ({"HF_HOME": "/hf", "HOME": "/home/ann"}, "/hf/datasets"),
        ({"XDG_CACHE_HOME": "/xdg", "HOME": "/home/ann"}, "/xdg/huggingface/datasets"),
        ({"HOME": "/home/ann"}, "/home/ann/.cache/huggingface/datasets"),
        ({"HF_DATASETS_CACHE": "/data", "HF_HOME": "/hf"}, "/data"),
        ({}, None),
    ],
)
def test_data_sets_stay_where_they_were(inherited: dict[str, str], expected: str | None) -> None:
    assert sealed(inherited).get("HF_DATASETS_CACHE") == expected


def test_everything_else_stays() -> None:
    others = {"PATH": "/bin", "PYTHONPATH": "/src", "CUDA_VISIBLE_DEVICES": "0", "TORCH_FORCE_WEIGHTS_ONLY_LOAD": "1"}

    assert others.items() <= sealed(others).items()

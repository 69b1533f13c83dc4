"""TorchServe's manifest: the handler that the server runs."""

from __future__ import annotations

import json

import pytest

from tests.formats import identified


def code(manifest: object, name: str = "MAR-INF/MANIFEST.json") -> list[str]:
    return [problem.message for problem in identified(json.dumps(manifest).encode(), name).code]


def test_a_handler_of_the_archives_own_is_code() -> None:
    assert code({"model": {"handler": "handler.py", "requirementsFile": "r.txt", "modelFile": "model.py"}}) == [
        "has TorchServe run the handler 'handler.py'",
        "has TorchServe install what 'r.txt' lists",
        "has TorchServe import 'model.py'",
    ]


@pytest.mark.parametrize("manifest", [{"model": {"handler": "image_classifier"}}, {"model": {}}, {}, [], {"model": 3}])
def test_torchserves_own_handlers_are_not(manifest: object) -> None:
    assert code(manifest) == []


def test_a_manifest_is_told_by_its_shape_too() -> None:
    assert code({"model": {"handler": "x:y"}}, "manifest.json") == ["has TorchServe run the handler 'x:y'"]
    assert code({"model": "llama", "handler": "x"}, "config.json") == []

"""unlisted-file: the snapshot holds a file that nobody approved."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from tests.conftest import MODEL
from tests.fakes.registry import FakeRegistry, rules_of
from tests.formats import EMPTY_GGUF
from verifier import limits
from verifier.finding import Finding
from verifier.verdict import Effect, Result, Verdict

METADATA = "9d1b3ee2e11a1d4d0e5a2bd2e1ab2b0d6f5a9c11\n0f1e\n1700000000.0\n"


def findings(verdict: Verdict, effect: Effect) -> list[Finding]:
    return [judged.finding for judged in verdict.findings(effect) if judged.finding.rule == "unlisted-file"]


def test_exactly_the_approved_files_pass(registry: FakeRegistry, model: Path) -> None:
    verdict = registry.verify(MODEL, model)

    assert verdict.result is Result.PASSED
    assert list(verdict.findings()) == []


@pytest.mark.parametrize(
    "path", ["README.md", "pytorch_model.bin", ".gitattributes", "sub/config.json", "model.safetensors~", ".git/HEAD"]
)
def test_a_file_more_is_refused(registry: FakeRegistry, model: Path, path: str) -> None:
    (model / path).parent.mkdir(exist_ok=True)
    (model / path).touch()

    verdict = registry.verify(MODEL, model)

    assert rules_of(verdict) == {"unlisted-file"}
    (finding,) = findings(verdict, Effect.DENY)
    assert finding.location.path == path
    assert finding.message == f"{path} is not in the approval"


@pytest.mark.parametrize("path", ["modeling_llama.py", "sub/x.so", "__pycache__/x.PYC"])
def test_planted_code_is_called_code(registry: FakeRegistry, model: Path, path: str) -> None:
    (model / path).parent.mkdir(exist_ok=True)
    (model / path).touch()

    (finding,) = findings(registry.verify(MODEL, model), Effect.DENY)

    assert "code that could run on load" in finding.message


def test_the_remedy_is_a_command_that_removes_just_that_file(registry: FakeRegistry, model: Path) -> None:
    (model / "x; rm -rf ~").touch()

    (finding,) = findings(registry.verify(MODEL, model), Effect.DENY)

    assert shlex.split(finding.remedy) == ["rm", str(model.resolve() / "x; rm -rf ~")]


def test_names_that_differ_in_case_are_other_names(registry: FakeRegistry, model: Path) -> None:
    (model / "CONFIG.json").write_bytes((model / "config.json").read_bytes())

    assert rules_of(registry.verify(MODEL, model)) == {"unlisted-file"}


def test_a_file_of_another_set_is_listed(registry: FakeRegistry, model: Path) -> None:
    (model / "model-q4.gguf").write_bytes(EMPTY_GGUF)
    names = sorted(path.name for path in model.iterdir())
    registry.approve(MODEL, model, sets={"default": names[:-1], "gguf-q4": ["model-q4.gguf"]})
    registry.publish()

    assert registry.verify(MODEL, model).result is Result.PASSED


def test_empty_directories_hold_nothing_to_load(registry: FakeRegistry, model: Path) -> None:
    (model / "empty").mkdir()

    assert registry.verify(MODEL, model).result is Result.PASSED


@pytest.mark.parametrize(
    "path",
    [
        "download/config.json.metadata",
        "download/sub/model.safetensors.metadata",
        "download/config.json.lock",
        ".gitignore",
        "CACHEDIR.TAG",
    ],
)
def test_the_hub_clients_own_metadata_is_a_note(registry: FakeRegistry, model: Path, path: str) -> None:
    place = model / ".cache/huggingface" / path
    place.parent.mkdir(parents=True)
    place.write_text(METADATA)

    verdict = registry.verify(MODEL, model)

    assert verdict.result is Result.PASSED
    (finding,) = findings(verdict, Effect.NOTE)
    assert finding.message.startswith("1 small files of the Hub client's own")


@pytest.mark.parametrize(
    "path",
    [
        ".cache/huggingface/download/modeling.py",
        ".cache/huggingface/download/model.safetensors",
        ".cache/huggingface/download/model.incomplete",
        ".cache/huggingface/download/.metadata",
        ".cache/huggingface/download/x.metadata.py",
        ".cache/huggingface/x.metadata",
        ".cache/huggingface/sub/.gitignore",
        ".cache/other/download/x.metadata",
        "sub/.cache/huggingface/download/x.metadata",
        ".cache/huggingface-2/download/x.metadata",
        ".CACHE/huggingface/download/x.metadata",
    ],
)
def test_a_payload_beside_the_metadata_is_refused(registry: FakeRegistry, model: Path, path: str) -> None:
    (model / path).parent.mkdir(parents=True)
    (model / path).touch()

    assert rules_of(registry.verify(MODEL, model)) == {"unlisted-file"}


@pytest.mark.parametrize(("size", "result"), [(0, Result.PASSED), (1, Result.FAILED)])
def test_metadata_is_small(registry: FakeRegistry, model: Path, size: int, result: Result) -> None:
    place = model / ".cache/huggingface/download/x.metadata"
    place.parent.mkdir(parents=True)
    place.write_bytes(bytes(limits.MAX_HUB_METADATA + size))

    assert registry.verify(MODEL, model).result is result


def test_metadata_that_is_a_link_is_refused(registry: FakeRegistry, model: Path) -> None:
    place = model / ".cache/huggingface/download/x.metadata"
    place.parent.mkdir(parents=True)
    place.symlink_to("../../../config.json")

    assert rules_of(registry.verify(MODEL, model)) == {"unsafe-path"}


def test_files_beyond_the_cap_are_refused_unlisted(
    registry: FakeRegistry, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MAX_SNAPSHOT_ENTRIES", 3)

    verdict = registry.verify(MODEL, model)

    assert "more than 3 files" in findings(verdict, Effect.DENY)[0].message
    assert verdict.result is Result.FAILED

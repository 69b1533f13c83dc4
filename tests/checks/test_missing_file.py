"""missing-file: a file of the chosen set is not there."""

from __future__ import annotations

from pathlib import Path

from tests.conftest import MODEL
from tests.fakes.registry import FakeRegistry, rules_of
from tests.formats import EMPTY_GGUF
from verifier.verdict import Result, Verdict


def missing(verdict: Verdict) -> list[str | None]:
    return [judged.finding.location.path for judged in verdict.findings() if judged.finding.rule == "missing-file"]


def two_sets(registry: FakeRegistry, model: Path) -> None:
    """Approve two weights of which each set has one."""
    for name in ("q4.gguf", "q8.gguf"):
        (model / name).write_bytes(EMPTY_GGUF)
    rest = sorted(path.name for path in model.iterdir() if path.suffix != ".gguf")
    registry.approve(MODEL, model, sets={"default": rest, "q4": [*rest, "q4.gguf"], "q8": [*rest, "q8.gguf"]})
    registry.publish()


def test_every_file_of_the_set_is_there(registry: FakeRegistry, model: Path) -> None:
    assert registry.verify(MODEL, model).result is Result.PASSED


def test_a_file_less_is_refused_by_its_name(registry: FakeRegistry, model: Path) -> None:
    (model / "tokenizer.json").unlink()

    verdict = registry.verify(MODEL, model)

    assert (rules_of(verdict), missing(verdict)) == ({"missing-file"}, ["tokenizer.json"])


def test_an_empty_directory_lacks_every_file(registry: FakeRegistry, model: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()

    verdict = registry.verify(MODEL, tmp_path / "empty")

    assert missing(verdict) == sorted(path.name for path in model.iterdir())


def test_a_directory_in_a_files_place_is_not_the_file(registry: FakeRegistry, model: Path) -> None:
    (model / "config.json").unlink()
    (model / "config.json").mkdir()

    assert missing(registry.verify(MODEL, model)) == ["config.json"]


def test_a_file_in_another_directory_is_not_the_file(registry: FakeRegistry, model: Path) -> None:
    (model / "sub").mkdir()
    (model / "config.json").rename(model / "sub/config.json")

    assert rules_of(registry.verify(MODEL, model)) == {"missing-file", "unlisted-file"}


def test_only_the_chosen_set_must_be_there(registry: FakeRegistry, model: Path) -> None:
    two_sets(registry, model)
    (model / "q8.gguf").unlink()

    assert registry.verify(MODEL, model).result is Result.PASSED
    assert registry.verify(MODEL, model, set_name="q4").result is Result.PASSED
    assert missing(registry.verify(MODEL, model, set_name="q8")) == ["q8.gguf"]

"""Verify, then become COMMAND: which models, what stands for them in its words, and what it is given."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import MODEL
from tests.fakes.hub import fill_cache, tiny_model
from tests.fakes.registry import FakeRegistry, commit_of
from tests.test_lock import write_lock
from verifier import entrypoint
from verifier.entrypoint import Answer, Launch
from verifier.errors import UndecidedError, UsageError
from verifier.launch import private_cache
from verifier.policy import Policy
from verifier.verdict import Result

OTHER = "acme/adapter"


@pytest.fixture
def links(tmp_path: Path) -> Path:
    """A directory of this user's own for the private cache."""
    path = tmp_path / "links"
    path.mkdir(mode=0o700)
    return path


@pytest.fixture
def prepare(registry: FakeRegistry, links: Path) -> Iterator[Any]:
    def call(command: Sequence[str], references: Sequence[str], **options: Any) -> tuple[list[Answer], Launch | None]:
        defaults: dict[str, Any] = {
            "policy": registry.policy(),
            "cache_directory": links,
            "inherited": {"PATH": os.defpath},
            "now": registry.now,
        }
        return entrypoint.prepare(command, references, **(defaults | options))

    yield call
    for path in links.iterdir():
        private_cache.PrivateCache(path, {}).remove()


def refused(answer: Answer) -> str:
    return next(judged.finding.rule for judged in answer.verdict.findings() if judged.effect == "deny")


def test_a_verified_model_is_linked_and_its_directory_told(prepare: Any, model: Path) -> None:
    (answer,), launch = prepare(["train", "--model={path}", "{path}/config.json"], [MODEL], path=model)

    snapshot = launch.cache.snapshots[MODEL]
    assert answer.verdict.result is Result.PASSED
    assert launch.command == ("train", f"--model={snapshot}", f"{snapshot}/config.json")
    assert launch.environment["MODEL_VERIFIER_PATH"] == str(snapshot)
    assert launch.environment["HF_HOME"] == str(launch.cache.root)
    assert (snapshot / "config.json").resolve() == (model / "config.json").resolve()


def test_only_the_chosen_sets_files_are_linked(prepare: Any, registry: FakeRegistry, model: Path) -> None:
    (model / "model.onnx").write_bytes(b"approved, and not chosen")
    chosen = tuple(sorted(path.name for path in model.iterdir() if path.name != "model.onnx"))
    registry.approve(MODEL, model, sets={"default": chosen, "onnx": ("model.onnx",)})
    registry.publish()

    _, launch = prepare(["train"], [MODEL], path=model)

    linked = {path.name for path in launch.cache.snapshots[MODEL].iterdir()}
    assert linked == set(chosen)


def test_a_refused_model_gets_no_cache_and_no_command(prepare: Any, model: Path, links: Path) -> None:
    (model / "modeling.py").touch()

    (answer,), launch = prepare(["train"], [MODEL], path=model)

    assert refused(answer) == "unlisted-file"
    assert launch is None
    assert list(links.iterdir()) == []


def test_one_that_is_refused_stops_them_all_and_each_has_its_answer(
    prepare: Any, registry: FakeRegistry, model: Path, tmp_path: Path
) -> None:
    other = Path(shutil.copytree(model, tmp_path / "other"))
    registry.approve(OTHER, other)
    registry.publish()
    (other / "config.json").write_text("{}")

    answers, launch = prepare(["train"], [f"{MODEL}={model}", f"{OTHER}={other}"])

    assert [answer.verdict.result for answer in answers] == [Result.PASSED, Result.FAILED]
    assert launch is None


def test_several_models_have_a_place_each(prepare: Any, registry: FakeRegistry, model: Path, tmp_path: Path) -> None:
    other = Path(shutil.copytree(model, tmp_path / "other"))
    registry.approve(OTHER, other)
    registry.publish()

    words = [f"{{path:{MODEL}}}", f"{{path:{OTHER}}}"]
    _, launch = prepare(["train", *words], [f"{MODEL}={model}", f"{OTHER}={other}"], inherited={})

    assert launch.command[1:] == (str(launch.cache.snapshots[MODEL]), str(launch.cache.snapshots[OTHER]))
    assert "MODEL_VERIFIER_PATH" not in launch.environment


def test_a_model_is_found_in_the_hubs_cache(
    prepare: Any, registry: FakeRegistry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshot = fill_cache(tmp_path / "hub", MODEL, commit_of(MODEL), tiny_model())
    shutil.copytree(snapshot, tmp_path / "flat")
    registry.approve(MODEL, tmp_path / "flat")
    registry.publish()
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))

    (answer,), launch = prepare(["train"], [MODEL])

    assert answer.verdict.result is Result.PASSED
    assert "models--acme--tiny/blobs" in str((launch.cache.snapshots[MODEL] / "config.json").resolve())


class TestLock:
    def test_without_a_reference_all_of_the_lock_is_meant(
        self, prepare: Any, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        snapshot = fill_cache(tmp_path / "hub", MODEL, commit_of(MODEL), tiny_model())
        monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
        lock = write_lock(tmp_path / "models.lock", snapshot)

        (answer,), launch = prepare(["train"], [], lock=lock, policy="lockfile")

        assert answer.reference.commit == commit_of(MODEL)
        assert set(launch.cache.snapshots) == {MODEL}

    def test_an_empty_lock_verifies_nothing_and_is_refused(self, prepare: Any, tmp_path: Path) -> None:
        lock = tmp_path / "models.lock"
        lock.write_text('{"schema": "model-verifier/lock/v1", "models": []}')

        with pytest.raises(UsageError, match="nothing would be verified"):
            prepare(["train"], [], lock=lock, policy="lockfile")

    def test_two_commits_of_one_model_can_not_both_be_main(self, prepare: Any, model: Path, tmp_path: Path) -> None:
        lock = write_lock(tmp_path / "models.lock", model)
        second = write_lock(tmp_path / "second.lock", model, revision="a" * 40)
        entries = [path.read_text().partition('"models": [')[2].removesuffix("]}") for path in (lock, second)]
        lock.write_text(f'{{"schema": "model-verifier/lock/v1", "models": [{",".join(entries)}]}}')

        with pytest.raises(UsageError, match="asked for twice"):
            prepare(["train"], [], lock=lock, policy="lockfile")


@pytest.mark.parametrize(
    ("command", "references", "options", "reason"),
    [
        (["train"], [], {}, "nothing would be verified"),
        (["train"], [MODEL, MODEL], {}, "asked for twice"),
        (["train"], [MODEL, OTHER], {"path": Path("model")}, "--path belongs to one model"),
        (["train"], [f"{MODEL}=model"], {"path": Path("model")}, "--path belongs to one model"),
        (["train", "{path}"], [MODEL, OTHER], {}, "could be any of several"),
        (["train", "{path:evil/tiny}"], [MODEL], {}, "names no model that is verified"),
        (["train"], ["tiny"], {}, "has no publisher"),
        (["train"], ["./model"], {}, "is a path"),
        (["train"], [f"{MODEL}="], {}, "ends where a directory should be"),
        (["train"], [MODEL], {"cache_directory": Path("nowhere")}, "is not a directory"),
        (["train"], [MODEL], {"path": Path("nowhere")}, "is not there"),
    ],
)
def test_what_can_not_be_meant(
    prepare: Any, command: list[str], references: list[str], options: dict[str, Any], reason: str
) -> None:
    with pytest.raises(UsageError, match=reason):
        prepare(command, references, **options)


def test_a_demonstration_starts_nothing(prepare: Any, model: Path) -> None:
    with pytest.raises(UsageError, match="is a demonstration"):
        prepare(["train"], ["lanternworks/lantern-tiny"], path=model, policy="demo", now=None)


class TestUndecided:
    @pytest.fixture
    def stale(self, registry: FakeRegistry) -> Policy:
        return registry.policy(min_version=99)

    def test_a_registry_that_does_not_hold_starts_nothing(self, prepare: Any, model: Path, stale: Policy) -> None:
        (answer,), launch = prepare(["train"], [MODEL], path=model, policy=stale)

        assert (answer.verdict.result, launch) == (Result.UNDECIDED, None)

    def test_a_usage_error_beats_it(self, prepare: Any, stale: Policy) -> None:
        with pytest.raises(UsageError):
            prepare(["train"], ["no-publisher"], policy=stale)

    def test_who_can_write_must_be_known(self, prepare: Any, model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def unknown(*_arguments: object) -> None:
            raise PermissionError(13, "Permission denied", "/models")

        monkeypatch.setattr("verifier.writers.look", unknown)

        (answer,), launch = prepare(["train"], [MODEL], path=model)

        assert launch is None
        assert answer.verdict.error is not None
        assert "'/models'" in answer.verdict.error.message

    def test_a_private_cache_that_can_not_be_made_starts_nothing(
        self, prepare: Any, model: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(*_arguments: object, **_options: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "symlink", full)

        with pytest.raises(UndecidedError, match="No space left"):
            prepare(["train"], [MODEL], path=model)


class TestAudit:
    @pytest.fixture
    def audit(self, registry: FakeRegistry) -> Policy:
        return registry.policy(enforced=False)

    @pytest.mark.parametrize("damage", [False, True])
    def test_nothing_is_sealed_whatever_the_verdict(
        self, prepare: Any, model: Path, audit: Policy, damage: bool
    ) -> None:
        if damage:
            (model / "config.json").write_text("{}")
        kept = {"HF_HOME": "/shared", "HF_ENDPOINT": "http://mirror", "HF_TOKEN": "hf_secret"}
        inherited = kept | {"SIGSTORE_ID_TOKEN": "secret"}

        (answer,), launch = prepare(["train", "{path}"], [MODEL], path=model, policy=audit, inherited=inherited)

        assert answer.verdict.result is (Result.FAILED if damage else Result.PASSED)
        assert launch.cache is None
        assert launch.command == ("train", str(model))
        assert launch.environment == kept | {"MODEL_VERIFIER_PATH": str(model)}

    def test_doubt_does_not_stop_it_either(self, prepare: Any, registry: FakeRegistry, model: Path) -> None:
        stale = registry.policy(enforced=False, min_version=99)

        (answer,), launch = prepare(["train"], [MODEL], path=model, policy=stale)

        assert answer.verdict.result is Result.UNDECIDED
        assert launch is not None

    def test_a_place_that_was_not_found_can_not_be_filled_in(self, prepare: Any, audit: Policy) -> None:
        with pytest.raises(UsageError, match="was not found out"):
            prepare(["train", "{path}"], ["evil/tiny"], policy=audit)

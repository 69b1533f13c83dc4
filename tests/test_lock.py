"""Verifying by models.lock: what it pins passes and says that nobody approved it; what it does not pin is refused.

Under a registry's policy it only narrows: what passes with both passes with the registry alone, for the same set,
and with the lock alone.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.cli import run
from tests.conftest import MODEL
from tests.fakes.registry import NOW, FakeRegistry, commit_of, rules_of
from verifier.errors import UsageError
from verifier.verdict import Result, Verdict
from verifier.verify import verify

COMMIT = commit_of(MODEL)


def write_lock(path: Path, directory: Path, *more: dict[str, Any], only: tuple[str, ...] = (), **changes: Any) -> Path:
    """Lock files of a directory (`only` some); `changes` replace fields of the entry, `more` entries follow."""
    files = {
        file.relative_to(directory).as_posix(): {
            "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
            "size": file.stat().st_size,
        }
        for file in sorted(directory.rglob("*"))
        if file.is_file()
    }
    entry = {
        "model": MODEL,
        "revision": COMMIT,
        "set": "default",
        "locked_at": "2026-11-01T08:00:00Z",
        "files": {name: files[name] for name in only or files},
    }
    path.write_text(json.dumps({"schema": "model-verifier/lock/v1", "models": [entry | changes, *more]}))
    return path


@pytest.fixture
def lock(tmp_path: Path, model: Path) -> Path:
    """A lock of the model."""
    return write_lock(tmp_path / "models.lock", model)


def by_lock(path: Path, lock: Path, reference: str = MODEL, **options: Any) -> Verdict:
    return verify(reference, path=path, lock=lock, policy="lockfile", now=NOW, **options)


class TestAlone:
    @pytest.mark.parametrize("reference", [MODEL, f"{MODEL}@{COMMIT}", f"{MODEL}@main"])
    def test_what_it_pins_passes_and_nobody_approved_it(self, reference: str, model: Path, lock: Path) -> None:
        verdict = by_lock(model, lock, reference)

        assert verdict.result is Result.PASSED
        assert verdict.registry is None
        assert verdict.subject.reference == f"{MODEL}@{COMMIT}"
        assert verdict.notices == ("as locked on 2026-11-01; approved by nobody",)

    def test_the_command_line_needs_no_policy_then(self, model: Path, lock: Path) -> None:
        ended = run("verify", MODEL, "--path", str(model), "--lock", str(lock))

        assert ended.status == 0
        assert "as locked on 2026-11-01; approved by nobody" in ended.stdout
        assert "policy lockfile" in ended.stdout

    @pytest.mark.parametrize("reference", ["acme/small", "Acme/tiny", f"{MODEL}@{'b' * 40}"])
    def test_what_it_does_not_pin_is_unapproved(self, reference: str, model: Path, lock: Path) -> None:
        assert rules_of(by_lock(model, lock, reference)) == {"unapproved-model"}
        assert run("verify", reference, "--path", str(model), "--lock", str(lock)).status == 3

    def test_a_look_alike_of_a_locked_publisher_is_told(self, model: Path, lock: Path, tmp_path: Path) -> None:
        write_lock(lock, model, model="lanternworks/tiny")

        assert rules_of(by_lock(model, lock, "lantrenworks/tiny")) == {"typosquatted-publisher", "unapproved-model"}

    def test_other_bytes_are_refused(self, model: Path, lock: Path) -> None:
        config = model / "config.json"
        config.write_bytes(config.read_bytes().replace(b"llama", b"lLama"))

        assert rules_of(by_lock(model, lock)) == {"digest-mismatch"}

    def test_another_file_is_refused(self, model: Path, lock: Path) -> None:
        (model / "modeling_tiny.py").touch()

        assert rules_of(by_lock(model, lock)) == {"unlisted-file"}

    def test_a_missing_file_is_refused(self, model: Path, lock: Path) -> None:
        (model / "tokenizer.json").unlink()

        assert rules_of(by_lock(model, lock)) == {"missing-file"}

    def test_one_of_several_sets_is_chosen(self, model: Path, tmp_path: Path) -> None:
        entry = {"model": MODEL, "revision": COMMIT, "set": "tokenizer", "locked_at": "2026-11-02T00:00:00Z"}
        files = {"tokenizer.json": {"sha256": "0" * 64, "size": 1}}
        lock = write_lock(tmp_path / "models.lock", model, entry | {"files": files})

        assert by_lock(model, lock).result is Result.PASSED
        other = by_lock(model, lock, set_name="tokenizer")
        assert other.subject.set == "tokenizer"
        assert rules_of(other) == {"digest-mismatch", "unlisted-file"}

    def test_a_set_that_it_does_not_hold_is_named(self, model: Path, lock: Path) -> None:
        """The model is locked, so that it were not would be a wrong lead."""
        try:
            text = str([judged.finding for judged in by_lock(model, lock, set_name="gguf").findings()])
        except UsageError as error:
            text = error.message
        assert "gguf" in text

    def test_several_commits_of_a_model_must_be_told_apart(self, model: Path, tmp_path: Path) -> None:
        entry = json.loads(write_lock(tmp_path / "one.lock", model).read_text())["models"][0]
        lock = write_lock(tmp_path / "models.lock", model, entry | {"revision": "b" * 40})

        with pytest.raises(UsageError, match="at several commits") as caught:
            by_lock(model, lock)
        assert f"{MODEL}@{COMMIT}" in caught.value.remedy
        assert by_lock(model, lock, f"{MODEL}@{COMMIT}").result is Result.PASSED


class TestUnderARegistry:
    def test_both_agree(self, registry: FakeRegistry, model: Path, lock: Path) -> None:
        verdict = registry.verify(MODEL, model, lock=lock)

        assert verdict.result is Result.PASSED
        assert verdict.registry is not None
        assert verdict.registry.approved_by == ("alice", "bob")
        assert all("nobody" not in notice for notice in verdict.notices)

    def test_an_approved_model_that_is_not_locked_is_refused(
        self, registry: FakeRegistry, model: Path, lock: Path
    ) -> None:
        write_lock(lock, model, model="acme/small")

        assert rules_of(registry.verify(MODEL, model, lock=lock)) == {"unapproved-model"}

    def test_other_digests_than_the_approved_ones_are_refused(
        self, registry: FakeRegistry, model: Path, lock: Path
    ) -> None:
        (model / "config.json").write_text("{}")
        write_lock(lock, model)

        verdict = registry.verify(MODEL, model, lock=lock)
        assert rules_of(verdict) == {"unapproved-model"}
        assert "config.json" in next(verdict.findings()).finding.message

    def test_a_file_that_is_not_approved_is_refused(self, registry: FakeRegistry, model: Path, lock: Path) -> None:
        (model / "modeling_tiny.py").touch()
        write_lock(lock, model)

        assert rules_of(registry.verify(MODEL, model, lock=lock)) == {"unapproved-model"}

    @pytest.mark.parametrize("reference", [MODEL, f"{MODEL}@{COMMIT}", f"{MODEL}@{'b' * 40}"])
    def test_another_commit_is_refused(self, reference: str, registry: FakeRegistry, model: Path, lock: Path) -> None:
        write_lock(lock, model, revision="b" * 40)

        assert rules_of(registry.verify(reference, model, lock=lock)) == {"unapproved-model"}

    def test_it_tells_several_approved_commits_apart(self, registry: FakeRegistry, model: Path, lock: Path) -> None:
        registry.approve(MODEL, model, revision="b" * 40)
        registry.publish()

        with pytest.raises(UsageError, match="at several commits"):
            registry.verify(MODEL, model)
        assert registry.verify(MODEL, model, lock=lock).subject.reference == f"{MODEL}@{COMMIT}"

    def test_a_revoked_model_stays_refused(self, registry: FakeRegistry, model: Path, lock: Path) -> None:
        registry.revoke("tiny", model=MODEL)
        registry.publish()

        assert "revoked-model" in rules_of(registry.verify(MODEL, model, lock=lock))

    @pytest.mark.parametrize("set_name", ["default", "tokenizer", "small"])
    def test_one_that_lists_fewer_files_does_not_excuse_the_others(
        self, set_name: str, registry: FakeRegistry, model: Path, lock: Path
    ) -> None:
        """A model with a part missing loads something else; whoever writes the lock must not be able to allow that."""
        write_lock(lock, model, only=("config.json",), set=set_name)
        for path in model.iterdir():
            if path.name != "config.json":
                path.unlink()

        assert rules_of(registry.verify(MODEL, model)) == {"missing-file"}
        assert registry.verify(MODEL, model, lock=lock).result is Result.FAILED

    def test_an_approved_file_that_is_not_locked_is_refused(self, tmp_path: Path, model: Path, lock: Path) -> None:
        (model / "extra.json").write_text("{}")
        registry = FakeRegistry(tmp_path / "other")
        names = sorted(path.name for path in model.iterdir())
        sets = {"default": tuple(name for name in names if name != "extra.json"), "all": tuple(names)}
        registry.approve(MODEL, model, sets=sets)
        registry.publish()

        assert registry.verify(MODEL, model).result is Result.PASSED
        assert rules_of(by_lock(model, lock)) == {"unlisted-file"}
        assert registry.verify(MODEL, model, lock=lock).result is Result.FAILED

    def test_the_locks_own_set_is_the_chosen_one(self, tmp_path: Path, model: Path, lock: Path) -> None:
        registry = FakeRegistry(tmp_path / "other")
        names = tuple(sorted(path.name for path in model.iterdir()))
        registry.approve(MODEL, model, sets={"default": names, "tokenizer": ("tokenizer.json",)})
        registry.publish()
        write_lock(lock, model, only=("tokenizer.json",), set="tokenizer")
        for path in model.iterdir():
            if path.name != "tokenizer.json":
                path.unlink()

        verdict = registry.verify(MODEL, model, lock=lock)
        assert (verdict.result, verdict.subject.set) == (Result.PASSED, "tokenizer")


def test_the_day_is_told_in_utc(model: Path, lock: Path) -> None:
    write_lock(lock, model, locked_at="2026-11-01T23:59:59Z")

    assert by_lock(model, lock).notices[0].startswith("as locked on 2026-11-01;")
    assert by_lock(model, lock).time == datetime(2026, 11, 20, 10, tzinfo=UTC)


class TestBlame:
    """`verify` raises nothing but the errors that say whose fault it is."""

    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100, deadline=None)
    @given(st.text(max_size=30) | st.from_regex(r"(hf:|https://huggingface\.co/)?\w{1,5}[/@.]{1,2}\w{1,5}(@\w{0,41})?"))
    def test_whatever_is_named(self, lock: Path, model: Path, reference: str) -> None:
        with suppress(UsageError):
            assert by_lock(model, lock, reference).result is Result.FAILED

    @pytest.mark.parametrize("reference", [Path("model"), Path("/model"), "./model"])
    def test_a_path_where_a_model_belongs(self, reference: Path | str, lock: Path, model: Path) -> None:
        with pytest.raises(UsageError, match="is a path"):
            verify(reference, path=model, lock=lock, policy="lockfile")

    @pytest.mark.parametrize("name", ["nowhere", "file", "file/below", "nul\0byte"])
    def test_a_path_that_is_no_directory(self, name: str, lock: Path, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        with pytest.raises(UsageError):
            by_lock(tmp_path / name, lock)

    def test_a_policy_that_names_nothing(self, lock: Path, model: Path) -> None:
        with pytest.raises(UsageError, match="is not there"):
            verify(MODEL, path=model, lock=lock, policy="no-such-policy")

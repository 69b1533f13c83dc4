"""renamed-model: the Hub answers with another id than the one that was asked for."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.hub import Hub as FakeHub
from tests.fakes.hub import tiny_model
from tests.fakes.registry import FakeRegistry, commit_of, rules_of
from verifier._hub import Hub
from verifier.lookup import lookup
from verifier.verdict import Effect, Result, Verdict


@pytest.fixture
def approved(tmp_path: Path) -> FakeRegistry:
    return FakeRegistry(tmp_path / "renamed-registry")


def _approve(registry: FakeRegistry, hub: FakeHub, tmp_path: Path, **changes: Any) -> None:
    files = tiny_model()
    directory = tmp_path / "files"
    directory.mkdir()
    for path, data in files.items():
        (directory / path).write_bytes(data)
    repository = hub.add("acme/tiny", files)
    registry.approve("acme/tiny", directory, revision=repository.refs["main"], **changes)
    registry.publish()
    repository.move_to("acme-labs/tiny")


def test_a_redirect_to_another_id_is_refused(approved: FakeRegistry, tmp_path: Path) -> None:
    with FakeHub() as hub:
        _approve(approved, hub, tmp_path)
        verdict = lookup("acme/tiny", policy=approved.policy(), hub=Hub(hub.url, ""), now=approved.now)
    assert rules_of(verdict) == {"renamed-model"}
    assert "acme-labs/tiny" in next(verdict.findings()).finding.message


def test_an_id_that_the_approval_names_too_is_let_through(approved: FakeRegistry, tmp_path: Path) -> None:
    with FakeHub() as hub:
        _approve(approved, hub, tmp_path, aliases=("acme-labs/tiny",))
        verdict = lookup("acme/tiny", policy=approved.policy(), hub=Hub(hub.url, ""), now=approved.now)
    assert rules_of(verdict) == set()


def test_offline_the_hub_is_not_asked(approved: FakeRegistry, tmp_path: Path) -> None:
    with FakeHub() as hub:
        _approve(approved, hub, tmp_path)
        asked_before = len(hub.requests)
        verdict = lookup("acme/tiny", policy=approved.policy(), offline=True, now=approved.now)
        assert len(hub.requests) == asked_before
    assert verdict.result is Result.PASSED


def _in_cache(model: Path, cache: Path, folder: str) -> Path:
    snapshot = cache / folder / "snapshots" / commit_of("acme/tiny")
    shutil.copytree(model, snapshot)
    return snapshot


def test_a_cached_snapshot_of_another_id_is_refused(registry: FakeRegistry, model: Path, tmp_path: Path) -> None:
    registry.approve("acme/tiny", model)
    registry.publish()
    own, other = (_in_cache(model, tmp_path / "hub", name) for name in ("models--acme--tiny", "models--evil--tiny"))

    assert registry.verify("acme/tiny", own).result is Result.PASSED
    verdict = registry.verify("acme/tiny", other)

    assert rules_of(verdict) == {"renamed-model"}
    assert "evil/tiny" in next(verdict.findings(Effect.DENY)).finding.message


def test_a_cached_snapshot_of_an_alias_passes(registry: FakeRegistry, model: Path, tmp_path: Path) -> None:
    registry.approve("acme/tiny", model, aliases=("acme-labs/tiny",))
    registry.publish()

    snapshot = _in_cache(model, tmp_path / "hub", "models--acme-labs--tiny")

    assert registry.verify("acme/tiny", snapshot).result is Result.PASSED


class TestSignsOfANewOwner:
    def _look(self, registry: FakeRegistry, hub: FakeHub) -> Verdict:
        return lookup("acme/tiny", policy=registry.policy(), hub=Hub(hub.url, ""), now=registry.now)

    def test_a_repository_that_is_younger_than_its_approval(self, approved: FakeRegistry, tmp_path: Path) -> None:
        with FakeHub() as hub:
            _approve(approved, hub, tmp_path)
            repository = hub.add("acme/tiny", tiny_model())
            repository.created_at = approved.now + timedelta(days=1)
            verdict = self._look(approved, hub)
        assert rules_of(verdict) == {"renamed-model"}
        assert "after its approval" in next(verdict.findings(Effect.DENY)).finding.message

    def test_a_history_that_lost_the_commit(self, approved: FakeRegistry, tmp_path: Path) -> None:
        with FakeHub() as hub:
            _approve(approved, hub, tmp_path)
            hub.add("acme/tiny", {"config.json": b"{}"})
            verdict = self._look(approved, hub)
        assert "has lost the approved commit" in next(verdict.findings(Effect.DENY)).finding.message
        assert rules_of(verdict) == {"renamed-model"}

    @pytest.mark.parametrize("now_verified", [True, False, None], ids=["verified", "no more", "gone"])
    def test_a_publisher_that_is_verified_no_more(
        self, approved: FakeRegistry, tmp_path: Path, now_verified: bool | None
    ) -> None:
        with FakeHub() as hub:
            _approve(approved, hub, tmp_path, publisher_verified=True, aliases=("acme-labs/tiny",))
            if now_verified is not None:
                hub.organization("acme", is_verified=now_verified)
            verdict = self._look(approved, hub)
        assert verdict.result is Result.PASSED
        warned = [judged.finding.rule for judged in verdict.findings(Effect.WARN)]
        assert warned == ([] if now_verified else ["renamed-model"])

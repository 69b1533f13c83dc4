"""renamed-model: the Hub answers with another id than the one that was asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.fakes.hub import Hub as FakeHub
from tests.fakes.hub import tiny_model
from tests.fakes.registry import FakeRegistry, rules_of
from verifier._hub import Hub
from verifier.lookup import lookup


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


def test_offline_the_check_is_not_in_the_plan(approved: FakeRegistry, tmp_path: Path) -> None:
    with FakeHub() as hub:
        _approve(approved, hub, tmp_path)
        asked_before = len(hub.requests)
        verdict = lookup("acme/tiny", policy=approved.policy(), offline=True, now=approved.now)
        assert len(hub.requests) == asked_before
    assert "identity" not in {outcome.check for outcome in verdict.outcomes}

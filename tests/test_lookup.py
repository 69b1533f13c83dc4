"""`lookup`: may this model be used; what the registry and the Hub say, without reading weights."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.hub import Hub as FakeHub
from tests.fakes.hub import Repository, faults, tiny_model
from tests.fakes.registry import FakeRegistry, rules_of
from verifier._hub import Hub
from verifier.errors import UndecidedError
from verifier.lookup import lookup
from verifier.verdict import Result, Verdict


@pytest.fixture
def hub() -> Iterator[FakeHub]:
    with FakeHub() as running:
        yield running


@pytest.fixture
def repository(hub: FakeHub) -> Repository:
    return hub.add("acme/tiny", tiny_model())


@pytest.fixture
def approved(tmp_path: Path, repository: Repository) -> FakeRegistry:
    files = tmp_path / "files"
    files.mkdir()
    for path, data in tiny_model().items():
        (files / path).write_bytes(data)
    registry = FakeRegistry(tmp_path / "registry")
    registry.approve("acme/tiny", files, revision=repository.refs["main"])
    registry.approve("acme/other", files)
    registry.publish()
    return registry


def _lookup(hub: FakeHub, registry: FakeRegistry, reference: str = "acme/tiny", token: str = "") -> Verdict:
    return lookup(reference, policy=registry.policy(), hub=Hub(hub.url, token), now=registry.now)


def test_it_says_by_whom_until_when_and_that_nothing_was_read(hub: FakeHub, approved: FakeRegistry) -> None:
    verdict = _lookup(hub, approved)
    assert verdict.result is Result.PASSED
    assert verdict.registry is not None
    assert verdict.registry.approved_by == ("alice", "bob")
    assert verdict.registry.approved_until is not None
    assert "no weights were read" in verdict.notices
    assert any("acme/other" in notice for notice in verdict.notices)
    assert not [request for request in hub.requests if "resolve" in request.path]


def test_a_default_branch_that_moved_on_is_told(hub: FakeHub, approved: FakeRegistry, repository: Repository) -> None:
    newest = repository.commit(tiny_model(b"newer"))
    verdict = _lookup(hub, approved)
    assert verdict.result is Result.PASSED
    assert any(newest in notice for notice in verdict.notices)


def test_a_gated_repository_is_told(hub: FakeHub, approved: FakeRegistry, repository: Repository) -> None:
    repository.gated = "auto"
    assert any("gated" in notice for notice in _lookup(hub, approved).notices)


def test_another_digest_declared_at_the_approved_commit_is_refused(
    hub: FakeHub, approved: FakeRegistry, repository: Repository
) -> None:
    commit = repository.refs["main"]
    changed = repository.commit(tiny_model(b"other"), ref="changed")
    repository.commits[commit] = repository.commits[changed]
    assert "digest-mismatch" in rules_of(_lookup(hub, approved))


def test_a_file_that_the_hub_lost_is_refused(hub: FakeHub, approved: FakeRegistry, repository: Repository) -> None:
    del repository.commits[repository.refs["main"]]["config.json"]
    assert rules_of(_lookup(hub, approved)) == {"missing-file"}


def test_an_unapproved_model_is_not_asked_about(hub: FakeHub, approved: FakeRegistry) -> None:
    assert rules_of(_lookup(hub, approved, "evil/tiny")) == {"unapproved-model"}
    assert hub.requests == []


def test_a_lookalike_is_named_with_the_model_that_was_meant(
    hub: FakeHub, registry: FakeRegistry, tmp_path: Path
) -> None:
    registry.approve("EleutherAI/gpt-j-6B", tmp_path / "model")
    registry.publish()
    verdict = lookup("EleuterAI/gpt-j-6B", policy=registry.policy(), now=registry.now)
    finding = next(verdict.findings()).finding
    assert finding.rule == "typosquatted-publisher"
    assert "Did you mean EleutherAI/gpt-j-6B?" in finding.message


@pytest.mark.parametrize(
    ("break_it", "code"),
    [
        (lambda repository: repository.delete(), "hub-not-found"),
        (lambda repository: setattr(repository, "private", True), "hub-not-found"),
        (lambda repository: setattr(repository, "disabled", True), "hub-"),
        (lambda repository: repository.commits.clear(), "hub-"),
    ],
    ids=("deleted", "private", "disabled", "no commit"),
)
def test_a_hub_that_can_not_answer_leaves_it_undecided(
    hub: FakeHub, approved: FakeRegistry, repository: Repository, break_it: object, code: str
) -> None:
    assert callable(break_it)
    break_it(repository)
    with pytest.raises(UndecidedError) as raised:
        _lookup(hub, approved)
    assert raised.value.code.startswith(code)
    assert "hf_" not in raised.value.message


@pytest.mark.parametrize("status", [401, 403, 404, 500])
def test_an_api_that_refuses_leaves_it_undecided(hub: FakeHub, approved: FakeRegistry, status: int) -> None:
    hub.fault("/api/*", faults.Status(status))
    with pytest.raises(UndecidedError):
        _lookup(hub, approved, token="hf_secret")  # noqa: S106


def test_a_machine_without_a_network_leaves_it_undecided(approved: FakeRegistry) -> None:
    with pytest.raises(UndecidedError) as raised:
        lookup("acme/tiny", policy=approved.policy(), hub=Hub("http://127.0.0.1:9", ""), now=approved.now)
    assert raised.value.code == "hub-unreachable"

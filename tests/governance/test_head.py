"""Making the head: every record and revocation below the registry, by the digest of its file's bytes."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from tests.conftest import MODEL
from tests.fakes.registry import NOW, FakeRegistry, commit_of
from verifier.digest import Digest
from verifier.errors import VerifierError
from verifier.governance.head import make_head
from verifier.registry.documents import Head
from verifier.registry.records import record_path

RECORD = record_path(MODEL, commit_of(MODEL))


def head(registry: FakeRegistry) -> Head:
    return make_head(registry.root, registry.trust, version=7, issued=NOW, expires=NOW + timedelta(days=1))


def test_every_record_is_listed_by_the_digest_of_its_bytes(registry: FakeRegistry, model: Path) -> None:
    registry.approve("acme/second", model, signers=())
    assert head(registry).records == {
        f"{name}@{commit_of(name)}": str(Digest.of((registry.root / record_path(name, commit_of(name))).read_bytes()))
        for name in (MODEL, "acme/second")
    }


def test_two_commits_of_one_model_are_two_records(registry: FakeRegistry, model: Path) -> None:
    registry.approve(MODEL, model, revision=commit_of("another commit"))
    assert len(head(registry).records) == 2


def test_every_revocation_is_there_in_full(registry: FakeRegistry) -> None:
    digest = registry.revoke("bad", model=MODEL, reason="a backdoor")
    (item,) = head(registry).revoked
    assert item.digest == digest
    assert (item.revocation.model, item.revocation.reason) == (MODEL, "a backdoor")


def test_signatures_are_not_listed(registry: FakeRegistry) -> None:
    registry.revoke("bad", model="acme/other")
    made = head(registry)
    assert len(made.records) == len(made.revoked) == 1


def test_an_empty_registry_has_an_empty_head(tmp_path: Path) -> None:
    made = head(FakeRegistry(tmp_path / "registry"))
    assert made.records == {}
    assert made.revoked == ()


def test_it_is_of_its_registry_and_trust_file(registry: FakeRegistry) -> None:
    registry.next_trust()
    made = head(registry)
    assert (made.registry, made.trust_version, made.version, made.issued) == ("acme", 2, 7, NOW)


def test_the_same_registry_gives_the_same_head(registry: FakeRegistry, model: Path) -> None:
    for name in ("zeta/z", "alpha/a", "acme/b"):
        registry.approve(name, model, signers=())
    assert head(registry) == head(registry)
    assert list(head(registry).records) == sorted(head(registry).records)


@pytest.mark.parametrize("path", ["models/acme/tiny/notes.json", "models/acme/tiny/main.json", "models/a b/c/d.json"])
def test_a_file_that_is_no_record_by_its_name_is_not_listed(registry: FakeRegistry, path: str) -> None:
    registry.put(path, b"{}")
    with pytest.raises(VerifierError):
        head(registry)


@pytest.mark.parametrize("content", [b"", b"{}", b"not JSON"])
def test_a_revocation_that_is_none_is_not_listed(registry: FakeRegistry, content: bytes) -> None:
    registry.put("revocations/bad.json", content)
    with pytest.raises(VerifierError):
        head(registry)

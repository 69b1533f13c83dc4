"""Making the head: every record by its digest, every revocation in full, in an order that is always the same."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.fakes.registry import NOW, FakeRegistry, commit_of
from verifier.digest import Digest
from verifier.errors import UsageError
from verifier.governance.head import head_of
from verifier.registry.documents import Head, Revocation
from verifier.registry.standing import Revoked

DIGEST = str(Digest.of(b"a record"))
NAMES = ("zeta/z", "alpha/a", "acme/b")


def head(registry: FakeRegistry, *models: str, revoked: tuple[Revoked, ...] = ()) -> Head:
    records = {model if "@" in model else f"{model}@{commit_of(model)}": DIGEST for model in models}
    return head_of(registry.trust, records, revoked, version=7, issued=NOW, expires=NOW + timedelta(days=1))


def revocation(model: str) -> Revoked:
    content = Revocation.model_validate(
        {
            "schema": "model-verifier/revocation/v1",
            "registry": "acme",
            "model": model,
            "reason": "a backdoor",
            "revoked_at": NOW,
        }
    )
    return Revoked(str(Digest.of(model.encode())), content)


def test_it_is_of_its_registry_and_trust_file(registry: FakeRegistry) -> None:
    registry.next_trust()
    made = head(registry)
    assert (made.registry, made.trust_version, made.version, made.issued) == ("acme", 2, 7, NOW)
    assert (made.records, made.revoked) == ({}, ())


def test_whatever_order_things_come_in_it_is_the_same(registry: FakeRegistry) -> None:
    revoked = tuple(revocation(name) for name in NAMES)
    made = head(registry, *NAMES, revoked=revoked)
    assert made == head(registry, *reversed(NAMES), revoked=revoked[::-1])
    assert list(made.records) == sorted(made.records)


def test_every_revocation_is_there_in_full(registry: FakeRegistry) -> None:
    (item,) = head(registry, revoked=(revocation("acme/bad"),)).revoked
    assert item.digest == str(Digest.of(b"acme/bad"))
    assert (item.revocation.model, item.revocation.reason) == ("acme/bad", "a backdoor")


@pytest.mark.parametrize("name", ["acme/tiny@notes", "acme/tiny@main", f"a b/c@{'0' * 40}"])
def test_what_is_no_record_by_its_name_is_not_listed(registry: FakeRegistry, name: str) -> None:
    with pytest.raises(UsageError, match="can't be made"):
        head(registry, name)

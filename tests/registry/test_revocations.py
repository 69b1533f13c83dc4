"""Revocations: by any of their keys, in any letters' case, from the head or in sight, until one is lifted by name."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import MODEL
from tests.fakes.registry import PEOPLE, FakeRegistry, commit_of, rules_of
from verifier import limits
from verifier.digest import Digest
from verifier.document import parse
from verifier.errors import UndecidedError
from verifier.registry.documents import Approval, HeadRevocation, Revocation, RoleRule
from verifier.registry.records import record_path
from verifier.verdict import Result

COMMIT = commit_of(MODEL)
RECORD = record_path(MODEL, COMMIT)
REVOKED = {"revoked-model"}


def digest_of_record(registry: FakeRegistry) -> str:
    return str(Digest.of((registry.root / RECORD).read_bytes()))


def digest_of_file(registry: FakeRegistry, path: str) -> str:
    approval = parse((registry.root / RECORD).read_bytes(), Approval)
    return f"sha256:{approval.files[path].sha256}"


KEYS: dict[str, Callable[[FakeRegistry], dict[str, Any]]] = {
    "the model": lambda _: {"model": MODEL},
    "the model in capitals": lambda _: {"model": MODEL.upper()},
    "the model at its commit": lambda _: {"model": "Acme/Tiny", "revision": COMMIT},
    "the commit alone": lambda _: {"revision": COMMIT},
    "the first file": lambda registry: {"digests": (digest_of_file(registry, "config.json"),)},
    "one of many files": lambda registry: {
        "digests": (f"sha256:{'0' * 64}", digest_of_file(registry, "tokenizer.json"), f"sha256:{'f' * 64}")
    },
    "the record": lambda registry: {"record_digest": digest_of_record(registry)},
    "an alias": lambda _: {"model": "Old-Org/Tiny"},
    "an alias in another case": lambda _: {"model": "old-org/TINY"},
    "an alias at its commit": lambda _: {"model": "old-org/tiny", "revision": COMMIT},
    "one key of two": lambda registry: {"model": "acme/other", "digests": (digest_of_file(registry, "config.json"),)},
    "the model beside a stranger's record": lambda _: {"model": MODEL, "record_digest": f"sha256:{'0' * 64}"},
}
OTHERS: dict[str, dict[str, Any]] = {
    "another model": {"model": "acme/tiny-2"},
    "the publisher's other model": {"model": "acme/tin"},
    "the model at another commit": {"model": MODEL, "revision": commit_of("another commit")},
    "another model at this commit": {"model": "acme/other", "revision": COMMIT},
    "another commit": {"revision": commit_of("another commit")},
    "another file": {"digests": (f"sha256:{'0' * 64}",)},
    "an alias at another commit": {"model": "old-org/tiny", "revision": commit_of("another commit")},
    "another record": {"record_digest": f"sha256:{'0' * 64}"},
}


@pytest.fixture
def aliased(registry: FakeRegistry, model: Path) -> FakeRegistry:
    """The registry, in which the model was once `Old-Org/Tiny`."""
    registry.approve(MODEL, model, aliases=("Old-Org/Tiny", "tiny"))
    registry.publish()
    return registry


@pytest.mark.parametrize("in_head", [True, False], ids=["head", "in sight"])
@pytest.mark.parametrize("key", KEYS)
def test_every_key_of_a_revocation_hits(aliased: FakeRegistry, model: Path, key: str, in_head: bool) -> None:
    aliased.revoke("bad", **KEYS[key](aliased))
    if in_head:
        aliased.publish()
        (aliased.root / "revocations/bad.json").unlink()
    for reference in (MODEL, f"{MODEL}@{COMMIT}", f"{MODEL}@main"):
        assert rules_of(aliased.verify(reference, model)) == REVOKED


@pytest.mark.parametrize("key", OTHERS)
def test_a_revocation_of_something_else_does_not_hit(aliased: FakeRegistry, model: Path, key: str) -> None:
    aliased.revoke("bad", **OTHERS[key])
    aliased.publish()
    assert aliased.verify(MODEL, model).result is Result.PASSED


@pytest.mark.parametrize("reference", ["acme/TINY", "ACME/tiny", f"Acme/Tiny@{COMMIT}"])
def test_a_reference_in_another_case_is_revoked_too(registry: FakeRegistry, model: Path, reference: str) -> None:
    registry.revoke("bad", model=MODEL)
    registry.publish()
    assert rules_of(registry.verify(reference, model)) == {"revoked-model", "unapproved-model"}


def test_a_model_that_was_never_approved_can_be_revoked(registry: FakeRegistry, model: Path) -> None:
    registry.revoke("bad", model="evil/llama")
    registry.publish()
    assert rules_of(registry.verify("evil/llama", model)) == {"revoked-model", "unapproved-model"}


def test_a_revoked_file_counts_outside_the_chosen_set_too(registry: FakeRegistry, model: Path) -> None:
    registry.approve(MODEL, model, sets={"default": ("config.json",)})
    registry.revoke("bad", digests=(digest_of_file(registry, "tokenizer.json"),))
    registry.publish()
    assert rules_of(registry.verify(MODEL, model)) == REVOKED


def test_a_verdict_gives_the_reason(registry: FakeRegistry, model: Path) -> None:
    registry.revoke("bad", model=MODEL, reason="it was trained on private messages")
    (judged,) = registry.verify(MODEL, model).findings()
    assert "on 2026-11-20: it was trained on private messages" in judged.finding.message


# In sight.


@pytest.mark.parametrize("signers", [(), ("ci",), ("dave",), ("mallory", "ci")])
def test_a_revocation_that_no_revoker_signed_does_not_count(
    registry: FakeRegistry, model: Path, signers: tuple[str, ...]
) -> None:
    registry.revoke("bad", model=MODEL, signers=signers)
    assert registry.verify(MODEL, model).result is Result.PASSED


def test_the_head_carries_a_revocation_whoever_signed_it(registry: FakeRegistry, model: Path) -> None:
    registry.revoke("bad", model=MODEL, signers=())
    registry.publish()
    assert rules_of(registry.verify(MODEL, model)) == REVOKED


def test_a_strangers_signature_under_a_revokers_name_does_not_count(registry: FakeRegistry, model: Path) -> None:
    registry.revoke("bad", model=MODEL, signers=())
    path = "revocations/bad.json"
    data = (registry.root / path).read_bytes()
    for person in PEOPLE:
        registry.put_bundle(path, person, registry.sign(data, "mallory"))
    assert registry.verify(MODEL, model).result is Result.PASSED


def test_the_signature_of_another_revocation_does_not_count(registry: FakeRegistry, model: Path) -> None:
    registry.revoke("other", model="acme/other")
    registry.revoke("bad", model=MODEL, signers=())
    bundle = (registry.root / "revocations/other.sigs/alice.sigstore.json").read_bytes()
    registry.put_bundle("revocations/bad.json", "alice", bundle)
    assert registry.verify(MODEL, model).result is Result.PASSED


def test_in_sight_too_principals_are_counted(registry: FakeRegistry, model: Path) -> None:
    registry.change_trust(roles=registry.trust.roles | {"revoke": RoleRule(threshold=2, principals=PEOPLE)})
    registry.publish()
    registry.revoke("bad", model=MODEL, signers=("alice",))
    data = (registry.root / "revocations/bad.json").read_bytes()
    registry.put_bundle("revocations/bad.json", "bob", registry.sign(data, "alice"))
    assert registry.verify(MODEL, model).result is Result.PASSED
    registry.put_bundle("revocations/bad.json", "bob", registry.sign(data, "bob"))
    assert rules_of(registry.verify(MODEL, model)) == REVOKED


def test_a_revocation_of_another_registry_does_not_count(registry: FakeRegistry, model: Path) -> None:
    registry.revoke("bad", model=MODEL, registry="acme-staging")
    assert registry.verify(MODEL, model).result is Result.PASSED


def test_a_head_with_a_revocation_of_another_registry_is_refused(registry: FakeRegistry, model: Path) -> None:
    registry.revoke("bad", model=MODEL, registry="acme-staging")
    registry.publish()
    with pytest.raises(UndecidedError, match="revocation of another registry, 'acme-staging'"):
        registry.verify(MODEL, model)


@pytest.mark.parametrize("content", [b"", b"{}", b"not JSON", b"\xff", b"[" * 100_000])
def test_what_nobody_signed_is_not_even_parsed(registry: FakeRegistry, model: Path, content: bytes) -> None:
    registry.put("revocations/bad.json", content)
    assert registry.verify(MODEL, model).result is Result.PASSED


@pytest.mark.parametrize("content", [b"", b"{}", b"not JSON", b"\xff", b"[" * 100_000])
def test_a_signed_revocation_that_can_not_be_understood_is_not_passed_over(
    registry: FakeRegistry, model: Path, content: bytes
) -> None:
    registry.put("revocations/bad.json", content, ("alice",))
    with pytest.raises(UndecidedError, match=r"the signed revocations/bad\.json"):
        registry.verify(MODEL, model)


def test_a_revocation_beyond_the_limit_is_not_passed_over(registry: FakeRegistry, model: Path) -> None:
    registry.put("revocations/bad.json", b" " * (limits.MAX_REVOCATION + 1), ("alice",))
    with pytest.raises(UndecidedError, match="larger than the limit"):
        registry.verify(MODEL, model)


@pytest.mark.parametrize(
    "name", ["bad", ".bad", "bad.json", "-", "bad\nname", "b\N{LATIN SMALL LETTER A WITH RING ABOVE}d"]
)
def test_a_revocations_file_name_does_not_matter(registry: FakeRegistry, model: Path, name: str) -> None:
    path = f"revocations/{name}.json"
    registry.revoke("bad", model=MODEL, signers=())
    data = (registry.root / "revocations/bad.json").read_bytes()
    registry.put(path, data, ("alice",))
    assert rules_of(registry.verify(MODEL, model)) == REVOKED


def test_a_head_can_not_pass_off_another_text_for_a_revocation(registry: FakeRegistry, model: Path) -> None:
    """A publisher alone can leave a revocation out of the head, but not take away one that is in sight."""
    digest = registry.revoke("bad", model=MODEL)
    revocation = parse((registry.root / "revocations/bad.json").read_bytes(), Revocation)
    harmless = revocation.model_copy(update={"model": "acme/nothing"})
    registry.publish(revoked=(HeadRevocation(digest=digest, revocation=harmless),))
    try:
        verdict = registry.verify(MODEL, model)
    except UndecidedError:
        return
    assert rules_of(verdict) == REVOKED


@pytest.mark.parametrize("signers", [(), ("alice",)])
def test_a_revocation_that_was_written_by_hand_counts(
    registry: FakeRegistry, model: Path, signers: tuple[str, ...]
) -> None:
    """The head holds its meaning, not its layout."""
    registry.revoke("bad", model=MODEL, signers=())
    path = "revocations/bad.json"
    by_hand = json.dumps(json.loads((registry.root / path).read_bytes()), indent=7).encode()
    registry.put(path, by_hand, signers)
    registry.publish()
    assert rules_of(registry.verify(MODEL, model)) == REVOKED
    registry.approve(MODEL, model, lifts=(str(Digest.of(by_hand)),))
    registry.publish()
    assert registry.verify(MODEL, model).result is Result.PASSED


# Lifting.


@pytest.mark.parametrize("in_head", [True, False], ids=["head", "in sight"])
@pytest.mark.parametrize("key", [key for key in KEYS if key != "the record"])
def test_a_new_approval_lifts_a_revocation_by_its_digest(
    aliased: FakeRegistry, model: Path, key: str, in_head: bool
) -> None:
    digest = aliased.revoke("bad", **KEYS[key](aliased))
    aliased.approve(MODEL, model, aliases=("Old-Org/Tiny",), lifts=(digest,))
    aliased.publish(**({} if in_head else {"revoked": ()}))
    assert aliased.verify(MODEL, model).result is Result.PASSED


def test_a_new_record_is_not_the_record_that_was_revoked(registry: FakeRegistry, model: Path) -> None:
    registry.revoke("bad", record_digest=digest_of_record(registry))
    registry.approve(MODEL, model, reason="after another review")
    registry.publish()
    assert registry.verify(MODEL, model).result is Result.PASSED


def test_a_revocation_of_a_record_is_lifted_by_the_records_digest_too(registry: FakeRegistry, model: Path) -> None:
    record = digest_of_record(registry)
    registry.revoke("bad", record_digest=record, model=MODEL)
    registry.approve(MODEL, model, lifts=(record,))
    registry.publish()
    assert registry.verify(MODEL, model).result is Result.PASSED


def test_a_new_approval_alone_lifts_nothing(registry: FakeRegistry, model: Path) -> None:
    registry.revoke("bad", model=MODEL)
    registry.approve(MODEL, model, reason="after another review")
    registry.publish()
    assert rules_of(registry.verify(MODEL, model)) == REVOKED


def test_what_is_lifted_is_named_one_by_one(registry: FakeRegistry, model: Path) -> None:
    first = registry.revoke("first", model=MODEL, reason="one")
    registry.revoke("second", model=MODEL, reason="two")
    registry.approve(MODEL, model, lifts=(first,))
    registry.publish()
    (judged,) = registry.verify(MODEL, model).findings()
    assert judged.finding.message.endswith("two")


def test_one_models_approval_lifts_nothing_for_another(registry: FakeRegistry, model: Path) -> None:
    digest = registry.revoke("bad", digests=(digest_of_file(registry, "config.json"),))
    registry.approve("acme/second", model, lifts=(digest,))
    registry.publish()
    assert registry.verify("acme/second", model).result is Result.PASSED
    assert rules_of(registry.verify(MODEL, model)) == REVOKED


def test_an_unapproved_record_lifts_nothing(registry: FakeRegistry, model: Path) -> None:
    digest = registry.revoke("bad", model=MODEL)
    (registry.root / RECORD).with_suffix(".sigs").rename(registry.root / "signatures")
    registry.approve(MODEL, model, signers=("alice",), lifts=(digest,))
    registry.publish()
    assert rules_of(registry.verify(MODEL, model)) == {"revoked-model", "unapproved-model"}

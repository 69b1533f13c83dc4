"""A record is believed if it is the one that the head lists, is a record at all, and is about what was asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import MODEL
from tests.fakes.registry import FakeRegistry, commit_of
from tests.registry.test_approvals import RECORD, SECOND_MODEL, approve, judge, message_of
from verifier import limits
from verifier.digest import Digest
from verifier.errors import UndecidedError
from verifier.registry.documents import RoleRule
from verifier.registry.records import record_path
from verifier.verdict import Result

SIGNERS = ("alice", "bob")


def forge(registry: FakeRegistry, content: bytes) -> None:
    """Put signed bytes in the place of the second model's record, and have the head list them."""
    registry.put(RECORD, content, SIGNERS)
    registry.publish()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b'"requested_by": "dave"', b'"requested_by": "erin"'),
        (b'"sets"', b'"sets" '),
        (b"}\n", b"}"),
    ],
)
def test_an_edited_record_is_no_approval(registry: FakeRegistry, model: Path, before: bytes, after: bytes) -> None:
    data = approve(registry, model, *SIGNERS)
    assert before in data
    registry.put(RECORD, data.replace(before, after))
    assert "is not the one that the signed head lists" in message_of(judge(registry, model))


def test_an_edited_record_is_no_approval_even_if_signed_anew(registry: FakeRegistry, model: Path) -> None:
    """Without the publisher two approvers can not slip a record in."""
    data = approve(registry, model, *SIGNERS)
    registry.put(RECORD, data.replace(b"for a test", b"for a joke"), SIGNERS)
    assert "is not the one that the signed head lists" in message_of(judge(registry, model))


def test_an_older_record_of_the_same_commit_is_no_approval(registry: FakeRegistry, model: Path) -> None:
    older = approve(registry, model, *SIGNERS, reason="before the review")
    approve(registry, model, *SIGNERS)
    registry.put(RECORD, older, SIGNERS)
    assert "is not the one that the signed head lists" in message_of(judge(registry, model))


def test_a_record_that_the_head_lists_and_that_is_gone_leaves_it_undecided(registry: FakeRegistry, model: Path) -> None:
    approve(registry, model, *SIGNERS)
    (registry.root / RECORD).unlink()
    with pytest.raises(UndecidedError, match=r"but .* is not there") as caught:
        judge(registry, model)
    assert caught.value.code == "registry-incomplete"


def test_another_models_gone_record_does_not_matter(registry: FakeRegistry, model: Path) -> None:
    approve(registry, model, *SIGNERS)
    (registry.root / RECORD).unlink()
    assert registry.verify(MODEL, model).result is Result.PASSED


@pytest.mark.parametrize(
    ("asked", "path"),
    [
        ("acme/moved", record_path("acme/moved", commit_of(SECOND_MODEL))),
        ("Acme/second", record_path("Acme/second", commit_of(SECOND_MODEL))),
        (SECOND_MODEL, record_path(SECOND_MODEL, commit_of("another commit"))),
    ],
)
def test_a_moved_record_is_about_another_model(registry: FakeRegistry, model: Path, asked: str, path: str) -> None:
    """The head lists it in its new place; the names inside are what was signed."""
    data = approve(registry, model, *SIGNERS)
    (registry.root / RECORD).unlink()
    registry.put(path, data, SIGNERS)
    registry.publish()
    verdict = registry.verify(f"{asked}@{path[-45:-5]}", model)
    assert "is about another model: acme/second@" in message_of(verdict)


def test_a_record_of_another_registry_of_the_same_people_is_none(registry: FakeRegistry, model: Path) -> None:
    approve(registry, model, *SIGNERS, registry="acme-staging")
    assert "in the registry 'acme-staging'" in message_of(judge(registry, model))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        b"{}",
        b"null",
        b"[]",
        b"not JSON",
        b"\xff\xfe",
        b"\xef\xbb\xbf{}",
        b"NaN",
        b"[" * 100_000,
        b'{"a":' * 20_000 + b"1" + b"}" * 20_000,
        b"1" * 10_000,
    ],
    ids=range(12),
)
def test_signed_bytes_that_are_no_record_approve_nothing(registry: FakeRegistry, model: Path, content: bytes) -> None:
    forge(registry, content)
    assert f"the record {RECORD} " in message_of(registry.verify(f"{SECOND_MODEL}@{commit_of(SECOND_MODEL)}", model))


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (b'"baseline": false', b'"baseline": false, "comment": "hello"', "comment"),
        (b'"baseline": false', b'"baseline": false, "baseline": false', "holds the key 'baseline' twice"),
        (b'"baseline": false', b'"baseline": 0', "baseline"),
        (b'"baseline": false', b'"baseline": "no"', "baseline"),
        (b'"baseline": false', b'"baseline": NaN', "holds NaN"),
        (b'"baseline": false', b'"baseline": null', "baseline"),
        (b'"model": "acme/second"', b'"model": "second"', "model: "),
        (b'"requires": []', b'"requires": ["base"]', "requires[0]: "),
        (b"model-verifier/approval/v1", b"model-verifier/approval/v2", "schema"),
        (b'"config.json": {"sha256"', b'"config.json": {"sha256": "", "sha256"', "holds the key 'sha256' twice"),
        (b'"config.json": {"sha256"', b'"../config.json": {"sha256"', '"../config.json"'),
    ],
)
def test_a_signed_record_with_an_odd_field_approves_nothing(
    registry: FakeRegistry, model: Path, before: bytes, after: bytes, said: str
) -> None:
    data = approve(registry, model, *SIGNERS)
    assert before in data
    forge(registry, data.replace(before, after))
    assert said in message_of(judge(registry, model))


@pytest.mark.parametrize("path", ["head.json", "trust/1.json"])
def test_another_document_is_no_record_even_if_signed(registry: FakeRegistry, model: Path, path: str) -> None:
    forge(registry, (registry.root / path).read_bytes())
    assert "schema" in message_of(judge(registry, model))


def test_an_approval_is_no_revocation(registry: FakeRegistry, model: Path) -> None:
    data = approve(registry, model, *SIGNERS)
    registry.put("revocations/replayed.json", data, ("alice",))
    with pytest.raises(UndecidedError, match=r"signed revocations/replayed\.json is not valid"):
        judge(registry, model)


def test_a_revocation_is_no_record(registry: FakeRegistry, model: Path) -> None:
    registry.revoke("other", model="acme/other", signers=())
    forge(registry, (registry.root / "revocations/other.json").read_bytes())
    assert "schema" in message_of(judge(registry, model))


def test_a_record_is_no_trust_file(registry: FakeRegistry, model: Path) -> None:
    data = approve(registry, model, *SIGNERS)
    registry.put("trust/2.json", data, SIGNERS)
    with pytest.raises(UndecidedError, match=r"trust/2\.json is not valid"):
        judge(registry, model)


# Sizes.


def test_a_record_of_the_largest_size_is_read(registry: FakeRegistry, model: Path) -> None:
    data = approve(registry, model, *SIGNERS)
    forge(registry, data + b" " * (limits.MAX_RECORD - len(data)))
    assert judge(registry, model).result is Result.PASSED


def test_a_record_beyond_the_limit_is_not_read(registry: FakeRegistry, model: Path) -> None:
    data = approve(registry, model, *SIGNERS)
    forge(registry, data + b" " * (limits.MAX_RECORD + 1 - len(data)))
    with pytest.raises(UndecidedError, match="larger than the limit of 4,194,304 bytes"):
        judge(registry, model)


def test_a_bundle_of_the_largest_size_is_read(registry: FakeRegistry, model: Path) -> None:
    data = approve(registry, model, "alice")
    bundle = registry.sign(data, "bob")
    registry.put_bundle(RECORD, "bob", bundle + b" " * (limits.MAX_BUNDLE - len(bundle)))
    assert judge(registry, model).result is Result.PASSED


def test_a_bundle_beyond_the_limit_is_not_read(registry: FakeRegistry, model: Path) -> None:
    data = approve(registry, model, "alice")
    bundle = registry.sign(data, "bob")
    registry.put_bundle(RECORD, "bob", bundle + b" " * (limits.MAX_BUNDLE + 1 - len(bundle)))
    with pytest.raises(UndecidedError, match="larger than the limit of 65,536 bytes"):
        judge(registry, model)


@pytest.mark.parametrize(
    ("path", "limit"),
    [("head.json", limits.MAX_HEAD), ("trust/1.json", limits.MAX_TRUST), ("trust/2.json", limits.MAX_TRUST)],
)
def test_other_documents_beyond_their_limit_are_not_read(
    registry: FakeRegistry, model: Path, path: str, limit: int
) -> None:
    with (registry.root / path).open("wb") as file:
        file.truncate(limit + 1)
    if path == "trust/1.json":
        registry.trust_digest = Digest.of(bytes(limit + 1))
    with pytest.raises(UndecidedError, match=f"larger than the limit of {limit:,} bytes"):
        registry.verify(MODEL, model)


def test_nobody_approves_where_no_principal_is_left(registry: FakeRegistry, model: Path) -> None:
    """A threshold of 1 with one principal, who asked for it."""
    registry.change_trust(roles=registry.trust.roles | {"approve": RoleRule(threshold=1, principals=("alice",))})
    approve(registry, model, "alice", "bob", requested_by="alice")
    assert "0 of 1 valid signatures" in message_of(judge(registry, model))

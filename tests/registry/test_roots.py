"""The trusted roots that a trust file lists by digest: there, unaltered, and each for its own signers alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fakes.registry import NOW, FakeRegistry, commit_of
from tests.fakes.sigstore import Instance
from verifier.digest import Digest
from verifier.errors import UndecidedError
from verifier.registry.records import record_path
from verifier.verdict import Result

OTHER = "acme/other"


def refusal(registry: FakeRegistry) -> str:
    """Open the registry, which must not succeed."""
    with pytest.raises(UndecidedError) as caught:
        registry.open()
    assert caught.value.code == "trust-invalid"
    return caught.value.message


def test_a_missing_root_is_refused(registry: FakeRegistry) -> None:
    (registry.root / f"roots/{registry.root_digest}.json").unlink()
    assert "is not there" in refusal(registry)


def test_an_altered_root_is_refused(registry: FakeRegistry) -> None:
    path = registry.root / f"roots/{registry.root_digest}.json"
    path.write_bytes(path.read_bytes() + b" ")
    assert "does not have that digest" in refusal(registry)


def test_another_instances_root_under_the_listed_name_is_refused(registry: FakeRegistry) -> None:
    registry.put(f"roots/{registry.root_digest}.json", Instance().trusted_root())
    assert "does not have that digest" in refusal(registry)


def test_a_listed_root_that_is_none_is_refused(tmp_path: Path) -> None:
    registry = FakeRegistry(tmp_path / "registry", trusted_root=b"no trusted root")
    registry.publish()
    assert "trusted root can't be read" in refusal(registry)


@pytest.fixture
def two_roots(registry: FakeRegistry) -> tuple[FakeRegistry, Instance]:
    """A registry with a second Sigstore instance that vouches for carol, and for alice beside the first one."""
    second = Instance(clock=lambda: NOW)
    sha256 = Digest.of(registry.put("roots/new.json", second.trusted_root())).hex
    (registry.root / "roots/new.json").rename(registry.root / f"roots/{sha256}.json")
    registry.change_trust(
        trusted_roots=(registry.root_digest, sha256),
        principals=registry.trust.principals
        | {
            "alice": (registry.signer("alice"), registry.signer("alice", root=sha256)),
            "carol": (registry.signer("carol", root=sha256),),
        },
    )
    registry.publish()
    return registry, second


@pytest.mark.parametrize(
    ("first", "second", "good"),
    [
        (("bob",), ("alice",), True),
        (("alice", "bob"), (), True),
        (("alice",), ("carol",), True),
        (("alice",), ("bob",), False),
        (("alice", "carol"), (), False),
        ((), ("bob", "carol"), False),
    ],
)
def test_roots_are_never_united(
    two_roots: tuple[FakeRegistry, Instance],
    model: Path,
    first: tuple[str, ...],
    second: tuple[str, ...],
    good: bool,
) -> None:
    """The same issuer and identity count under the root of the signer alone: whoever runs one is nobody elsewhere."""
    registry, other = two_roots
    registry.approve(OTHER, model, signers=first)
    path = record_path(OTHER, commit_of(OTHER))
    data = (registry.root / path).read_bytes()
    for principal in second:
        registry.put_bundle(
            path, principal, other.sign(data, registry.identity(principal), issuer=registry.sigstore.url)
        )
    registry.publish()
    assert (registry.verify(OTHER, model).result is Result.PASSED) is good


def test_one_person_under_two_roots_counts_once(two_roots: tuple[FakeRegistry, Instance], model: Path) -> None:
    registry, other = two_roots
    registry.approve(OTHER, model, signers=("alice",))
    path = record_path(OTHER, commit_of(OTHER))
    data = (registry.root / path).read_bytes()
    for name in ("bob", "carol"):
        registry.put_bundle(path, name, other.sign(data, registry.identity("alice"), issuer=registry.sigstore.url))
    registry.publish()
    assert registry.verify(OTHER, model).result is Result.FAILED

"""verifier._sigstore.verify against bundles from a faulty instance, put together from parts, or damaged."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator

import pytest
from sigstore.models import Bundle

from tests.fakes.sigstore import Fault
from tests.fakes.sigstore.faults import check_possible
from tests.fakes.sigstore.rekor import RekorVersion
from tests.test_sigstore_adapter import ALICE, AT, DATA, KINDS, each_kind, expected_of, instance_of, judge
from verifier import limits
from verifier._sigstore.verify import BadSignatureError, Root


def possible_faults() -> Iterator[tuple[Fault, RekorVersion, bool]]:
    for fault in Fault:
        for rekor, tsa in KINDS:
            try:
                check_possible({fault}, rekor=rekor, tsa=tsa)
            except ValueError:
                continue
            yield fault, rekor, tsa


@pytest.mark.parametrize(("fault", "rekor", "tsa"), [*possible_faults()])
def test_every_fault_of_an_instance_is_refused(fault: Fault, rekor: RekorVersion, tsa: bool) -> None:
    instance = instance_of(rekor, tsa, faults=[fault])
    with pytest.raises(BadSignatureError):
        judge(instance, instance.sign(DATA, ALICE))


@pytest.mark.parametrize(
    ("rekor", "tsa", "holder", "part"),
    [
        (rekor, tsa, holder, part)
        for rekor, tsa in KINDS
        for holder, part in (
            ("verificationMaterial", "certificate"),
            ("verificationMaterial", "tlogEntries"),
            ("verificationMaterial", "timestampVerificationData"),
            ("messageSignature", "signature"),
        )
        if tsa or part != "timestampVerificationData"
    ],
)
@pytest.mark.parametrize("stranger", [False, True], ids=["of another bundle", "of another instance"])
def test_a_part_of_another_bundle_is_refused(
    rekor: RekorVersion, tsa: bool, holder: str, part: str, stranger: bool
) -> None:
    instance = instance_of(rekor, tsa)
    donor = instance_of(rekor, tsa) if stranger else instance
    document, other = (json.loads(source.sign(DATA, ALICE)) for source in (instance, donor))
    document[holder][part] = other[holder][part]
    with pytest.raises(BadSignatureError):
        judge(instance, json.dumps(document).encode())


@pytest.mark.parametrize("rekor", [1, 2])
def test_two_log_entries_are_refused(rekor: RekorVersion) -> None:
    instance = instance_of(rekor)
    document = json.loads(instance.sign(DATA, ALICE))
    document["verificationMaterial"]["tlogEntries"] *= 2
    with pytest.raises(BadSignatureError):
        judge(instance, json.dumps(document).encode())


@pytest.mark.parametrize(
    "bundle",
    [
        b"",
        b" ",
        b"{}",
        b"null",
        b"[]",
        b"0",
        b'"bundle"',
        b"\xff\xfe\x00\x01",
        b"\x00" * limits.MAX_BUNDLE,
        b"[" * limits.MAX_BUNDLE,
        b'{"a":' * 13_000 + b"1" + b"}" * 13_000,
        b'{"mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json"}',
        b'{"mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json", "verificationMaterial": {}}',
    ],
    ids=range(13),
)
def test_what_is_no_bundle_is_refused(bundle: bytes) -> None:
    with pytest.raises(BadSignatureError):
        judge(instance_of(), bundle)


@each_kind
def test_a_truncated_bundle_is_refused(rekor: RekorVersion, tsa: bool) -> None:
    instance = instance_of(rekor, tsa)
    bundle = instance.sign(DATA, ALICE)
    for length in range(0, len(bundle), 97):
        with pytest.raises(BadSignatureError):
            judge(instance, bundle[:length])


@pytest.mark.parametrize(("before", "between", "after"), [(b"", b"\n", b""), (b"[", b",", b"]")], ids=["lines", "list"])
def test_two_bundles_in_one_file_are_refused(before: bytes, between: bytes, after: bytes) -> None:
    instance = instance_of()
    bundle = instance.sign(DATA, ALICE)
    with pytest.raises(BadSignatureError):
        judge(instance, before + bundle + between + bundle + after)


@each_kind
def test_a_flipped_byte_is_refused_or_leaves_what_was_signed_as_it_was(rekor: RekorVersion, tsa: bool) -> None:
    """The signed meaning: the certificate, the signature, the time, and that no other data and no other name passes."""
    instance = instance_of(rekor, tsa)
    root = Root(instance.trusted_root())
    bundle = instance.sign(DATA, ALICE)
    genuine = Bundle.from_json(bundle)
    accepted = 0
    dice = random.Random(2026)
    for position in range(dice.randrange(9), len(bundle), max(1, len(bundle) // 200)):
        flipped = bytearray(bundle)
        flipped[position] ^= 1 << dice.randrange(8)
        try:
            signed_at = root.verify(DATA, bytes(flipped), expected_of(instance))
        except BadSignatureError:
            continue
        accepted += 1
        parsed = Bundle.from_json(bytes(flipped))
        assert signed_at == AT
        assert parsed.signing_certificate == genuine.signing_certificate
        assert parsed.signature == genuine.signature
        for data, name in ((DATA + b"!", ALICE), (DATA, "bob@acme.test")):
            with pytest.raises(BadSignatureError):
                root.verify(data, bytes(flipped), expected_of(instance, name))
    assert accepted < 100

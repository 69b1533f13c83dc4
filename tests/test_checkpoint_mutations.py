"""Every byte of a bundle, changed: the checkpoint is refused, or the very same statement by the same signer is proven.

What may change without a refusal lies outside of what is signed: blanks, a field's last unused bits, a key's hint.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from tests.fakes.checkpoint import CLAIMS_OF_WORKFLOW, ISSUER, NAME, NOW, WORKFLOW, InProcessSigner
from tests.fakes.sigstore import Instance
from tests.fakes.sigstore.entries import intoto_v1
from tests.test_own_keys import SUBJECT, Authority, Stamping, own, pem, public_of
from verifier.checkpoints import oms
from verifier.checkpoints.beside import authenticate
from verifier.digest import Digest
from verifier.signature import Authentic
from verifier.terms import CertificateSigner, ExpectedSigner, KeylessSigner, KeySigner

STATEMENT = oms.write("run-17", {"model.safetensors": Digest.of(b"weights")}, name=NAME, at=NOW)


def keyless(rekor: int, **how: Any) -> tuple[InProcessSigner, ExpectedSigner]:
    instance = Instance(rekor=rekor, clock=lambda: NOW)  # type: ignore[arg-type]
    signer = InProcessSigner(instance, WORKFLOW, ISSUER, **CLAIMS_OF_WORKFLOW, **how)
    return signer, KeylessSigner(instance.trusted_root(), ISSUER, WORKFLOW, repository_id=123)


def survivors(bundle: bytes, signers: Sequence[ExpectedSigner], *, statement: bool, step: int = 1) -> set[int]:
    """Change each byte in turn, or each `step`th.

    Give those whose change is not noticed, having seen that nothing else changed.
    """
    original = authenticate(bundle, signers, statement=statement)
    assert isinstance(original, Authentic)
    unnoticed = set()
    for at in range(0, len(bundle), step):
        mutated = bytearray(bundle)
        mutated[at] ^= (0x01, 0x20)[at % 2]
        answer = authenticate(bytes(mutated), signers, statement=statement)
        if isinstance(answer, Authentic):
            assert answer == original
            unnoticed.add(at)
    return unnoticed


@pytest.mark.parametrize(("rekor", "statement"), [(1, True), (2, False)], ids=["directory", "tarball"])
def test_of_a_keyless_bundle(rekor: int, statement: bool) -> None:
    signer, expected = keyless(rekor)
    bundle = signer.sign_statement(STATEMENT) if statement else signer.sign_digest(Digest.of(b"weights"))

    assert len(survivors(bundle, [expected], statement=statement)) < len(bundle) / 4


def test_of_a_keyless_bundle_with_an_entry_of_the_older_kind() -> None:
    signer, expected = keyless(1, record=intoto_v1)
    bundle = signer.sign_statement(STATEMENT)

    assert len(survivors(bundle, [expected], statement=True, step=5)) < len(bundle) / 20


def test_of_a_certificates_bundle() -> None:
    key, authority, instance = ec.generate_private_key(ec.SECP256R1()), Authority(), Instance(clock=lambda: NOW)
    chain = pem(authority.leaf(key), authority.between)
    bundle = own(key, chain=chain, config=Stamping(instance)).sign_digest(Digest.of(b"weights"))
    expected = CertificateSigner(pem(authority.root), SUBJECT, instance.trusted_root())

    assert len(survivors(bundle, [expected], statement=False)) < len(bundle) / 4


@pytest.mark.parametrize("statement", [True, False], ids=["directory", "tarball"])
def test_of_a_keys_bundle(statement: bool) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    bundle = own(key).sign_statement(STATEMENT) if statement else own(key).sign_digest(Digest.of(b"weights"))
    expected = KeySigner(public_of(key), "key.pub")

    assert len(survivors(bundle, [expected], statement=statement)) < len(bundle) / 4

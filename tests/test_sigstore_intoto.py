"""verifier._sigstore.intoto: bundles whose log entry is of the kind intoto 0.0.2 prove as much as any other."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from cryptography import x509

from tests.fakes.sigstore import Fault, Instance
from tests.fakes.sigstore.encoding import b64
from tests.fakes.sigstore.entries import EntryBody, dsse_v1, intoto_v1
from tests.fakes.sigstore.faults import check_possible
from tests.test_sigstore_adapter import ALICE, AT, MINUTE, expected_of, instance_of
from verifier._sigstore.verify import BadSignatureError, Root, Signed

PAYLOAD = b'{"_type": "https://in-toto.io/Statement/v1"}'
TSA = pytest.mark.parametrize("tsa", [False, True])


def judge(instance: Instance, bundle: bytes, identity: str = ALICE) -> Signed:
    return Root(instance.trusted_root()).verify_statement(bundle, expected_of(instance, identity))


@TSA
def test_it_passes_as_what_it_signs(tsa: bool) -> None:
    instance = instance_of(tsa=tsa)
    bundle = instance.sign_dsse(PAYLOAD, ALICE, record=intoto_v1)
    signed = judge(instance, bundle)

    assert (signed.payload, signed.signed_at) == (PAYLOAD, AT)
    with pytest.raises(BadSignatureError):
        judge(instance, bundle, "bob@acme.test")


@pytest.mark.parametrize(("fault", "tsa"), [(fault, tsa) for fault in Fault for tsa in (False, True)])
def test_every_fault_of_an_instance_is_refused(fault: Fault, tsa: bool) -> None:
    try:
        check_possible({fault}, rekor=1, tsa=tsa)
    except ValueError:
        pytest.skip("no such instance")
    instance = instance_of(tsa=tsa, faults=[fault])
    with pytest.raises(BadSignatureError):
        judge(instance, instance.sign_dsse(PAYLOAD, ALICE, record=intoto_v1))


def changed(change: Callable[[dict[str, Any]], object]) -> Callable[[bytes, bytes, bytes, x509.Certificate], EntryBody]:
    """Make an entry that a log has rightly signed, and that says something else."""

    def record(envelope: bytes, payload: bytes, signature: bytes, certificate: x509.Certificate) -> EntryBody:
        made = intoto_v1(envelope, payload, signature, certificate)
        document = json.loads(made.canonical)
        change(document)
        return replace(made, canonical=json.dumps(document).encode())

    return record


def content(document: dict[str, Any]) -> Any:
    return document["spec"]["content"]


def signature(document: dict[str, Any]) -> Any:
    return content(document)["envelope"]["signatures"][0]


@TSA
@pytest.mark.parametrize(
    "change",
    [
        lambda entry: entry.update(kind="dsse"),
        lambda entry: entry.update(apiVersion="0.0.1"),
        lambda entry: entry.update(spec={}),
        lambda entry: content(entry)["payloadHash"].update(value="00" * 32),
        lambda entry: content(entry)["payloadHash"].update(algorithm="sha512"),
        lambda entry: content(entry)["envelope"].update(payloadType="text/plain"),
        lambda entry: content(entry)["envelope"].update(signatures=[]),
        lambda entry: content(entry)["envelope"].update(signatures=content(entry)["envelope"]["signatures"] * 2),
        lambda entry: signature(entry).update(sig=b64(b64(b"another").encode())),
        lambda entry: signature(entry).update(sig=b64(b"once")),
        lambda entry: signature(entry).update(sig="!"),
        lambda entry: signature(entry).update(publicKey=b64(b"no certificate")),
        lambda entry: signature(entry).pop("publicKey"),
    ],
    ids=range(13),
)
def test_an_entry_that_says_something_else_is_refused(change: Callable[[dict[str, Any]], object], tsa: bool) -> None:
    instance = instance_of(tsa=tsa)
    with pytest.raises(BadSignatureError):
        judge(instance, instance.sign_dsse(PAYLOAD, ALICE, record=changed(change)))


def test_an_entry_of_another_certificate_is_refused() -> None:
    instance = instance_of()
    other = json.loads(instance.sign_dsse(PAYLOAD, ALICE, at=AT + MINUTE))["verificationMaterial"]["certificate"]
    document = json.loads(instance.sign_dsse(PAYLOAD, ALICE, record=intoto_v1))
    document["verificationMaterial"]["certificate"] = other
    with pytest.raises(BadSignatureError):
        judge(instance, json.dumps(document).encode())


@pytest.mark.parametrize(("record", "kind"), [(dsse_v1, ("intoto", "0.0.2")), (intoto_v1, ("dsse", "0.0.1"))])
def test_an_entry_under_the_other_kinds_name_is_refused(record: Any, kind: tuple[str, str]) -> None:
    instance = instance_of()
    document = json.loads(instance.sign_dsse(PAYLOAD, ALICE, record=record))
    document["verificationMaterial"]["tlogEntries"][0]["kindVersion"] = dict(
        zip(("kind", "version"), kind, strict=True)
    )
    with pytest.raises(BadSignatureError):
        judge(instance, json.dumps(document).encode())


def test_it_is_no_entry_of_a_file() -> None:
    instance = instance_of()
    document = json.loads(instance.sign(b"data", ALICE))
    document["verificationMaterial"]["tlogEntries"][0]["kindVersion"] = {"kind": "intoto", "version": "0.0.2"}
    with pytest.raises(BadSignatureError):
        Root(instance.trusted_root()).verify(b"data", json.dumps(document).encode(), expected_of(instance))


def test_a_time_without_its_promise_is_refused() -> None:
    instance = instance_of()
    document = json.loads(instance.sign_dsse(PAYLOAD, ALICE, record=intoto_v1))
    del document["verificationMaterial"]["tlogEntries"][0]["inclusionPromise"]
    with pytest.raises(BadSignatureError):
        judge(instance, json.dumps(document).encode())

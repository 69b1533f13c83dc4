"""Bundles that no signing client writes: what we make of them, and what cosign and sigstore-go make of them.

Whoever can write to a registry's checkout can do all this to a bundle. Nothing here makes anybody accept what
was not signed; it is about how strictly the same signature is read.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

import pytest

from tests.fakes.sigstore import Instance
from tests.interop.readers import ADDRESS, DATA, EVERYONE, NOBODY, THE_CLIENTS, Claim, Readers

OURS = {"ours"}
Bundle = dict[str, Any]
Change = Callable[[Bundle], object]
Accepted = frozenset[str] | set[str]


def entry(bundle: Bundle) -> Bundle:
    (only,) = bundle["verificationMaterial"]["tlogEntries"]
    return cast(Bundle, only)


def media_type(version: str) -> Change:
    return lambda bundle: bundle.update(mediaType=f"application/vnd.dev.sigstore.bundle{version}")


# What is changed, and who accepts the result over Rekor v1 and over Rekor v2.
CHANGES: dict[str, tuple[Change, Accepted, Accepted]] = {
    "nothing": (lambda bundle: None, EVERYONE, EVERYONE),
    # Documents.
    "an unknown field": (lambda bundle: bundle.update(more=1), NOBODY, NOBODY),
    "no media type": (lambda bundle: bundle.pop("mediaType"), NOBODY, NOBODY),
    "the media type of version 0.9": (media_type(".v0.9+json"), NOBODY, NOBODY),
    # A lone certificate came with version 0.3; the Go clients take it in older bundles, too.
    "the media type of version 0.2": (media_type("+json;version=0.2"), THE_CLIENTS, THE_CLIENTS),
    "the media type of version 0.1": (media_type("+json;version=0.1"), THE_CLIENTS, NOBODY),
    # The log's entry.
    "no entry": (lambda bundle: bundle["verificationMaterial"].update(tlogEntries=[]), NOBODY, NOBODY),
    "the entry twice": (
        lambda bundle: bundle["verificationMaterial"]["tlogEntries"].append(entry(bundle)),
        NOBODY,
        NOBODY,
    ),
    "no inclusion proof": (lambda bundle: entry(bundle).pop("inclusionProof"), NOBODY, NOBODY),
    "no checkpoint": (lambda bundle: entry(bundle)["inclusionProof"].pop("checkpoint"), NOBODY, NOBODY),
    # sigstore-python reads bodies of the versions that it knows; the Go clients go by the body alone.
    "an unknown version of the entry": (
        lambda bundle: entry(bundle)["kindVersion"].update(version="0.0.7"),
        THE_CLIENTS,
        THE_CLIENTS,
    ),
    # Rekor v1's promise covers the index. Nothing covers v2's outer one, so it is compared with the proof's.
    "another index of the entry": (lambda bundle: entry(bundle).update(logIndex="77"), NOBODY, NOBODY),
    # Times. An entry's time without its promise proves nothing; sigstore-go is content with the timestamp.
    "no promise": (lambda bundle: entry(bundle).pop("inclusionPromise", None), frozenset({"sigstore-go"}), EVERYONE),
    "no integrated time": (lambda bundle: entry(bundle).pop("integratedTime", None), NOBODY, EVERYONE),
    "no timestamp": (
        lambda bundle: bundle["verificationMaterial"].pop("timestampVerificationData"),
        EVERYONE,
        NOBODY,
    ),
    # The digest that a bundle repeats for lookups: sigstore-python compares it where it is there.
    "another message digest": (
        lambda bundle: bundle["messageSignature"]["messageDigest"].update(digest="AAAA"),
        NOBODY,
        NOBODY,
    ),
    "no message digest": (lambda bundle: bundle["messageSignature"].pop("messageDigest"), NOBODY, NOBODY),
}


@pytest.fixture(params=[1, 2], ids="v{}".format)
def instance(request: pytest.FixtureRequest) -> Instance:
    return Instance(rekor=request.param)


@pytest.mark.parametrize("change", CHANGES)
def test_change(readers: Readers, instance: Instance, change: str) -> None:
    make, *accepted = CHANGES[change]
    signed = Claim.made_by(instance)
    bundle = json.loads(signed.bundle)
    make(bundle)
    assert readers.accept(replace(signed, bundle=json.dumps(bundle).encode())) == accepted[instance.rekor - 1]


def test_a_key_that_stands_twice(readers: Readers, instance: Instance) -> None:
    """JSON parsers differ in which one counts."""
    signed = Claim.made_by(instance)
    again = json.dumps(json.loads(signed.bundle)["messageSignature"]).encode()
    bundle = signed.bundle.rstrip().removesuffix(b"}") + b', "messageSignature": ' + again + b"}"
    assert readers.accept(replace(signed, bundle=bundle)) == NOBODY


def test_an_attestation_is_no_signature_of_the_file(readers: Readers, instance: Instance) -> None:
    """The Go clients take a statement of whatever predicate for a signature of its subject; we do not.

    Somebody who attests that a record is *bad* must not thereby approve it.
    """
    statement = {
        "_type": "https://in-toto.io/Statement/v1",
        "predicate": {"verdict": "bad"},
        "predicateType": "https://example.test/review",
        "subject": [{"digest": {"sha256": hashlib.sha256(DATA).hexdigest()}, "name": "record.json"}],
    }
    attestation = instance.sign_dsse(json.dumps(statement).encode(), ADDRESS)
    assert readers.accept(replace(Claim.made_by(instance), bundle=attestation)) == THE_CLIENTS

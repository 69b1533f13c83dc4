"""Real signatures of the public instance, by PyPI's publishers, verified offline by the root that sigstore carries.

They are the test assets of the source distribution of pypi-attestations 0.0.30. An attestation (PEP 740) holds the
same parts as a bundle, under other names.
"""

from __future__ import annotations

import json
import tarfile
from functools import cache
from typing import Any

import pytest

from tests.conformance.sigstore_client import ROOT, packaged
from tests.interop.peers import require
from verifier._sigstore.verify import BadSignatureError, ExpectedIdentity, Root, Signed, WrongSignerError
from verifier.checkpoints.statement import read_statement
from verifier.digest import Digest

GITHUB = "https://token.actions.githubusercontent.com"
ATTESTATIONS = "trailofbits/pypi-attestations/.github/workflows/release.yml@refs/tags/v0.0.19"
MODELS = "trailofbits/pypi-attestation-models/.github/workflows/release.yml@refs/tags/v0.0.4a2"
SIGNED = {
    "pypi_attestations-0.0.19.tar.gz.publish.attestation": (GITHUB, f"https://github.com/{ATTESTATIONS}"),
    "pypi_attestations-0.0.19.tar.gz.slsa.attestation": (GITHUB, f"https://github.com/{ATTESTATIONS}"),
    "pypi_attestation_models-0.0.4a2.tar.gz.attestation": (GITHUB, f"https://github.com/{MODELS}"),
    "pypi_attestation_models-0.0.4a2.tar.gz.sigstore": (GITHUB, f"https://github.com/{MODELS}"),
    "gitlab_oidc_project-0.0.3.tar.gz.publish.attestation": (
        "https://gitlab.com",
        "https://gitlab.com/facutuesca/gitlab-oidc-project//.gitlab-ci.yml@refs/heads/main",
    ),
    "circleci_sign_publish_example-0.0.1.dev137-py3-none-any.whl.publish.attestation": (
        "https://oidc.circleci.com",
        "https://circleci.com/api/v2/projects/fdd9283f-e619-46af-8f9c-851f7d3e8b2b/pipeline-definitions/"
        "8e4f8ab2-8d7c-4827-9f15-de076d6d647f",
    ),
}
STAGING = "rfc8785-0.1.2-py3-none-any.whl.publish.attestation"


@cache
def assets() -> dict[str, bytes]:
    """Every test asset by its name."""
    with tarfile.open(require("attestations")) as archive:
        found = {info.name.partition("/assets/")[2]: archive.extractfile(info) for info in archive if info.isfile()}
        return {name: file.read() for name, file in found.items() if name and file is not None}


def bundle_of(attestation: bytes) -> bytes:
    document: dict[str, Any] = json.loads(attestation)
    material, envelope = document["verification_material"], document["envelope"]
    bundle = {
        "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "verificationMaterial": {
            "certificate": {"rawBytes": material["certificate"]},
            "tlogEntries": material["transparency_entries"],
        },
        "dsseEnvelope": {
            "payload": envelope["statement"],
            "payloadType": "application/vnd.in-toto+json",
            "signatures": [{"sig": envelope["signature"]}],
        },
    }
    return json.dumps(bundle).encode()


def verify(name: str, issuer: str, identity: str) -> Signed:
    raw = assets()[name] if name.endswith(".sigstore") else bundle_of(assets()[name])
    return Root(packaged(ROOT, staging=False)).verify_statement(raw, ExpectedIdentity(issuer, identity))


def artifact_of(name: str) -> str:
    return name.removesuffix(".attestation").removesuffix(".sigstore").removesuffix(".publish").removesuffix(".slsa")


@pytest.mark.parametrize("name", SIGNED)
def test_it_verifies_offline_and_is_about_its_artifact(name: str) -> None:
    signed = verify(name, *SIGNED[name])
    (subject,) = read_statement(signed.payload).subject

    assert subject.digest["sha256"] == Digest.of(assets()[artifact_of(name)]).hex


@pytest.mark.parametrize("name", SIGNED)
def test_another_identity_is_refused_and_the_true_one_shown(name: str) -> None:
    issuer, identity = SIGNED[name]
    for expected in ((issuer, identity + "x"), (issuer + "/", identity)):
        with pytest.raises(WrongSignerError) as caught:
            verify(name, *expected)
        assert (caught.value.found.issuer, caught.value.found.identity) == (issuer, identity)


def test_what_the_staging_instance_signed_is_nothing_to_the_public_one() -> None:
    with pytest.raises(BadSignatureError):
        verify(STAGING, "https://accounts.google.com", "somebody@example.com")

"""What somebody who can write to the bucket might lay there: parts and whole bundles that others rightly signed."""

from __future__ import annotations

import base64
import json
import shutil
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from tests.conftest import DEMO_MODEL
from tests.fakes.checkpoint import CLAIMS_OF_WORKFLOW, ISSUER, NAME, NOW, WORKFLOW, Training
from tests.fakes.registry import rules_of
from tests.test_own_keys import key_policy, own
from verifier import limits
from verifier.checkpoints import oms
from verifier.checkpoints.statement import CHECKPOINT, checkpoint_predicate, write_statement
from verifier.digest import Digest
from verifier.policy import Policy
from verifier.verdict import Result

UNSIGNED = {"unsigned-checkpoint"}
BY_THE_WORKFLOW: dict[str, Any] = {"issuer": ISSUER, **CLAIMS_OF_WORKFLOW}


@pytest.fixture(params=["keyless", "key"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Training, Any, Policy]:
    """A signed directory, whoever signed it, and the policy that deploys it."""
    training = Training(tmp_path, Path(shutil.copytree(DEMO_MODEL, tmp_path / "run-17")))
    key = ec.generate_private_key(ec.SECP256R1())
    signer = own(key) if request.param == "key" else training.signer()
    training.sign(signer=signer, bases=[])
    policy = key_policy(training, key) if request.param == "key" else training.policy()
    assert training.verify(policy=policy).result is Result.PASSED
    return training, signer, policy


def files_of(checkpoint: Path) -> dict[str, Digest]:
    return {path.name: Digest.of(path.read_bytes()) for path in checkpoint.iterdir()}


def test_a_claim_in_the_bundles_place_is_no_signature(world: tuple[Training, Any, Policy]) -> None:
    training, _, policy = world
    training.bundle.write_bytes(training.claims.read_bytes().splitlines()[0])

    assert rules_of(training.verify(policy=policy)) == UNSIGNED


def test_a_tarballs_name_claim_in_the_bundles_place_is_no_signature(world: tuple[Training, Any, Policy]) -> None:
    training, signer, policy = world
    subjects = sorted(files_of(training.checkpoint).items())
    statement = write_statement(subjects, CHECKPOINT, checkpoint_predicate(NAME, NOW))
    training.bundle.write_bytes(signer.sign_statement(statement))

    assert rules_of(training.verify(policy=policy)) == UNSIGNED


def test_the_bundle_of_the_directory_above_is_about_other_files(world: tuple[Training, Any, Policy]) -> None:
    training, signer, policy = world
    above = training.root / "above"
    shutil.copytree(training.checkpoint, above / "run-17")
    training.sign(above, signer=signer)
    training.checkpoint = above / "run-17"
    verdict = training.verify(policy=policy, bundle=training.root / "above.sigstore.json", all_findings=True)

    assert rules_of(verdict) == {"missing-file", "unlisted-file"}


def twice(data: bytes, key: str) -> bytes:
    """Write the first `"key":` of a JSON document a second time before itself, with an empty value."""
    at = data.index(b'"%s"' % key.encode())
    return data[:at] + b'"%s": null, ' % key.encode() + data[at:]


@pytest.mark.parametrize("key", ["verificationMaterial", "dsseEnvelope", "payload", "payloadType", "signatures", "sig"])
def test_a_bundle_with_a_key_that_stands_twice_is_none(world: tuple[Training, Any, Policy], key: str) -> None:
    training, _, policy = world
    training.bundle.write_bytes(twice(training.bundle.read_bytes(), key))

    assert rules_of(training.verify(policy=policy)) == UNSIGNED


@pytest.mark.parametrize(
    "key", ["_type", "subject", "predicateType", "predicate", "resources", "digest", "annotations"]
)
def test_a_statement_with_a_key_that_stands_twice_is_none(world: tuple[Training, Any, Policy], key: str) -> None:
    training, signer, policy = world
    payload = oms.write("run-17", files_of(training.checkpoint), name=NAME, at=NOW)
    training.bundle.write_bytes(signer.sign_statement(payload))
    assert training.verify(policy=policy).result is Result.PASSED
    envelope = twice(payload, key)
    if not hasattr(signer, "instance"):  # sigstore's own reader may refuse to sign it; a key signs any bytes
        training.bundle.write_bytes(signer.sign_statement(envelope))
    else:
        training.bundle.write_bytes(training.instance.sign_dsse(envelope, WORKFLOW, **BY_THE_WORKFLOW))

    assert rules_of(training.verify(policy=policy)) == UNSIGNED


Change = Callable[[dict[str, Any]], object]


@pytest.mark.parametrize(
    "change",
    [
        lambda bundle: bundle["dsseEnvelope"].update(payloadType="application/json"),
        lambda bundle: bundle["dsseEnvelope"].update(payloadType="application/vnd.in-toto+json "),
        lambda bundle: bundle["dsseEnvelope"].update(payloadType="APPLICATION/VND.IN-TOTO+JSON"),
        lambda bundle: bundle["dsseEnvelope"]["signatures"].append({"sig": "AAAA"}),
        lambda bundle: bundle["dsseEnvelope"].update(signatures=[]),
        lambda bundle: bundle.update(
            messageSignature={"messageDigest": {"algorithm": "SHA2_256", "digest": ""}, "signature": ""}
        ),
        lambda bundle: bundle.update(mediaType="application/vnd.dev.sigstore.bundle.v9+json"),
        lambda bundle: bundle.update(verificationMaterial=None),
    ],
    ids=range(8),
)
def test_a_bundle_that_says_two_things_or_another_is_none(world: tuple[Training, Any, Policy], change: Change) -> None:
    training, _, policy = world
    document = json.loads(training.bundle.read_bytes())
    change(document)
    training.bundle.write_text(json.dumps(document))

    assert rules_of(training.verify(policy=policy)) == UNSIGNED


def test_a_bundle_with_something_more_in_it_is_none_and_says_so_in_a_line(tmp_path: Path) -> None:
    training = Training(tmp_path, Path(shutil.copytree(DEMO_MODEL, tmp_path / "run-17")))
    training.sign()
    document = json.loads(training.bundle.read_bytes()) | {"more": 1}
    training.bundle.write_text(json.dumps(document))
    (judged,) = training.verify().findings()

    assert judged.finding.message == (
        "its bundle does not hold: 1 validation error for Bundle: more: Extra inputs are not permitted"
    )


def test_a_payload_that_was_signed_as_something_else_is_no_statement(tmp_path: Path) -> None:
    training = Training(tmp_path, Path(shutil.copytree(DEMO_MODEL, tmp_path / "run-17")))
    payload = oms.write("run-17", files_of(training.checkpoint), name=NAME, at=NOW)
    for kind in ("application/json", "text/plain", ""):
        bundle = training.instance.sign_dsse(payload, WORKFLOW, payload_type=kind, **BY_THE_WORKFLOW)
        training.bundle.write_bytes(bundle)
        assert rules_of(training.verify()) == UNSIGNED


def test_annotations_change_nothing_but_the_note(world: tuple[Training, Any, Policy]) -> None:
    training, signer, policy = world
    payload = json.loads(oms.write("run-17", files_of(training.checkpoint), name=NAME, at=NOW))
    payload["subject"][0]["annotations"] |= {"resources": [{"name": "modeling.py"}], "many": ["x" * 1000] * 1000}
    training.bundle.write_bytes(signer.sign_statement(json.dumps(payload).encode()))
    assert training.verify(policy=policy).result is Result.PASSED

    (training.checkpoint / "modeling.py").write_text("print()")
    assert rules_of(training.verify(policy=policy)) == {"unlisted-file"}


def test_a_bundle_that_grows_beyond_the_limit_is_not_read(
    world: tuple[Training, Any, Policy], monkeypatch: pytest.MonkeyPatch
) -> None:
    training, _, policy = world
    monkeypatch.setattr(limits, "MAX_CHECKPOINT_BUNDLE", training.bundle.stat().st_size)
    assert training.verify(policy=policy).result is Result.PASSED
    with training.bundle.open("ab") as file:
        file.write(b" ")

    assert rules_of(training.verify(policy=policy)) == UNSIGNED


def test_a_name_in_another_normal_form_is_another_file(world: tuple[Training, Any, Policy]) -> None:
    training, signer, policy = world
    composed = training.checkpoint / "r\u00e9sum\u00e9.json"
    composed.write_text("{}")
    training.sign(signer=signer)
    assert training.verify(policy=policy).result is Result.PASSED
    composed.rename(composed.with_name(unicodedata.normalize("NFD", composed.name)))

    assert rules_of(training.verify(policy=policy)) == {"missing-file", "unlisted-file"}


def test_links_to_what_was_signed_are_not_followed_into_the_checkpoint(world: tuple[Training, Any, Policy]) -> None:
    training, _, policy = world
    moved = training.checkpoint.rename(training.root / "elsewhere")
    training.checkpoint.mkdir()
    for path in moved.iterdir():
        (training.checkpoint / path.name).symlink_to(path)

    assert "unsafe-path" in rules_of(training.verify(policy=policy))


def test_the_same_statement_in_other_bytes_is_not_what_was_signed(world: tuple[Training, Any, Policy]) -> None:
    training, _, policy = world
    document = json.loads(training.bundle.read_bytes())
    payload = json.loads(base64.b64decode(document["dsseEnvelope"]["payload"]))
    document["dsseEnvelope"]["payload"] = base64.b64encode(json.dumps(payload, indent=1).encode()).decode()
    training.bundle.write_text(json.dumps(document))

    assert rules_of(training.verify(policy=policy)) == UNSIGNED

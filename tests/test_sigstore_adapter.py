"""verifier._sigstore.verify: who signed exactly these bytes, and when, under one trusted root (DESIGN, section 6)."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sigstore.models import Bundle

from tests.fakes.sigstore import Instance
from tests.fakes.sigstore.encoding import b64
from tests.fakes.sigstore.rekor import RekorVersion
from tests.fakes.sigstore.tsa import TimestampRequest
from verifier._sigstore.verify import BadSignatureError, ExpectedIdentity, Root

DATA = b"a record\n"
ALICE = "alice@acme.test"
WORKFLOW = "https://forge.test/acme/models/.forge/workflows/publish.yml@refs/heads/main"
AT = datetime(2026, 11, 20, 10, 0, 0, tzinfo=UTC)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
KINDS: tuple[tuple[RekorVersion, bool], ...] = ((1, False), (1, True), (2, True))
each_kind = pytest.mark.parametrize(("rekor", "tsa"), KINDS)


def instance_of(rekor: RekorVersion = 1, tsa: bool = True, **options: Any) -> Instance:
    return Instance(rekor=rekor, tsa=tsa, clock=lambda: AT, **options)


def expected_of(instance: Instance, identity: str = ALICE, **ids: Any) -> ExpectedIdentity:
    return ExpectedIdentity(instance.url, identity, **ids)


def judge(instance: Instance, bundle: bytes, *, data: bytes = DATA, root: bytes | None = None) -> datetime:
    return Root(root or instance.trusted_root()).verify(data, bundle, expected_of(instance))


@each_kind
def test_the_verified_signing_time_is_given(rekor: RekorVersion, tsa: bool) -> None:
    instance = instance_of(rekor, tsa)
    assert judge(instance, instance.sign(DATA, ALICE)) == AT


@each_kind
def test_one_changed_byte_of_the_data_is_refused(rekor: RekorVersion, tsa: bool) -> None:
    instance = instance_of(rekor, tsa)
    with pytest.raises(BadSignatureError):
        judge(instance, instance.sign(DATA, ALICE), data=DATA + b"\n")


def test_an_envelope_over_the_same_bytes_is_no_signature_of_them() -> None:
    instance = instance_of()
    with pytest.raises(BadSignatureError):
        judge(instance, instance.sign_dsse(DATA, ALICE))


# Whom it names.


@pytest.mark.parametrize(
    ("expected", "certified"),
    [
        ("alice@acme.test", "Alice@acme.test"),
        ("alice@acme.test", "alice@acme.test.evil.test"),
        ("alice@acme.test", "malice@acme.test"),
        ("alice@acme.test", "alice@acme-test"),
        ("alice@acme.test", "alice@acme.tes"),
        ("*@acme.test", ALICE),
        (".*@acme\\.test", ALICE),
        ("alice@acme.test|bob@acme.test", ALICE),
        ("alice", ALICE),
        (WORKFLOW, WORKFLOW + "/"),
        (WORKFLOW, WORKFLOW + "-2"),
        (WORKFLOW, WORKFLOW.replace("acme", "Acme")),
        (WORKFLOW.rpartition("@")[0], WORKFLOW),
        ("https://forge.test/acme/.*", WORKFLOW),
        (ALICE + " ", ALICE),
    ],
)
def test_the_identity_is_compared_exactly(expected: str, certified: str) -> None:
    instance = instance_of()
    root = Root(instance.trusted_root())
    bundle = instance.sign(DATA, certified)
    assert root.verify(DATA, bundle, expected_of(instance, certified)) == AT
    with pytest.raises(BadSignatureError):
        root.verify(DATA, bundle, expected_of(instance, expected))


@pytest.mark.parametrize(
    ("expected", "certified"),
    [
        ("https://login.test", "https://login.test/"),
        ("https://login.test/", "https://login.test"),
        ("https://login.test", "https://LOGIN.test"),
        ("https://login.test", "http://login.test"),
        ("https://login.test", "https://login.test.evil.test"),
        ("https://login.test", "https://login.tes"),
        ("https://login.*", "https://login.test"),
        ("https://login.test", "https://login-test"),
    ],
)
def test_the_issuer_is_compared_exactly(expected: str, certified: str) -> None:
    instance = instance_of()
    root = Root(instance.trusted_root())
    bundle = instance.sign(DATA, ALICE, issuer=certified)
    assert root.verify(DATA, bundle, ExpectedIdentity(certified, ALICE)) == AT
    with pytest.raises(BadSignatureError):
        root.verify(DATA, bundle, ExpectedIdentity(expected, ALICE))


@pytest.mark.parametrize(("issuer", "identity"), [("", ALICE), ("https://sigstore.test", ""), ("", "")])
def test_an_expected_signer_without_issuer_or_identity_matches_nobody(issuer: str, identity: str) -> None:
    instance = instance_of()
    with pytest.raises(BadSignatureError, match="no issuer or no identity"):
        Root(instance.trusted_root()).verify(DATA, instance.sign(DATA, ALICE), ExpectedIdentity(issuer, identity))


@pytest.mark.parametrize(
    ("ids", "claims"),
    [
        ({"repository_id": 1001}, {"repository_id": "1002", "repository_owner_id": "77"}),
        ({"repository_id": 1001}, {"repository_id": "01001", "repository_owner_id": "77"}),
        ({"repository_id": 1001}, {"repository_id": "10011", "repository_owner_id": "77"}),
        ({"repository_id": 1001}, {}),
        ({"owner_id": 77}, {"repository_id": "1001", "repository_owner_id": "78"}),
        ({"owner_id": 77}, {"repository_id": "77"}),
        ({"repository_id": 1001, "owner_id": 77}, {"repository_id": "1001", "repository_owner_id": "78"}),
        ({"repository_id": 1001, "owner_id": 77}, {"repository_id": "1002", "repository_owner_id": "77"}),
        ({"repository_id": 0}, {"repository_id": "1001"}),
        ({"owner_id": 0}, {"repository_owner_id": "77"}),
    ],
)
def test_a_reusable_workflow_called_from_another_repository_is_refused(
    ids: dict[str, int], claims: dict[str, str]
) -> None:
    instance = instance_of()
    root = Root(instance.trusted_root())
    bundle = instance.sign(DATA, WORKFLOW, **claims)  # type: ignore[arg-type]
    assert root.verify(DATA, bundle, expected_of(instance, WORKFLOW)) == AT
    with pytest.raises(BadSignatureError):
        root.verify(DATA, bundle, expected_of(instance, WORKFLOW, **ids))


def test_the_ids_of_the_right_repository_and_owner_are_accepted() -> None:
    instance = instance_of()
    bundle = instance.sign(DATA, WORKFLOW, repository_id="1001", repository_owner_id="77")
    expected = expected_of(instance, WORKFLOW, repository_id=1001, owner_id=77)
    assert Root(instance.trusted_root()).verify(DATA, bundle, expected) == AT


def test_the_same_issuer_and_identity_under_another_root_is_refused() -> None:
    ours, other = instance_of(), instance_of()
    assert ours.url == other.url
    with pytest.raises(BadSignatureError):
        judge(ours, other.sign(DATA, ALICE))


# When it was signed.


@each_kind
@pytest.mark.parametrize("part", ["ca", "tlog", "ctlog"])
@pytest.mark.parametrize(
    ("start", "end", "good"),
    [
        (-DAY, MINUTE, True),
        (-DAY, timedelta(0), True),
        (timedelta(0), None, True),
        (-2 * DAY, -MINUTE, False),
        (MINUTE, None, False),
        (MINUTE, 3650 * DAY, False),
    ],
    ids=["inside", "at the end", "at the beginning", "after", "before an open end", "before"],
)
def test_windows_are_judged_at_the_signing_time(
    rekor: RekorVersion, tsa: bool, part: str, start: timedelta, end: timedelta | None, good: bool
) -> None:
    instance = instance_of(rekor, tsa)
    windows: dict[str, Any] = {f"{part}_from": AT + start, f"{part}_until": None if end is None else AT + end}
    root = instance.trusted_root(**windows)
    bundle = instance.sign(DATA, ALICE)
    if good:
        assert judge(instance, bundle, root=root) == AT
    else:
        with pytest.raises(BadSignatureError, match="was valid when this was signed"):
            judge(instance, bundle, root=root)


@pytest.mark.parametrize(("start", "end"), [(-2 * DAY, -MINUTE), (MINUTE, 3650 * DAY)])
def test_a_timestamp_from_outside_its_authoritys_window_proves_no_time(start: timedelta, end: timedelta) -> None:
    instance = instance_of(2, True)
    root = instance.trusted_root(tsa_from=AT + start, tsa_until=AT + end)
    with pytest.raises(BadSignatureError, match="not enough sources of verified time"):
        judge(instance, instance.sign(DATA, ALICE), root=root)


def test_a_part_with_two_windows_is_not_valid_between_them() -> None:
    instance = instance_of()
    earlier, later = (
        json.loads(instance.trusted_root(ca_until=AT - MINUTE)),
        json.loads(instance.trusted_root(ca_from=AT + MINUTE)),
    )
    earlier["certificateAuthorities"] += later["certificateAuthorities"]
    root = Root(json.dumps(earlier).encode())
    with pytest.raises(BadSignatureError, match="certificate authority"):
        root.verify(DATA, instance.sign(DATA, ALICE), expected_of(instance))
    for moment in (AT - 2 * MINUTE, AT + 2 * MINUTE):
        assert root.verify(DATA, instance.sign(DATA, ALICE, at=moment), expected_of(instance)) == moment


@each_kind
@pytest.mark.parametrize(
    ("part", "name"), [("ca", "certificateAuthorities"), ("tlog", "tlogs"), ("ctlog", "ctlogs")], ids=lambda text: text
)
def test_a_part_that_was_replaced_does_not_vouch_after_its_end(
    rekor: RekorVersion, tsa: bool, part: str, name: str
) -> None:
    old, new = instance_of(rekor, tsa), instance_of(rekor, tsa)
    windows: dict[str, Any] = {f"{part}_until": AT - MINUTE}
    root = json.loads(old.trusted_root(**windows))
    root[name] += json.loads(new.trusted_root())[name]
    with pytest.raises(BadSignatureError):
        judge(old, old.sign(DATA, ALICE), root=json.dumps(root).encode())


@each_kind
def test_a_part_without_any_window_is_never_valid(rekor: RekorVersion, tsa: bool) -> None:
    instance = instance_of(rekor, tsa)
    root = json.loads(instance.trusted_root())
    del root["tlogs"][0]["publicKey"]["validFor"]
    with pytest.raises(BadSignatureError, match="no log"):
        judge(instance, instance.sign(DATA, ALICE), root=json.dumps(root).encode())


def proven_time(instance: Instance, bundle: bytes) -> datetime | None:
    """Give the signing time that is taken for proven, None where the bundle is refused."""
    try:
        return judge(instance, bundle)
    except BadSignatureError:
        return None


@pytest.mark.parametrize("rekor", [1, 2])
@pytest.mark.parametrize("shift", [-5 * MINUTE, 9 * MINUTE, DAY])
def test_a_strangers_timestamp_does_not_move_the_signing_time(rekor: RekorVersion, shift: timedelta) -> None:
    instance, stranger = instance_of(rekor), instance_of(rekor)
    document = json.loads(instance.sign(DATA, ALICE))
    assert stranger.timestamps
    signature = Bundle.from_json(json.dumps(document)).signature
    stamp = stranger.timestamps.stamp(TimestampRequest.over(signature), AT + shift)
    stamps = document["verificationMaterial"]["timestampVerificationData"]["rfc3161Timestamps"]
    stamps.append({"signedTimestamp": b64(stamp)})
    assert proven_time(instance, json.dumps(document).encode()) in (None, AT)


def test_an_integrated_time_without_its_promise_proves_nothing() -> None:
    instance = instance_of(1, False)
    document = json.loads(instance.sign(DATA, ALICE))
    del document["verificationMaterial"]["tlogEntries"][0]["inclusionPromise"]
    with pytest.raises(BadSignatureError, match="no signing time"):
        judge(instance, json.dumps(document).encode())


# Trusted roots.


@pytest.mark.parametrize("raw", [b"", b"null", b"[]", b"not JSON", b"\xff", b"[" * 100_000, b'{"mediaType": 1}'])
def test_what_is_no_trusted_root_is_refused(raw: bytes) -> None:
    with pytest.raises(BadSignatureError, match="trusted root can't be read"):
        Root(raw)


@pytest.mark.parametrize("part", ["certificateAuthorities", "tlogs", "ctlogs"])
def test_a_root_without_a_part_trusts_nothing(part: str) -> None:
    instance = instance_of()
    root = json.loads(instance.trusted_root())
    root[part] = []
    with pytest.raises(BadSignatureError):
        judge(instance, instance.sign(DATA, ALICE), root=json.dumps(root).encode())


def test_a_root_without_a_timestamp_authority_refuses_timestamps() -> None:
    instance = instance_of(2)
    root = json.loads(instance.trusted_root())
    root["timestampAuthorities"] = []
    with pytest.raises(BadSignatureError):
        judge(instance, instance.sign(DATA, ALICE), root=json.dumps(root).encode())

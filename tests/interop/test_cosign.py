"""Our signatures read by Sigstore's Go clients, cosign and sigstore-go; and where they and we differ, and why.

The versions are Debian's of `make peers`: cosign 3.1.1, sigstore-go 1.3.0. cosign has the flags that its
documentation gives for a trusted root from a file, and no others.
"""

from __future__ import annotations

import json
import re
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.fakes.registry import NOW, FakeRegistry
from tests.fakes.sigstore import Fault, Instance, serve
from tests.fakes.sigstore.faults import REKOR_V1_ONLY
from tests.fakes.sigstore.rekor import RekorVersion
from tests.governance.world import world
from tests.interop.peers import require
from tests.interop.readers import ADDRESS, EVERYONE, NOBODY, THE_CLIENTS, Claim, Readers
from verifier.registry.documents import Role
from verifier.registry.store import DirectoryStore
from verifier.registry.trust import follow_chain
from verifier.verdict import Result

DAY = timedelta(days=1)
REKORS: tuple[RekorVersion, ...] = (1, 2)
ROLES: dict[str, Role] = {"trust": "trust", "models": "approve", "revocations": "revoke", "head.sigs": "publish"}
DEMONSTRATION = Path(__file__).parents[2] / "registry"

each_rekor = pytest.mark.parametrize("rekor", REKORS, ids="v{}".format)


def claims_of(root: Path) -> dict[Path, Claim]:
    """Every bundle in a registry: over the file that it lies beside, by the principal that it is named after."""
    claims = {}
    last = max((root / "trust").glob("*.json"), key=lambda path: int(path.stem))
    principals = json.loads(last.read_bytes())["principals"]
    for path in sorted(root.glob("**/*.sigs/*.sigstore.json")):
        (signer,) = principals[path.name.partition(".")[0]]
        trusted_root = (root / "roots" / f"{signer['root']}.json").read_bytes()
        document = path.parent.with_suffix(".json").read_bytes()
        name = path.relative_to(root)
        claims[name] = Claim(document, path.read_bytes(), trusted_root, signer["identity"], signer["issuer"])
    return claims


class TestRegistry:
    @pytest.fixture(params=REKORS, ids="v{}".format)
    def made(self, request: pytest.FixtureRequest, tmp_path: Path, model: Path) -> FakeRegistry:
        """A registry with signatures for every role; the head's are a workflow's."""
        sigstore = Instance(rekor=request.param, clock=lambda: NOW, start=NOW - 100 * DAY)
        made = FakeRegistry(tmp_path / "made", sigstore=sigstore)
        made.approve("acme/tiny", model)
        made.revoke("other", model="acme/other")
        made.next_trust()
        made.put("head.json", made.publish(), ["ci"], repository="acme/models", repository_id="1001", event_name="push")
        return made

    def test_every_signature_that_counts_here_counts_there(
        self, readers: Readers, made: FakeRegistry, model: Path
    ) -> None:
        assert made.verify("acme/tiny", model).result is Result.PASSED
        claims = claims_of(made.root)
        assert {ROLES[path.parts[0]] for path in claims} == set(ROLES.values())
        trusted = follow_chain(DirectoryStore(made.root), made.trust_digest, made.now)
        for path, claim in claims.items():
            count = trusted.count(ROLES[path.parts[0]], str(path.parent.with_suffix(".json")), claim.data)
            assert path.name.partition(".")[0] in {signature.principal for signature in count.signatures}
            assert readers.accept(claim) == EVERYONE

    def test_an_edited_document(self, readers: Readers, made: FakeRegistry) -> None:
        for claim in claims_of(made.root).values():
            edited = claim.data.replace(b'"registry": "acme"', b'"registry": "evil"')
            assert edited != claim.data
            assert readers.accept(replace(claim, data=edited)) == NOBODY

    def test_the_committed_demonstration(self, readers: Readers) -> None:
        claims = claims_of(DEMONSTRATION)
        assert {ROLES[path.parts[0]] for path in claims} >= {"approve", "revoke", "publish"}
        for claim in claims.values():
            assert readers.accept(claim) == EVERYONE

    @each_rekor
    def test_every_signature_that_our_commands_make(
        self, readers: Readers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rekor: RekorVersion
    ) -> None:
        with world(tmp_path, monkeypatch, rekor=rekor) as team:
            team.init()
            team.add("acme/tiny")
            team.approve("acme/tiny")
            team.cli("carol", "revoke", "acme/other", "--reason", "for a test")
            team.cli("alice", "rotate", "--add", "dora=dora@acme.test")
            team.approve("trust", by=("alice", "dora", "bob"))
            assert team.publish().status == 0
            claims = claims_of(team.registry)

        assert {ROLES[path.parts[0]] for path in claims} == set(ROLES.values())
        for claim in claims.values():
            assert readers.accept(claim) == EVERYONE

    @each_rekor
    def test_a_record_that_cosign_signed(self, tmp_path: Path, model: Path, rekor: RekorVersion) -> None:
        now = datetime.now(UTC).replace(microsecond=0)
        made = FakeRegistry(
            tmp_path / "made", now=now, sigstore=Instance(rekor=rekor, clock=lambda: now, start=now - 100 * DAY)
        )
        record = f"models/acme/tiny/{made.approve('acme/tiny', model, signers=['bob']).revision}.json"
        made.publish()
        assert made.verify("acme/tiny", model).result is Result.FAILED

        config, bundle = tmp_path / "config.json", tmp_path / "bundle.json"
        with serve(made.sigstore) as server:
            config.write_text(json.dumps(server.signing_config()))
            command: list[str | Path] = [require("cosign"), "sign-blob", "--yes", "--signing-config", config]
            command += ["--bundle", bundle]
            command += ["--trusted-root", made.root / "roots" / f"{made.root_digest}.json"]
            command += ["--identity-token", server.token(made.identity("alice")), made.root / record]
            subprocess.run(command, env={}, check=True, capture_output=True, timeout=60)
        made.put_bundle(record, "alice", bundle.read_bytes())
        verdict = made.verify("acme/tiny", model)
        assert verdict.result is Result.PASSED
        assert verdict.registry is not None
        assert verdict.registry.approved_by == ("alice", "bob")


class TestAnotherQuestion:
    """A good bundle, held against something else than it was made for."""

    @pytest.fixture(params=REKORS, ids="v{}".format)
    def signed(self, request: pytest.FixtureRequest) -> Claim:
        return Claim.made_by(Instance(rekor=request.param))

    def test_the_right_one(self, readers: Readers, signed: Claim) -> None:
        assert readers.accept(signed) == EVERYONE

    @pytest.mark.parametrize("identity", ["other@example.test", "Approver@example.test", "approver@example.test.evil"])
    def test_another_identity(self, readers: Readers, signed: Claim, identity: str) -> None:
        assert readers.accept(replace(signed, identity=identity)) == NOBODY

    @pytest.mark.parametrize("issuer", ["https://other.test", "https://sigstore.test/"])
    def test_another_issuer(self, readers: Readers, signed: Claim, issuer: str) -> None:
        assert readers.accept(replace(signed, issuer=issuer)) == NOBODY

    def test_another_file(self, readers: Readers, signed: Claim) -> None:
        assert readers.accept(replace(signed, data=b"Weights")) == NOBODY

    def test_another_files_bundle(self, readers: Readers) -> None:
        instance = Instance()
        assert readers.accept(replace(Claim.made_by(instance), bundle=instance.sign(b"others", ADDRESS))) == NOBODY

    def test_another_instance_of_the_same_name(self, readers: Readers, signed: Claim) -> None:
        assert readers.accept(replace(signed, root=Instance().trusted_root())) == NOBODY


COMPLAINTS = {
    Fault.BAD_SCT: "signed certificate timestamp",
    Fault.NO_SCT: "signed certificate timestamp",
    Fault.UNTRUSTED_CT_KEY: "signed certificate timestamp",
    Fault.UNTRUSTED_CA: "verify leaf certificate",
    Fault.NO_ISSUER: "expected issuer value",
    Fault.NO_CODE_SIGNING: "verify leaf certificate",
    Fault.BACKDATED_CERTIFICATE: "verify leaf certificate|outside certificate validity",
    Fault.UNTRUSTED_LOG_KEY: "verify log inclusion",
    Fault.BAD_SET: "verify log inclusion",
    Fault.LATE_INTEGRATION: "outside certificate validity",
    Fault.WRONG_INCLUSION_PROOF: "verify log inclusion",
    Fault.STALE_CHECKPOINT: "verify log inclusion",
    Fault.WRONG_CHECKPOINT_SIZE: "verify log inclusion",
    Fault.ENTRY_OF_OTHER_SIGNATURE: "verify log inclusion",
    Fault.LATE_TIMESTAMP: "verify leaf certificate",
    Fault.TIMESTAMP_OF_OTHER_DATA: "verify timestamps",
}
"""What the clients say of each fault, where they refuse it."""

ACCEPTED = {
    # cosign looks at timestamps beside an integrated time only with --use-signed-timestamps.
    (1, Fault.LATE_TIMESTAMP): {"cosign"},
    # A timestamp of something else proves no time, and the integrated time is enough; we want every claim to hold.
    (1, Fault.TIMESTAMP_OF_OTHER_DATA): THE_CLIENTS,
    # For Rekor v1 the clients compare the root hash alone. We compare the size, too, as they do for Rekor v2.
    (1, Fault.WRONG_CHECKPOINT_SIZE): THE_CLIENTS,
}
"""Who accepts a fault nevertheless, on that version of Rekor."""

FAULTS = [(rekor, fault) for rekor in REKORS for fault in Fault if rekor == 1 or fault not in REKOR_V1_ONLY]


@pytest.mark.parametrize(("rekor", "fault"), FAULTS)
def test_fault(readers: Readers, rekor: RekorVersion, fault: Fault) -> None:
    answers = readers.answers(Claim.made_by(Instance(rekor=rekor, faults=[fault])))
    assert {reader for reader, complaint in answers.items() if not complaint} == ACCEPTED.get((rekor, fault), NOBODY)
    for client in THE_CLIENTS:
        assert not answers[client] or re.search(COMPLAINTS[fault], answers[client])


class TestWindows:
    """The trusted root says from when until when each part is to be trusted; now is the time of signing."""

    @each_rekor
    @pytest.mark.parametrize("edge", [{"until": -DAY}, {"from": DAY}], ids=["over", "not yet"])
    @pytest.mark.parametrize("part", ["ca", "ctlog", "tlog", "tsa"])
    def test_outside(self, readers: Readers, rekor: RekorVersion, part: str, edge: dict[str, timedelta]) -> None:
        instance = Instance(rekor=rekor)
        window = {f"{part}_{side}": instance.now() + distance for side, distance in edge.items()}
        accepted = {
            (2, "tlog"): THE_CLIENTS,  # they ask a log's window of integrated times only, which Rekor v2 has none of
            (1, "tsa"): THE_CLIENTS,  # the integrated time is enough for them; we want every claimed time to hold
        }
        claimed = replace(Claim.made_by(instance), root=instance.trusted_root(**window))
        assert readers.accept(claimed) == accepted.get((rekor, part), NOBODY)

    @each_rekor
    def test_over_today_but_not_when_it_was_signed(self, readers: Readers, rekor: RekorVersion) -> None:
        now = datetime.now(UTC)
        past = Instance(rekor=rekor, clock=lambda: now - 50 * DAY, start=now - 100 * DAY, end=now - DAY)
        assert readers.accept(Claim.made_by(past)) == EVERYONE

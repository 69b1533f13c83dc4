"""What must hold, played as attacks: each is refused before anything is written, or found where it was written."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime, timedelta
from itertools import permutations
from pathlib import Path
from typing import Any, Final

import pytest

from tests.fakes.hub import faults, tiny_model
from tests.fakes.sigstore import Instance
from tests.governance.world import CI, MODEL, WORKFLOW, World
from tests.test_git import commit, git
from verifier.digest import Digest
from verifier.document import parse, to_bytes
from verifier.registry.documents import Approval, Head

CI_CLAIMS: Final[dict[str, Any]] = {
    "repository": "acme/models",
    "repository_id": "1001",
    "repository_owner_id": "1002",
    "job_workflow_ref": WORKFLOW,
}


def files(directory: Path) -> dict[str, bytes]:
    return {str(path.relative_to(directory)): path.read_bytes() for path in directory.rglob("*") if path.is_file()}


def record_of(team: World, model: str = MODEL) -> Path:
    (path,) = (team.registry / "models" / model).glob("*.json")
    return path


def rewrite(path: Path, **changes: Any) -> None:
    approval = parse(path.read_bytes(), Approval)
    path.write_bytes(to_bytes(Approval.model_validate(approval.model_dump(by_alias=True) | changes)))


def sign_as(team: World, path: Path, who: str, *, name: str = "", data: bytes | None = None, **claims: Any) -> None:
    """Sign a document with no regard to any rule, as somebody with their own tools would."""
    identity = CI if who == "ci" else f"{who}@acme.test"
    raw = path.read_bytes() if data is None else data
    bundle = team.sigstore.instance.sign(raw, identity, **claims)
    target = path.with_suffix(".sigs") / f"{name or who}.sigstore.json"
    target.parent.mkdir(exist_ok=True)
    target.write_bytes(bundle)


def audit(team: World, *arguments: str) -> tuple[int, str]:
    ended = team.cli("anybody", "verify", *arguments)
    return ended.status, ended.stdout + ended.stderr


@pytest.fixture
def versioned(published: World) -> World:
    """The published registry in version control."""
    git(published.home, "init", "--quiet", "--initial-branch", "main")
    commit(published.home, {})
    return published


def change(team: World, *arguments: str) -> tuple[int, str]:
    """Commit what was changed and run the pull request's check on it."""
    commit(team.home, {})
    return audit(team, "--base", "HEAD~1", *arguments)


class TestWhoSigns:
    @pytest.mark.parametrize(
        ("who", "verb", "why"),
        [
            ("mallory", "approve", "is nobody whom trust file 1 names"),
            ("ci", "approve", "has no part in the role 'approve'"),
            ("alice", "publish", "has no part in the role 'publish'"),
            ("ci", "revoke", "has no part in the role 'revoke'"),
        ],
    )
    def test_an_outsider_or_another_role(self, begun: World, who: str, verb: str, why: str) -> None:
        begun.add(MODEL)
        before = files(begun.registry)
        named = {"approve": (MODEL,), "publish": (), "revoke": (MODEL, "--reason", "x")}[verb]

        ended = begun.cli(who, verb, *named)

        assert (ended.status, why in ended.stderr) == (2, True)
        assert files(begun.registry) == before

    @pytest.mark.parametrize(
        ("changes", "why"),
        [
            ({"lifetime": timedelta(seconds=-5)}, "expired"),
            ({"audience": "somebody-else"}, "meant for"),
            ({"issuer": "https://evil.test"}, "names no principal of the issuer https://evil.test"),
        ],
    )
    def test_a_token_that_can_not_serve(self, begun: World, changes: dict[str, Any], why: str) -> None:
        begun.add(MODEL)
        before, asked = files(begun.registry), len(begun.sigstore.requests)

        ended = begun.cli("alice", "approve", MODEL, **changes)

        assert (ended.status, why in ended.stderr) == (2, True)
        assert files(begun.registry) == before
        assert len(begun.sigstore.requests) == asked

    def test_the_requester(self, begun: World) -> None:
        assert begun.cli("x", "add", MODEL, "--requested-by", "Alice", "--reason", "mine").status == 0

        ended = begun.cli("alice", "approve", MODEL)
        assert (ended.status, "can't approve it" in ended.stderr) == (2, True)
        sign_as(begun, record_of(begun), "alice")
        begun.approve(MODEL, by=("bob",))
        assert "waits: acme/tiny" in begun.publish().stderr

    def test_one_person_twice(self, begun: World) -> None:
        begun.add(MODEL)
        begun.approve(MODEL, by=("alice", "alice"))
        sign_as(begun, record_of(begun), "alice", name="bob")

        assert "1 of 2 valid signatures" in begun.publish().stderr

    def test_a_principal_after_leaving(self, begun: World) -> None:
        begun.add(MODEL)
        begun.cli("x", "rotate", "--leave", "bob")
        begun.approve("trust", by=("alice", "carol"))

        ended = begun.cli("bob", "approve", MODEL)
        assert (ended.status, "bob has left" in ended.stderr) == (2, True)
        begun.approve(MODEL, by=("alice",))
        sign_as(begun, record_of(begun), "bob", at=datetime.now(UTC) + timedelta(seconds=5))
        assert "1 of 2 valid signatures" in begun.publish().stderr

    def test_what_somebody_signed_before_leaving_stays_good(self, published: World) -> None:
        published.cli("x", "rotate", "--leave", "bob")
        published.approve("trust", by=("alice", "carol"))

        assert "1 approval," in published.publish().stdout

    def test_a_reusable_workflow_called_from_another_repository(self, begun: World) -> None:
        before = files(begun.registry)
        ended = begun.cli("ci", "publish", repository="evil/models", repository_id="6666", repository_owner_id="6667")

        assert (ended.status, "does not count" in ended.stderr) == (4, True)
        assert files(begun.registry) == before
        claims: dict[str, Any] = {"repository": "evil/models", "repository_id": "6666", "job_workflow_ref": WORKFLOW}
        begun.publish()
        sign_as(begun, begun.registry / "head.json", "ci", **claims)
        status, said = audit(begun)
        assert (status, "head.json is not signed as it must be" in said) == (3, True)

    def test_the_same_issuer_from_another_root(self, begun: World) -> None:
        begun.add(MODEL)
        begun.approve(MODEL, by=("alice",))
        path = record_of(begun)
        forged = Instance(url=begun.sigstore.instance.url).sign(path.read_bytes(), "bob@acme.test")
        (path.with_suffix(".sigs") / "bob.sigstore.json").write_bytes(forged)

        assert "1 of 2 valid signatures" in begun.publish().stderr


class TestWhatIsApproved:
    def test_digests_that_a_requester_invented(self, begun: World) -> None:
        begun.add(MODEL)
        path = record_of(begun)
        approval = parse(path.read_bytes(), Approval)
        for name in ("config.json", "model-00001-of-00002.safetensors"):
            forged = {key: entry.model_dump() for key, entry in approval.files.items()}
            forged[name]["sha256"] = "0" * 64
            rewrite(path, files=forged)

            ended = begun.cli("alice", "approve", MODEL)

            assert (ended.status, f"{name} is not the file that the record lists" in ended.stdout) == (3, True)
        assert not path.with_suffix(".sigs").exists()

    def test_a_file_that_a_requester_left_unseen(self, begun: World) -> None:
        """The record names a file that the Hub does not have."""
        begun.add(MODEL)
        path = record_of(begun)
        approval = parse(path.read_bytes(), Approval)
        more = {key: entry.model_dump() for key, entry in approval.files.items()}
        rewrite(path, files=more | {"modeling.py": {"sha256": "0" * 64, "size": 3}})

        ended = begun.cli("alice", "approve", MODEL)

        assert (ended.status, "modeling.py is not the file that the record lists" in ended.stdout) == (3, True)

    def test_a_hub_that_serves_other_bytes_than_it_declares(self, begun: World) -> None:
        for pattern in ("*config.json", "*.safetensors"):
            begun.hub.fault(pattern, faults.AlteredByte(at=1))
            ended = begun.add(MODEL)
            begun.hub.restore()
            assert (ended.status, "is not the file that the Hub declares" in ended.stdout) == (3, True)
        assert not (begun.registry / "models").exists()

    def test_an_edited_record(self, published: World, tmp_path: Path) -> None:
        rewrite(record_of(published), reason="another one")
        model = published.lay(tmp_path / "model", tiny_model())

        ended = published.verify(MODEL, model)
        assert (ended.status, "not the one that the signed head lists" in ended.stdout) == (3, True)
        assert audit(published)[0] == 3
        assert "0 of 2 valid signatures" in published.publish().stderr

    def test_a_missing_signature(self, published: World) -> None:
        (record_of(published).with_suffix(".sigs") / "alice.sigstore.json").unlink()

        status, said = audit(published)
        assert (status, "1 of 2 valid signatures" in said) == (3, True)

    def test_ids_that_differ_by_case_only(self, published: World) -> None:
        ended = published.add("Acme/Tiny")
        assert (ended.status, "spells Acme/Tiny as acme/tiny" in ended.stderr) == (2, True)
        published.hub.add("Acme/Small", tiny_model(b"another"))
        published.add("Acme/Small")
        (published.registry / "models" / "Acme").rename(published.registry / "models" / "aCME")
        ended = published.add("Acme/Small")
        assert (ended.status, "differs from Acme/Small by letters' case only" in ended.stderr) == (2, True)

        shutil.rmtree(published.registry / "models" / "aCME")
        for path in (published.registry / "models" / "acme" / "tiny").glob("*.json"):
            twin = published.registry / "models" / "acme" / "Tiny" / path.name
            approval = parse(path.read_bytes(), Approval).model_dump(by_alias=True) | {"model": "acme/Tiny"}
            twin.parent.mkdir()
            twin.write_bytes(to_bytes(Approval.model_validate(approval)))
            for who in ("alice", "bob"):
                sign_as(published, twin, who)
        status, said = audit(published)
        assert (status, "by letters' case only" in said) == (3, True)
        ended = published.publish()
        assert (ended.status, "acme/Tiny and acme/tiny differ by letters' case only" in ended.stderr) == (2, True)

    def test_a_waiver_without_an_end_or_past_it(self, begun: World) -> None:
        for waiver in (
            "pickle:pytorch_model.bin:never:why", "pickle:pytorch_model.bin", "pickle:config.json:2020-01-01:old",
            "pickle:config.json:2099-01-01:for ever", "digest-mismatch:config.json:2026-12-24:no",
        ):  # fmt: skip
            assert begun.add(MODEL, "--waive", waiver).status == 2

    def test_an_unsafe_model_is_refused_and_a_waived_one_shown(self, begun: World) -> None:
        begun.hub.add("acme/pickled", tiny_model(pytorch=True))
        soon = f"{datetime.now(UTC) + timedelta(days=30):%Y-%m-%d}"

        ended = begun.add("acme/pickled")
        assert (ended.status, "DENIES" in ended.stdout, "pickle" in ended.stdout) == (3, True, True)
        assert begun.add("acme/pickled", "--waive", f"pickle:pytorch_model.bin:{soon}:reviewed").status == 0
        ended = begun.cli("alice", "approve", "acme/pickled", "--whole")
        assert (ended.status, "waived" in ended.stdout, "reviewed" in ended.stdout) == (0, True, True)

    @pytest.mark.parametrize("model", ["revoked", "look-alike", "unsafe"])
    def test_a_baseline_is_never_for(self, team: World, model: str) -> None:
        team.init("--baseline-days", "90")
        if model == "revoked":
            team.cli("carol", "revoke", MODEL, "--reason", "a backdoor")
            name, why = MODEL, "revoked-model"
        elif model == "look-alike":
            team.hub.add("EleuterAI/gpt-j-6B", tiny_model())
            name, why = "EleuterAI/gpt-j-6B", "typosquatted-publisher"
        else:
            team.hub.add("acme/pickled", tiny_model(pytorch=True))
            name, why = "acme/pickled", "pickle"
            assert team.add(name, "--baseline", "--waive", "pickle:pytorch_model.bin:2026-12-24:x").status == 2

        ended = team.add(name, "--baseline")

        assert (ended.status, why in ended.stdout) == (3, True)


class TestReplays:
    """A validly signed document in another's place, or in another registry."""

    @pytest.mark.parametrize(("kind", "place"), list(permutations(("record", "head", "trust", "revocation"), 2)))
    def test_a_document_as_another_kind(self, published: World, tmp_path: Path, kind: str, place: str) -> None:
        """Everybody signed it, each validly; only that it is of another kind stands in its way."""
        assert published.cli("carol", "revoke", "acme/old", "--reason", "x").status == 0
        assert published.publish().status == 0
        own = {"head": "head.json", "trust": "trust/1.json", "revocation": "revocations/acme--old.json"}
        raw = (published.registry / own[kind] if kind in own else record_of(published)).read_bytes()
        other = f"models/acme/other/{'1' * 40}.json"
        target = published.registry / {
            "record": other, "head": "head.json", "trust": "trust/2.json", "revocation": "revocations/x.json"
        }[place]  # fmt: skip
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(raw)
        for who in ("alice", "bob", "carol"):
            sign_as(published, target, who)
        sign_as(published, target, "ci", **CI_CLAIMS)

        model = published.lay(tmp_path / "model", tiny_model())
        if place == "record":
            ended = published.publish()
            assert (ended.status, "waits: acme/other" in ended.stderr, "acme/other" in ended.stdout) == (0, True, False)
            assert published.verify("acme/other", model).status == 3
            return
        ended = published.verify(MODEL, model)
        assert (ended.status, "is not valid" in ended.stdout) == (4, True)
        assert audit(published)[0] in (3, 4)

    def test_a_record_of_another_model(self, published: World) -> None:
        path = record_of(published)
        target = published.registry / "models" / "acme" / "other" / path.name
        shutil.copytree(path.parent, target.parent)

        assert "is about another model" in published.publish().stderr
        ended = published.cli("carol", "approve", "acme/other")
        assert (ended.status, "is about another model" in ended.stderr) == (2, True)

    def test_a_record_of_another_registry(self, published: World) -> None:
        path = record_of(published)
        rewrite(path, registry="others")
        for who in ("alice", "bob"):
            sign_as(published, path, who)

        assert "in the registry 'others'" in published.publish().stderr
        assert published.cli("carol", "approve", MODEL).status == 2

    def test_a_revocation_of_another_registry(self, published: World) -> None:
        published.cli("carol", "revoke", MODEL, "--reason", "x")
        (path,) = (published.registry / "revocations").glob("*.json")
        path.write_bytes(path.read_bytes().replace(b'"registry": "acme"', b'"registry": "acne"'))
        sign_as(published, path, "carol")

        assert "0 revocations" in published.publish().stdout

    def test_a_trust_file_of_another_registry(self, published: World) -> None:
        published.cli("x", "rotate")
        path = published.registry / "trust" / "2.json"
        path.write_bytes(path.read_bytes().replace(b'"registry": "acme"', b'"registry": "acne"'))
        for who in ("alice", "bob"):
            sign_as(published, path, who)

        assert audit(published)[0] == 4


class TestACompromisedCI:
    def head(self, team: World) -> Head:
        return parse((team.registry / "head.json").read_bytes(), Head)

    def publish(self, team: World, **changes: Any) -> None:
        path = team.registry / "head.json"
        values = self.head(team).model_dump(by_alias=True) | {"version": 9} | changes
        path.write_bytes(to_bytes(Head.model_validate(values)))
        sign_as(team, path, "ci", **CI_CLAIMS)

    def test_publishes_what_nobody_approved(self, published: World, tmp_path: Path) -> None:
        published.hub.add("acme/evil", tiny_model(b"evil"))
        published.add("acme/evil")
        path = record_of(published, "acme/evil")
        key = f"acme/evil@{path.stem}"
        digest = str(Digest.of(path.read_bytes()))
        self.publish(published, records=self.head(published).records | {key: digest})

        ended = published.verify("acme/evil", published.lay(tmp_path / "evil", tiny_model(b"evil")))
        assert (ended.status, "0 of 2 valid signatures" in ended.stdout) == (3, True)
        assert audit(published)[0] == 3

    def test_drops_a_revocation(self, published: World, tmp_path: Path) -> None:
        published.cli("carol", "revoke", MODEL, "--reason", "a backdoor")
        published.publish()
        self.publish(published, revoked=())

        ended = published.verify(MODEL, published.lay(tmp_path / "model", tiny_model()))
        assert (ended.status, "a backdoor" in ended.stdout) == (3, True)
        status, said = audit(published)
        assert (status, "leaves out a signed revocation" in said) == (3, True)

    def test_leaves_out_what_is_approved(self, published: World) -> None:
        self.publish(published, records={})

        status, said = audit(published)
        assert (status, "the head leaves it out" in said) == (3, True)

    def test_puts_back_an_older_head(self, versioned: World, tmp_path: Path) -> None:
        old = files(versioned.registry)
        versioned.publish()
        commit(versioned.home, {})
        model = versioned.lay(tmp_path / "model", tiny_model())
        assert versioned.verify(MODEL, model).status == 0
        for path, data in old.items():
            (versioned.registry / path).write_bytes(data)

        assert versioned.verify(MODEL, model).status == 4
        status, said = change(versioned)
        assert (status, "version 2 was there before" in said) == (3, True)

    def test_a_registry_that_lost_a_revocation_is_not_published(self, published: World) -> None:
        published.cli("carol", "revoke", MODEL, "--reason", "a backdoor")
        published.publish()
        shutil.rmtree(published.registry / "revocations")

        ended = published.publish()
        assert (ended.status, "gone from the registry" in ended.stderr) == (2, True)
        status, said = audit(published)
        assert (status, "holds a revocation that is gone" in said) == (3, True)


class TestTrust:
    def test_a_next_one_signed_only_by_the_new(self, published: World, tmp_path: Path) -> None:
        published.cli("x", "rotate", "--add", "dora=dora@acme.test", "--add", "erin=erin@acme.test")
        path = published.registry / "trust" / "2.json"
        for who in ("dora", "erin"):
            sign_as(published, path, who)

        status, said = audit(published)
        assert (status, "not signed by those" in said) == (3, True)
        assert published.verify(MODEL, published.lay(tmp_path / "model", tiny_model())).status == 4
        assert "trust file 1" in published.publish().stderr or published.publish().status == 0

    def test_a_hidden_next_one(self, published: World, tmp_path: Path) -> None:
        published.cli("x", "rotate", "--leave", "bob")
        published.approve("trust", by=("alice", "carol"))
        published.publish()
        (published.registry / "trust" / "2.json").unlink()

        ended = published.verify(MODEL, published.lay(tmp_path / "model", tiny_model()))
        assert (ended.status, "made under trust file 2" in ended.stdout) == (4, True)
        assert audit(published)[0] == 3

    @pytest.mark.parametrize("role", ["trust", "revoke", "publish"])
    def test_a_threshold_of_nobody(self, begun: World, role: str) -> None:
        ended = begun.cli("x", "rotate", "--threshold", f"{role}=0")

        assert (ended.status, "threshold of 0" in ended.stderr) == (2, True)
        assert not (begun.registry / "trust" / "2.json").exists()

    def test_more_than_can_still_sign(self, begun: World) -> None:
        leave = ("--leave", "bob", "--leave", "carol")
        ended = begun.cli("x", "rotate", *leave)
        assert (ended.status, "asks for more principals than it has" in ended.stderr) == (2, True)

        ended = begun.cli("x", "rotate", *leave, "--threshold", "trust=1")
        assert (ended.status, "1 can sign for the role 'approve'" in ended.stderr) == (2, True)


class TestAPullRequest:
    """`registry verify --base`: what a change may not do, though every file in it is well-formed."""

    def test_an_honest_one_passes(self, versioned: World) -> None:
        versioned.hub.add("acme/second", tiny_model(b"2"))
        versioned.add("acme/second")
        assert change(versioned, "--author", "dave")[0] == 3  # nobody approved it yet
        versioned.approve("acme/second")
        commit(versioned.home, {})

        assert audit(versioned, "--base", "HEAD~2", "--author", "dave")[0] == 0

    def test_somebody_elses_name_as_the_requester(self, versioned: World) -> None:
        versioned.hub.add("acme/second", tiny_model(b"2"))
        versioned.add("acme/second")
        versioned.approve("acme/second")

        status, said = change(versioned, "--author", "alice")
        assert (status, "the pull request is alice's" in said) == (3, True)

    def test_an_approver_who_changes_what_somebody_else_asked_for(self, versioned: World) -> None:
        """Whoever opens the pull request asks for what is new in it, and does not count."""
        rewrite(record_of(versioned), reason="for another purpose")
        versioned.approve(MODEL)

        status, said = change(versioned, "--author", "alice")
        assert (status, "it says that dave asked for it; the pull request is alice's" in said) == (3, True)
        assert audit(versioned, "--base", "HEAD~1", "--author", "dave")[0] == 0

    def test_a_renewal_passes(self, versioned: World) -> None:
        path = record_of(versioned)
        rewrite(path, valid_until=parse(path.read_bytes(), Approval).valid_until - timedelta(days=100))
        for who in ("alice", "bob"):
            sign_as(versioned, path, who)
        commit(versioned.home, {})
        assert versioned.cli("x", "renew", "--expiring", "365d", "--days", "365").status == 0
        versioned.approve("--all-pending", by=("bob", "carol"))

        assert change(versioned, "--author", "carol")[0] == 0

    @pytest.mark.parametrize(("words", "days"), [("for another purpose", 0), ("for another purpose", 1), (None, -1)])
    def test_another_change_needs_everybody_who_signed(self, versioned: World, words: str | None, days: int) -> None:
        """A later end makes no renewal of another change, and an earlier one is none."""
        before = parse(record_of(versioned).read_bytes(), Approval)
        end = before.valid_until + timedelta(days=days)
        rewrite(record_of(versioned), reason=words or before.reason, valid_until=end)
        for signature in record_of(versioned).with_suffix(".sigs").iterdir():
            signature.unlink()
        versioned.approve(MODEL, by=("alice", "carol"))
        status, said = change(versioned)
        assert (status, "bob did not sign it anew" in said) == (3, True)

        versioned.approve(MODEL, by=("bob",))
        commit(versioned.home, {})
        assert audit(versioned, "--base", "HEAD~2")[0] == 0

    @pytest.mark.parametrize(
        ("path", "why"),
        [
            ("trust/1.json", "a trust file is never removed"),
            ("roots", "a trusted root is never removed"),
            ("models/acme/tiny", "not removed but revoked"),
            ("head.json", "the head was removed"),
            ("revocations/acme--old.json", "a revocation is never removed"),
        ],
    )
    def test_what_vanishes(self, versioned: World, path: str, why: str) -> None:
        versioned.cli("carol", "revoke", "acme/old", "--reason", "x")
        versioned.publish()
        commit(versioned.home, {})
        target = versioned.registry / path
        shutil.rmtree(target) if target.is_dir() else target.unlink()
        if path in ("trust/1.json", "roots"):
            commit(versioned.home, {})
            assert audit(versioned, "--base", "HEAD~1")[0] == 4  # nothing can be said without it
            return

        status, said = change(versioned)
        assert (status, why in said) == (3, True)

    def test_a_revocation_that_changes(self, versioned: World) -> None:
        versioned.cli("carol", "revoke", "acme/old", "--reason", "x")
        commit(versioned.home, {})
        path = versioned.registry / "revocations" / "acme--old.json"
        path.write_bytes(path.read_bytes().replace(b"acme/old", b"acme/odd"))
        sign_as(versioned, path, "carol")

        status, said = change(versioned)
        assert (status, "a revocation is never changed" in said) == (3, True)

    def test_a_revocation_that_nobody_signed(self, versioned: World) -> None:
        versioned.cli("carol", "revoke", "acme/old", "--reason", "x")
        shutil.rmtree(versioned.registry / "revocations" / "acme--old.sigs")

        status, said = change(versioned)
        assert (status, "not signed by as many as must" in said) == (3, True)

    def test_signatures_that_vanish_or_are_of_nothing(self, versioned: World) -> None:
        signatures = record_of(versioned).with_suffix(".sigs")
        (signatures / "alice.sigstore.json").unlink()
        assert "was removed" in change(versioned)[1]
        shutil.copytree(signatures, signatures.with_name(f"{'1' * 40}.sigs"))
        assert "it is a signature of nothing" in change(versioned)[1]

    def test_files_that_do_not_belong_there(self, versioned: World) -> None:
        for path in ("notes.txt", "models/acme/tiny/notes.sigs", "trust/x.json", "roots/x.json"):
            (versioned.registry / path).write_bytes(b"{}")
            status, said = change(versioned)
            assert (status, "no such file belongs into a registry" in said) == (3, True)
        (versioned.registry / "revocations").symlink_to("models")
        status, said = change(versioned)
        assert status in (2, 3)

    def test_a_change_that_was_not_committed(self, versioned: World) -> None:
        versioned.hub.add("acme/second", tiny_model(b"2"))
        versioned.add("acme/second")
        commit(versioned.home, {})
        rewrite(record_of(versioned, "acme/second"), reason="something else")

        status, said = audit(versioned, "--base", "HEAD~1")
        assert (status, "is not as it was committed" in said) == (2, True)

    def test_concurrent_approvals_merge_without_conflict(self, versioned: World) -> None:
        versioned.hub.add("acme/second", tiny_model(b"2"))
        versioned.add("acme/second")
        commit(versioned.home, {})
        for who in ("alice", "bob"):
            git(versioned.home, "checkout", "--quiet", "-b", who, "main")
            versioned.approve("acme/second", by=(who,))
            commit(versioned.home, {})
        git(versioned.home, "merge", "--quiet", "--no-edit", "alice")

        assert audit(versioned, "--base", "main~1")[0] == 0
        assert json.loads(record_of(versioned, "acme/second").read_bytes())["model"] == "acme/second"

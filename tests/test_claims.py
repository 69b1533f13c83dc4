"""Claims: any tool's JSON about exactly these files; one that is missing, stale, another's or changed says nothing."""

from __future__ import annotations

import json
import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import DEMO_MODEL
from tests.fakes.checkpoint import CLAIMS_OF_WORKFLOW, ISSUER, NOW, InProcessSigner, Training
from tests.fakes.registry import FakeRegistry, commit_of, rules_of
from verifier import limits
from verifier.checkpoints.statement import PROVENANCE, write_statement
from verifier.digest import Digest
from verifier.errors import UsageError
from verifier.policy import Policy
from verifier.terms import Condition
from verifier.verdict import Result, Verdict

EVAL = "https://acme.test/eval/v1"
EVALUATOR = "https://github.com/acme/eval/.github/workflows/eval.yml@refs/heads/main"
SCORE = {"score": {"toxicity": "low", "passed": True}, "runs": [{"seed": 7}]}


@pytest.fixture(params=["directory", "tarball"])
def training(request: pytest.FixtureRequest, tmp_path: Path) -> Training:
    """A signed checkpoint of either kind."""
    directory = Path(shutil.copytree(DEMO_MODEL, tmp_path / "run-17"))
    if request.param == "directory":
        made = Training(tmp_path, directory)
        made.sign()
    else:
        made = Training(tmp_path, tmp_path / "run-17.tar")
        made.sign(directory, tar=made.checkpoint)
    return made


def evaluated(training: Training, predicate: Any = None, *, identity: str = EVALUATOR, **how: Any) -> None:
    """Have the evaluation attested by its own workflow."""
    training.attest(EVAL, SCORE if predicate is None else predicate, signer=training.signer(identity, **how))


def demanding(training: Training, *lines: str) -> Policy:
    more = [
        "[[require]]", f'type = "{EVAL}"', *lines,
        f'signers = [{{ root = "trusted_root.json", issuer = "{ISSUER}", identity = "{EVALUATOR}" }}]',
    ]  # fmt: skip
    return training.policy(more="\n".join(more))


def refused(verdict: Verdict) -> str:
    """Give the message of the one denial, which is about a claim."""
    (judged,) = [judged for judged in verdict.findings() if judged.effect == "deny"]
    assert judged.finding.rule == "missing-claim"
    return judged.finding.message


def test_what_is_required_and_there_passes(training: Training) -> None:
    evaluated(training)

    assert training.verify(policy=demanding(training)).result is Result.PASSED
    assert training.verify().result is Result.PASSED


def test_what_is_required_and_missing_is_refused(training: Training) -> None:
    assert "no claim of the type https://acme.test/eval/v1 counts" in refused(
        training.verify(policy=demanding(training))
    )


def test_one_among_others_is_found(training: Training) -> None:
    for number in range(3):
        training.attest(f"https://acme.test/other/{number}", {}, signer=training.signer(EVALUATOR))
    evaluated(training)

    assert training.verify(policy=demanding(training)).result is Result.PASSED


def test_a_stale_one_is_refused(training: Training) -> None:
    evaluated(training, at=NOW - timedelta(days=8))

    assert "was signed on 2026-11-12" in refused(training.verify(policy=demanding(training, "max_age_days = 7")))
    assert training.verify(policy=demanding(training, "max_age_days = 8")).result is Result.PASSED


def test_one_about_other_files_is_refused(training: Training) -> None:
    signer = training.signer(EVALUATOR)
    statement = write_statement([("run-17.tar", Digest.of(b"other"))], EVAL, SCORE)
    training.claims.write_bytes(training.claims.read_bytes() if training.claims.exists() else b"")
    with training.claims.open("ab") as file:
        file.write(signer.sign_statement(statement) + b"\n")

    assert "it is about other files" in refused(training.verify(policy=demanding(training)))


def test_one_about_some_of_the_files_or_more_is_refused(training: Training) -> None:
    files = {path.name: Digest.of(path.read_bytes()) for path in DEMO_MODEL.iterdir()}
    whole = [("run-17.tar", Digest.of(training.checkpoint.read_bytes()))] if training.checkpoint.is_file() else None
    subjects = whole or sorted(files.items())
    for changed in (subjects[:-1], [*subjects, ("more", Digest.of(b""))], [*subjects, subjects[0]]):
        if not changed:
            continue
        line = training.signer(EVALUATOR).sign_statement(write_statement(changed, EVAL, SCORE))
        before = training.claims.read_bytes() if training.claims.exists() else b""
        training.claims.write_bytes(before + line + b"\n")
        assert "it is about other files" in refused(training.verify(policy=demanding(training)))
        training.claims.write_bytes(before)


def test_one_by_another_workflow_is_refused_with_its_name(training: Training) -> None:
    evaluated(training, identity=EVALUATOR.replace("eval.yml", "evil.yml"))

    assert "evil.yml" in refused(training.verify(policy=demanding(training)))


def test_a_changed_one_is_refused(training: Training) -> None:
    evaluated(training)
    lines = training.claims.read_bytes().splitlines()
    document = json.loads(lines[-1])
    payload = document["dsseEnvelope"]["payload"]
    document["dsseEnvelope"]["payload"] = payload[:-8] + ("A" if payload[-8] != "A" else "B") + payload[-7:]
    training.claims.write_bytes(b"\n".join([*lines[:-1], json.dumps(document).encode()]) + b"\n")

    assert "does not hold" in refused(training.verify(policy=demanding(training)))


def test_the_checkpoints_own_signature_is_no_claim(training: Training) -> None:
    line = training.bundle.read_bytes().strip() + b"\n"
    before = training.claims.read_bytes() if training.claims.exists() else b""
    training.claims.write_bytes(before + line)

    assert rules_of(training.verify(policy=demanding(training))) == {"missing-claim"}


@pytest.mark.parametrize(
    ("where", "holds"),
    [
        ('{ field = "predicate.score.toxicity", equals = "low" }', True),
        ('{ field = "predicate.score.toxicity", equals = "high" }', False),
        ('{ field = "predicate.score.toxicity", in = ["low", "none"] }', True),
        ('{ field = "predicate.score.toxicity", in = ["high"] }', False),
        ('{ field = "predicate.score.passed", equals = true }', True),
        ('{ field = "predicate.score.passed", equals = 1 }', False),
        ('{ field = "predicate.score.passed", equals = "true" }', False),
        ('{ field = "predicate.runs.0.seed", equals = 7 }', True),
        ('{ field = "predicate.runs.1.seed", equals = 7 }', False),
        ('{ field = "predicate.score", equals = "low" }', False),
        ('{ field = "predicate.nothing", equals = "low" }', False),
        ('{ field = "predicateType", equals = "https://acme.test/eval/v1" }', True),
    ],
)
def test_conditions(training: Training, where: str, holds: bool) -> None:
    evaluated(training)
    verdict = training.verify(policy=demanding(training, f"where = [{where}]"))

    assert verdict.result is (Result.PASSED if holds else Result.FAILED)
    if not holds:
        assert "demanded is" in refused(verdict)


def test_every_condition_must_hold() -> None:
    assert not Condition("a.b", (1,)).holds({"a": {"b": True}})
    assert not Condition("a.0.0", (1,)).holds({"a": [1]})
    assert Condition("a.0", (1, 2)).holds({"a": [2]})


@pytest.mark.parametrize(
    "lines",
    [
        ["where = []", "signers_ = []"],
        ['where = [{ field = "a" }]'],
        ['where = [{ field = "a", equals = 1, in = [1] }]'],
        ['where = [{ field = "a", in = [] }]'],
        ["max_age_days = 0"],
    ],
)
def test_a_requirement_that_says_nothing_clear_is_a_mistake(training: Training, lines: list[str]) -> None:
    with pytest.raises(UsageError, match="is not valid"):
        demanding(training, *lines)


class TestAttest:
    @pytest.mark.parametrize("type_", ["", "eval", "no uri", "https://", "javascript"])
    def test_a_type_is_a_uri(self, training: Training, type_: str) -> None:
        with pytest.raises(UsageError, match="is not a URI"):
            training.attest(type_, {})

    @pytest.mark.parametrize("predicate", [[], "text", None, 1])
    def test_a_predicate_is_an_object(self, training: Training, predicate: object) -> None:
        with pytest.raises(UsageError, match="is not a JSON object"):
            training.attest(EVAL, predicate)

    def test_a_predicate_is_json_of_some_size(self, training: Training, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(limits, "MAX_PREDICATE", 100)
        with pytest.raises(UsageError, match="larger than the limit"):
            training.attest(EVAL, {"a": "x" * 100})

    def test_claims_that_cannot_be_read_are_not_written_over(self, training: Training) -> None:
        training.claims.unlink(missing_ok=True)
        training.claims.mkdir()
        with pytest.raises(UsageError, match="is a directory"):
            training.attest(EVAL, {})

    def test_a_new_signature_begins_with_no_claims_of_others(self, training: Training) -> None:
        evaluated(training)
        policy = demanding(training)
        directory = training.root / "run-17"
        training.sign(directory, tar=training.checkpoint if training.checkpoint.is_file() else None)

        assert rules_of(training.verify(policy=policy)) == {"missing-claim"}


def test_too_many_claims_are_not_read(training: Training, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_CLAIM_LINES", 2)
    for _ in range(3):
        training.claims.write_bytes((training.claims.read_bytes() if training.claims.exists() else b"") + b"{}\n")

    verdict = training.verify(policy=demanding(training))

    assert any("more than 2 claims" in judged.finding.message for judged in verdict.findings())


class TestLineage:
    BASE = f"acme/tiny@{commit_of('acme/tiny')}"

    @pytest.fixture
    def registry(self, tmp_path: Path) -> FakeRegistry:
        (tmp_path / "registry").mkdir()
        registry = FakeRegistry(tmp_path / "registry")
        registry.approve("acme/tiny", DEMO_MODEL)
        registry.publish()
        return registry

    def policy(self, training: Training, registry: FakeRegistry) -> Policy:
        lines = f'[registry]\nsource = "{registry.root}"\ntrust_digest = "{registry.trust_digest}"'
        return training.policy(checkpoint=["require_approved_bases = true"], more=lines)

    def sign(self, training: Training, *bases: str) -> None:
        directory = training.root / "run-17"
        training.sign(directory, tar=training.checkpoint if training.checkpoint.is_file() else None, bases=bases)

    def test_approved_bases_pass(self, training: Training, registry: FakeRegistry) -> None:
        self.sign(training, self.BASE)

        assert training.verify(policy=self.policy(training, registry)).result is Result.PASSED

    def test_a_base_revoked_yesterday_stops_todays_deploy(self, training: Training, registry: FakeRegistry) -> None:
        self.sign(training, self.BASE)
        registry.revoke("one", model="acme/tiny")
        registry.publish()

        assert rules_of(training.verify(policy=self.policy(training, registry))) == {"revoked-model"}

    def test_an_unknown_base_is_refused(self, training: Training, registry: FakeRegistry) -> None:
        self.sign(training, self.BASE, f"evil/base@{'0' * 40}")

        assert rules_of(training.verify(policy=self.policy(training, registry))) == {"unapproved-dependency"}

    def test_an_expired_base_is_refused(self, training: Training, registry: FakeRegistry) -> None:
        self.sign(training, self.BASE)
        registry.approve("acme/tiny", DEMO_MODEL, valid_until=NOW - timedelta(seconds=1))
        registry.publish()

        assert rules_of(training.verify(policy=self.policy(training, registry))) == {"unapproved-dependency"}

    def test_saying_nothing_is_refused_and_saying_none_is_not(self, training: Training, registry: FakeRegistry) -> None:
        assert rules_of(training.verify(policy=self.policy(training, registry))) == {"missing-claim"}
        self.sign(training)
        assert training.verify(policy=self.policy(training, registry)).result is Result.PASSED

    def test_what_a_stranger_says_of_the_bases_does_not_count(self, training: Training, registry: FakeRegistry) -> None:
        predicate = {"buildDefinition": {"buildType": "https://model-verifier/training/v1", "resolvedDependencies": []}}
        training.attest(PROVENANCE, predicate, signer=training.signer("mallory@evil.test"))

        assert rules_of(training.verify(policy=self.policy(training, registry))) == {"missing-claim"}

    @pytest.mark.parametrize(
        "dependencies",
        [None, "x", [{}], ["x"], [{"uri": "pkg:huggingface/acme/tiny"}], [{"uri": "pkg:huggingface/acme/tiny@main"}]],
    )
    def test_bases_that_name_no_commit_do_not_pass(
        self, training: Training, registry: FakeRegistry, dependencies: object
    ) -> None:
        build = {"buildType": "https://model-verifier/training/v1", "resolvedDependencies": dependencies}
        training.attest(PROVENANCE, {"buildDefinition": build}, signer=training.signer(**CLAIMS_OF_WORKFLOW))

        assert rules_of(training.verify(policy=self.policy(training, registry))) <= {
            "missing-claim", "unapproved-dependency",
        }  # fmt: skip
        assert training.verify(policy=self.policy(training, registry)).result is Result.FAILED

    @pytest.mark.parametrize("base", ["acme/tiny", "acme/tiny@main", "tiny", "./tiny"])
    def test_sign_takes_no_base_without_its_commit(self, training: Training, base: str) -> None:
        with pytest.raises(UsageError):
            self.sign(training, base)

    def test_a_policy_without_a_registry_approves_no_base(self, training: Training) -> None:
        self.sign(training, self.BASE)
        with pytest.raises(UsageError):
            training.verify(policy=training.policy(checkpoint=["require_approved_bases = true"]))


def test_of_many_lines_that_do_not_count_a_few_are_told(training: Training) -> None:
    for number in range(9):
        training.attest(f"https://acme.test/{number}/" + "x" * 10_000, {}, signer=training.signer(EVALUATOR))
    message = refused(training.verify(policy=demanding(training)))
    assert len(message) < 2_000

    training.checkpoint = Path(shutil.copytree(DEMO_MODEL, training.root / "run-18"))
    training.sign()
    training.claims.write_bytes(b"rubbish\n" * 900)
    registry = FakeRegistry(training.root / "registry", now=NOW)
    registry.publish()
    source = f'[registry]\nsource = "{registry.root}"\ntrust_digest = "{registry.trust_digest}"'
    bases = training.policy(checkpoint=["require_approved_bases = true"], more=source)
    assert len(refused(training.verify(policy=bases))) < 2_000


def test_two_who_attest_at_once_lose_nothing(training: Training) -> None:
    class Slow(InProcessSigner):
        def sign_statement(self, payload: bytes) -> bytes:
            evaluated(training, {"other": True})  # the other one is done first
            return super().sign_statement(payload)

    before = len(training.claims.read_bytes().splitlines()) if training.claims.exists() else 0
    training.attest(EVAL, SCORE, signer=Slow(training.instance, EVALUATOR, ISSUER, **CLAIMS_OF_WORKFLOW))

    assert len(training.claims.read_bytes().splitlines()) == before + 2


def test_no_claim_is_added_beyond_what_is_read(training: Training, monkeypatch: pytest.MonkeyPatch) -> None:
    evaluated(training)
    monkeypatch.setattr(limits, "MAX_CLAIM_LINES", len(training.claims.read_bytes().splitlines()))

    with pytest.raises(UsageError, match="as many as are read"):
        evaluated(training)


def test_a_bundle_that_can_not_be_written_costs_no_claim(training: Training) -> None:
    evaluated(training)
    before = training.claims.read_bytes()

    with pytest.raises(UsageError, match="no such directory"):
        training.sign(bundle=training.root / "nowhere" / "b.json")
    assert training.claims.read_bytes() == before


def test_text_that_has_no_utf_8_form_is_not_signed(training: Training) -> None:
    before = training.bundle.read_bytes()
    with pytest.raises(UsageError, match="not Unicode text"):
        training.attest(EVAL, {"a": "\ud800"})
    with pytest.raises(UsageError, match="not Unicode text"):
        training.sign(name="\udcff")
    odd = training.checkpoint.rename(training.root / "run-\udcff")
    with pytest.raises(UsageError, match="not Unicode text"):
        training.sign(odd)
    assert training.bundle.read_bytes() == before

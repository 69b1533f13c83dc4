"""What a policy decides: effects, waivers, which policy a command line means; and what no policy can lower."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import MODEL
from tests.fakes.registry import FakeRegistry, rules_of
from verifier import limits
from verifier.digest import Digest
from verifier.errors import UsageError
from verifier.finding import Finding, Location, Severity
from verifier.policy import Policy, WaiverGrant
from verifier.rules import RULES
from verifier.system_policy import choose
from verifier.verdict import Effect, Result, Status

TRUST = f"sha256:{'a' * 64}"
FIXED = sorted(rule.id for rule in RULES.values() if rule.fixed)


class TestJudging:
    policy = Policy("test", Digest.of(b""))
    finding = Finding("pickle", Severity.ERROR, "m", location=Location("a.bin"))

    def effect(self, finding: Finding, rules: dict[str, Effect], *waived: WaiverGrant) -> tuple[Effect, bool, Status]:
        policy = Policy("test", Digest.of(b""), rules=rules)
        outcome, _ = policy.judge("check", [finding], waived)
        (judged,) = outcome.findings
        return judged.effect, judged.moved_by_policy, outcome.status

    @pytest.mark.parametrize(
        ("severity", "effect", "status"),
        [
            (Severity.ERROR, Effect.DENY, Status.FAILED),
            (Severity.WARNING, Effect.WARN, Status.PASSED),
            (Severity.NOTE, Effect.NOTE, Status.PASSED),
        ],
    )
    def test_the_severity_decides_where_the_policy_says_nothing(
        self, severity: Severity, effect: Effect, status: Status
    ) -> None:
        assert self.effect(Finding("pickle", severity, "m"), {}) == (effect, False, status)

    @pytest.mark.parametrize("severity", Severity)
    @pytest.mark.parametrize("moved", [Effect.DENY, Effect.WARN, Effect.IGNORED])
    def test_an_entry_overrides_every_severity_and_shows(self, severity: Severity, moved: Effect) -> None:
        own = {Severity.ERROR: Effect.DENY, Severity.WARNING: Effect.WARN, Severity.NOTE: Effect.NOTE}[severity]
        status = Status.FAILED if moved is Effect.DENY else Status.PASSED

        assert self.effect(Finding("pickle", severity, "m"), {"pickle": moved}) == (moved, moved is not own, status)

    def test_a_waiver_excuses_its_rule_at_its_path(self) -> None:
        assert self.effect(self.finding, {}, WaiverGrant("pickle", "a.bin")) == (Effect.WAIVED, False, Status.PASSED)

    @pytest.mark.parametrize("grant", [WaiverGrant("remote-code", "a.bin"), WaiverGrant("pickle", "b.bin")])
    def test_a_waiver_excuses_nothing_else(self, grant: WaiverGrant) -> None:
        assert self.effect(self.finding, {}, grant)[0] is Effect.DENY

    @pytest.mark.parametrize("rule", FIXED)
    def test_a_waiver_excuses_no_fixed_rule(self, rule: str) -> None:
        finding = Finding(rule, Severity.ERROR, "m", location=Location("a.bin"))

        assert self.effect(finding, {}, WaiverGrant(rule, "a.bin"))[0] is Effect.DENY

    def test_a_waiver_that_was_used_is_told(self) -> None:
        grant, other = WaiverGrant("pickle", "a.bin"), WaiverGrant("pickle", "b.bin")

        assert self.policy.judge("check", [self.finding], [grant, other])[1] == {grant}

    def test_a_waiver_is_not_used_up_on_what_only_warns(self) -> None:
        policy = Policy("test", Digest.of(b""), rules={"pickle": Effect.WARN})

        assert policy.judge("check", [self.finding], [WaiverGrant("pickle", "a.bin")])[1] == set()

    def test_what_can_not_be_waived_is_not(self) -> None:
        finding = Finding("remote-code", Severity.ERROR, "m", location=Location("config.json"), waivable=False)

        assert self.effect(finding, {}, WaiverGrant("remote-code", "config.json"))[0] is Effect.DENY

    def test_beyond_the_cap_denials_come_first_and_the_rest_is_counted(self) -> None:
        notes = [Finding("unlisted-file", Severity.NOTE, "m")] * (limits.MAX_FINDINGS_PER_CHECK + 5)
        outcome, _ = self.policy.judge("check", [*notes, self.finding])

        assert outcome.status is Status.FAILED
        assert outcome.findings[0].finding is self.finding
        assert len(outcome.findings) == limits.MAX_FINDINGS_PER_CHECK + 1
        assert outcome.omitted == 5

    def test_nothing_found_is_a_pass(self) -> None:
        assert self.policy.judge("check", [])[0].status is Status.PASSED


@pytest.mark.parametrize("effect", ["warn", "ignore"])
@pytest.mark.parametrize("rule", FIXED)
def test_no_file_lowers_what_always_denies(rule: str, effect: str, tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_text(f'schema = "model-verifier/policy/v1"\nname = "acme"\n[rules]\n{rule} = "{effect}"\n')
    with pytest.raises(UsageError, match=f"the rule '{rule}' always denies"):
        Policy.load(path)


@pytest.mark.parametrize(
    ("effect", "result", "shown"),
    [
        (Effect.DENY, Result.FAILED, "deny"),
        (Effect.WARN, Result.PASSED, "warn"),
        (Effect.IGNORED, Result.PASSED, "ignored"),
    ],
)
def test_a_rule_moves_a_whole_verdict(
    effect: Effect, result: Result, shown: str, registry: FakeRegistry, model: Path
) -> None:
    verdict = registry.verify(f"{MODEL}@main", model, policy=registry.policy(rules={"unpinned-revision": effect}))

    assert verdict.result is result
    (judged,) = verdict.findings()
    assert (judged.effect.value, judged.moved_by_policy) == (shown, shown != "warn")


def test_a_known_publisher_is_no_look_alike(registry: FakeRegistry, model: Path) -> None:
    look_alike = "acmes/tiny"
    registry.approve("acmee/tiny", model)
    registry.publish()

    assert "typosquatted-publisher" in rules_of(registry.verify(look_alike, model))
    known = registry.policy(known_publishers=("acmes",))
    assert rules_of(registry.verify(look_alike, model, policy=known)) == {"unapproved-model"}


class TestChoice:
    @pytest.mark.parametrize(
        ("options", "chosen"),
        [
            ({"policy": "acme.toml"}, "acme.toml"),
            ({"policy": "acme.toml", "registry": "demo", "has_lock": True}, "acme.toml"),
            ({"registry": "demo"}, "demo"),
            ({"registry": "demo", "has_lock": True}, "demo"),
            ({"registry": "registry", "trust_digest": TRUST}, "default"),
            ({"registry": "registry", "trust_digest": TRUST, "has_lock": True}, "default"),
            ({"has_lock": True}, "lockfile"),
        ],
    )
    def test_what_a_command_line_means(self, options: dict[str, Any], chosen: str) -> None:
        assert choose(**options) == chosen

    @pytest.mark.parametrize("options", [{}, {"mode": "audit"}, {"trust_digest": TRUST}])
    def test_where_nobody_said_what_is_approved(self, options: dict[str, Any]) -> None:
        with pytest.raises(UsageError, match="neither a policy nor a lock"):
            choose(**options)

    def test_a_registry_is_not_passed_over_for_a_lock(self) -> None:
        """`--registry DIR --lock FILE` must not end as the lock alone deciding."""
        policy = Policy.load(choose(registry="registry", has_lock=True)).override(registry="registry")

        assert policy.registry_source == Path("registry")
        assert policy.trust_digest is None


def test_overriding_changes_only_what_is_named() -> None:
    policy = Policy("test", Digest.of(b""), min_version=5, registry_source=Path("a"))

    assert policy.override() == policy
    assert policy.override(min_version=3).min_version == 5
    assert policy.override(min_version=7).min_version == 7
    assert policy.override(registry="none").registry_source == "none"
    assert policy.override(mode="audit").enforced is False
    assert policy.override(mode="audit").override(mode="enforce").enforced is True
    with pytest.raises(UsageError, match="there is no mode 'lax'"):
        policy.override(mode="lax")
    with pytest.raises(UsageError, match="is not a digest"):
        policy.override(trust_digest="sha256:abc")


def test_a_policys_file_may_be_given_to_the_library(registry: FakeRegistry, model: Path, tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_text(
        'schema = "model-verifier/policy/v1"\nname = "acme"\n'
        f'[registry]\nsource = "{registry.root}"\ntrust_digest = "{registry.trust_digest}"\n'
    )

    for policy in (path, str(path), Policy.load(path)):
        verdict = registry.verify(MODEL, model, policy=policy, now=registry.now + timedelta(hours=1))
        assert verdict.result is Result.PASSED

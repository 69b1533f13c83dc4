"""Make the demonstration registry in `registry/`, or `--check` the committed one.

It is signed by a demonstration Sigstore instance whose private keys exist only while this runs. Its head and
its trusted root live a hundred years because its own trust file allows that, not by an exception in the code.
"""

from __future__ import annotations

import shutil
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.fakes.registry import FakeRegistry, commit_of
from tests.fakes.sigstore import Instance
from verifier.policy import Policy
from verifier.registry.documents import TrustRules
from verifier.verdict import Result
from verifier.verify import verify

ROOT = Path(__file__).parents[2]
REGISTRY, POLICY, MODEL = ROOT / "registry", ROOT / "policies" / "demo.toml", Path(__file__).parent / "model"
CENTURY = timedelta(days=36_500)
APPROVED, REVOKED = "lanternworks/lantern-tiny", "lanternworks/lantern-nano"


def make(now: datetime) -> None:
    """Write the whole registry and pin its trust file in policies/demo.toml."""
    if REGISTRY.exists():
        shutil.rmtree(REGISTRY)
    registry = FakeRegistry(
        REGISTRY,
        name="demo-registry",
        now=now,
        domain="lanternworks.example",
        sigstore=Instance(
            url="https://sigstore.demonstration.invalid",
            clock=lambda: now,
            start=now - timedelta(days=1),
            end=now + 2 * CENTURY,
            lifetime=2 * CENTURY,
        ),
        rules=TrustRules(max_head_days=CENTURY.days, max_approval_days=CENTURY.days),
        expires=now + CENTURY,
        demonstration=True,
    )
    until = now + CENTURY - timedelta(days=1)
    for model in (APPROVED, REVOKED):
        registry.approve(
            model,
            MODEL,
            signers=("alice", "carol"),
            reason="For the demonstration.",
            valid_until=until,
            aliases=(model.partition("/")[2],),
        )
    registry.revoke(
        "lantern-nano",
        signers=("bob",),
        model=REVOKED,
        revision=commit_of(REVOKED),
        reason="its training data held private messages",
    )
    registry.publish(expires=until)
    POLICY.write_text(
        "# The demonstration: a registry that travels with the package. Its approvals mean nothing.\n"
        'schema = "model-verifier/policy/v1"\n'
        'name = "demo"\n\n'
        "[registry]\n"
        'source = "../registry"\n'
        f'trust_digest = "{registry.trust_digest}"\n'
    )


def check() -> list[str]:
    """Say what is wrong with the committed registry; nothing if it is consistent with the policy and the model."""
    problems = []
    for model, expected in ((APPROVED, Result.PASSED), (REVOKED, Result.FAILED)):
        verdict = verify(f"{model}@{commit_of(model)}", path=MODEL, policy=Policy.load("demo"))
        if verdict.result is not expected:
            problems.append(f"{model} is {verdict.result}: {[item.finding.message for item in verdict.findings()]}")
    return problems


if __name__ == "__main__":
    if "--check" not in sys.argv[1:]:
        make(datetime.now(UTC).replace(microsecond=0))
    for problem in (found := check()):
        print(problem, file=sys.stderr)
    sys.exit(1 if found else 0)

"""A repository with a main branch that decides, and a change to judge."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.fakes.registry import NOW, FakeRegistry, commit_of
from tests.test_git import commit, git
from verifier.gate import Options, gate
from verifier.verdict import Effect, Verdict

APPROVED = f"acme/tiny@{commit_of('acme/tiny')}"
COMMIT = commit_of("acme/tiny")
PINNED = f'from transformers import AutoModel\nAutoModel.from_pretrained("acme/tiny", revision="{COMMIT}")\n'
EVIL = 'from transformers import AutoModel\nAutoModel.from_pretrained("evil/llama")\n'


@dataclass
class Checkout:
    """A checkout whose branch `main` holds what decides; `change` is on a branch of its own."""

    root: Path
    registry: FakeRegistry
    policy: Any = "gate.toml"

    def git(self, *arguments: str) -> str:
        return git(self.root, *arguments)

    def write(self, files: dict[str, str | bytes]) -> None:
        for path, text in files.items():
            (self.root / path).parent.mkdir(parents=True, exist_ok=True)
            (self.root / path).write_bytes(text.encode() if isinstance(text, str) else text)

    def commit(self, files: dict[str, str | bytes] | None = None) -> str:
        self.write(files or {})
        return commit(self.root, {})

    def change(self, files: dict[str, str | bytes] | None = None) -> str:
        """Commit to the branch of the change."""
        if self.git("branch", "--show-current") == "main":
            self.git("checkout", "--quiet", "-b", "change")
        return self.commit(files)

    def judge(self, *paths: str, **options: Any) -> Verdict:
        """Judge what is checked out against main."""
        policy = options.pop("policy", self.policy)
        values: dict[str, Any] = {"base": None if paths else "main", "now": NOW, "directory": self.root}
        if isinstance(policy, str) and policy.endswith(".toml"):
            policy = self.root / policy
        if "lock" in options:
            options["lock"] = self.root / options["lock"]
        known = ("registry", "trust_digest", "mode", "offline")
        if overrides := {name: options.pop(name) for name in known if name in options}:
            values["options"] = Options(**overrides)
        return gate([self.root / path for path in paths], policy=policy, **(values | options))


def policy_text(registry: FakeRegistry, source: str = "registry", more: str = "") -> str:
    """A policy that starts from a registry's first trust file."""
    return (
        'schema = "model-verifier/policy/v1"\nname = "acme"\nextends = "default"\n'
        f'{more}\n[registry]\nsource = "{source}"\ntrust_digest = "{registry.trust_digest}"\n'
    )


def said(verdict: Verdict, *effects: Effect) -> list[tuple[str, str]]:
    """The rule and the place of each finding."""
    places = [(judged.finding.rule, judged.finding.location) for judged in verdict.findings(*effects)]
    return [(rule, f"{place.path}:{place.line}" if place.line else str(place.path)) for rule, place in places]


def denied(verdict: Verdict) -> list[tuple[str, str]]:
    return said(verdict, Effect.DENY)

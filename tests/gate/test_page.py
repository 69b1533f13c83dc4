"""docs/gate.md is true: its commands give what is shown, its workflow runs, its policy and its hook are valid."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli import run
from tests.fakes.registry import FakeRegistry
from tests.gate import COMMIT, EVIL, PINNED, Checkout, policy_text
from tests.gate.runner import CHECKOUT, Job
from tests.gate.test_action import ACTION, pull_request
from tests.gate.test_target import lock_of
from tests.test_git import git
from verifier.document import build
from verifier.policy import PolicyDocument
from verifier.references import NoProject
from verifier.references.find import find

TEXT = (CHECKOUT / "docs/gate.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)


def block(language: str, holds: str) -> str:
    (found,) = [text for kind, text in BLOCKS if kind == language and holds in text]
    return str(found)


@pytest.fixture
def checkout(tmp_path: Path, model: Path) -> Checkout:
    """A clone as a person has it: `origin/main` decides, and a change is checked out."""
    root = tmp_path / "checkout"
    root.mkdir()
    registry = FakeRegistry(root / "registry", now=datetime.now(UTC).replace(microsecond=0))
    registry.approve("acme/tiny", model)
    registry.publish()
    git(root, "init", "--quiet", "--initial-branch", "main")
    made = Checkout(root, registry)
    made.commit({"ci/models.toml": policy_text(registry, "../registry"), "models.lock": lock_of(f"acme/tiny@{COMMIT}")})
    made.git("update-ref", "refs/remotes/origin/main", "HEAD")
    made.change({"src/train.py": EVIL, "src/eval.py": PINNED})
    return made


def test_the_refusal_that_is_shown_is_the_one_that_comes_out(
    checkout: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(checkout.root)
    command, *shown = block("console", "gate --base").splitlines()
    ended = run(*shlex.split(command.removeprefix("$ model-verifier ")))

    assert ended.status == 3
    assert ended.stdout.splitlines() == shown


class TestWorkflow:
    WORKFLOW: Any = yaml.safe_load(block("yaml", "pull_request:"))

    def steps(self) -> list[dict[str, Any]]:
        return list(self.WORKFLOW["jobs"]["gate"]["steps"])

    def test_it_is_one(self, tmp_path: Path) -> None:
        (tmp_path / "gate.yml").write_text(block("yaml", "pull_request:"))
        schema = ("--builtin-schema", "vendor.github-workflows")
        program = str(Path(sys.executable).with_name("check-jsonschema"))

        subprocess.run([program, *schema, str(tmp_path / "gate.yml")], check=True, capture_output=True)

    def test_it_hears_of_another_base(self) -> None:
        events = self.WORKFLOW[True]  # `on`, as YAML 1.1 reads it

        assert events["pull_request"]["types"] == ["opened", "synchronize", "reopened", "edited"]
        assert {"merge_group", "push"} <= set(events)
        assert not any("paths" in (each or {}) for each in events.values())

    def test_it_may_only_read_and_has_the_whole_history(self) -> None:
        assert self.WORKFLOW["permissions"] == {}
        assert self.WORKFLOW["jobs"]["gate"]["permissions"] == {"contents": "read"}
        assert self.steps()[0]["with"] == {"fetch-depth": 0, "persist-credentials": False}
        assert re.search(r"@[0-9a-f]{40}$", self.steps()[0]["uses"])

    def test_its_step_refuses_what_the_page_shows(self, checkout: Checkout, tmp_path: Path) -> None:
        (tmp_path / "runner").mkdir()
        inputs = {"python": sys.executable, **self.steps()[1]["with"]}
        ended = Job(checkout.root, tmp_path / "runner", pull_request(), inputs).run()

        assert ended.failed
        assert "evil/llama is not in the registry" in ended.summary


def test_each_input_is_explained() -> None:
    rows = re.findall(r"^\| ((?:`[a-z-]+`(?:, )?)+) \| [^\n]*$", TEXT, re.MULTILINE)
    told = {name for row in rows for name in re.findall(r"`([a-z-]+)`", row)}

    assert set(ACTION["inputs"]) <= told


def test_the_policy_is_valid() -> None:
    text = block("toml", "[[exceptions]]").replace("sha256:…", f"sha256:{'0' * 64}")

    document = build(tomllib.loads(text), PolicyDocument)
    assert (document.exceptions[0].owner, document.audit[0].path) == ("eval-team", "research")


def test_the_suppression_is_one() -> None:
    source = b"from transformers import AutoModel\n" + block("python", "ignore[").encode()
    (pragma,) = find("a.py", source, NoProject()).pragmas

    assert (pragma.rules, pragma.reason) == (("unresolved-reference",), "the user's own choice")


class TestHook:
    """As pre-commit does: the entry, then `args`, then the staged files, from the checkout's root."""

    def hook(self, checkout: Checkout, *files: str) -> subprocess.CompletedProcess[str]:
        (known,) = yaml.safe_load((CHECKOUT / ".pre-commit-hooks.yaml").read_text())
        (used,) = yaml.safe_load(block("yaml", "repos:"))["repos"][0]["hooks"]
        assert used["id"] == known["id"]
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        return subprocess.run(
            [*shlex.split(known["entry"]), *used["args"], *files],
            cwd=checkout.root,
            env={"PATH": path, "HOME": str(checkout.root)},
            capture_output=True,
            text=True,
            check=False,
        )

    def test_a_staged_file_is_refused(self, checkout: Checkout) -> None:
        checkout.write({"src/new.py": EVIL})
        checkout.git("add", "src/new.py")
        ended = self.hook(checkout, "src/new.py")

        assert ended.returncode == 3, ended.stderr
        assert "src/new.py:2:27  evil/llama is not in models.lock" in ended.stdout

    def test_one_with_a_locked_model_passes(self, checkout: Checkout) -> None:
        checkout.write({"src/new.py": PINNED})

        assert self.hook(checkout, "src/new.py").returncode == 0

    def test_nothing_of_the_checkout_is_imported(self, checkout: Checkout) -> None:
        checkout.write({"typer.py": "open('ran', 'w')\n", "verifier/__main__.py": "open('ran', 'w')\n"})

        assert self.hook(checkout, "typer.py", "verifier/__main__.py").returncode == 0
        assert not (checkout.root / "ran").exists()

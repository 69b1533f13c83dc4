"""A checkout whose main branch holds a policy, a registry that approves `acme/tiny`, and one file of source."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fakes.registry import FakeRegistry
from tests.gate import Checkout, policy_text
from tests.test_git import git


@pytest.fixture
def checkout(tmp_path: Path, model: Path) -> Checkout:
    root = tmp_path / "checkout"
    root.mkdir()
    registry = FakeRegistry(root / "registry")
    registry.approve("acme/tiny", model)
    registry.publish()
    git(root, "init", "--quiet", "--initial-branch", "main")
    made = Checkout(root, registry)
    made.commit({"gate.toml": policy_text(registry), "src/old.py": "x = 1\n"})
    return made

"""The composite action as a whole, its installation by the hashed lock from an index among it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.fakes.registry import FakeRegistry
from tests.gate import COMMIT, EVIL, Checkout
from tests.gate.runner import CHECKOUT, Job
from tests.gate.test_action import pull_request
from tests.gate.test_target import lock_of
from tests.test_git import git

PARTS = (
    ".github",
    "verifier",
    "policies",
    "registry",
    "requirements",
    "action.yml",
    "pyproject.toml",
    "README.md",
    "LICENSE",
)


@pytest.mark.skipif(not os.environ.get("REQUIRE_PEERS"), reason="it installs from an index")
def test_it_installs_itself_and_judges(tmp_path: Path) -> None:
    action, root, runner = tmp_path / "action", tmp_path / "checkout", tmp_path / "runner"
    for directory in (action, root, runner):
        directory.mkdir()
    for part in PARTS:
        copy = shutil.copytree if (CHECKOUT / part).is_dir() else shutil.copy
        copy(CHECKOUT / part, action / part)
    git(root, "init", "--quiet", "--initial-branch", "main")
    checkout = Checkout(root, FakeRegistry(tmp_path / "registry"))
    checkout.commit({"models.lock": lock_of(f"acme/tiny@{COMMIT}"), "pip.py": "raise SystemExit('imported')\n"})
    checkout.git("update-ref", "refs/remotes/origin/main", "HEAD")
    checkout.change({"train.py": EVIL})

    settings = {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "SSL_", "REQUESTS_"))}
    ended = Job(root, runner, pull_request(), {"lock": "models.lock"}, variables=settings).run(action)

    assert ended.outputs["gate"]["status"] == "3", ended.log
    assert Path(ended.outputs["install"]["python"]).is_relative_to(runner)

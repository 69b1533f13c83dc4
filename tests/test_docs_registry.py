"""docs/registry.md reads as a story, and here it happens: each command as it stands there, by whom it is typed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.hub import tiny_model
from tests.governance.world import WORKFLOW, World, world

PAGE = Path(__file__).resolve().parents[1] / "docs" / "registry.md"
GITHUB, ACTIONS = "https://github.com/login/oauth", "https://token.actions.githubusercontent.com"


def commands() -> Iterator[tuple[str, str, int]]:
    """Give who types what, and the exit status that the page states."""
    for block in re.findall(r"^```console\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE):
        for match in re.finditer(
            r"^(\w+)\$ (.*?)$(?!\n    )(?:\n# exit status (\d))?", block, re.DOTALL | re.MULTILINE
        ):
            yield match[1], match[2], int(match[3] or 0)


@pytest.fixture
def team(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with world(tmp_path, monkeypatch) as made:
        made.hub.add("lanternworks/lantern-tiny", tiny_model(pytorch=True))
        made.hub.add("lanternworks/lantern-nano", tiny_model(b"nano"))
        made.home.mkdir()
        files = {name: data for name, data in tiny_model(b"nano").items()}
        made.lay(made.home / "nano", files)
        yield made


def environment(team: World, who: str) -> dict[str, str]:
    """What a person's or the CI's machine has: their login, git's own name, and where the Hub is."""
    claims = {"repository": "acme/models", "repository_id": "1001", "repository_owner_id": "1002"}
    if who == "ci":
        token = team.token("ci", issuer=ACTIONS, **claims, job_workflow_ref=WORKFLOW)
    else:
        token = team.scratch / f"{who}.token"
        token.write_text(team.sigstore.token(f"{who}@acme.example", issuer=GITHUB))
    name = {"GIT_AUTHOR_NAME": who, "GIT_AUTHOR_EMAIL": f"{who}@acme.example"}
    name |= {key.replace("AUTHOR", "COMMITTER"): value for key, value in name.items()}
    return {
        **team.hub.environment(),
        **name,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(team.scratch),
        "XDG_STATE_HOME": str(team.scratch / f"state-{who}"),
        "GIT_CONFIG_NOSYSTEM": "1",
        "MODEL_VERIFIER_IDENTITY_TOKEN_FILE": str(token),
        "MODEL_VERIFIER_TRUST_CONFIG": str(team.scratch / "config.json"),
        "MODEL_VERIFIER_YES": "1",
    }


def test_every_command_of_the_page_does_what_it_says(team: World) -> None:
    exported: dict[str, str] = {}
    subprocess.run(["git", "init", "--quiet", "--initial-branch", "main"], cwd=team.home, check=True)
    (team.home / ".gitignore").write_text("/model/\n/nano/\n/part/\n/bom.json\n/summary.md\n")
    typed = list(commands())
    for who, command, status in typed:
        if assignment := re.fullmatch(r"export (\w+)=\$PWD/(\S+)", command):
            exported[assignment[1]] = str(team.home / assignment[2])
            continue
        done = subprocess.run(
            ["sh", "-c", command],
            cwd=team.home,
            env=environment(team, who) | exported,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == status, f"{who}$ {command}\n{done.stdout}{done.stderr}"
        assert "Traceback" not in done.stderr
    assert len(typed) > 25


def test_the_page_names_every_subverb() -> None:
    from verifier.cli.registry import registry

    page = PAGE.read_text(encoding="utf-8")
    names = {item.name or getattr(item.callback, "__name__", "") for item in registry.registered_commands}
    assert {name for name in names if f"registry {name}" not in page} == set()

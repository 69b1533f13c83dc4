"""The JSON that the registry's verbs print is what its schemas say, whatever the registry holds."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from tests.fakes.hub import tiny_model
from tests.governance.world import World
from tests.test_git import commit, git
from tests.test_schemas import complaints


@pytest.fixture
def rich(team: World) -> World:
    """A registry with a record of every standing, in a checkout, and a file whose name is no text."""
    assert team.init("--baseline-days", "20").status == 0
    soon = f"{team.now + timedelta(days=30):%Y-%m-%d}"
    git(team.home, "init", "--quiet", "--initial-branch", "main")
    commit(team.home, {})
    for name, options in {
        "acme/base": ("--baseline",),
        "acme/gone": (),
        "acme/pending": (),
        "acme/waived": ("--waive", f"pickle:pytorch_model.bin:{soon}:reviewed"),
    }.items():
        team.hub.add(name, tiny_model(name.encode(), pytorch=name == "acme/waived"))
        assert team.add(name, *options).status == 0
    team.approve("acme/base", "acme/gone", "acme/waived")
    assert team.publish().status == 0
    assert team.cli("carol", "revoke", "acme/gone", "--reason", "a backdoor").status == 0
    assert team.add("acme/waived", "--replace", "--exclude", "pytorch_model.bin").status == 0
    commit(team.home, {})
    return team


@pytest.mark.parametrize(
    ("name", "verb", "arguments"),
    [
        ("registry-list", "list", ()),
        ("registry-list", "list", ("--file", "config.json")),
        ("registry-audit", "verify", ()),
        ("registry-diff", "diff", ("HEAD~1",)),
        ("whoami", "whoami", ()),
    ],
)
def test_a_real_one_is_valid_and_no_key_may_go(rich: World, name: str, verb: str, arguments: tuple[str, ...]) -> None:
    value = report(rich, verb, *arguments)

    assert complaints(name, value) == []
    assert complaints(name, value | {"more": 1}) == []  # keys may be added
    for part in parts(value):
        for key in list(part):
            held = part.pop(key)
            assert complaints(name, value) != [], key
            part[key] = held


def test_no_word_may_be_new(rich: World) -> None:
    listed, compared = report(rich, "list"), report(rich, "diff", "HEAD~1")

    assert {record["status"] for record in listed["records"]} == {"approved", "pending", "revoked"}
    listed["records"][0]["status"] = compared["changes"][0]["kind"] = "odd"
    assert complaints("registry-list", listed) != []
    assert complaints("registry-diff", compared) != []
    assert complaints("registry-audit", report(rich, "verify") | {"result": "MAYBE"}) != []
    assert complaints("whoami", report(rich, "whoami") | {"roles": ["king"]}) != []


def test_a_name_that_is_no_text_is_written_out(rich: World) -> None:
    (rich.registry / "models" / "acme" / "pending" / "\udcff").write_bytes(b"")
    commit(rich.home, {})

    (problem,) = [item for item in report(rich, "verify")["problems"] if item["path"] == "models"]
    assert "\\udcff is no record" in problem["message"]
    (change,) = report(rich, "diff", "HEAD~1")["changes"]
    assert change["subject"] == "models/acme/pending/\\udcff"


def report(team: World, verb: str, *arguments: str) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(team.cli("alice", verb, *arguments, "--format", "json").stdout)
    return value


def parts(value: object) -> list[dict[str, Any]]:
    """Give every object inside a value, itself among them."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return ([value] if isinstance(value, dict) else []) + [part for item in inner for part in parts(item)]

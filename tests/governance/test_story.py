"""A registry's life, as three people and a CI type it: from nothing to an enforced registry, and on."""

from __future__ import annotations

import json
from pathlib import Path

from tests.fakes.hub import tiny_model
from tests.governance.world import MODEL, World

OLD = "acme/old"


def test_from_nothing_to_a_rotated_trust_file(team: World, tmp_path: Path) -> None:
    team.hub.add(OLD, tiny_model(b"old"))
    tiny, old = team.lay(tmp_path / "tiny", tiny_model()), team.lay(tmp_path / "old", tiny_model(b"old"))

    assert team.init("--baseline-days", "60").status == 0

    ended = team.add(OLD, "--baseline")
    assert (ended.status, "BASELINE, NOT REVIEWED" in ended.stdout) == (0, True)
    assert team.cli("carol", "approve", OLD).status == 0
    ended = team.add(MODEL)
    assert (ended.status, "every file, to its end" in ended.stdout) == (0, True)
    ended = team.cli("alice", "approve", MODEL)
    assert (ended.status, "1 of 2 signatures" in ended.stderr) == (0, True)

    ended = team.publish()
    assert (ended.status, "1 approval," in ended.stdout, f"waits: {MODEL}" in ended.stderr) == (0, True, True)
    ended = team.verify(MODEL, tiny)
    assert (ended.status, "unapproved-model" in ended.stdout) == (3, True)

    team.approve("--all-pending", by=("bob",))
    assert team.publish().status == 0
    ended = team.verify(MODEL, tiny)
    assert (ended.status, "approved by alice, bob" in ended.stdout) == (0, True)
    ended = team.verify(OLD, old)
    assert (ended.status, "BASELINE, NOT REVIEWED" in ended.stdout, "59 days left" in ended.stdout) == (0, True, True)

    assert team.cli("carol", "revoke", MODEL, "--reason", "a backdoor").status == 0
    ended = team.verify(MODEL, tiny)
    assert (ended.status, "a backdoor" in ended.stdout) == (3, True)  # in sight, before any head holds it
    assert team.publish().status == 0
    ended = team.verify(MODEL, tiny, "--format", "json")
    assert (ended.status, ended.rules, ended.report["registry"]["version"]) == (3, ["revoked-model"], 3)

    ended = team.cli("alice", "rotate", "--add", "dora=dora@acme.test", "--leave", "bob")
    assert (ended.status, "bob leaves" in ended.stdout, "dora signs as" in ended.stdout) == (0, True, True)
    team.approve("trust", by=("alice", "bob", "carol"))
    assert team.verify(OLD, old).status == 4  # nobody published under the new trust file yet
    assert team.publish().status == 0
    assert team.verify(OLD, old).status == 0
    assert json.loads((team.registry / "head.json").read_bytes())["trust_version"] == 2
    assert team.cli("bob", "approve", OLD).status == 2

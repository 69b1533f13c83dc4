"""How documents are written: the same bytes every time, one line a file, and read back as they were."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from tests.conftest import MODEL
from tests.fakes.registry import NOW, FakeRegistry, commit_of
from verifier.document import parse, to_bytes
from verifier.registry.documents import Approval, FileEntry, Head, Revocation, Trust, Waiver
from verifier.registry.records import record_path

HEX = "ab" * 32


def approval(**changes: object) -> Approval:
    files = {"config.json": FileEntry(sha256=HEX, size=2), "model.safetensors": FileEntry(sha256=HEX, size=2**40)}
    values = {
        "schema": "model-verifier/approval/v1",
        "registry": "acme",
        "model": MODEL,
        "revision": commit_of(MODEL),
        "requested_by": "dave",
        "reason": "for a test",
        "valid_until": NOW,
        "files": files,
        "sets": {"default": tuple(files)},
    }
    return Approval.model_validate(values | changes)


def test_what_was_written_is_read_back(registry: FakeRegistry) -> None:
    registry.revoke("bad", model="acme/other", digests=(f"sha256:{HEX}",))
    registry.publish(source_commit=commit_of("main"))
    shapes: dict[str, type[Trust | Head | Approval | Revocation]] = {
        "trust/1.json": Trust,
        "head.json": Head,
        record_path(MODEL, commit_of(MODEL)): Approval,
        "revocations/bad.json": Revocation,
    }
    for path, shape in shapes.items():
        raw = (registry.root / path).read_bytes()
        assert to_bytes(parse(raw, shape)) == raw


def test_it_is_json_in_utf_8_with_a_final_line_feed() -> None:
    raw = to_bytes(approval(reason="für \N{SNOWMAN}"))
    assert raw.endswith(b"}\n")
    assert not raw.endswith(b"\n\n")
    assert json.loads(raw)["reason"] == "für \N{SNOWMAN}"
    assert "für \N{SNOWMAN}" in raw.decode()


def test_each_file_has_its_own_line() -> None:
    lines = to_bytes(approval()).decode().splitlines()
    assert f'    "config.json": {{"sha256": "{HEX}", "size": 2}},' in lines
    assert f'    "model.safetensors": {{"sha256": "{HEX}", "size": {2**40}}}' in lines


def test_one_changed_file_changes_one_line() -> None:
    before = approval()
    files = before.files | {"config.json": FileEntry(sha256="cd" * 32, size=3)}
    lines, changed = (to_bytes(item).splitlines() for item in (before, approval(files=files)))
    assert len(lines) == len(changed)
    assert sum(one != other for one, other in zip(lines, changed, strict=True)) == 1


def test_times_are_utc_to_the_second() -> None:
    assert b'"valid_until": "2026-11-20T10:00:00Z"' in to_bytes(approval())


def test_what_is_absent_is_not_written(registry: FakeRegistry) -> None:
    registry.revoke("bad", model="acme/other")
    assert b"null" not in (registry.root / "revocations/bad.json").read_bytes()


@pytest.mark.parametrize(
    "control",
    [
        "\n",
        "\r",
        "\x00",
        "\x1b",
        "\x7f",
        "\x85",
        "\N{RIGHT-TO-LEFT OVERRIDE}",
        "\N{ZERO WIDTH SPACE}",
        "\N{LINE SEPARATOR}",
    ],
    ids=ascii,
)
def test_what_a_reviewer_would_not_see_is_written_out(control: str) -> None:
    """People read the bytes that they sign: no text may end its line, turn around or hide in it."""
    raw = to_bytes(approval(reason=f'harmless{control}  "baseline": true')).decode()
    unseen = {character for character in raw if unicodedata.category(character) in ("Cc", "Cf", "Zl", "Zp")}
    assert unseen == {"\n"}
    assert len(raw.splitlines()) == len(to_bytes(approval()).splitlines())


@given(
    reason=some.text(min_size=1, max_size=60),
    names=some.lists(some.from_regex(r"[a-z]{1,12}(/[a-z]{1,3})?", fullmatch=True), min_size=1, unique=True),
    aliases=some.lists(some.text(min_size=1, max_size=200), max_size=4),
)
def test_whatever_the_texts_it_is_read_back(reason: str, names: list[str], aliases: list[str]) -> None:
    files = {f"files/{name}.bin": FileEntry(sha256=HEX, size=len(name)) for name in names}
    waiver = Waiver(rule="pickle", path=next(iter(files)), reason=reason, expires=NOW)
    written = approval(
        reason=reason, aliases=tuple(aliases), files=files, sets={"default": tuple(files)}, waivers=(waiver,)
    )
    assert parse(to_bytes(written), Approval) == written


def test_the_demonstration_registry_is_written_so() -> None:
    root = Path(__file__).parents[2] / "registry"
    for path in root.glob("models/*/*/*.json"):
        raw = path.read_bytes()
        assert to_bytes(parse(raw, Approval)) == raw

"""Making an approval's record: every file's digest and size, and nothing odd written down."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import MODEL
from tests.fakes.registry import NOW, commit_of
from verifier.errors import UsageError, VerifierError
from verifier.governance.record import make_approval
from verifier.registry.documents import Approval
from verifier.registry.records import record_path

COMMIT = commit_of(MODEL)


def record(directory: Path, **changes: Any) -> Approval:
    values: dict[str, Any] = {
        "registry": "acme",
        "model": MODEL,
        "revision": COMMIT,
        "requested_by": "dave",
        "reason": "for a test",
        "valid_until": NOW,
    }
    return make_approval(directory, **(values | changes))


def test_a_records_place_is_its_models_and_commits() -> None:
    assert record_path(MODEL, COMMIT) == f"models/acme/tiny/{COMMIT}.json"


def test_every_file_is_listed_with_its_digest_and_size(model: Path) -> None:
    (model / "sub").mkdir()
    (model / "sub" / "empty").write_bytes(b"")
    listed = {path: (entry.sha256, entry.size) for path, entry in record(model).files.items()}
    there = {
        str(path.relative_to(model)): (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_size)
        for path in model.rglob("*")
        if path.is_file()
    }
    assert listed == there


def test_files_are_in_order(model: Path) -> None:
    for name in ("Z", "a", "_"):
        (model / name).write_bytes(b"")
    approval = record(model)
    assert list(approval.files) == sorted(approval.files)
    assert list(approval.sets["default"]) == sorted(approval.files)


def test_the_default_set_is_everything_unless_it_is_said(model: Path) -> None:
    assert record(model).sets == {"default": tuple(record(model).files)}
    assert record(model, sets={"default": ["config.json"]}).sets == {"default": ("config.json",)}


def test_what_was_given_is_written_down(model: Path) -> None:
    required = f"acme/base@{COMMIT}"
    approval = record(model, aliases=["tiny"], requires=[required], lifts=[f"sha256:{'0' * 64}"], baseline=True)
    assert (approval.model, approval.revision, approval.requested_by) == (MODEL, COMMIT, "dave")
    assert (approval.aliases, approval.requires, approval.baseline) == (("tiny",), (required,), True)


@pytest.mark.parametrize("kind", ["link", "fifo", "name"])
def test_what_is_odd_is_not_written_down(model: Path, kind: str) -> None:
    if kind == "link":
        (model / "odd").symlink_to("config.json")
    elif kind == "fifo":
        os.mkfifo(model / "odd")
    else:
        (model / "odd\nname").write_bytes(b"")
    with pytest.raises(UsageError, match="can't be written down: odd"):
        record(model)


def test_a_directory_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is not there"):
        record(tmp_path / "gone")


def test_an_empty_directory_is_no_model(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(VerifierError):
        record(tmp_path / "empty")


@pytest.mark.parametrize(
    "changes",
    [
        {"model": "tiny"},
        {"model": "https://huggingface.co/acme/tiny"},
        {"revision": "main"},
        {"reason": ""},
        {"requires": ["acme/base"]},
        {"sets": {"default": ["gone.bin"]}},
        {"sets": {"other": ["config.json"]}},
        {"registry": "ACME"},
    ],
    ids=str,
)
def test_what_no_reader_would_accept_is_not_made(model: Path, changes: dict[str, object]) -> None:
    with pytest.raises((VerifierError, ValueError)):
        record(model, **changes)

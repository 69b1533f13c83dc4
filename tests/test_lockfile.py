"""The file models.lock: what is not a whole and valid one is the caller's to mend, and pins nothing."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from verifier import limits
from verifier.errors import UndecidedError, UsageError
from verifier.lockfile import Lock, read_lock
from verifier.reference import ModelReference

MODEL, COMMIT = "acme/tiny", "3f1c0a52b7de49c6a1f0e8d37b5c94a2608d1e7f"
ENTRY = {"model": MODEL, "revision": COMMIT, "locked_at": "2026-11-01T08:00:00Z"}
FILES = {"a.bin": {"sha256": "0" * 64, "size": 1}}


def document(**entry: Any) -> bytes:
    return json.dumps({"schema": "model-verifier/lock/v1", "models": [ENTRY | {"files": FILES} | entry]}).encode()


@pytest.mark.parametrize(
    ("raw", "complaint"),
    [
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b"models:\n- acme/tiny\n", "is not JSON"),
        (b"{}", "schema: Field required; models: Field required"),
        (b"[]", "is not valid"),
        (b"null", "is not valid"),
        (document()[:-1], "is not JSON"),
        (document().replace(b'"models"', b'"schema": "x", "models"'), "holds the key 'schema' twice"),
        (document().replace(b'"a.bin": ', b'"a.bin": 1, "a.bin": '), "holds the key 'a.bin' twice"),
        (document().replace(b"lock/v1", b"lock/v2"), "schema: Input should be 'model-verifier/lock/v1'"),
        (document().replace(b"lock/v1", b"approval/v1"), "schema: "),
        (document().replace(b'"models"', b'"waivers": [], "models"'), "waivers: Extra inputs are not permitted"),
        (document(approved_by="me"), "models[0].approved_by: Extra inputs are not permitted"),
        (document(files={"../a": FILES["a.bin"]}), 'models[0].files["../a"]'),
        (document(files={"/etc/passwd": FILES["a.bin"]}), 'models[0].files["/etc/passwd"]'),
        (document(files={"a//b": FILES["a.bin"]}), 'models[0].files["a//b"]'),
        (document(files={"a\\b": FILES["a.bin"]}), "a backslash"),
        (document(files={"a\u202eb": FILES["a.bin"]}), "U+202E"),
        (document(files={}), "models[0].files"),
        (document(files={"a.bin": {"sha256": "0" * 64}}), 'models[0].files["a.bin"].size: Field required'),
        (document(files={"a.bin": {"sha256": "0" * 63, "size": 1}}), 'models[0].files["a.bin"].sha256'),
        (document(files={"a.bin": {"sha256": "A" * 64, "size": 1}}), 'models[0].files["a.bin"].sha256'),
        (document(files={"a.bin": {"sha256": "0" * 64, "size": "1"}}), 'models[0].files["a.bin"].size'),
        (document(files={"a.bin": {"sha256": "0" * 64, "size": -1}}), 'models[0].files["a.bin"].size'),
        (document(files={"a.bin": {"sha256": "0" * 64, "size": True}}), 'models[0].files["a.bin"].size'),
        (document(revision="main"), "models[0].revision: is not a whole commit"),
        (document(revision=COMMIT[:12]), "models[0].revision: is not a whole commit"),
        (document(revision=None), "models[0].revision"),
        (document(set="../x"), "models[0].set"),
        (document(locked_at="2026-11-01"), "models[0].locked_at"),
        (document(locked_at="2026-13-01T08:00:00Z"), "models[0].locked_at"),
        (document(locked_at=1_762_000_000), "models[0].locked_at"),
        (document(model="acme/tiny@main"), "models[0].model"),
        (document(model="tiny"), "models[0].model"),
        (document(model="../tiny"), "models[0].model"),
        (document(model="acme/"), "models[0].model"),
        (document(model="\u0430cme/tiny"), "models[0].model"),
        (b"\xff\xfe", "is not UTF-8"),
        (b'{"schema": NaN}', "NaN, which is not JSON"),
        (b'{"schema": ' + b"1" * 5_000 + b"}", "is not JSON"),
        (b"[" * 100_000, "is nested too deeply"),
        (b'{"\\ud800": 1}', "is not valid"),
    ],
)  # fmt: skip
def test_what_is_no_lock_is_a_usage_error_that_names_the_place(raw: bytes, complaint: str, tmp_path: Path) -> None:
    lock = tmp_path / "models.lock"
    lock.write_bytes(raw)
    with pytest.raises(UsageError) as caught:
        read_lock(lock)

    assert complaint in caught.value.message
    assert str(lock) in caught.value.message
    assert caught.value.remedy != ""


@pytest.mark.parametrize("name", ["nowhere.lock", "directory", "fifo", "file/models.lock", "nul\0byte"])
def test_what_is_no_file_is_a_usage_error(name: str, tmp_path: Path) -> None:
    (tmp_path / "directory").mkdir()
    (tmp_path / "file").touch()
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(UsageError, match="the lock"):
        read_lock(tmp_path / name)


def test_a_huge_one_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "models.lock").open("wb") as file:
        file.truncate(limits.MAX_LOCK + 1)
    with pytest.raises(UsageError, match="is larger than the limit"):
        read_lock(tmp_path / "models.lock")


def test_one_that_the_system_will_not_read_is_undecided(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(UndecidedError, match="can't be read"):
        read_lock(tmp_path / "loop")


def test_an_empty_one_pins_nothing(tmp_path: Path) -> None:
    (tmp_path / "models.lock").write_text('{"schema": "model-verifier/lock/v1", "models": []}')

    assert read_lock(tmp_path / "models.lock").find(ModelReference.parse(MODEL), None) is None


def test_a_good_one_is_read_whole(tmp_path: Path) -> None:
    (tmp_path / "models.lock").write_bytes(document())

    (entry,) = read_lock(tmp_path / "models.lock").models
    assert (entry.model, entry.revision, entry.set) == (MODEL, COMMIT, "default")
    assert [(file.path, file.size, file.digest.hex) for file in entry.manifest] == [("a.bin", 1, "0" * 64)]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100, deadline=None)
@given(st.binary(max_size=40), st.integers(0, 300), st.integers(0, 40))
def test_no_bytes_raise_anything_else(tmp_path: Path, noise: bytes, at: int, length: int) -> None:
    raw = document()
    (tmp_path / "models.lock").write_bytes(raw[:at] + noise + raw[at + length :])
    with suppress(UsageError):
        assert isinstance(read_lock(tmp_path / "models.lock"), Lock)

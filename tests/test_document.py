"""Untrusted documents: strict JSON into frozen types, and every complaint names its place."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from verifier.document import (
    Commit,
    DigestText,
    Document,
    DocumentError,
    FilePath,
    ModelId,
    Name,
    PinnedModel,
    Sequence,
    Sha256,
    Size,
    Text,
    Timestamp,
    build,
    format_timestamp,
    load_json,
    parse,
    read_bytes,
    to_bytes,
)

COMMIT = "3f1c0a52b7de49c6a1f0e8d37b5c94a2608d1e7f"


class Part(Document):
    sha256: Sha256
    size: Size


class Sample(Document):
    """One field of each kind."""

    commit: Commit | None = None
    digest: DigestText | None = None
    model: ModelId | None = None
    name: Name | None = None
    pinned: PinnedModel | None = None
    text: Text | None = None
    time: Timestamp | None = None
    flag: bool | None = None
    files: dict[FilePath, Part] | None = None
    names: Sequence[Name] = ()


def complaint(value: object) -> str:
    with pytest.raises(DocumentError) as caught:
        parse(json.dumps(value).encode(), Sample)
    return str(caught.value)


class TestJson:
    @pytest.mark.parametrize(
        ("raw", "value"),
        [(b'{"a": [1, 2.5, "x", true, null]}', {"a": [1, 2.5, "x", True, None]}), (b" 1\n", 1), (b'"\xc3\xa9"', "é")],
    )
    def test_what_json_is(self, raw: bytes, value: object) -> None:
        assert load_json(raw) == value

    @pytest.mark.parametrize(
        ("raw", "says"),
        [
            (b"", "is empty"),
            (b" \r\n\t", "is empty"),
            (b"{", "is not JSON: "),
            (b"{'a': 1}", "at line 1, column 2"),
            (b'{"a": 1,}', "is not JSON"),
            (b'{"a": 1} {}', "is not JSON: Extra data"),
            (b'{"a": 1} // comment', "is not JSON"),
            (b'"a\nb"', "is not JSON"),
            (b'{"a": 1, "a": 1}', "holds the key 'a' twice"),
            (b'[{"b": {"c": 1, "d": 2, "c": 3}}]', "holds the key 'c' twice"),
            (b'{"a": 1, "\\u0061": 2}', "holds the key 'a' twice"),
            (b"NaN", "holds NaN"),
            (b'{"a": -Infinity}', "holds -Infinity"),
            (b"[" * 100_000, "is nested too deeply"),
            (b'{"a":' * 100_000, "is nested too deeply"),
            (b"9" * 5_000, "is not JSON that can be read"),
            (b'"\xff"', "is not UTF-8 (byte 1)"),
            (b"\xef\xbb\xbf{}", "is not JSON"),
            ("{}".encode("utf-16"), "is not UTF-8"),
        ],
        ids=lambda part: str(part)[:30],
    )
    def test_what_json_is_not(self, raw: bytes, says: str) -> None:
        with pytest.raises(DocumentError) as caught:
            load_json(raw)
        assert says in str(caught.value)

    @given(st.binary(max_size=50) | st.text(max_size=50).map(str.encode))
    def test_no_bytes_raise_anything_else(self, raw: bytes) -> None:
        with suppress(DocumentError):
            load_json(raw)


class TestPlaces:
    @pytest.mark.parametrize(
        ("value", "says"),
        [
            ([], "the document: "),
            ({"colour": 1}, "colour: Extra inputs are not permitted"),
            ({"files": {"a.bin": {"sha256": "0" * 64}}}, 'files["a.bin"].size: Field required'),
            ({"files": {"a": {"sha256": "0" * 64, "size": "1"}}}, "files.a.size: Input should be a valid integer"),
            ({"names": ["a", "B"]}, "names[1]: "),
            ({"a b": 1}, '["a b"]: Extra inputs'),
            ({"a\x1bb": 1}, r'["a\u001bb"]: Extra inputs'),
            ({"a\ud800": 1}, "is not valid"),
        ],
    )
    def test_the_place_is_named(self, value: object, says: str) -> None:
        assert says in complaint(value)

    def test_the_first_three_are_told_and_the_rest_counted(self) -> None:
        text = complaint({str(number): 1 for number in range(8)})

        assert text.count("Extra inputs") == 3
        assert text.endswith("; and 5 more")

    def test_a_long_key_is_cut(self) -> None:
        assert len(complaint({"a b" * 100_000: 1})) < 400


class TestKinds:
    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("commit", COMMIT),
            ("digest", f"sha256:{'a' * 64}"),
            ("model", "acme/Tiny-1.0_b"),
            ("name", "gguf-q4_k_m"),
            ("pinned", f"acme/tiny@{COMMIT}"),
            ("text", "für einen Test"),
            ("time", "2026-11-20T10:00:00Z"),
            ("files", {"sub/a b.bin": {"sha256": "0" * 64, "size": 2**63 - 1}}),
            ("names", ["a", "b"]),
        ],
    )
    def test_what_is_taken(self, field: str, value: object) -> None:
        document = parse(json.dumps({field: value}).encode(), Sample)

        assert json.loads(to_bytes(document))[field] == value

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("commit", COMMIT.upper()),
            ("commit", COMMIT[:-1]),
            ("commit", f"{COMMIT}\n"),
            ("commit", 7),
            ("digest", "a" * 64),
            ("digest", f"sha256:{'A' * 64}"),
            ("digest", f"sha256:{'a' * 64}\n"),
            ("digest", f"sha512:{'a' * 128}"),
            ("model", "tiny"),
            ("model", "acme/tiny@main"),
            ("model", "acme/tiny/x"),
            ("model", "../tiny"),
            ("model", "\u0430cme/tiny"),
            ("model", " acme/tiny"),
            ("model", ""),
            ("model", ["acme/tiny"]),
            ("model", "hf://acme/tiny"),
            ("model", "https://huggingface.co/acme/tiny"),
            ("pinned", "acme/tiny"),
            ("pinned", "acme/tiny@main"),
            ("pinned", "tiny"),
            ("pinned", f"acme/tiny@{COMMIT.upper()}"),
            ("pinned", f"https://huggingface.co/acme/tiny/tree/{COMMIT}"),
            ("name", "Acme"),
            ("name", "-acme"),
            ("name", "a" * 65),
            ("name", "acme\n"),
            ("text", ""),
            ("text", "a" * 2_001),
            ("time", "2026-11-20"),
            ("time", "2026-11-20T10:00:00+00:00"),
            ("time", "2026-11-20T10:00:00z"),
            ("time", "2026-11-31T10:00:00Z"),
            ("time", "2026-11-20T10:00:60Z"),
            ("time", "2026-11-20 10:00:00Z"),
            ("time", 1_763_632_800),
            ("flag", 1),
            ("flag", "true"),
            ("files", {"../a": {"sha256": "0" * 64, "size": 1}}),
            ("files", {"a": {"sha256": "0" * 64, "size": 2**63}}),
            ("files", {"a": {"sha256": "0" * 64, "size": 1.0}}),
            ("files", {"a": {"sha256": "0" * 64, "size": -1}}),
            ("names", "ab"),
        ],
    )
    def test_what_is_not_taken(self, field: str, value: object) -> None:
        assert f"{field}" in complaint({field: value})

    def test_what_was_read_can_not_be_changed(self) -> None:
        document = build({"name": "acme"}, Sample)
        with pytest.raises(ValidationError):
            setattr(document, "name", "other")  # noqa: B010 - mypy knows it, too


class TestTimes:
    def test_are_written_in_utc_to_the_second(self) -> None:
        tokyo = timezone(timedelta(hours=9))

        assert format_timestamp(datetime(2026, 11, 20, 19, 0, 0, 999_999, tokyo)) == "2026-11-20T10:00:00Z"

    @given(st.datetimes(datetime(1000, 1, 1), timezones=st.just(UTC)).map(lambda time: time.replace(microsecond=0)))
    def test_are_read_as_they_were_written(self, time: datetime) -> None:
        assert build({"time": format_timestamp(time)}, Sample).time == time


class TestBytes:
    def test_are_read_up_to_the_limit_and_not_beyond(self, tmp_path: Path) -> None:
        path = tmp_path / "a"
        path.write_bytes(b"12345")

        assert read_bytes(path, 5) == b"12345"
        with pytest.raises(DocumentError, match="larger than the limit of 4 bytes"):
            read_bytes(path, 4)

    def test_of_a_fifo_are_not_waited_for(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "fifo")
        with pytest.raises(DocumentError, match="is not a regular file"):
            read_bytes(tmp_path / "fifo", 5)

    def test_of_a_device_are_not_read(self) -> None:
        with pytest.raises(DocumentError, match="is not a regular file"):
            read_bytes(Path("/dev/zero"), 5)

    @pytest.mark.parametrize("name", ["nowhere", "nul\0byte"])
    def test_that_are_not_there_are_the_systems_complaint(self, name: str, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError):
            read_bytes(tmp_path / name, 5)


class TestWriting:
    def test_one_file_stands_on_one_line(self) -> None:
        entry = {"sha256": "0" * 64, "size": 1}
        document = build({"name": "acme", "files": {"é.bin": entry, "b.bin": entry}, "names": ["a", "b"]}, Sample)

        line = f'{{"sha256": "{"0" * 64}", "size": 1}}'
        assert to_bytes(document).decode() == (
            "{\n"
            '  "name": "acme",\n'
            '  "files": {\n'
            f'    "é.bin": {line},\n'
            f'    "b.bin": {line}\n'
            "  },\n"
            '  "names": ["a", "b"]\n'
            "}\n"
        )

    @given(
        st.builds(
            Sample, text=st.text(min_size=1, max_size=50), names=st.lists(st.from_regex(r"[a-z]{1,9}", fullmatch=True))
        )
    )
    def test_what_is_written_is_read_again(self, document: Sample) -> None:
        assert parse(to_bytes(document), Sample) == document


def test_a_documents_own_kinds_are_strict() -> None:
    values: dict[str, Any] = {"size": "1", "sha256": "0" * 64}
    with pytest.raises(DocumentError):
        build(values, Part)

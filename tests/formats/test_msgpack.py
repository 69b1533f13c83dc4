"""msgpack: every kind of value is passed over, up to the last byte."""

from __future__ import annotations

import struct

import pytest

from tests.formats import identified, reasons, sample
from verifier import limits
from verifier.formats.content import Content, Status

VALUES = {
    "number": b"\x05", "negative": b"\xff", "nil": b"\xc0", "true": b"\xc3", "float": b"\xcb" + bytes(8),
    "u8": b"\xcc\1", "u16": b"\xcd" + bytes(2), "i64": b"\xd3" + bytes(8), "text": b"\xa3abc", "text8": b"\xd9\1a",
    "bytes32": b"\xc6\0\0\0\2ab", "list": b"\x92\1\2", "list16": b"\xdc\0\1\1", "map": b"\x81\xa1a\1",
    "map32": b"\xdf\0\0\0\1\xa1a\1", "fixed extension": b"\xd4\1x", "extension": b"\xc7\3\1abc",
    "long extension": b"\xc9\0\0\0\2\1ab",
}  # fmt: skip


def read(value: bytes) -> Content:
    return identified(b"\x81\xa1k" + value, "flax_model.msgpack")


def test_what_flax_writes_is_inert() -> None:
    content = identified(sample("plain.msgpack"), "flax_model.msgpack")

    assert (content.format, content.status) == ("msgpack", Status.INERT)


@pytest.mark.parametrize("kind", VALUES)
def test_every_kind_of_value_is_passed_over(kind: str) -> None:
    assert read(VALUES[kind]).status is Status.INERT
    assert reasons(read(VALUES[kind][:-1])) or kind in ("number", "nil")
    assert "follow its only value" in reasons(read(VALUES[kind] + b"\0"))


@pytest.mark.parametrize(
    ("value", "why"),
    [(b"\xc1", "does not write"), (b"\xdd\xff\xff\xff\xff" + b"\1" * 9, "breaks off"), (b"", "breaks off")],
)
def test_what_flax_does_not_write(value: bytes, why: str) -> None:
    assert why in reasons(read(value))


def test_more_values_than_are_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_MSGPACK_VALUES", 10)

    assert "more values" in reasons(read(b"\xdc" + struct.pack(">H", 20) + b"\1" * 20))


def test_the_name_alone_does_not_make_it_one() -> None:
    assert identified(b"\xa1a\0", "x.msgpack").format == "unknown"

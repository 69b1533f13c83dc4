"""The wire format: what is walked, what is refused, and that no message costs more than its fields."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.formats.wire import field, varint
from verifier import limits
from verifier.formats.protobuf import BYTES, FIXED32, FIXED64, GROUP, VARINT, Reader, Shape, WireError
from verifier.source import Memory

SHAPES = {"tree": Shape({1: "tree"}, frozenset({2}))}


def wires(data: bytes) -> list[tuple[int, int, int]]:
    return [(item.number, item.wire, item.value) for item in Reader(Memory(data)).fields(0, len(data))]


def test_every_wire_type_is_told() -> None:
    data = field(1, 300) + field(2, "text") + b"\x1d" + bytes(4) + b"\x21" + bytes(8)

    assert wires(data) == [(1, VARINT, 300), (2, BYTES, 0), (3, FIXED32, 0), (4, FIXED64, 0)]


def test_a_group_is_passed_over_whole() -> None:
    group = varint(5 << 3 | 3) + field(1, 1) + varint(5 << 3 | 4)

    assert wires(group + field(2, 7)) == [(5, 4, 0), (2, VARINT, 7)]
    assert GROUP == 3


@pytest.mark.parametrize(
    "data",
    [b"\x08", b"\x80", b"\xff" * 11, field(1, "text")[:-1], b"\x0e", b"\x0c", b"\x0b", b"\x00\x00", b"\x1d\0"],
    ids=["no value", "no end", "a long number", "cut off", "type 6", "no group", "open group", "number 0", "few bytes"],
)
def test_what_is_no_message_is_refused(data: bytes) -> None:
    with pytest.raises(WireError):
        wires(data)


def test_a_window_can_end_within_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "FORMAT_WINDOW", 1)

    assert wires(field(1, 2**40) + field(1, 2)) == [(1, VARINT, 2**40), (1, VARINT, 2)]


def test_inner_messages_come_first_and_texts_with_them() -> None:
    data = field(1, field(2, "inner") + field(2, "last")) + field(2, "outer")
    messages = list(Reader(Memory(data)).walk(SHAPES, "tree", 0, len(data)))

    assert [message.text(2) for message in messages] == ["last", "outer"]
    assert messages[0].texts[2] == ["inner", "last"]
    assert messages[0].text(9) == ""


def test_a_field_of_another_type_than_expected_is_no_message() -> None:
    data = field(1, 5) + field(2, 6)

    assert [message.texts for message in Reader(Memory(data)).walk(SHAPES, "tree", 0, len(data))] == [{}]


def test_messages_are_followed_as_deep_as_protobuf_does() -> None:
    data = b""
    for _ in range(101):
        data = field(1, data)

    with pytest.raises(WireError, match="deep"):
        list(Reader(Memory(data)).walk(SHAPES, "tree", 0, len(data)))


def test_fields_are_counted_over_all_messages() -> None:
    data = field(1, field(2, "x") * 3) * 3

    with pytest.raises(WireError, match="more fields"):
        list(Reader(Memory(data), most=10).walk(SHAPES, "tree", 0, len(data)))


def test_a_text_longer_than_any_name_is_refused() -> None:
    data = field(2, b"x" * (limits.MAX_CONFIG + 1))

    with pytest.raises(WireError, match="longer than is read"):
        list(Reader(Memory(data)).walk(SHAPES, "tree", 0, len(data)))


def test_a_source_that_ends_early_is_refused() -> None:
    with pytest.raises(WireError):
        list(Reader(Memory(b"")).fields(0, 10))


def test_the_smallest_fields_are_given_up_in_time() -> None:
    data = b"\x08\x01" * 1_000_001

    start = time.process_time()
    with pytest.raises(WireError, match="more fields"):
        for _ in Reader(Memory(data)).fields(0, len(data)):
            pass
    assert time.process_time() - start < 20


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_else(data: bytes) -> None:
    try:
        found = wires(data)
    except WireError:
        return
    assert all(number for number, _, _ in found)

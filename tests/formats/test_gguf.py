"""GGUF: all kinds of metadata, templates among it, and tensors that must cover the file."""

from __future__ import annotations

import struct

import pytest

from tests.formats import EMPTY_GGUF, identified, is_clean, problems, reasons, sample
from verifier import limits
from verifier.formats.content import Content

STRING, ARRAY, U32 = 8, 9, 4


def text(value: str | bytes) -> bytes:
    data = value.encode() if isinstance(value, str) else value
    return struct.pack("<Q", len(data)) + data


def pair(key: str, kind: int, value: bytes) -> bytes:
    return text(key) + struct.pack("<I", kind) + value


def tensor(name: str, sides: list[int], kind: int, offset: int) -> bytes:
    return text(name) + struct.pack(f"<I{len(sides)}QIQ", len(sides), *sides, kind, offset)


def gguf(*pairs: bytes, tensors: tuple[bytes, ...] = (), data: bytes = b"") -> Content:
    head = struct.pack("<4sIQQ", b"GGUF", 3, len(tensors), len(pairs)) + b"".join((*pairs, *tensors))
    padding = b"\0" * (-len(head) % 32) if tensors else b""
    return identified(head + padding + data, "model.gguf")


def test_what_the_library_writes_passes_and_shows_its_templates() -> None:
    content = identified(sample("plain.gguf"), "model.gguf")

    assert is_clean(content)
    assert {each.where: each.text for each in content.templates} == {
        "tokenizer.chat_template": "{{ messages }}",
        "tokenizer.chat_template.tool_use": "{{ tools }}",
    }


@pytest.mark.parametrize("kind", range(13))
def test_every_kind_of_value_is_passed_over(kind: int) -> None:
    widths = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
    value = text("x") if kind == STRING else struct.pack("<IQ", U32, 0) if kind == ARRAY else bytes(widths[kind])
    array = struct.pack("<IQ", kind, 3) + (text("x") if kind == STRING else bytes(widths.get(kind, 0))) * 3
    content = gguf(pair("a", kind, value), pair("tokenizer.chat_template", STRING, text("{{ x }}")))

    assert is_clean(content)
    assert len(content.templates) == 1
    assert is_clean(gguf(pair("a", ARRAY, array))) is (kind != ARRAY)


def test_the_other_byte_order_and_the_first_version() -> None:
    swapped = struct.pack(">4sIQQ", b"GGUF", 3, 0, 1) + struct.pack(">Q", 1) + b"a" + struct.pack(">II", U32, 5)
    first = struct.pack("<4sIII", b"GGUF", 1, 0, 1) + struct.pack("<I", 1) + b"a" + struct.pack("<II", U32, 5)

    assert is_clean(identified(swapped))
    assert is_clean(identified(first))


@pytest.mark.parametrize(
    ("pairs", "why"),
    [
        ([pair("a", 13, b"")], "no value of type 13"),
        ([pair("a", ARRAY, struct.pack("<IQ", ARRAY, 1))], "values of type 9"),
        ([pair("a", ARRAY, struct.pack("<IQ", U32, 2**62))], "outside the file"),
        ([pair("a", ARRAY, struct.pack("<IQ", STRING, 2**62))], "more values than are followed"),
        ([pair("a", STRING, struct.pack("<Q", 2**63))], "outside the file"),
        ([struct.pack("<Q", 2**40)], "a text has"),
        ([pair("general.alignment", U32, struct.pack("<I", 0))], "no power of two"),
        ([pair("general.alignment", U32, struct.pack("<I", 24))], "no power of two"),
        ([pair("tokenizer.chat_template", STRING, text("x"))] * (limits.MAX_TEMPLATES + 1), "more chat templates"),
    ],
)
def test_metadata_that_no_reader_takes(pairs: list[bytes], why: str) -> None:
    assert why in reasons(gguf(*pairs))


def test_an_alignment_of_its_own_counts() -> None:
    align = pair("general.alignment", U32, struct.pack("<I", 64))
    head = struct.pack("<4sIQQ", b"GGUF", 3, 1, 1) + align + tensor("a", [16], 0, 0)

    assert is_clean(identified(head + bytes(-len(head) % 64) + bytes(64)))
    assert "outside the file" in reasons(identified(head + bytes(-len(head) % 32) + bytes(32)))


@pytest.mark.parametrize(
    ("tensors", "size", "why"),
    [
        ([tensor("a", [8], 0, 0), tensor("b", [8], 0, 32)], 64, ""),
        ([tensor("a", [32], 2, 0)], 18, ""),
        ([tensor("a", [32], 2, 0)], 32, ""),
        ([tensor("a", [8], 0, 0), tensor("b", [8], 0, 0)], 32, "'b' overlaps"),
        ([tensor("a", [8], 0, 0), tensor("b", [8], 0, 64)], 96, "32 bytes before the tensor 'b' belong to no tensor"),
        ([tensor("a", [8], 0, 0)], 96, "64 bytes at offset"),
    ],
    ids=["side by side", "no padding", "padding", "overlap", "gap", "tail"],
)
def test_tensors_cover_the_file(tensors: list[bytes], size: int, why: str) -> None:
    content = gguf(tensors=tuple(tensors), data=bytes(size))

    assert content.unfollowed is None
    assert (why in problems(content)) if why else is_clean(content)
    assert bool(content.disguises) is bool(why)


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        (tensor("a", [9], 0, 0), "outside the file"),
        (tensor("a", [8], 0, 2**63), "outside the file"),
        (tensor("a", [2**40, 2**40], 0, 0), "outside the file"),
        (tensor("a", [8], 99, 0), "unknown type 99"),
        (tensor("a", [31], 2, 0), "ends inside a block"),
        (tensor("a", [1] * 5, 0, 0), "5 dimensions"),
    ],
)
def test_a_tensor_that_can_not_be(entry: bytes, why: str) -> None:
    assert why in reasons(gguf(tensors=(entry,), data=bytes(32)))


def test_bytes_in_the_padding_are_hidden_bytes() -> None:
    assert "padding" in problems(gguf(tensors=(tensor("a", [32], 2, 0),), data=bytes(18) + b"hidden"))


def test_a_file_without_tensors_ends_with_its_metadata() -> None:
    assert is_clean(identified(EMPTY_GGUF))
    assert "64 bytes" in problems(identified(EMPTY_GGUF + b"x" * 64))


@pytest.mark.parametrize("version", [0, 4, 0x30303030])
def test_an_unknown_version_is_not_followed(version: int) -> None:
    assert "unknown version" in reasons(identified(struct.pack("<4sIQQ", b"GGUF", version, 0, 0)))


def test_very_many_tensors_are_refused_before_they_are_read() -> None:
    assert "claims" in reasons(identified(struct.pack("<4sIQQ", b"GGUF", 3, 2**40, 0)))

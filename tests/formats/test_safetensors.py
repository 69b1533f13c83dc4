"""The safetensors header, rule by rule; each malformed file here is refused, and says where and why."""

from __future__ import annotations

import json
import struct
import time
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save

from tests.formats import in_memory
from verifier import limits
from verifier.formats import Content, identify
from verifier.formats.safetensors import BITS, matches, read
from verifier.snapshot import Source


def build(header: object, data: bytes = b"") -> bytes:
    raw = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(raw)) + raw + data


def tensor(begin: object, end: object, dtype: object = "U8", shape: object = None) -> dict[str, Any]:
    size = end - begin if isinstance(begin, int) and isinstance(end, int) else 0
    return {"dtype": dtype, "shape": [size] if shape is None else shape, "data_offsets": [begin, end]}


def content(data: bytes) -> Content:
    return identify("model.safetensors", in_memory(data))


def problem(data: bytes) -> str:
    """Give the one thing that is wrong with a file."""
    found = content(data)
    assert (found.format, found.pickles, found.unfollowed) == ("safetensors", (), None)
    (only,) = found.problems
    return only.message


@pytest.mark.parametrize(
    ("header", "data"),
    [
        pytest.param({"a": tensor(0, 4, "F32", [1])}, b"1234", id="one tensor"),
        pytest.param({"b": tensor(2, 4), "a": tensor(0, 2)}, b"1234", id="not in order of their names"),
        pytest.param({"a": tensor(0, 4, "I32", [])}, b"1234", id="a scalar"),
        pytest.param({"a": tensor(0, 0, "F32", [0, 5])}, b"", id="an empty tensor alone"),
        pytest.param({"a": tensor(0, 2), "e": tensor(2, 2), "b": tensor(2, 4)}, b"1234", id="an empty one between"),
        pytest.param({"e": tensor(0, 0), "f": tensor(0, 0), "b": tensor(0, 4)}, b"1234", id="empty ones at the start"),
        pytest.param({"a": tensor(0, 0, "F32", [2**63, 0])}, b"", id="an empty one with a huge side"),
        pytest.param({"__metadata__": {"format": "pt"}, "a": tensor(0, 1)}, b"1", id="metadata"),
        pytest.param({"__metadata__": {}}, b"", id="empty metadata alone"),
        pytest.param({}, b"", id="no tensor at all"),
        pytest.param({"": tensor(0, 1), "a\nb\u202e": tensor(1, 2)}, b"12", id="odd names"),
        pytest.param(b'{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}   \n\t ', b"1", id="blanks after it"),
    ],
)
def test_what_the_format_allows(header: object, data: bytes) -> None:
    assert (content(build(header, data)).format, content(build(header, data)).problems) == ("safetensors", ())


def test_the_names_of_the_tensors_are_given() -> None:
    made = save({"a": np.zeros((2, 3), np.float16), "b.c": np.ones(5, np.int64)}, {"format": "pt"})

    assert sorted(content(made).tensors or ()) == ["a", "b.c"]


@pytest.mark.parametrize("dtype", sorted(BITS))
def test_every_dtype_of_the_library_has_its_width(dtype: str) -> None:
    size = BITS[dtype]  # eight elements

    assert content(build({"a": tensor(0, size, dtype, [2, 4])}, b"x" * size)).problems == ()
    assert "dtype and shape need" in problem(build({"a": tensor(0, size + 1, dtype, [8])}, b"x" * (size + 1)))


@pytest.mark.parametrize(("dtype", "count", "size"), [("F4", 1, 1), ("F4", 3, 2), ("F6_E2M3", 1, 1), ("F6_E3M2", 2, 2)])
def test_elements_that_end_within_a_byte_are_refused(dtype: str, count: int, size: int) -> None:
    assert "dtype and shape need" in problem(build({"a": tensor(0, size, dtype, [count])}, b"x" * size))


@pytest.mark.parametrize(
    ("tensors", "message", "offset"),
    [
        ({"a": tensor(0, 3), "b": tensor(2, 4)}, "'b' overlaps", 2),
        ({"a": tensor(0, 4), "b": tensor(0, 4)}, "'b' overlaps", 0),
        ({"a": tensor(0, 4), "e": tensor(2, 2)}, "'e' overlaps", 2),
        ({"b": tensor(1, 4)}, "1 bytes at offset", 0),
        ({"a": tensor(0, 1), "b": tensor(2, 4)}, "1 bytes at offset", 1),
        ({"a": tensor(0, 1)}, "3 bytes at offset", 1),
        ({}, "4 bytes at offset", 0),
    ],
)
def test_tensors_cover_the_data_without_overlap_and_gap(tensors: dict[str, Any], message: str, offset: int) -> None:
    made = build(tensors, b"1234")

    assert message in problem(made)
    assert content(made).problems[0].offset == len(made) - 4 + offset


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (tensor(0, 5), "outside the 4 bytes"),
        (tensor(0, 2**64 - 1), "outside the 4 bytes"),
        (tensor(4, 0, shape=[4]), "before it begins"),
        (tensor(0, 4, shape=[3]), "need 3"),
        (tensor(0, 4, "F32", [2]), "need 8"),
        (tensor(0, 4, "F32", [2**62]), "dtype and shape need"),
        (tensor(0, 4, "F5"), "unknown dtype 'F5'"),
        (tensor(0, 4, "f32"), "unknown dtype 'f32'"),
        (tensor(0, 4, "x" * 5_000), "unknown dtype 'xxx"),
        (tensor(0, 4, None), "unknown dtype"),
        (tensor(0, 4, ["U8"]), "unknown dtype"),
        (tensor(0, 4, {"U8": "U8"}), "unknown dtype"),
        (tensor(0, 4, shape=[-4]), "not a list of sizes"),
        (tensor(0, 4, shape=[-2, -2]), "not a list of sizes"),
        (tensor(0, 4, shape=[4.0]), "not a list of sizes"),
        (tensor(0, 4, shape=[True, 4]), "not a list of sizes"),
        (tensor(0, 4, shape=["4"]), "not a list of sizes"),
        (tensor(0, 4, shape=[None]), "not a list of sizes"),
        (tensor(0, 4, shape=[2**64]), "not a list of sizes"),
        (tensor(0, 4, shape=4), "not a list of sizes"),
        (tensor(0, 4, shape={"0": 4}), "not a list of sizes"),
        (tensor(-1, 4), "not two offsets"),
        (tensor(0.0, 4, shape=[4]), "not two offsets"),
        (tensor(False, 4, shape=[4]), "not two offsets"),
        (tensor(0, "4", shape=[4]), "not two offsets"),
        (tensor(0, 10**30, shape=[4]), "not two offsets"),
        (tensor(0, 4) | {"data_offsets": [0, 4, 4]}, "not two offsets"),
        (tensor(0, 4) | {"data_offsets": [4]}, "not two offsets"),
        (tensor(0, 4) | {"data_offsets": 4}, "not two offsets"),
        (tensor(0, 4) | {"more": 1}, "not made of"),
        ({"dtype": "U8", "shape": [4]}, "not made of"),
        ({}, "not made of"),
        ([], "not made of"),
        (None, "not made of"),
        ("U8", "not made of"),
    ],
)
def test_an_entry_that_is_not_what_it_must_be(entry: object, message: str) -> None:
    assert message in problem(build({"a": entry}, b"1234"))
    assert "'a'" in problem(build({"a": entry}, b"1234"))


@pytest.mark.parametrize(
    "shape",
    [
        pytest.param("[-0]", id="minus zero"),
        pytest.param("[9223372036854775808,4,0]", id="a product that is too large on the way to zero"),
    ],
)
def test_a_shape_that_the_library_does_not_read_is_refused(shape: str) -> None:
    assert problem(build(b'{"a":{"dtype":"U8","shape":%s,"data_offsets":[0,0]}}' % shape.encode()))


def test_a_product_of_thousands_of_digits_is_refused_in_words() -> None:
    assert "dtype and shape need" in problem(build({"a": tensor(0, 4, shape=[2**63] * 300)}, b"1234"))


def test_a_shape_of_very_many_sides_is_judged_at_once() -> None:
    made = build({"a": tensor(0, 4, shape=[2**63] * 40_000)}, b"1234")

    start = time.process_time()
    assert content(made).problems
    assert time.process_time() - start < 5


@pytest.mark.parametrize("metadata", [None, [], "x", 1, {"a": 1}, {"a": None}, {"a": ["x"]}, {"a": {"b": "c"}}])
def test_metadata_maps_text_to_text(metadata: object) -> None:
    assert "__metadata__" in problem(build({"__metadata__": metadata}))


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (b"", "does not begin with '{'"),
        (b" {}", "does not begin with '{'"),
        (b"[]", "does not begin with '{'"),
        (b"\xef\xbb\xbf{}", "does not begin with '{'"),
        (b"{", "not JSON"),
        (b"{} {}", "not JSON"),
        (b"{}\0", "not JSON"),
        (b'{"a": NaN}', "NaN"),
        (b"{'a': 1}", "not JSON"),
        (b'{"\xff": {}}', "not UTF-8"),
        (b'{"\xed\xa0\x80": {}}', "not UTF-8"),
        (b"{}".decode().encode("utf-16"), "does not begin with '{'"),
        (b'{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"a":1}', "'a' twice"),
        (b'{"__metadata__":{},"__metadata__":{}}', "'__metadata__' twice"),
        (b'{"a":{"dtype":"U8","dtype":"U8","shape":[0],"data_offsets":[0,0]}}', "'dtype' twice"),
        (b'{"a":' + b"[" * 100_000 + b"}", "nested too deeply"),
        (b'{"a":{"shape":[1' + b"0" * 5_000 + b"]}}", "can be read"),
        pytest.param(b'{"\\ud800":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}', "", id="half a surrogate pair"),
        pytest.param(b'{"__metadata__":{"a":"\\udc00"}}', "", id="half a surrogate pair in the metadata"),
    ],
)
def test_a_header_that_is_not_the_json_it_must_be(header: bytes, message: str) -> None:
    assert message in problem(build(header))


@pytest.mark.parametrize("size", range(8))
def test_a_file_without_room_for_the_headers_length(size: int) -> None:
    assert f"{size} bytes, too few" in problem(b"\x02\0\0\0\0\0\0\0"[:size])


@pytest.mark.parametrize("length", [3, 100, 99_999_999])
def test_a_header_longer_than_the_file(length: int) -> None:
    assert f"claims {length:,} bytes, the file has 10" in problem(struct.pack("<Q", length) + b"{}")


@pytest.mark.parametrize("length", [100_000_001, 2**32, 2**63, 2**64 - 1])
def test_a_header_beyond_the_formats_own_limit_is_not_read(length: int) -> None:
    source = Source(length + 8, struct.pack("<Q", length) + b"{", descriptor=-1)

    assert [item.message.partition(" bytes, ")[2] for item in read("", source).problems] == [
        "more than the format's limit"
    ]


@pytest.mark.parametrize("length", [limits.MAX_SAFETENSORS_HEADER + 1, limits.SAFETENSORS_MAX_HEADER])
def test_a_header_beyond_what_is_read_here_is_not_followed(length: int) -> None:
    source = Source(length + 8, struct.pack("<Q", length) + b"{", descriptor=-1)

    found = read("model.safetensors", source)

    assert found.problems == ()
    assert "is beyond what is read here" in (found.unfollowed or "")


def test_the_content_tells_the_format_and_not_the_name() -> None:
    made = save({"a": np.zeros(3)})

    assert matches("", in_memory(made))
    assert identify("pytorch_model.bin", in_memory(made)).format == "safetensors"
    assert identify("model.safetensors", in_memory(b"just some text, no tensors")).problems


def test_a_hidden_tail_belongs_to_no_tensor() -> None:
    made = save({"a": np.zeros(3)})

    assert "belong to no tensor" in problem(made + b"tail")
    assert content(made[:-1]).problems

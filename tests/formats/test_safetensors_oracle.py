"""Our reading of safetensors against the library's: whatever ours accepts, the library reads the same way."""

from __future__ import annotations

import json
import math
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from safetensors import SafetensorError, deserialize, safe_open
from safetensors.numpy import save, save_file

from tests.formats import in_memory
from verifier.formats import Content, identify
from verifier.formats.safetensors import BITS

Tensors = dict[str, dict[str, Any]]
ROOMY = settings(deadline=None, max_examples=200)

NAMES = st.text(max_size=6)
SHAPES = st.lists(st.integers(0, 4), max_size=4)
METADATA = st.none() | st.dictionaries(NAMES, st.text(max_size=6), max_size=3)


@st.composite
def layouts(draw: st.DrawFn) -> tuple[dict[str, Any], int]:
    """Give a header whose tensors follow each other, and the size of their data."""
    header: dict[str, Any] = {}
    end = 0
    for name in draw(st.lists(NAMES.filter(lambda name: name != "__metadata__"), max_size=4, unique=True)):
        dtype, shape = draw(st.sampled_from(sorted(BITS))), draw(SHAPES)
        if math.prod(shape) * BITS[dtype] % 8:
            shape.append(8)
        begin, end = end, end + math.prod(shape) * BITS[dtype] // 8
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}
    metadata = draw(METADATA)
    if metadata is not None:
        header["__metadata__"] = metadata
    return header, end


ODD_VALUES: st.SearchStrategy[Any] = st.one_of(
    st.integers(-2, 12),
    st.sampled_from([None, True, 1.0, 2**63, 2**64 - 1, 2**64, "F32", "I4", "", [], {}, [0, 0], [1, 2, 3], [[1]]]),
    st.lists(st.integers(-1, 9) | st.sampled_from([2**62, 2**63]), max_size=4),
)


@st.composite
def damaged_layouts(draw: st.DrawFn) -> tuple[dict[str, Any], int]:
    """Give a layout of which up to two values are others than they should be."""
    header, size = draw(layouts())
    for _ in range(draw(st.integers(0, 2))):
        entries = [entry for entry in header.values() if isinstance(entry, dict)]
        where: dict[str, Any] = draw(st.sampled_from([header, *entries]))
        key = draw(st.sampled_from([*where, "dtype", "shape", "data_offsets", "__metadata__", "new"]))
        if isinstance(where.get(key), list) and where[key] and draw(st.booleans()):
            at = draw(st.integers(0, len(where[key]) - 1))
            where[key][at] = draw(ODD_VALUES)
        elif draw(st.booleans()):
            where.pop(key, None)
        else:
            where[key] = draw(ODD_VALUES)
    return header, max(0, size + draw(st.sampled_from([0, 0, 0, 1, -1])))


def to_bytes(raw: bytes, size: int) -> bytes:
    return struct.pack("<Q", len(raw)) + raw + b"x" * size


def is_accepted(content: Content) -> bool:
    return content.format == "safetensors" and not content.problems and not content.unfollowed


def librarys_tensors(data: bytes) -> Tensors | None:
    """Give what the library reads, or None where it refuses."""
    try:
        return dict(deserialize(data))  # type: ignore[no-untyped-call]
    except SafetensorError:
        return None


def assert_ours_is_the_stricter(data: bytes) -> None:
    content = identify("model.safetensors", in_memory(data))
    if not is_accepted(content):
        return
    theirs = librarys_tensors(data)
    assert theirs is not None, "accepted here, refused by the library"
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    header.pop("__metadata__", None)
    assert content.tensors == theirs.keys()
    assert {name: (entry["dtype"], entry["shape"]) for name, entry in header.items()} == {
        name: (tensor["dtype"], list(tensor["shape"])) for name, tensor in theirs.items()
    }


@ROOMY
@given(layouts())
def test_a_proper_layout_is_accepted_by_both(layout: tuple[dict[str, Any], int]) -> None:
    header, size = layout
    data = to_bytes(json.dumps(header).encode(), size)

    assert is_accepted(identify("model.safetensors", in_memory(data)))
    assert_ours_is_the_stricter(data)


@ROOMY
@given(damaged_layouts(), st.booleans())
def test_a_damaged_layout_is_never_accepted_against_the_library(
    layout: tuple[dict[str, Any], int], as_ascii: bool
) -> None:
    header, size = layout

    assert_ours_is_the_stricter(to_bytes(json.dumps(header, ensure_ascii=as_ascii).encode(), size))


@ROOMY
@given(
    layouts(),
    st.lists(
        st.tuples(st.sampled_from(["flip", "insert", "delete"]), st.floats(0, 1), st.binary(min_size=1, max_size=2))
    ),
    st.booleans(),
)
def test_a_header_with_other_bytes_is_never_accepted_against_the_library(
    layout: tuple[dict[str, Any], int], edits: list[tuple[str, float, bytes]], with_its_length: bool
) -> None:
    header, size = layout
    raw = bytearray(json.dumps(header).encode())
    length = len(raw)
    for edit, place, new in edits:
        at = int(place * (len(raw) - 1)) if raw else 0
        if edit == "flip" and raw:
            raw[at] ^= 1 << (new[0] % 8)
        elif edit == "insert":
            raw[at:at] = new
        elif edit == "delete":
            del raw[at : at + len(new)]
    length = len(raw) if with_its_length else length

    assert_ours_is_the_stricter(struct.pack("<Q", length) + bytes(raw) + b"x" * size)


@ROOMY
@given(st.binary(max_size=80), st.integers(0, 80))
@example(b'{"a":{"dtype":"U8","shape":[-0],"data_offsets":[0,0]}}', 54)
@example(b'{"a":{"dtype":"U8","shape":[0e0],"data_offsets":[0,0]}}', 55)
@example(b'{"a":{"dtype":"U8","shape":[9223372036854775808,4,0],"data_offsets":[0,0]}}', 75)
@example(b'{"\\ud800":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}', 58)
@example(b'{"__metadata__":{"\\ud800":""}}', 30)
@example(b'{"__metadata__":{"a":"\x7f"}}', 26)
@example(b'{"__metadata__":{"a":"\t"}}', 26)
def test_any_bytes_are_never_accepted_against_the_library(raw: bytes, length: int) -> None:
    assert_ours_is_the_stricter(struct.pack("<Q", length) + raw)


DTYPES = ["float16", "float32", "float64", "int8", "int64", "uint16", "bool"]


@ROOMY
@given(
    st.dictionaries(
        NAMES.filter(lambda name: name != "__metadata__"),
        st.tuples(st.sampled_from(DTYPES), SHAPES),
        min_size=1,
        max_size=4,
    ),
    METADATA,
)
def test_what_the_library_writes_is_accepted(
    tensors: dict[str, tuple[str, list[int]]], metadata: dict[str, str] | None
) -> None:
    data = save({name: np.ones(shape, dtype) for name, (dtype, shape) in tensors.items()}, metadata)

    content = identify("model.safetensors", in_memory(data))

    assert is_accepted(content)
    assert content.tensors == tensors.keys()


def test_the_library_opens_a_file_from_the_disk_with_the_same_names(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    save_file({"a": np.zeros((2, 3)), "b": np.ones(4, np.int32)}, path, {"format": "pt"})

    content = identify(path.name, in_memory(path.read_bytes()))

    with safe_open(path, "numpy") as opened:
        assert content.tensors == frozenset(opened.keys())


@pytest.mark.parametrize("dtype", sorted(BITS))
def test_the_library_knows_every_dtype_and_its_width(dtype: str) -> None:
    header = {"a": {"dtype": dtype, "shape": [8], "data_offsets": [0, BITS[dtype]]}}

    assert librarys_tensors(to_bytes(json.dumps(header).encode(), BITS[dtype])) is not None
    assert librarys_tensors(to_bytes(json.dumps(header).encode(), BITS[dtype] + 1)) is None

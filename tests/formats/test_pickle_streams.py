"""Pickles in numpy's arrays and in compressed streams; what can't be opened here is never clean."""

from __future__ import annotations

import ast
import bz2
import gzip
import io
import lzma
import random
import struct
import zlib
from collections.abc import Callable

import numpy as np
import pytest
import zstandard

from tests.formats import in_memory, is_clean
from tests.formats.test_pickle import MARKED, UNMARKED
from verifier.formats import Content, identify
from verifier.formats.content import Kind, Status

PICKLE = MARKED[4]


def content(data: bytes, name: str = "model.joblib") -> Content:
    return identify(name, in_memory(data))


def npy(header: str, version: tuple[int, int] = (1, 0), data: bytes = b"") -> bytes:
    raw = header.encode("latin-1") + b"\n"
    length = struct.pack("<H" if version == (1, 0) else "<I", len(raw))
    return b"\x93NUMPY" + bytes(version) + length + raw + data


def described(descr: str) -> str:
    return f"{{'descr': {descr}, 'fortran_order': False, 'shape': (1,), }}"


OBJECTS = (
    "'|O'",
    "'O'",
    "[('a', '<f4'), ('b', '|O')]",
    "[('a', '<f4'), ('b', 'O', (2,))]",
    '"O"',
    "'<O'",
    "'>O'",
    "'=O'",
    "'O8'",
    "'object'",
    "'\\x4f'",
    "'\\117'",
    "u'O'",
    "[('a', '<f4'), ('b', \"O\")]",
    "[('a', [('b', \"O\")])]",
)
NUMBERS = ("'<f4'", "'|b1'", "'<U10'", "'|S3'", "'<M8[ns]'", "'|V4'", "[('O', '<f4'), ('|O', '<i8')]")


@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
def test_an_array_of_objects_in_each_version_of_the_format(version: tuple[int, int]) -> None:
    assert content(npy(described("'|O'"), version, PICKLE)).pickles == ("a pickle of protocol 4",)


@pytest.mark.parametrize("descr", OBJECTS)
def test_an_array_of_objects_however_its_header_says_so(descr: str) -> None:
    assert content(npy(described(descr), data=PICKLE)).pickles


@pytest.mark.parametrize("descr", OBJECTS)
def test_numpy_itself_would_load_these_as_a_pickle(descr: str) -> None:
    with pytest.raises(ValueError, match="Object arrays cannot be loaded"):
        np.load(io.BytesIO(npy(described(descr), data=PICKLE)), allow_pickle=False)


@pytest.mark.parametrize("descr", NUMBERS)
def test_an_array_without_objects(descr: str) -> None:
    array = np.zeros(1, ast.literal_eval(descr))
    assert content(npy(described(descr), data=array.tobytes())) == Content("numpy", inert=True)


@pytest.mark.parametrize("descr", NUMBERS)
def test_what_is_behind_an_array_is_looked_at(descr: str) -> None:
    array = np.zeros(1, ast.literal_eval(descr)).tobytes()
    assert content(npy(described(descr), data=array + PICKLE)).pickles
    assert content(npy(described(descr), data=array + npy(described("'|O'"), data=PICKLE))).pickles
    assert not is_clean(content(npy(described(descr), data=array[:-1])))


@pytest.mark.parametrize("letter", "?bBhHeiIflLqQdFmMDgG")
def test_the_size_of_a_type_whose_size_is_not_written(letter: str) -> None:
    array = np.zeros(1, letter).tobytes()
    assert content(npy(described(repr(letter)), data=array)) == Content("numpy", inert=True)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(npy(described("'<f4'") + " " * 70_000, (2, 0)), id="a header beyond the first look"),
        pytest.param(npy(described("'<f4'"))[:30], id="cut off"),
        pytest.param(b"\x93NUMPY\x01\0\xff\xff{", id="a length that leads beyond the end"),
        pytest.param(npy("not a dictionary"), id="no dictionary"),
        pytest.param(npy(""), id="empty"),
    ],
)
def test_an_array_whose_header_can_not_be_read_is_not_clean(data: bytes) -> None:
    assert not is_clean(content(data, "x.npy"))


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("gzip", gzip.compress(PICKLE, mtime=0)),
        ("bzip2", bz2.compress(PICKLE)),
        ("xz", lzma.compress(PICKLE)),
        ("xz", lzma.compress(PICKLE, lzma.FORMAT_ALONE)),
        ("zlib", zlib.compress(PICKLE)),
        ("zlib", zlib.compress(PICKLE, 0)),
        ("zlib", zlib.compress(PICKLE, 9)),
        ("gzip", gzip.compress(PICKLE + random.Random(1).randbytes(200_000))),
        ("zlib", zlib.compress(PICKLE + random.Random(1).randbytes(200_000))),
    ],
)
def test_a_compressed_pickle(name: str, data: bytes) -> None:
    found = content(data)

    assert found.format == name
    assert found.pickles == ("a pickle of protocol 4",)
    assert found.parts[0].kind is Kind.INSIDE


def test_a_compressed_pickle_that_does_not_announce_itself() -> None:
    assert content(gzip.compress(UNMARKED, mtime=0)).pickles


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"\x1f\x8b", id="gzip's mark alone"),
        pytest.param(b"\x1f\x8b\x08\0broken", id="broken gzip"),
        pytest.param(b"BZhbroken", id="broken bzip2"),
        pytest.param(b"\xfd7zXZ\0broken", id="broken xz"),
        pytest.param(gzip.compress(b"text", mtime=0)[:-6], id="gzip cut off"),
        pytest.param(b"7z\xbc\xaf\x27\x1c\0\4", id="7z"),
        pytest.param(b"\x28\xb5\x2f\xfd\0\0", id="zstd"),
        pytest.param(b"\x04\x22\x4d\x18\0\0", id="lz4"),
    ],
)
def test_a_compressed_stream_that_is_not_followed_says_so(data: bytes) -> None:
    assert content(data).status is Status.INCOMPLETE


@pytest.mark.parametrize("bits", [pytest.param(15, id="zlib"), pytest.param(31, id="gzip")])
def test_a_payload_before_the_place_where_a_stream_breaks_is_not_clean(bits: int) -> None:
    stream = zlib.compressobj(wbits=bits)
    data = stream.compress(PICKLE) + stream.flush(zlib.Z_FULL_FLUSH) + b"\x07\xff" + b"x" * 100

    found = content(data)

    assert found.pickles
    assert found.status is Status.INCOMPLETE


@pytest.mark.parametrize(
    "data",
    [
        gzip.compress(b"text", mtime=0),
        gzip.compress(gzip.compress(b"text"), mtime=0),
        gzip.compress(b"te") + gzip.compress(b"xt"),
        bz2.compress(b"te") + bz2.compress(b"xt"),
        lzma.compress(b"text") + lzma.compress(b"more"),
        zlib.compress(b"text"),
        zstandard.compress(b"text" * 100),
        zstandard.compress(b"te") + zstandard.compress(b"xt"),
        gzip.compress(b"text") + bytes(512),
    ],
    ids=["gzip", "gzip of gzip", "two of gzip", "two of bzip2", "two of xz", "zlib", "zstd", "two of zstd", "padded"],
)
def test_a_stream_of_text_is_clean(data: bytes) -> None:
    found = content(data)

    assert is_clean(found)
    assert found.status is Status.FOLLOWED


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress, lzma.compress, zlib.compress, zstandard.compress])
def test_a_pickle_behind_a_stream_is_found(compress: Callable[[bytes], bytes]) -> None:
    found = content(compress(b"text") + PICKLE)

    assert [part.kind for part in found.parts] == [Kind.INSIDE, Kind.TAIL]
    assert found.pickles


def test_a_stream_in_a_stream_in_a_stream_is_followed() -> None:
    assert content(gzip.compress(bz2.compress(zstandard.compress(lzma.compress(PICKLE))))).pickles


@pytest.mark.parametrize("text", ["x^2 + y^2 = z^2\n", "x\n", "x", "xyz\n" * 100, "x^n\n"])
def test_text_that_begins_with_an_x_is_no_stream(text: str) -> None:
    assert content(text.encode(), "README.md") == Content("text", inert=True)

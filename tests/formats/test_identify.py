"""What a file is, by content: benign files stay inert, unknown bytes never raise, and nothing is ever loaded."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import pickle
import struct
import zipfile
import zlib
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from safetensors.numpy import save

from tests.formats import in_memory, is_clean
from verifier.formats import identify
from verifier.formats.content import Content, Status
from verifier.snapshot import Source

LOADED: list[str] = []


def record(what: str) -> None:
    """What the pickle below calls when it is loaded."""
    LOADED.append(what)


TELLTALE = f"c{__name__}\nrecord\n(S'loaded'\ntR.".encode()


def saved(write: Callable[[io.BytesIO], object]) -> bytes:
    file = io.BytesIO()
    write(file)
    return file.getvalue()


def in_zip(data: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("archive/data.pkl", data)
    return file.getvalue()


NPY_OF_OBJECTS = saved(lambda file: np.save(file, np.array([0], object)))[:128] + TELLTALE

PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89"
SENTENCEPIECE = b"\n\x0e\n\x05<unk>\x15\0\0\0\0\x18\x02\n\x0c\n\x03<s>\x15\0\0\0\0\x18\x03"


@pytest.mark.parametrize(
    ("format_", "data"),
    [
        ("png", PNG),
        ("sentencepiece", SENTENCEPIECE),
        ("jpeg", b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01"),
        ("pdf", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"),
        ("numpy", saved(lambda file: np.save(file, np.arange(10.0)))),
        ("numpy", saved(lambda file: np.save(file, np.array(["text", "more"])))),
        ("numpy", saved(lambda file: np.save(file, np.zeros(2, [("Object", "f4"), ("O", "i8")])))),
        ("text", b"[PAD]\n[UNK]\nthe\nof\n.\n"),
        ("text", b"import os\n\nclass Model:\n    pass\n"),
        ("text", "Modell f\u00fcr alle".encode("utf-16")),
        ("empty", b""),
    ],
    ids=str,
)
def test_a_file_without_code_is_inert(format_: str, data: bytes) -> None:
    content = identify("some.file", in_memory(data))

    assert content == Content(format_, inert=True)
    assert content.status is Status.INERT


@pytest.mark.parametrize(
    "data",
    [b"\0" * 5_000, b"\x80\x06 is no protocol", b"\x7f\x00\x01", "caf\u00e9".encode("latin-1"), b"text\0text"],
    ids=["zeros", "protocol 6", "few", "latin-1", "NUL"],
)
def test_unknown_bytes_are_never_taken_for_harmless_ones(data: bytes) -> None:
    content = identify("weights.bin", in_memory(data))

    assert (content.format, content.status) == ("unknown", Status.INCOMPLETE)


def test_an_archive_of_numbers_bears_no_pickle() -> None:
    made = saved(lambda file: np.savez(file, a=np.zeros(3), b=np.arange(70_000)))
    packed = saved(lambda file: np.savez_compressed(file, a=np.zeros(3), b=np.arange(70_000)))

    assert all(is_clean(identify("x.npz", in_memory(data))) for data in (made, packed))


def test_json_is_read_and_safetensors_are_told_first() -> None:
    document = identify("config.json", in_memory(b'{"model_type": "llama"}')).document

    assert document is not None
    assert document.value == {"model_type": "llama"}
    assert identify("config.json", in_memory(save({"a": np.zeros(1)}))).format == "safetensors"


@pytest.mark.parametrize("low", range(6))
def test_a_header_whose_length_looks_like_a_pickles_mark_is_safetensors(low: int) -> None:
    header = json.dumps({}).ljust(0x80 + 256 * low).encode()
    data = struct.pack("<Q", len(header)) + header

    assert data.startswith(bytes([0x80, low]))
    assert identify("model.safetensors", in_memory(data)) == Content("safetensors", tensors=frozenset())


def test_a_pickle_is_no_safetensors_file() -> None:
    content = identify("model.safetensors", in_memory(pickle.dumps({"weight": [1.0]})))

    assert content.format == "pickle"


@pytest.mark.parametrize(
    "data",
    [
        TELLTALE,
        b"\x80\x02" + TELLTALE,
        in_zip(TELLTALE),
        NPY_OF_OBJECTS,
        gzip.compress(TELLTALE),
        bz2.compress(TELLTALE),
        lzma.compress(TELLTALE),
        zlib.compress(TELLTALE),
        saved(lambda file: np.savez(file, a=np.array([{}], object))),
    ],
    ids=["text", "marked", "zip", "npy", "gzip", "bzip2", "xz", "zlib", "npz"],
)
def test_nothing_is_loaded_to_find_a_pickle(data: bytes) -> None:
    LOADED.clear()

    assert identify("model.bin", in_memory(data)).pickles
    assert LOADED == []


def test_the_telltale_pickle_would_tell() -> None:
    LOADED.clear()
    pickle.loads(TELLTALE)  # noqa: S301 - it calls `record`, above

    assert LOADED == ["loaded"]


SIGNATURES = (
    b"PK\x03\x04",
    b"PK\x05\x06",
    b"\x1f\x8b\x08",
    b"BZh9",
    b"\xfd7zXZ\0",
    b"\x5d\0\0",
    b"x\x9c",
    b"7z\xbc\xaf",
)
OPENINGS = (
    b"",
    b"\x80\x04",
    b"c",
    b"(",
    b"cposix\nsystem\n",
    b"\x93NUMPY\x01\0",
    b"a" * 257 + b"ustar",
    b"\x02" + b"\0" * 7 + b"{",
)
STARTS = st.sampled_from([*SIGNATURES, *OPENINGS])
NAMES = st.sampled_from(["model.safetensors", "config.json", "a.safetensors.index.json", "x.bin", "README.md", "x.npz"])


@settings(deadline=None, max_examples=300)
@given(NAMES, STARTS, st.binary(max_size=120), st.sampled_from([0, 1, 600]))
@example("x.bin", b"\x93NUMPY", b"", 0)
@example("x.bin", b"\x93NUMPY\x01\0", b"\xff\xff{", 0)
@example("x.bin", b"x\x9c", b"", 0)
@example("model.safetensors", b"\xff" * 8, b"{", 0)
def test_no_bytes_raise(name: str, start: bytes, rest: bytes, padding: int) -> None:
    content = identify(name, in_memory(start + rest + b"\0" * padding))

    assert content.format


@settings(deadline=None)
@given(st.binary(min_size=1, max_size=300), st.integers(0, 300))
def test_no_damage_to_an_archive_raises_or_makes_it_clean(new: bytes, at: int) -> None:
    data = bytearray(in_zip(b"\x80\x02N."))
    data[at : at + len(new)] = new

    content = identify("model.bin", in_memory(bytes(data)))

    assert not is_clean(content) or data == in_zip(b"\x80\x02N.") or not data.startswith(b"PK\x03\x04")


def test_a_file_that_the_disk_gives_up_on_raises_only_an_operating_systems_error() -> None:
    with pytest.raises(OSError, match="descriptor"):
        identify("x.bin", Source(10, b"", descriptor=-1))

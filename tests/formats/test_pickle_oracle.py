"""Our look at unmarked pickles against Python's own unpickler: whatever would call something is found.

The unpickler here imports nothing: every global that it is asked for is the same inert class, which only notes
that it was called.
"""

from __future__ import annotations

import contextlib
import io
import pickle
import struct

from hypothesis import example, given, settings
from hypothesis import strategies as st
from safetensors import deserialize

from tests.formats import in_memory
from verifier.formats import identify


class Inert:
    """What stands for every global."""

    called = False

    def __new__(cls, *_: object, **__: object) -> Inert:
        Inert.called = True
        return object.__new__(cls)


class Importless(pickle.Unpickler):
    """An unpickler that gets no further than `Inert`."""

    def find_class(self, _: str, __: str) -> object:
        return Inert

    def persistent_load(self, _: object) -> object:
        return None


def would_call(data: bytes) -> bool:
    """Tell whether one of the pickles in `data`, loaded one after the other as torch does, calls a global."""
    Inert.called = False
    stream = io.BytesIO(data)
    with contextlib.suppress(Exception):
        while stream.tell() < len(data):
            Importless(stream, encoding="latin-1").load()
    return Inert.called


VALUES = [b"N", b"K\x01", b"M\x01\x00", b"J\x01\0\0\0", b"I1\n", b"I01\n", b"I0x1\n", b"I 7\n", b"L5L\n", b"L0x5L\n"]
VALUES += [
    b"L-5\n",
    b"F1.5\n",
    b"Fnan\n",
    b"G" + struct.pack(">d", 1.0),
    b"S'a'\n",
    b'S"\\xe9"\n',
    b"S'\xe9'\n",
    b"U\x01a",
]
VALUES += [b"U\x01\xe9", b"T\x01\0\0\0a", b"Va\\u00e9\n", b"V\xe9\n", b"X\x01\0\0\0a", b"\x8c\x01a", b"C\x01a", b"\x88"]
VALUES += [b"\x8a\x01\x05", b"]", b"}", b")", b"\x8f", b"Pid\n", b"\x8b\x01\0\0\0\x05", b"B\x01\0\0\0a", b"V\n"]
SHAPES = [b"(", b"0", b"1", b"2", b"t", b"l", b"d", b"a", b"e", b"s", b"u", b"\x85", b"\x86", b"\x87", b"\x90", b"\x91"]
SHAPES += [b"q\0", b"h\0", b"\x94", b"p0\n", b"g0\n", b"p 0\n", b"Q", b"\x95\x05" + bytes(7)]
GLOBALS = [b"cposix\nsystem\n", b"\x8c\x05posix\x8c\x06system\x93", b"cb\xc3\xa9b\n_x.y\n"]
CALLS = [b"R", b")R", b"(tR", b"\x81", b")\x81", b")}\x92", b"o", b"b", b"iposix\nsystem\n", b"(iposix\nsystem\n"]
PIECES = st.lists(st.sampled_from(VALUES) | st.sampled_from([*SHAPES, b".", b"N."]), max_size=8).map(b"".join)
PAYLOAD = st.lists(st.sampled_from([*GLOBALS, *CALLS, b"(", b")", b"N", b"0", b"t"]), max_size=5).map(b"".join)


@settings(deadline=None, max_examples=500)
@given(PIECES, PAYLOAD, st.sampled_from([b"", b".", b"\xff", b"."]))
@example(b"(0", b"cposix\nsystem\n)R", b"")
@example(b"I0x1\n0", b"cposix\nsystem\n)R", b".")
@example(b"S'\xe9'\n0", b"cposix\nsystem\n)R", b".")
@example(b"N.N.", b"cposix\nsystem\n)R", b".")
@example(b"\x95\x05" + bytes(7) + b"N.RRR", b"cposix\nsystem\n)R", b".")
def test_whatever_would_call_something_is_found(before: bytes, payload: bytes, end: bytes) -> None:
    data = before + payload + end

    if would_call(data):
        assert identify("weights.bin", in_memory(data)).pickles


def safetensors_and_pickle(call: bytes) -> bytes:
    """Make a file that is a sound safetensors file and, read as opcodes, a pickle: each hides in the other's texts.

    The header's length begins with SHORT_BINSTRING; its metadata goes on with opcodes, the last of which swallows
    the header's end; the call stands in the tensor's bytes.
    """
    length = int.from_bytes(b"U\x20", "little")
    data = b"0" + call + b"."
    tail = b'"},"t":{"dtype":"U8","shape":[%d],"data_offsets":[0,%d]}}' % (len(data), len(data))
    start = b'{"__metadata__":{"a":"xxxx' + b"0"
    room = length - len(start) - len(tail) - 2
    steps = b"".join(b"U~" + b"x" * 126 + b"0" for _ in range(room // 129)) + b"N0" * (room % 129 // 2)
    header = start + steps + b"U" + bytes([len(tail) + (room - len(steps))]) + tail
    return struct.pack("<Q", length) + header.ljust(length) + data


def test_a_safetensors_file_that_is_a_pickle_too_is_found() -> None:
    data = safetensors_and_pickle(b"cposix\nsystem\n)R")

    assert would_call(data)
    assert dict(deserialize(data)).keys() == {"t"}  # type: ignore[no-untyped-call]
    assert identify("pytorch_model.bin", in_memory(data)).pickles
    assert identify("model.safetensors", in_memory(data)).pickles


def test_the_unpickler_of_this_file_notes_a_call() -> None:
    assert would_call(b"cposix\nsystem\n)R.")
    assert would_call(b"N.(iposix\nsystem\n.")
    assert not would_call(b"cposix\nsystem\n.")
    assert not would_call(b"R.")

"""unparsable-pickle: a pickle's stream is not one that can be followed as the unpickler would."""

from __future__ import annotations

import pickle
import struct

import pytest

from tests.checks.content import findings
from tests.pickles import CALL, EVIL, PLAIN, pickled, text, torch_zip
from verifier.checks import unsafe_pickle
from verifier.checks.unparsable_pickle import CHECK


def frame(body: bytes, length: int | None = None) -> bytes:
    return b"\x80\x04\x95" + struct.pack("<Q", len(body) if length is None else length) + body


@pytest.mark.parametrize("value", [None, [1, "a"], {"a": {"b": (1, 2.0)}}, ["x" * 100_000] * 2, list(range(100_000))])
@pytest.mark.parametrize("protocol", range(2, 6))
def test_what_python_writes_is_followed(value: object, protocol: int) -> None:
    assert findings(CHECK, pickle.dumps(value, protocol)) == []


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"\x80\x04", "ends before its STOP"),
        (EVIL[:-1], "longer than the stream"),
        (b"\x80\x02" + CALL, "ends before its STOP"),
        (b"\x80\x02" + CALL + b"\xff.", "0xff is no opcode"),
        (b"\x80\x02N\x80\x06.", "no protocol 6"),
        (b"\x80\x02N\x80\x020.", "PROTO is not the first"),
        (b"\x80\x02h\x05.", "BINGET takes"),
        (b"\x80\x02j\x05\0\0\0.", "LONG_BINGET takes"),
        (b"\x80\x02\x94.", "MEMOIZE takes"),
        (b"\x80\x02R.", "REDUCE takes"),
        (b"\x80\x02.", "STOP takes"),
        (b"\x80\x02e.", "APPENDS takes"),
        (b"\x80\x02N\x86.", "TUPLE2 takes"),
        (b"\x80\x02NN.", "left on the stack"),
        (b"\x80\x02N(N.", "left on the stack"),
        (b"\x80\x02}(Nu.", "a key without a value"),
        (b"\x80\x02(Nd.", "a key without a value"),
        (b"\x80\x02Nr\xff\xff\xff\xff.", "far from all others"),
        (b"\x80\x02Np0x1\n.", "no number"),
        (b"\x80\x02Np-1\n.", "negative"),
        (b"\x80\x02Np 0\n.", "not a plain decimal"),
        (b"\x80\x02X\xff\xff\xff\x7fa", "ends before its STOP"),
        (b"\x80\x02T\xff\xff\xff\xffa.", "ends inside an argument"),
        (b"\x80\x04\x8d\xff\xff\xff\xff\xff\xff\xff\xffa.", "ends inside an argument"),
        (b"\x80\x02cos", "ends inside a line"),
        (b"\x80\x02N)R.", "can't be called"),
        (frame(b"N.", 100), "longer than the stream"),
        (frame(text("abc"), 2) + b".", "reaches beyond its frame"),
        (frame(b"N.RRR"), "goes on behind the end"),
        (frame(frame(b"N.")[2:]), "a frame begins inside a frame"),
    ],
)
def test_what_no_pickler_writes_is_refused(data: bytes, why: str) -> None:
    found = findings(CHECK, data)

    assert any(why in item.message for item in found), [item.message for item in found]


def test_a_payload_before_a_broken_stream_is_reported_besides() -> None:
    data = torch_zip(b"\x80\x02" + CALL + b"0\xff")

    assert findings(CHECK, data)
    assert [item.location.global_name for item in findings(unsafe_pickle.CHECK, data)] == ["posix.system"]


def test_the_place_is_given() -> None:
    (finding,) = findings(CHECK, torch_zip(b"\x80\x02N\xff."))

    assert (finding.location.member, finding.location.offset) == ("archive/data.pkl", 3)


def test_a_sound_pickle_passes() -> None:
    assert findings(CHECK, PLAIN + pickled(b"N")) == []

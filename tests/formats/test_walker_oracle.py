"""The walker against CPython: its list of globals is never shorter than what an unpickler asks for.

The unpicklers run in a child process, import nothing and call nothing.
"""

from __future__ import annotations

import base64
import json
import pickle
import pickletools
import struct
import subprocess
import sys
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.formats import in_memory
from tests.formats.test_pickle_oracle import CALLS, GLOBALS, SHAPES, VALUES
from tests.pickles import CALL, EVIL, PLAIN
from verifier.budget import Budget
from verifier.formats import identify
from verifier.formats.pickle.facts import BrokenError, Facts
from verifier.formats.pickle.walker import Walker

CHILD = Path(__file__).with_name("recording_unpickler.py")
Asked = list[list[tuple[str, str]]]


@pytest.fixture(scope="module")
def child() -> Iterator[subprocess.Popen[str]]:
    """One child for all the streams of this file."""
    with subprocess.Popen(
        [sys.executable, "-I", CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield process
        assert process.stdin is not None
        process.stdin.close()


def asked(child: subprocess.Popen[str], data: bytes) -> set[tuple[str, str]]:
    """Give every global that any of CPython's unpicklers asks for."""
    assert child.stdin is not None
    assert child.stdout is not None
    child.stdin.write(base64.b64encode(data).decode() + "\n")
    child.stdin.flush()
    return {(module, name) for found in json.loads(child.stdout.readline()) for module, name in found}


def listed(data: bytes) -> set[tuple[str, str]]:
    """Give every global that the file's reading lists."""
    content = identify("model.bin", in_memory(data))
    return {
        (use.module, use.name) for _, inner in content.walk() if inner.program is not None for use in inner.program.uses
    }


def has_ambiguous_frame(data: bytes) -> bool:
    """Tell whether the file is refused because an argument reaches beyond its frame."""
    content = identify("model.bin", in_memory(data))
    programs = [inner.program for _, inner in content.walk() if inner.program is not None]
    return any("beyond its frame" in problem.message for program in programs for problem in program.broken)


def walked(data: bytes) -> tuple[int, Facts] | None:
    """Walk one stream; None where it is broken."""
    budget = Budget(len(data))
    facts = Facts(budget)
    try:
        return Walker(in_memory(data), budget, facts).walk(0), facts
    except BrokenError:
        return None


NEWER = [
    b"\x96" + struct.pack("<Q", 2) + b"ab",
    b"\x97",
    b"\x98",
    b"\x8e" + struct.pack("<Q", 1) + b"a",
    b"\x8d" + struct.pack("<Q", 1) + b"a",
]
MEMO = [b"r" + struct.pack("<I", 3), b"j" + struct.pack("<I", 3), b"p3\n", b"g3\n", b"q\1", b"h\1", b"\x94", b"h\0"]
NAMES = [
    b"\x8c\x02os\x94",
    b"\x8c\x06system\x94",
    b"X\x02\0\0\0os",
    b"U\x02os",
    b"S'os'\n",
    b"Vos\n",
    b"h\0h\1\x93",
    b"\x93",
]
PIECES = st.lists(
    st.sampled_from([*VALUES, *SHAPES, *GLOBALS, *CALLS, *NEWER, *MEMO, *NAMES, b".", b"\x80\x04"]), max_size=14
)
STREAMS = st.tuples(st.sampled_from([b"", b"\x80\x02", b"\x80\x04"]), PIECES, st.sampled_from([b"", b"."])).map(
    lambda parts: parts[0] + b"".join(parts[1]) + parts[2]
)
REAL = [
    pickle.dumps(value, protocol)
    for value in ({"a": [1, (2.0, "b")]}, OrderedDict(a=1), np.arange(3), [np.float32(1), {1}, b"x"])
    for protocol in range(6)
] + [EVIL, PLAIN, CALL + b"."]


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A real stream with bytes of it changed, taken out or put in."""
    data = bytearray(draw(st.sampled_from(REAL)))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data)))
        data[at : at + draw(st.integers(0, 3))] = draw(st.binary(max_size=3) | st.sampled_from([*GLOBALS, *CALLS]))
    return bytes(data)


@settings(deadline=None, max_examples=600, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=STREAMS | mutated())
@example(data=b"\x80\x04\x8c\x02os\x94\x8c\x06system\x94h\0h\1\x93.")
@example(data=b"\x80\x02N.\x80\x02cos\nsystem\n.")
@example(data=b"\x80\x02Np 0\n0g0\ncos\nsystem\n.")
@example(data=b"\x80\x04\x95\x05\0\0\0\0\0\0\0N.RRR\x80\x02cos\nsystem\n.")
@example(data=b"\x80\x02U\x02osU\x06system\x93.")
@example(data=b"\x80\x02]cos\nsystem\nb.")
@example(data=b"\x80\x02U\x02osray\ns0U\x06systemjay\ns0\x93.")
@example(data=b"\x80\x02U\x02osray\ns\x94h\x010U\x06system\x93.")
@example(data=b"\x80\x02U\x02osp99999999999\n0g99999999999\nU\x06system\x93.")
def test_the_list_is_never_shorter_than_what_an_unpickler_asks_for(child: subprocess.Popen[str], data: bytes) -> None:
    """But for an argument across a frame's end, of which CPython's three readers each take other bytes: refused."""
    if data[:1] == b"\x80" and not has_ambiguous_frame(data):
        assert asked(child, data) <= listed(data)


def test_the_child_records_what_is_asked_for_and_imports_nothing(child: subprocess.Popen[str]) -> None:
    assert asked(child, b"\x80\x02cno_such_module\nf\n)Rcno_such_module\ng\n.") == {
        ("no_such_module", "f"),
        ("no_such_module", "g"),
    }


@settings(deadline=None, max_examples=300)
@given(STREAMS | mutated())
def test_no_stream_raises_anything_else(data: bytes) -> None:
    identify("model.bin", in_memory(data))


@settings(deadline=None, max_examples=300)
@given(STREAMS | mutated())
def test_where_the_walk_succeeds_the_opcodes_are_pickletools_own(data: bytes) -> None:
    """`pickletools` refuses more arguments than an unpickler; what it takes to its end, ends there for us, too."""
    result = walked(data)
    try:
        opcodes = list(pickletools.genops(data))
    except Exception:
        return
    if result is not None and not result[1].program().broken:
        assert result[0] == (opcodes[-1][2] or 0) + 1
        globals_ = {
            tuple(str(argument).split(" ", 1)) for opcode, argument, _ in opcodes if opcode.name in ("GLOBAL", "INST")
        }
        assert globals_ <= {(use.module, use.name) for use in result[1].program().uses}


@pytest.mark.parametrize("data", [data for data in REAL if data[:1] == b"\x80"])
def test_a_real_stream_is_walked_to_its_end_without_a_problem(data: bytes) -> None:
    result = walked(data)

    assert result is not None
    assert result[0] == len(data)
    assert result[1].program().broken == ()

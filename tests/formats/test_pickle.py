"""Bare pickles are told by their content, and text that happens to begin with opcodes is not one.

The pickles are built by hand and would run `true` at the most; none is ever loaded.
"""

from __future__ import annotations

import collections
import datetime
import fractions
import pickle
import pickletools
import string
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.formats import identified, in_memory
from verifier import limits
from verifier.formats import identify
from verifier.formats.content import Problem
from verifier.formats.pickle import runs_as_pickle
from verifier.snapshot import Source

CALL = b"cposix\nsystem\n(S'true'\ntR"
UNMARKED = CALL + b"."
FRAMED = b"\x8c\x05posix\x8c\x06system\x93\x8c\x04true\x85R."
MARKED = {
    2: b"\x80\x02cposix\nsystem\nU\x04true\x85R.",
    3: b"\x80\x03cposix\nsystem\nX\x04\0\0\0true\x85R.",
    4: b"\x80\x04\x95" + struct.pack("<Q", len(FRAMED)) + FRAMED,
    5: b"\x80\x05\x95" + struct.pack("<Q", len(FRAMED)) + FRAMED,
}
"""A call of `true`, in each protocol that announces itself."""


def pickles(data: bytes, name: str = "weights.bin") -> tuple[str, ...]:
    return identify(name, in_memory(data)).pickles


@pytest.mark.parametrize("data", [UNMARKED, *MARKED.values()])
def test_the_pickles_of_this_file_are_well_formed(data: bytes) -> None:
    assert [opcode.name for opcode, _, _ in pickletools.genops(data)][-2:] == ["REDUCE", "STOP"]


@pytest.mark.parametrize("protocol", sorted(MARKED))
def test_a_pickle_that_announces_itself(protocol: int) -> None:
    assert pickles(MARKED[protocol]) == (f"a pickle of protocol {protocol}",)


@pytest.mark.parametrize("protocol", range(6))
def test_two_bytes_that_announce_a_pickle_are_enough(protocol: int) -> None:
    assert pickles(bytes([0x80, protocol])) == (f"a pickle of protocol {protocol}",)


@pytest.mark.parametrize(
    "name", ["model.safetensors", "config.json", "README.md", "tokenizer.model", "model.safetensors.index.json", "x"]
)
@pytest.mark.parametrize("data", [UNMARKED, MARKED[2], MARKED[4]])
def test_a_name_hides_no_pickle(name: str, data: bytes) -> None:
    assert pickles(data, name)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(UNMARKED, id="text"),
        pytest.param(b"cposix\nsystem\n(U\x04truetR.", id="protocol 1"),
        pytest.param(b"cposix\nsystem\nU\x04true\x85R.", id="protocol 2 without its mark"),
        pytest.param(FRAMED, id="protocol 4 without its mark"),
        pytest.param(b"\x95" + struct.pack("<Q", len(FRAMED)) + FRAMED, id="a frame first"),
        pytest.param(b"(S'true'\niposix\nsystem\n.", id="INST"),
        pytest.param(b"(cposix\nsystem\nS'true'\no.", id="OBJ"),
        pytest.param(b"cposix\nsystem\n(S'true'\nt\x81.", id="NEWOBJ"),
        pytest.param(b"cposix\nsystem\n)}\x92.", id="NEWOBJ_EX"),
        pytest.param(b"cposix\nsystem\n}b.", id="BUILD"),
        pytest.param(b"\x82\x01)R.", id="EXT1"),
        pytest.param(b"\x83\x01\x00)R.", id="EXT2"),
        pytest.param(b"\x84\x01\x00\x00\x00)R.", id="EXT4"),
        pytest.param(CALL, id="no STOP after the call"),
        pytest.param(CALL + b"\xff\xff", id="broken after the call"),
        pytest.param(b"N0" + UNMARKED, id="something pushed and dropped before it"),
        pytest.param(b"(1" + UNMARKED, id="a mark and POP_MARK before it"),
        pytest.param(b"](](Nte0" * 3 + UNMARKED, id="marks that nest"),
        pytest.param(b"N0" * 20_000 + UNMARKED, id="many opcodes before it"),
        pytest.param(b"B" + struct.pack("<I", 70_000) + b"x" * 70_000 + b"0" + UNMARKED, id="bytes before it"),
        pytest.param(b"T" + struct.pack("<I", 2**21) + b"x" * 2**21 + b"0" + UNMARKED, id="very many bytes before it"),
        pytest.param(b"(0" + UNMARKED, id="POP takes a mark away"),
        pytest.param(b"I0x1\n0" + UNMARKED, id="a hexadecimal INT"),
        pytest.param(b"L0x1L\n0" + UNMARKED, id="a hexadecimal LONG"),
        pytest.param(b"S'\\xe9'\n0" + UNMARKED, id="a STRING beyond ASCII, as torch reads it"),
        pytest.param(b"V" + b"x" * 70_000 + b"\n0" + UNMARKED, id="a long line before it"),
        pytest.param(
            b"\x95\x05" + bytes(7) + b"M\x01\0M\x01" + b"\0e" + UNMARKED, id="an argument across a frame's end"
        ),
        pytest.param(b"\x95\x05" + bytes(7) + b"N.RRR" + UNMARKED, id="a frame that holds more than its pickle"),
        pytest.param(b"I1 \n0" + UNMARKED, id="a blank behind an INT"),
        pytest.param(b"I1\0.\n0" + UNMARKED, id="a NUL behind an INT"),
        pytest.param(b"L1 \n0" + UNMARKED, id="a blank behind a LONG"),
        pytest.param(b"F1.0 \n0" + UNMARKED, id="a blank behind a FLOAT"),
        pytest.param(b"(lp0 \n0" + UNMARKED, id="a blank behind a key of the memo"),
        pytest.param(b"V" + b"a" * (2**20 + 5) + b"\n0" + UNMARKED, id="a very long line before it"),
        pytest.param(b"S'" + b"a" * 2**20 + b"'\n0" + UNMARKED, id="a very long STRING before it"),
        pytest.param(b"cctypes/util\nos\n0" + UNMARKED, id="a module's name with a slash"),
        pytest.param(b"N." + UNMARKED, id="another pickle before it"),
        pytest.param(b"L119547037146038801333356L\n.I1001\n.}." + UNMARKED, id="the layout of legacy torch"),
    ],
)
def test_a_pickle_that_does_not_announce_itself_is_found_if_it_would_call(data: bytes) -> None:
    assert pickles(data)


@pytest.mark.parametrize("behind", [b"", b"\n", b"junk", b"\xff"])
@pytest.mark.parametrize(
    "data",
    [
        b"cantigravity\ngeohash\n.",
        b"cantigravity\ngeohash\n",
        b"cantigravity\n\n",
        b"cidlelib.idle\n\n",
        b"cpackage.module\nname\n.",
        b"\x8c\x07package\x8c\x04name\x93.",
    ],
)
def test_an_import_alone_runs_a_module(data: bytes, behind: bytes) -> None:
    assert pickles(data + behind, "notes.txt")


@pytest.mark.parametrize(("name", "answer"), [("model.pkl", True), ("a/model.PT", True), (".gitignore", False)])
def test_two_names_are_an_import_under_a_pickles_name(name: str, answer: bool) -> None:
    assert bool(pickles(b"coverage\nbuild\n.env\n", name)) is answer
    assert bool(pickles(b"coverage\nbuild\nsome words\n", name)) is answer
    assert bool(pickles(b"coverage\n\nsome words\n", name)) is answer


@pytest.mark.parametrize("protocol", [0, 1])
@pytest.mark.parametrize(
    "value",
    [
        [1, 2, 3],
        {"a": [None, "b"]},
        collections.OrderedDict(a=1),
        complex(1, 2),
        {1, 2},
        datetime.date(2026, 11, 20),
        [fractions.Fraction(at) for at in range(5_000)],
        "x" * 100_000,
    ],
    ids=["list", "dict", "ordered", "complex", "set", "date", "many objects", "long text"],
)
def test_what_python_writes_in_the_old_protocols(value: object, protocol: int) -> None:
    assert pickles(pickle.dumps([value, value], protocol=protocol))


SIMPLE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.binary(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@settings(deadline=None)
@given(SIMPLE, st.integers(2, pickle.HIGHEST_PROTOCOL))
def test_whatever_python_pickles_since_protocol_2_is_a_pickle(value: object, protocol: int) -> None:
    assert pickles(pickle.dumps(value, protocol=protocol))


OPENINGS = [
    "{} is how this text begins.\n\nAnd so it goes on.\n",
    "{}.\n",
    "{}. Smith et al., 2024\n",
    "{}) first\n{}) second\n",
    "({}) first\n({}) second\n",
    "{}\n{}\n{}\n.\n",
    "{}{}{}{}\n",
]


@pytest.mark.parametrize("opening", OPENINGS)
def test_text_is_no_pickle_whichever_letter_it_begins_with(opening: str) -> None:
    texts = [opening.replace("{}", letter) for letter in string.printable]

    assert [text for text in texts if pickles(text.encode(), "README.md")] == []


@pytest.mark.parametrize(
    "text",
    [
        "---\nlicense: apache-2.0\n---\n# A model\n",
        "R. Bommasani et al.\n",
        "config.json\n*.bin\n.cache\n",
        "cat\ndog\n.\n",
        "config.json\nREADME\n.gitignore\n",
        "cast\ncastle\n.\n",
        "cool\nstuff\n",
        "certifi\nidna\nRequests\n",
        "import torch\n\nprint(torch.ones(1))\n",
        "class Model:\n    pass\n\n\nprint('a')\n.\n",
        "*.bin filter=lfs diff=lfs merge=lfs -text\n",
        "#version: 0.2\nĠ t\nĠ a\n",
        "I.\nII.\nIII.\n",
        "N.B.\n",
        "P.S. more\n.\n",
        "VERY LONG LINE " * 10_000,
        "Sentence one. " * 10_000,
        "(c) 2024 Acme\nAll rights reserved\n.\n",
        "(c) 2024 Acme\nAll rights reserved\nof course\n",
        "(in progress)\n\nThis model is not finished.\n",
        "(i) first\n(ii) second\n",
        "",
        "\n",
        ".",
        "....",
    ],
)
def test_text_of_many_kinds_is_no_pickle(text: str) -> None:
    content = identify("README.md", in_memory(text.encode()))

    assert content.format == ("text" if text else "empty")


def test_many_short_lines_before_a_long_one_are_read_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    reads = Source.read_at

    def read_at(self: Source, offset: int, length: int) -> bytes:
        asked.append(length)
        return reads(self, offset, length)

    monkeypatch.setattr(Source, "read_at", read_at)

    runs_as_pickle(in_memory(b"I1\n" * 9_999 + b"a" * 2**20))

    assert max(asked) <= 4 * limits.KIB


@settings(deadline=None)
@given(st.text(alphabet=string.ascii_letters + " .,\n'()", max_size=80))
def test_prose_is_read_without_an_exception_whatever_it_says(text: str) -> None:
    assert identify("README.md", in_memory(text.encode())).format in ("text", "empty", "pickle")


def broken(body: bytes) -> tuple[Problem, ...]:
    program = identified(b"\x80\x02" + body + b".").program
    assert program is not None
    return program.broken


@pytest.mark.parametrize(
    "body",
    [
        b"N\x85" + b"2\x86" * 35,
        b"N\x85" + b"q\0h\0\x86" * 35,
        b"N\x85" + b"\x94h\0h\0\x87p0\n0h\0" * 35,
        b"N\x85q\0" + (b"(" + b"h\0" * 20 + b"tq\0") * 10,
        b"(NNNNt2\x86" + b"2\x86" * 40,
    ],
    ids=["DUP", "memo", "three", "long", "of four"],
)
def test_a_tuple_whose_hash_is_never_done(body: bytes) -> None:
    assert any("takes for ever" in problem.message for problem in broken(body))


@pytest.mark.parametrize(
    "body",
    [b"N\x85" + b"2\x86" * 25, b"N" + b"N\x86" * 100_000, b"(" + b"K\x01" * 100_000 + b"t2\x862\x86"],
    ids=["few times", "a chain", "a long one"],
)
def test_tuples_in_tuples_are_ordinary(body: bytes) -> None:
    assert broken(body) == ()

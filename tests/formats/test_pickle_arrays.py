"""joblib's arrays lie raw between the opcodes: skipped as joblib skips them, and read as any other unpickler would."""

from __future__ import annotations

import pytest

from tests.formats import identified
from tests.formats.test_pickle import UNMARKED
from verifier.formats.content import Program

HIDDEN = b"0" + UNMARKED


def text(value: str) -> bytes:
    return b"X" + len(value).to_bytes(4, "little") + value.encode()


def dtype(kind: str = "u1", size: int = -1, flags: int = 0) -> bytes:
    state = b"K\x03" + text("|") + b"NNNJ" + size.to_bytes(4, "little", signed=True) + b"J\xff\xff\xff\xffK"
    return b"cnumpy\ndtype\n" + text(kind) + b"\x89\x88\x87R(" + state + bytes([flags]) + b"tb"


def fields(count: int = 4, kind: bytes = b"", alignment: bytes = b"", shape: bytes = b"") -> bytes:
    pairs = text("subclass") + b"cnumpy\nndarray\n" + text("shape") + (shape or b"K" + bytes([count]) + b"\x85")
    pairs += text("order") + text("C") + text("dtype") + (kind or dtype()) + text("allow_mmap") + b"\x89"
    return pairs + (text("numpy_array_alignment_bytes") + alignment if alignment else b"")


def wrapped(state: bytes, data: bytes, made: bytes = b")\x81") -> bytes:
    return b"\x80\x03cjoblib.numpy_pickle\nNumpyArrayWrapper\n" + made + state + b"b" + data


def filled(pairs: bytes) -> bytes:
    return b"}(" + pairs + b"u"


def program(data: bytes) -> Program:
    found = identified(data, "model.joblib").program
    assert found is not None
    return found


def names(data: bytes) -> set[str]:
    return {use.dotted for use in program(data).uses}


@pytest.mark.parametrize(
    ("state", "data"),
    [
        pytest.param(filled(fields()), b"cz\n\xff", id="as it is"),
        pytest.param(filled(fields(alignment=b"K\x10")), b"\x02\xff\xff" + bytes(4), id="aligned"),
        pytest.param(filled(fields(alignment=b"N")), bytes(4), id="not aligned"),
        pytest.param(filled(fields(2, dtype("S3", 3))), b"c\n\nabc", id="of texts"),
        pytest.param(filled(fields(shape=b")")), b"N", id="a single number"),
    ],
)
def test_an_array_is_passed_over(state: bytes, data: bytes) -> None:
    found = program(wrapped(state, data) + b".")

    assert (found.broken, found.streams) == ((), 1)
    assert {use.module for use in found.uses} == {"joblib.numpy_pickle", "numpy"}


def test_what_hides_in_an_array_is_found_as_a_plain_unpickler_runs_it() -> None:
    assert "posix.system" in names(wrapped(filled(fields(len(HIDDEN))), HIDDEN + b"."))


def test_what_an_array_calls_may_have_been_imported_before_it() -> None:
    call = b"h\x00)R"
    before = b"\x80\x03cm\nmade\nq\x000"
    found = program(before + wrapped(filled(fields(len(call))), call + b".")[2:])

    assert ("made", "call") in {(use.name, use.role.value) for use in found.uses}


@pytest.mark.parametrize(
    "state",
    [
        pytest.param(b"}(" + text("numpy_array_alignment_bytes") + b"K\x10u(" + fields() + b"u", id="filled twice"),
        pytest.param(b"}" + text("order") + text("C") + b"s(" + fields() + b"u", id="SETITEM and SETITEMS"),
        pytest.param(b"(" + text("order") + text("C") + b"d(" + fields() + b"u", id="DICT and SETITEMS"),
        pytest.param(filled(text("shape") + b")"), id="keys are missing"),
        pytest.param(filled(fields() + text("other") + b"N"), id="another key"),
        pytest.param(filled(fields(kind=dtype("V1", 100))), id="a dtype that is larger than it says"),
        pytest.param(filled(fields(kind=dtype("u1", flags=1))), id="a number that holds objects"),
        pytest.param(filled(fields(kind=dtype("O8"))), id="an object that holds none"),
        pytest.param(filled(fields(kind=dtype("strange"))), id="a dtype of another name"),
        pytest.param(filled(fields(shape=b"K\x04\x85q\x010h\x01")), id="a shape from the memo"),
        pytest.param(filled(fields(shape=b"K\xfe\x85J\xff\xff\xff\xff\x86")), id="a shape with a tuple in it"),
    ],
)
def test_an_array_whose_length_is_not_plain_breaks_the_stream(state: bytes) -> None:
    assert program(wrapped(state, bytes(4)) + b".").broken


def test_a_wrapper_that_is_called_has_attributes_that_its_state_does_not_show() -> None:
    assert program(wrapped(filled(fields()), bytes(4) + b".", made=b"NNNNN(ttR")).broken
    assert program(wrapped(filled(fields()), bytes(4) + b".", made=b")R")).broken


def test_all_arrays_have_the_same_attributes() -> None:
    one = wrapped(filled(fields(alignment=b"K\x10")), b"\0" + bytes(4))

    assert program(one + b"0" + wrapped(filled(fields()), bytes(4))[2:] + b".").broken


def test_an_alignment_of_nought_is_an_alignment() -> None:
    assert program(wrapped(filled(fields(alignment=b"K\0")), b"\x01x" + bytes(4)) + b".").broken == ()

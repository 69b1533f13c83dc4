"""No damage to any format raises, hangs or makes a file that named something look clean."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.formats import EMPTY_GGUF, SAMPLES, identified, operations
from tests.formats.wire import field
from verifier.formats.content import Content, Status

DAMAGED = {
    **{path.name: path.read_bytes() for path in sorted(SAMPLES.iterdir()) if path.suffix not in (".py", ".pyc")},
    "empty.gguf": EMPTY_GGUF,
    "saved_model.pb": field(1, 1) + field(2, field(2, field(1, field(1, "n") + field(2, "ReadFile")))),
    "keras_metadata.pb": field(1, field(2, 1) + field(5, '{"class_name": "Lambda", "config": {}}')),
    "config.json": b'{"class_name": "Lambda", "config": {"name": "x"}}',
    "schema.json": b'{"__class__": "system", "__module__": "os", "__loader__": "FunctionNode"}',
    "config.yaml": b"a: !!python/name:os.system x\nb: {_target_: os.system}\n",
    "chat_template.jinja": b"{% for a in b %}{{ a.__class__ }}{% endfor %}",
    "program": b"\x7fELF" + bytes(60),
    "shortcut.lnk": b"MZ" + bytes(58) + b"\x40\0\0\0PE\0\0",
}
SMALL = [name for name, data in DAMAGED.items() if len(data) < 20_000]


def says_something(content: Content) -> bool:
    """Tell whether there is anything that a person would look at."""
    told = any(
        each.operations or each.externals or each.templates or each.code or each.disguises or each.problems
        for _, each in content.walk()
    )
    return told or content.status is Status.INCOMPLETE or bool(content.pickles)


@pytest.mark.parametrize("name", SMALL)
def test_a_file_can_end_anywhere(name: str) -> None:
    data = DAMAGED[name]
    for end in range(0, len(data), max(1, len(data) // 400)):
        assert identified(data[:end], name).format


@pytest.mark.parametrize(
    "name", ["lambda.h5", "latest.h5", "lambda.keras", "climbing.onnx", "saved_model.pb", "plain.gguf"]
)
def test_what_is_cut_off_is_never_clean(name: str) -> None:
    """Where a cut leaves a whole file of the format, what was named in it must be told, too."""
    data = DAMAGED[name]
    for end in range(16, len(data), max(1, len(data) // 200)):
        content = identified(data[:end], name)
        assert says_something(content), end


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(SMALL), st.data())
def test_no_damage_raises(name: str, draw: st.DataObject) -> None:
    data = bytearray(DAMAGED[name])
    for _ in range(draw.draw(st.integers(1, 4))):
        place = draw.draw(st.integers(0, len(data)))
        new = draw.draw(st.binary(max_size=12) | st.sampled_from([b"\xff" * 8, b"\0" * 8, b"\x7f\xff\xff\xff"]))
        data[place : place + draw.draw(st.integers(0, 12))] = new

    assert identified(bytes(data), name).format


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(["a.gguf", "a.h5", "a.onnx", "a.pb", "a.msgpack", "a.yaml", "a.json", "a.jinja", "a"]), st.data()
)
def test_no_bytes_behind_a_mark_raise(name: str, draw: st.DataObject) -> None:
    marks = [
        b"",
        b"GGUF\3\0\0\0",
        b"\x89HDF\r\n\x1a\n",
        b"\x08\x0a\x3a",
        b"\x08\1\x12",
        b"\n",
        b"\x81",
        b"\x1c\0\0\0TFL3",
    ]
    data = draw.draw(st.sampled_from(marks)) + draw.draw(st.binary(max_size=150))

    assert identified(data, name).format


@pytest.mark.parametrize(
    ("name", "piece"),
    [
        ("a.gguf", b"GGUF\3\0\0\0" + bytes(8) + b"\xff\xff\xff\0\0\0\0\0" + bytes(64)),
        ("a.onnx", b"\x08\x0a\x3a\xf0\xff\xff\x04" + b"\x0a\0"),
        ("a.h5", b"\x89HDF\r\n\x1a\n" + bytes(120)),
        ("a.msgpack", b"\xdf\xff\xff\xff\xff"),
        ("a.txt", b"text\n"),
        ("a.json", b"[[],"),
        ("a.bin", b"\n\x02\n\0"),
        ("a.pb", b"\n\x04\n\0\x12\0"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_ten_megabytes_take_seconds(name: str, piece: bytes) -> None:
    data = (piece * (10_000_000 // len(piece) + 1))[:10_000_000]

    start = time.process_time()
    identified(data, name)
    assert time.process_time() - start < 60


def test_a_document_that_names_very_much_is_cut_short_and_says_so() -> None:
    layers = [{"class_name": "X", "module": f"evil{number}", "config": {}} for number in range(2_000)]
    content = identified(json.dumps({"class_name": "Model", "config": layers}).encode(), "config.json")

    assert len(operations(content)) == 1_000
    assert content.status is Status.INCOMPLETE

"""TensorFlow Lite: TensorFlow's own operators are searched for by their names."""

from __future__ import annotations

import pytest

from tests.formats import identified, operations
from verifier import limits

HEAD = b"\x10\0\0\0TFL3\x04\0\x04\0\0\0\0\0\x08\0\0\0"


def test_a_model_of_lites_own_operators_passes() -> None:
    content = identified(HEAD + bytes(1_000), "model.tflite")

    assert (content.format, content.unfollowed, operations(content)) == ("tflite", None, [])


@pytest.mark.parametrize("before", [0, 5, limits.READ_BUFFER - 12, limits.READ_BUFFER - 8])
def test_an_operator_that_reaches_files_is_found_also_between_two_windows(before: int) -> None:
    content = identified(HEAD + bytes(before) + b"FlexReadFile\0" + bytes(8) + b"FlexErf\0", "model.tflite")

    assert operations(content) == [("system", "ReadFile"), ("library", "Erf")]


@pytest.mark.parametrize("data", [b"\x1c\0\0\0TFL3" + bytes(100), HEAD[:-1], b"\xff\xff\xff\xffTFL3" + bytes(100)])
def test_a_mark_without_a_table_is_no_model(data: bytes) -> None:
    assert identified(data, "model.tflite").unfollowed


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("model_config.yaml", b"#   TFL3\n_target_: os.system\n"),
        ("config.yaml", b"#!/x\n!!python/object/apply:os.system ['true']\n"),
    ],
)
def test_what_a_loader_goes_by_the_name_for_is_read_whatever_its_first_bytes(name: str, data: bytes) -> None:
    assert "code" in dict(operations(identified(data, name)))


def test_a_template_behind_a_scripts_first_line_is_one() -> None:
    assert identified(b"#!/x\n{{ x }}", "chat_template.jinja").templates


def test_a_document_that_is_another_format_too_is_read_as_both() -> None:
    content = identified(b"GGUF\3\0\0\0" + bytes(16) + b"{{ x }}", "chat_template.jinja")

    assert [inner.format for _, inner in content.walk()] == ["gguf", "jinja"]

"""TensorFlow Lite: TensorFlow's own operators are searched for by their names."""

from __future__ import annotations

import pytest

from tests.formats import identified, operations
from verifier import limits

HEAD = b"\x1c\0\0\0TFL3"


def test_a_model_of_lites_own_operators_passes() -> None:
    content = identified(HEAD + bytes(1_000), "model.tflite")

    assert (content.format, content.unfollowed, operations(content)) == ("tflite", None, [])


@pytest.mark.parametrize("before", [0, 5, limits.READ_BUFFER - 12, limits.READ_BUFFER - 8])
def test_an_operator_that_reaches_files_is_found_also_between_two_windows(before: int) -> None:
    content = identified(HEAD + bytes(before) + b"FlexReadFile\0" + bytes(8) + b"FlexErf\0", "model.tflite")

    assert operations(content) == [("system", "ReadFile"), ("library", "Erf")]

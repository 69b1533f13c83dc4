"""JSON beside the weights: read as leniently as loaders read it, and never so far that it raises."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.formats import in_memory
from verifier import limits
from verifier.formats import identify
from verifier.formats.content import JsonDocument
from verifier.formats.json_document import is_index, read
from verifier.snapshot import Source


def document(data: bytes, path: str = "config.json") -> JsonDocument:
    content = read(path, in_memory(data))
    assert content.document is not None, content.unfollowed
    return content.document


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b'{"a": 1}', {"a": 1}),
        (b' [1, "x", null]\n', [1, "x", None]),
        (b"3", 3),
        (b"\xef\xbb\xbf{}", {}),
        (b'{"a": Infinity}', {"a": float("inf")}),
        ('{"ü": "\\ud83d\\ude00"}'.encode(), {"ü": "😀"}),
    ],
)
def test_what_a_loader_reads_is_read(data: bytes, value: object) -> None:
    assert document(data).value == value


def test_every_pair_of_every_object_is_kept_and_keys_that_stand_twice_too() -> None:
    pairs = document(b'{"a": 1, "b": [{"c": {"a": 2}}], "a": 3}').pairs

    assert sorted(pairs, key=repr) == sorted(
        [("a", 2), ("c", {"a": 2}), ("a", 1), ("b", [{"c": {"a": 2}}]), ("a", 3)], key=repr
    )


def test_an_escaped_key_is_the_same_key() -> None:
    assert document(b'{"auto\\u005fmap": 1}').pairs == (("auto_map", 1),)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"{'a': 1}", "not JSON"),
        (b'{"a": 1,}', "not JSON"),
        (b"{} // comment", "line 1, column 4"),
        (b"{}\0", "not JSON"),
        (b'{"a":\n "\xff"}', "not UTF-8 (byte 8)"),
        ('{"a": 1}'.encode("utf-16"), "not UTF-8"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"a":' * 100_000, "nested too deeply"),
        (b"1" * 5_000, "can be read"),
    ],
)
def test_what_no_loader_reads_is_not_followed_and_says_why(data: bytes, why: str) -> None:
    content = read("config.json", in_memory(data))

    assert content.document is None
    assert why in (content.unfollowed or "")


@pytest.mark.parametrize(
    ("path", "limit"),
    [("config.json", limits.MAX_CONFIG), ("a/model.safetensors.index.json", limits.MAX_INDEX)],
)
def test_a_document_beyond_its_limit_is_not_read(path: str, limit: int) -> None:
    content = read(path, Source(limit + 1, b"{}", descriptor=-1))

    assert f"{limit:,}" in (content.unfollowed or "")


@pytest.mark.parametrize("path", ["tokenizer.json", "vocab.json", "sub/tokenizer.json"])
def test_tables_of_tokens_are_not_parsed_whatever_their_size(path: str) -> None:
    content = read(path, in_memory(b"{" * (limits.MAX_CONFIG + 1)))

    assert (content.format, content.unfollowed, content.document) == ("json", None, None)


@pytest.mark.parametrize("data", [b"\0", b"\xff{", b"{\x01}"])
def test_a_table_of_tokens_that_is_no_text_is_not_followed(data: bytes) -> None:
    assert read("tokenizer.json", in_memory(data)).unfollowed == "it is not text"


@pytest.mark.parametrize("path", ["tokenizer_config.json", "my_vocab.json", "tokenizer.json/config.json"])
def test_only_the_tables_of_tokens_are_spared(path: str) -> None:
    assert read(path, in_memory(b"{")).unfollowed


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("model.safetensors.index.json", True),
        ("unet/diffusion_pytorch_model.safetensors.index.json", True),
        ("pytorch_model.bin.index.json", False),
        ("config.json", False),
    ],
)
def test_an_index_is_told_by_its_name(path: str, answer: bool) -> None:
    assert is_index(path) is answer


@pytest.mark.parametrize("path", ["config.json", "CONFIG.JSON", "a/b.Json"])
def test_the_suffix_counts_in_either_case(path: str) -> None:
    assert identify(path, in_memory(b"{}")).format == "json"


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None)
@given(VALUES, st.booleans())
def test_any_json_reads_back(value: object, as_ascii: bool) -> None:
    assert document(json.dumps(value, ensure_ascii=as_ascii).encode()).value == value


@settings(deadline=None)
@given(
    st.binary(max_size=60) | st.text(alphabet='{}[]":,\\u0123456789eE+-. \nnulltruefalse', max_size=60).map(str.encode)
)
def test_any_bytes_are_read_or_not_followed(data: bytes) -> None:
    content = read("config.json", in_memory(data))

    assert (content.document is None) == (content.unfollowed is not None)

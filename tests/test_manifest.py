"""The manifest's digest is what `sha256sum` would print, hashed; a path is one that any system can hold."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verifier.digest import Digest
from verifier.manifest import File, Manifest, path_problem


def file(path: str, data: bytes) -> File:
    return File(path, len(data), Digest.of(data))


def test_the_digest_is_that_of_the_lines_that_sha256sum_prints() -> None:
    lines = b"".join(
        f"{hashlib.sha256(data).hexdigest()}  {name}\n".encode()
        for name, data in ((".gitattributes", b"x"), ("a/ß.json", b""), ("b.bin", b"y"))
    )

    manifest = Manifest.of([file("b.bin", b"y"), file(".gitattributes", b"x"), file("a/ß.json", b"")])

    assert str(manifest.digest) == "sha256:" + hashlib.sha256(lines).hexdigest()


@given(st.permutations(["a", "b", "a/b", "B", "a.b", "é"]))
def test_the_order_of_the_files_does_not_matter(names: list[str]) -> None:
    manifest = Manifest.of(file(name, name.encode()) for name in names)

    assert [item.path for item in manifest] == sorted(names)
    assert manifest.digest == Manifest.of(file(name, name.encode()) for name in sorted(names)).digest


@pytest.mark.parametrize(
    "other",
    [
        pytest.param([file("a", b"1"), file("c", b"2")], id="another name"),
        pytest.param([file("a", b"1"), file("b", b"3")], id="other bytes"),
        pytest.param([file("a", b"2"), file("b", b"1")], id="names exchanged"),
        pytest.param([file("a", b"1")], id="a file less"),
        pytest.param([file("a", b"1"), file("b", b"2"), file("c", b"")], id="a file more"),
    ],
)
def test_the_digest_tells_every_difference(other: list[File]) -> None:
    assert Manifest.of(other).digest != Manifest.of([file("a", b"1"), file("b", b"2")]).digest


def test_its_size_is_the_sum_and_its_length_the_number_of_files() -> None:
    manifest = Manifest.of([file("a", b"123"), file("b", b"4567"), file("c", b"")])

    assert (manifest.size, len(manifest)) == (7, 3)


def test_a_part_of_it_has_only_the_named_files() -> None:
    manifest = Manifest.of([file("a", b"1"), file("b", b"2"), file("c", b"3")])

    assert manifest.only(["c", "a"]) == Manifest.of([file("a", b"1"), file("c", b"3")])


def test_a_part_with_a_file_that_is_not_in_it_is_refused() -> None:
    with pytest.raises(KeyError):
        Manifest.of([file("a", b"1")]).only(["a", "b"])


@pytest.mark.parametrize(
    "path",
    [
        "config.json",
        "a/b/c.safetensors",
        ".gitattributes",
        "1_Pooling/config.json",
        "with a blank.json",
        "模型.json",
        "é.json",
        "...",
        "a..b",
        "-rf",
        "~",
        "$(id)",
        "x" * 255,
        "é" * 127,
    ],
)
def test_a_path_that_any_system_can_hold(path: str) -> None:
    assert path_problem(path) is None


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("", "plain form"),
        ("/etc/passwd", "absolute"),
        ("a/", "plain form"),
        ("a//b", "plain form"),
        (".", "plain form"),
        ("./a", "plain form"),
        ("../a", "plain form"),
        ("a/../b", "plain form"),
        ("a/..", "plain form"),
        ("a\\b", "backslash"),
        ("..\\a", "backslash"),
        ("a\nb", "U+000A"),
        ("a\x00b", "U+0000"),
        ("\x1b[31ma", "U+001B"),
        ("a\x7f", "U+007F"),
        ("a\x9bm", "U+009B"),
        ("gpj.\u202egnp", "U+202E"),
        ("a\u2066b", "U+2066"),
        ("a\u200bb", "U+200B"),
        ("\ufeffa", "U+FEFF"),
        ("a\u2028b", "U+2028"),
        ("a\u2029b", "U+2029"),
        ("a\udcffb", "not UTF-8"),
        (" a", "blank"),
        ("a ", "blank"),
        ("a /b", "blank"),
        ("x" * 256, "255"),
        ("é" * 128, "255"),
        ("ok/" + "x" * 256, "255"),
    ],
)
def test_a_path_that_misleads_or_leaves_is_refused_with_its_reason(path: str, problem: str) -> None:
    assert problem in (path_problem(path) or "nothing")


@given(st.text(alphabet=st.characters(exclude_categories=[]), max_size=40))
def test_judging_a_path_never_raises_and_accepts_only_what_can_be_printed(path: str) -> None:
    if path_problem(path) is None:
        path.encode()
        assert not path.startswith("/")
        assert "\n" not in path
        assert ".." not in path.split("/")

"""HDF5: files that h5py wrote in each of its ways, then the same ones damaged by hand."""

from __future__ import annotations

import struct

import pytest

from tests.formats import identified, operations, reasons, sample
from verifier.formats import hdf5, hdf5_structures
from verifier.source import Memory

LAMBDA = [("code", "Lambda")]


@pytest.mark.parametrize("name", ["lambda.h5", "latest.h5", "fixed.h5"])
def test_the_configuration_is_found_in_old_and_new_files(name: str) -> None:
    """Superblock 0 and 3, object headers 1 and 2, texts of fixed and of variable length."""
    content = identified(sample(name), name)

    assert (content.format, operations(content), reasons(content)) == ("hdf5", LAMBDA, "")


def test_groups_are_walked_through_their_symbol_tables() -> None:
    content = identified(sample("many.h5"))

    assert (content.format, content.unfollowed) == ("hdf5", None)


def test_every_way_out_of_the_file_is_told() -> None:
    content = identified(sample("external.h5"))

    assert [(each.path, each.where) for each in content.externals] == [("/etc/passwd", "/link"), ("../secret", "/data")]
    assert content.unfollowed is None


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("dense.h5", "the attributes of '/' lie in a heap"),
        ("many-latest.h5", "the links of '/' lie in a heap"),
        ("virtual.h5", "put together from others"),
        ("user-block.h5", "512 bytes stand before it"),
    ],
)
def test_what_is_not_read_here_is_said(name: str, why: str) -> None:
    assert why in reasons(identified(sample(name)))


def test_pickles_in_attributes_are_followed_and_those_in_datasets_are_said() -> None:
    content = identified(sample("pickled.h5"))

    assert content.pickles == ("a pickle of protocol 0 or 1 in /frame@axes",)
    assert "'/frame' holds pickles" in reasons(content)


def test_what_lies_behind_a_user_block_is_judged_all_the_same() -> None:
    assert operations(identified(sample("user-block.h5"))) == LAMBDA


def test_bytes_behind_the_files_own_end_are_told() -> None:
    content = identified(sample("lambda.h5") + b"hidden")

    assert [problem.message for problem in content.disguises] == ["goes on for 6 bytes behind its end"]


@pytest.mark.parametrize("cut", [1, 100, 3_000])
def test_a_file_that_is_cut_off_says_so(cut: int) -> None:
    assert "it says that it ends at" in reasons(identified(sample("lambda.h5")[:-cut]))


def damaged(name: str, old: bytes, new: bytes) -> str:
    data = sample(name)
    assert old in data
    return reasons(identified(data.replace(old, new)))


@pytest.mark.parametrize(
    ("name", "old", "new", "why"),
    [
        ("lambda.h5", b"\x89HDF\r\n\x1a\n\0", b"\x89HDF\r\n\x1a\n\x07", "unknown version 7"),
        ("lambda.h5", b"\x89HDF\r\n\x1a\n\0\0\0\0\0\x08", b"\x89HDF\r\n\x1a\n\0\0\0\0\0\x09", "unknown width"),
        ("lambda.h5", b"GCOL", b"XXXX", "no heap"),
        ("many.h5", b"TREE", b"XXXX", "no symbol table"),
        ("many.h5", b"HEAP", b"XXXX", "no local heap"),
        ("latest.h5", b"OHDR", b"XXXX", "no object header"),
        ("lambda.h5", b'{"class_name', b'<"class_name', "not JSON"),
        (
            "latest.h5",
            b"\x03\0\x0d\0\x14\0\x04\0\0model_config",
            b"\x07\0\x0d\0\x14\0\x04\0\0model_config",
            "unknown version 7",
        ),
        (
            "latest.h5",
            b"\x03\0\x0d\0\x14\0\x04\0\0model_config",
            b"\x03\x01\x0d\0\x14\0\x04\0\0model_config",
            "lies elsewhere",
        ),
        ("fixed.h5", b"model_config\0\0\0\0\x13", b"model_config\0\0\0\0\x10", "is not a text"),
        ("external.h5", b"\x01\x08\x40\x04link", b"\x01\x08\x41\x04link", "of an unknown kind"),
    ],
)
def test_damage_is_said_in_words(name: str, old: bytes, new: bytes, why: str) -> None:
    assert why in damaged(name, old, new)


def test_addresses_that_count_from_elsewhere_are_not_followed() -> None:
    data = bytearray(sample("lambda.h5"))
    struct.pack_into("<Q", data, 24, 8)

    assert "count from somewhere else" in reasons(identified(bytes(data)))


def test_structures_in_each_other_come_to_an_end() -> None:
    file = hdf5_structures.Structures(Memory(bytes(10_000_000)), 0)
    for _ in range(4):
        file.bytes_at(0, 10_000_000)

    with pytest.raises(hdf5_structures.LostError, match="no end"):
        file.bytes_at(0, 10_000_000)


def test_a_header_that_continues_in_itself_is_left() -> None:
    data = bytearray(sample("lambda.h5"))
    place = data.index(struct.pack("<HHBxxx", 0x10, 16, 0))
    root = struct.unpack_from("<Q", data, 64)[0]
    struct.pack_into("<QQ", data, place + 8, root + 16, 64)

    assert reasons(identified(bytes(data)))


def test_a_symbol_table_that_holds_itself_is_left() -> None:
    data = bytearray(sample("many.h5"))
    tree = data.index(b"TREE")
    struct.pack_into("<Q", data, tree + 8 + 16 + 8, tree)

    assert "repeats itself" in reasons(identified(bytes(data)))


def test_a_file_of_very_many_objects_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hdf5_structures, "_MOST_STEPS", 10)

    assert "more objects" in reasons(identified(sample("many.h5")))


@pytest.mark.parametrize("data", [b"", b"\x89HDF", b"\0" * 512 + b"\x89HDX\r\n\x1a\n"])
def test_what_is_no_hdf5_file(data: bytes) -> None:
    assert not hdf5.matches("x.h5", Memory(data))

"""Pickles inside zips and tars: told by their members' content; what can't be looked into is never clean."""

from __future__ import annotations

import io
import lzma
import struct
import tarfile
import tracemalloc
import warnings
import zipfile
import zlib
from pathlib import Path

import pytest

from tests.formats import in_memory, is_clean, problems
from tests.formats.test_pickle import CALL, MARKED, UNMARKED
from tests.formats.test_pickle_streams import described, npy
from verifier import limits
from verifier.formats import Content, identify
from verifier.formats.content import Status
from verifier.snapshot import Source

PICKLE = MARKED[2]
TEXT = b"some plain text\n"


OBJECTS = npy(described("'|O'"), data=PICKLE)


def content(data: bytes, name: str = "pytorch_model.bin") -> Content:
    return identify(name, in_memory(data))


def zipped(*members: tuple[str, bytes], method: int = zipfile.ZIP_STORED, comment: bytes = b"") -> bytes:
    file = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(file, "w", method) as archive:
        warnings.simplefilter("ignore")  # the same name twice
        archive.comment = comment
        for name, data in members:
            archive.writestr(name, data)
    return file.getvalue()


def tarred(*members: tuple[str, bytes], kind: bytes = tarfile.REGTYPE, form: int = tarfile.USTAR_FORMAT) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=form) as archive:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size, info.type = len(data), kind
            archive.addfile(info, io.BytesIO(data))
    return file.getvalue()


def without_ustar(tar: bytes) -> bytes:
    """Give a tar of one member as it was written before POSIX, as Python 2's torch did."""
    header = bytearray(tar[:512])
    header[257:265] = bytes(8)
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header) + tar[512:]


def patched(data: bytes, signature: bytes, offset: int, value: bytes) -> bytes:
    """Overwrite bytes at an offset from the last place of a signature."""
    at = data.rindex(signature) + offset
    return data[:at] + value + data[at + len(value) :]


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_the_zip_that_torch_writes(method: int) -> None:
    members = (("archive/data.pkl", PICKLE), ("archive/data/0", b"\0" * 200_000), ("archive/version", b"3\n"))

    found = content(zipped(*members, method=method))

    assert (found.format, found.pickles) == ("torch", ("a pickle of protocol 2 in archive/data.pkl",))
    assert (found.status, problems(found)) == (Status.FOLLOWED, "")


def test_a_second_name_of_a_member_is_a_problem_and_followed() -> None:
    field = b"\x01" + struct.pack("<L", zlib.crc32(b"notes")) + b"model.safetensors"
    info = zipfile.ZipInfo("notes")
    info.extra = struct.pack("<HH", 0x7075, len(field)) + field
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr(info, TEXT)
    both = made.getvalue()
    central_only = both.replace(b"\x75\x70", b"\xff\xff", 1)
    local_only = patched(both, b"\x75\x70", 0, b"\xff\xff")

    for data in (both, central_only, local_only):
        assert "another name for some: 'model.safetensors'" in problems(content(data))
        assert [part.name for part in content(data).parts] == ["notes", "model.safetensors"]


@pytest.mark.parametrize("name", ["data/w.npy", "data/p0.pkl", "data/0", "constants/0", "data/0/1", "data/weights"])
@pytest.mark.parametrize("data", [MARKED[2], OBJECTS, zipped(("data.pkl", MARKED[2]))])
def test_what_lies_where_storages_do_is_followed(name: str, data: bytes) -> None:
    found = content(zipped(("data.pkl", b"\x80\x02N."), (name, data)))

    assert any(name in pickle for pickle in found.pickles)


@pytest.mark.parametrize("data", [UNMARKED, CALL, *MARKED.values()])
@pytest.mark.parametrize("name", ["archive/weights", "README.md", "a.npy", "config.json"])
def test_a_member_is_told_by_its_content(name: str, data: bytes) -> None:
    assert name in "".join(content(zipped((name, data))).pickles)
    assert name in "".join(content(tarred((name, data))).pickles)


def test_a_long_member_that_does_not_announce_itself() -> None:
    data = b"B" + struct.pack("<I", 2_000) + b"x" * 2_000 + b"0" + CALL + b"0N" + b"0N" * 40_000 + b"."

    assert content(zipped(("archive/weights", data))).pickles


def test_a_zip_of_other_things_bears_no_pickle() -> None:
    assert is_clean(content(zipped(("a.txt", TEXT), ("b/", b""), ("c.json", b"{}"))))
    assert is_clean(content(zipped()))


def test_every_member_counts_and_so_does_each_of_two_with_one_name() -> None:
    assert len(content(zipped(("a", TEXT), ("b", PICKLE), ("c", PICKLE))).pickles) == 2
    assert content(zipped(("a", PICKLE), ("a", TEXT))).pickles
    assert content(zipped(("a", TEXT), ("a", PICKLE))).pickles


def test_a_zip_behind_something_else_is_found() -> None:
    made = zipped(("a/data.pkl", PICKLE))

    assert content(TEXT * 10_000 + made, "README.md").pickles
    assert content(made + b"a tail", "README.md").pickles


def test_a_zip_with_the_longest_comment_behind_something_else_is_found() -> None:
    assert content(TEXT + zipped(("a/data.pkl", PICKLE), comment=b"c" * 65_535)).pickles


@pytest.mark.parametrize(
    "inner",
    [
        pytest.param(zipped(("data.pkl", PICKLE)), id="zip"),
        pytest.param(tarred(("data.pkl", PICKLE)), id="tar"),
        pytest.param(zlib.compressobj(wbits=31).compress(b"") + b"x" * 10, id="gzip"),
        pytest.param(b"BZh91AY&SY" + b"x" * 20, id="bzip2"),
        pytest.param(lzma.compress(PICKLE), id="xz"),
        pytest.param(TEXT + zipped(("data.pkl", PICKLE)), id="zip behind text"),
        pytest.param(without_ustar(tarred(("data.pkl", PICKLE))), id="old tar"),
        pytest.param(zlib.compress(PICKLE), id="zlib"),
        pytest.param(lzma.compress(PICKLE, lzma.FORMAT_ALONE), id="lzma"),
        pytest.param(b"7z\xbc\xaf\x27\x1c" + b"x" * 20, id="7z"),
        pytest.param(b"\x28\xb5\x2f\xfd" + b"x" * 20, id="zstd"),
        pytest.param(b"\x04\x22\x4d\x18" + b"x" * 20, id="lz4"),
    ],
)
def test_an_archive_in_an_archive_is_not_clean(inner: bytes) -> None:
    for outer in (zipped(("inner", inner)), tarred(("inner", inner))):
        assert not is_clean(content(outer))


ENCRYPTED = patched(zipped(("b", TEXT)), b"PK\x01\x02", 8, b"\x01\0")
DAMAGED = {
    "encrypted": patched(ENCRYPTED, b"PK\x03\x04", 6, b"\x01\0"),
    "patched data": patched(zipped(("b", TEXT)), b"PK\x03\x04", 14, b"\0\0\0\0"),
    "another checksum": patched(zipped(("b", TEXT)), b"PK\x01\x02", 16, b"\0\0\0\0"),
    "an unknown method": patched(zipped(("b", TEXT)), b"PK\x01\x02", 10, b"\x63\0"),
    "another local name": patched(zipped(("b", TEXT)), b"PK\x03\x04", 30, b"c"),
    "a local header elsewhere": patched(zipped(("b", TEXT)), b"PK\x01\x02", 42, b"\x05\0\0\0"),
    "a directory elsewhere": patched(zipped(("b", TEXT)), b"PK\x05\x06", 16, b"\x05\0\0\0"),
    "cut off": zipped(("b", TEXT))[:-30],
    "no directory": zipped(("b", TEXT)).partition(b"PK\x01\x02")[0],
    "only its first bytes": b"PK\x03\x04",
}


@pytest.mark.parametrize("name", sorted(DAMAGED))
def test_a_zip_that_is_damaged_is_not_clean(name: str) -> None:
    assert not is_clean(content(DAMAGED[name]))


@pytest.mark.parametrize("signature", [b"PK\x03\x04", b"PK\x01\x02"])
def test_what_was_found_before_the_damage_stays_found(signature: bytes) -> None:
    made = zipped(("archive/data.pkl", PICKLE), ("b", TEXT))
    made = (
        patched(made, b"PK\x01\x02", 8, b"\x01\0") if signature == b"PK\x01\x02" else patched(made, signature, 30, b"c")
    )

    found = content(made)

    assert problems(found)
    assert found.pickles


def test_too_many_members_are_not_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_ARCHIVE_MEMBERS", 3)
    members = [(str(number), TEXT) for number in range(5)]

    assert content(zipped(*members)).unfollowed
    assert content(tarred(*members)).unfollowed
    assert is_clean(content(zipped(*members[:3])))


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_a_tar_in_each_of_its_formats(form: int) -> None:
    found = content(tarred(("x" * 120 + "/" + "y" * 90, TEXT), ("pickle", PICKLE), form=form))

    assert (found.format, found.pickles) == ("tar", ("a pickle of protocol 2 in pickle",))
    assert found.status is Status.FOLLOWED


def test_a_tar_from_before_posix() -> None:
    assert content(without_ustar(tarred(("pickle", PICKLE)))).pickles


@pytest.mark.parametrize("kind", [tarfile.AREGTYPE, tarfile.CONTTYPE, b"Z"])
def test_a_tars_member_counts_whatever_kind_of_file_it_claims_to_be(kind: bytes) -> None:
    assert not is_clean(content(tarred(("storages", PICKLE), kind=kind)))


def test_a_tar_of_other_things_bears_no_pickle() -> None:
    assert is_clean(content(tarred(("a", TEXT), ("b", b""))))


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE])
def test_members_of_a_tar_that_hold_nothing_do_not_raise(kind: bytes) -> None:
    assert content(tarred(("a", b""), kind=kind)).format == "tar"


def test_a_zip_of_many_members_is_read_in_bounded_memory() -> None:
    made = zipped(*((str(number), bytes(65_536)) for number in range(600)), method=zipfile.ZIP_DEFLATED)

    assert peak_of(in_memory(made)) < 16 * limits.MIB


@pytest.mark.parametrize(
    "kind", [pytest.param(tarfile.GNUTYPE_LONGNAME, id="long name"), pytest.param(tarfile.XHDTYPE, id="pax header")]
)
def test_a_tar_whose_header_claims_to_be_large_is_read_in_bounded_memory(tmp_path: Path, kind: bytes) -> None:
    info = tarfile.TarInfo("x")
    info.type, info.size = kind, 60 * limits.MIB

    assert peak_of_file(tmp_path / "x.tar", info.tobuf(tarfile.GNU_FORMAT), 61 * limits.MIB) < 32 * limits.MIB


def test_a_zip_whose_directory_claims_to_be_large_is_read_in_bounded_memory(tmp_path: Path) -> None:
    size = 64 * limits.MIB
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1, 1, 60 * limits.MIB, size - 22 - 60 * limits.MIB, 0)

    assert peak_of_file(tmp_path / "x.zip", b"PK\x03\x04", size, end) < 32 * limits.MIB


def peak_of_file(path: Path, start: bytes, size: int, end: bytes = b"") -> int:
    """Give the memory that a sparse file takes to identify."""
    with path.open("w+b") as file:
        file.write(start)
        file.truncate(size)
        file.seek(size - len(end))
        file.write(end)
        file.flush()
        return peak_of(Source(size, start, file.fileno()))


def peak_of(source: Source) -> int:
    tracemalloc.start()
    try:
        identify("model.bin", source)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

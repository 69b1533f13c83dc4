"""unsafe-archive: an archive says two things at once, or leads out of its directory."""

from __future__ import annotations

import io
import tarfile
import zipfile

import pytest

from tests.checks.content import findings
from tests.formats.test_pickle_archives import patched, tarred, zipped
from tests.pickles import EVIL, PLAIN, torch_zip
from verifier.checks import unsafe_pickle
from verifier.checks.unsafe_archive import CHECK

SOUND = torch_zip(PLAIN, {"data/0": b"\0" * 64})


def messages(data: bytes) -> str:
    return "; ".join(item.message for item in findings(CHECK, data))


def link(name: str, target: str, kind: bytes = tarfile.SYMTYPE) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        info = tarfile.TarInfo(name)
        info.type, info.linkname = kind, target
        archive.addfile(info)
    return file.getvalue()


def deflated(name: str, data: bytes) -> bytes:
    return zipped((name, data), method=zipfile.ZIP_DEFLATED)


@pytest.mark.parametrize(
    "data",
    [SOUND, zipped(("a", b"text"), ("b/", b"")), tarred(("./a", b"text"), ("b/c", b"text")), deflated("a", b"x" * 99)],
    ids=["torch", "zip", "tar", "deflated"],
)
def test_what_ordinary_tools_write_passes(data: bytes) -> None:
    assert messages(data) == ""


@pytest.mark.parametrize(
    ("data", "why"),
    [
        pytest.param(zipped(("a", b"1"), ("a", b"2")), "two members have the name 'a'", id="duplicate"),
        pytest.param(patched(zipped(("abc", b"1")), b"PK\x03\x04", 30, b"xyz"), "calls itself 'xyz'", id="name"),
        pytest.param(patched(zipped(("a", b"1")), b"PK\x03\x04", 6, b"\x01"), "marked as encrypted", id="local flag"),
        pytest.param(patched(zipped(("a", b"1")), b"PK\x01\x02", 8, b"\x01"), "marked as encrypted", id="central flag"),
        pytest.param(patched(zipped(("a", b"1")), b"PK\x03\x04", 14, b"\0\0\0\0"), "two checksums", id="local CRC"),
        pytest.param(patched(zipped(("a", b"1")), b"PK\x01\x02", 16, b"\0\0\0\0"), "two checksums", id="central CRC"),
        pytest.param(patched(zipped(("a", b"12")), b"PK\x01\x02", 20, b"\1\0\0\0\1"), "two sizes", id="sizes"),
        pytest.param(patched(zipped(("a", b"1")), b"PK\x01\x02", 10, b"\x08"), "two methods", id="methods"),
        pytest.param(zipped(("../../etc/x", b"1")), "not in its plain form", id="zip slip"),
        pytest.param(zipped(("/etc/x", b"1")), "not in its plain form", id="absolute"),
        pytest.param(zipped(("a\\..\\x", b"1")), "a backslash", id="backslash"),
        pytest.param(
            zipped(("a", b"1")).replace(b"PK\x01\x02", b"hidden bytes" + b"PK\x01\x02"), "belong to no", id="gap"
        ),
        pytest.param(tarred(("../x", b"1")), "not in its plain form", id="tar slip"),
        pytest.param(tarred(("x", b""), kind=tarfile.CHRTYPE), "is a device", id="device"),
        pytest.param(tarred(("x", b""), kind=tarfile.FIFOTYPE), "is a FIFO", id="fifo"),
        pytest.param(tarred(("x", b"1"), ("x", b"2")), "two members", id="tar duplicate"),
        pytest.param(link("x", "/etc/passwd"), "is a link to '/etc/passwd'", id="absolute link"),
        pytest.param(link("x", "a/../../y"), "is a link to", id="link upwards"),
        pytest.param(link("x", "../y", tarfile.LNKTYPE), "is a link to", id="hard link upwards"),
    ],
)
def test_an_archive_that_says_two_things_is_refused(data: bytes, why: str) -> None:
    assert why in messages(data)


def test_a_member_that_the_directory_does_not_name_is_found_and_followed() -> None:
    hidden = zipped(("archive/evil.pkl", EVIL)).partition(b"PK\x01\x02")[0]
    outer = zipped(("a", b"text"))
    directory = outer.index(b"PK\x01\x02")
    end = len(outer) - 22
    moved = outer[:directory] + hidden + outer[directory:]
    moved = moved[: end + len(hidden) + 16] + (directory + len(hidden)).to_bytes(4, "little") + moved[-2:]

    assert "is not in the directory" in messages(moved)
    assert findings(unsafe_pickle.CHECK, moved)


@pytest.mark.parametrize(("place", "offset"), [(b"PK\x03\x04", 6), (b"PK\x01\x02", 8), (b"PK\x03\x04", 14)])
def test_neither_flags_nor_checksums_keep_a_pickle_from_being_followed(place: bytes, offset: int) -> None:
    """CVE-2025-1945 (flag bits) and CVE-2025-10156 (CRC): the scanner stops, the loader does not."""
    data = patched(zipped(("archive/data.pkl", EVIL)), place, offset, b"\x01")

    assert findings(unsafe_pickle.CHECK, data)


def test_a_member_under_two_names_is_followed_under_both() -> None:
    """CVE-2025-1944: the names differ, and the scanner gives up."""
    data = patched(zipped(("archive/data.pkl", EVIL)), b"PK\x03\x04", 30, b"archive/data.xyz")

    assert {item.location.member for item in findings(unsafe_pickle.CHECK, data)} == {
        "archive/data.pkl",
        "archive/data.xyz",
    }


def test_an_archive_in_an_archive_is_judged_too() -> None:
    (finding,) = findings(CHECK, zipped(("inner.zip", zipped(("../x", b"1")))))

    assert finding.location.member == "inner.zip"

"""Programs, told by their first bytes, and those that hide behind the name of something else."""

from __future__ import annotations

import importlib.util
import io
import marshal
import struct
import sys
import zipfile
from pathlib import Path

import pytest

from tests.formats import EMPTY_GGUF, identified, sample

PE = b"MZ" + bytes(58) + struct.pack("<I", 64) + b"PE\0\0"
PYC = importlib.util.MAGIC_NUMBER + bytes(12) + marshal.dumps(compile("1", "x", "exec"))
PROGRAMS = {
    "elf": b"\x7fELF\x02\x01\x01" + bytes(50),
    "pe": PE,
    "dos": b"MZ" + bytes(100),
    "ape": b"MZqFpD='\n" + b"#" * 60,
    "ape without MZ": b"jartsr='\n" + b"#" * 60,
    "mach-o": b"\xcf\xfa\xed\xfe" + bytes(30),
    "fat mach-o": b"\xca\xfe\xba\xbe\0\0\0\x02" + bytes(30),
    "java": b"\xca\xfe\xba\xbe\0\0\0\x3d" + bytes(30),
    "wasm": b"\0asm\x01\0\0\0" + bytes(10),
    "pyc": PYC,
    "ole": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(100),
    "shortcut": b"L\0\0\0\x01\x14\x02\0" + bytes(60),
}


@pytest.mark.parametrize("kind", PROGRAMS)
def test_a_program_is_told_and_does_not_pass_for_weights(kind: str) -> None:
    plain, disguised = identified(PROGRAMS[kind], "tool.exe"), identified(PROGRAMS[kind], "pytorch_model.bin")

    assert (plain.format, len(plain.code), plain.disguises) == ("executable", 1, ())
    assert "has the name of something else" in disguised.disguises[0].message


def test_this_interpreter_is_a_program() -> None:
    with Path(sys.executable).open("rb") as file:
        assert identified(file.read(4096), "python3").format == "executable"


@pytest.mark.parametrize("start", [b"#!/bin/sh\ntrue\n", b"#! /usr/bin/env python3\npass\n"])
def test_a_script_names_its_interpreter(start: bytes) -> None:
    content = identified(start, "convert.sh")

    assert (content.format, content.disguises) == ("script", ())
    assert "interpreter" in content.code[0].message


@pytest.mark.parametrize(
    "data",
    [b"MZ, she wrote, in a letter that is longer than a program's first header would ever be\n", b"#!not a path\n",
     b"\x6f\x0d\r\n", b"#\n"],
)  # fmt: skip
def test_texts_are_not_programs(data: bytes) -> None:
    assert not identified(data, "notes.txt").code


@pytest.mark.parametrize("name", ["lib.so", "libx.so.1.2", "llama.llamafile", "bin/server", "kernel.cubin"])
def test_programs_names_are_no_disguise(name: str) -> None:
    assert identified(PROGRAMS["elf"], name).disguises == ()


def test_a_llamafile_is_a_program_and_an_archive() -> None:
    file = io.BytesIO(PROGRAMS["ape"])
    file.seek(0, 2)
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("model.gguf", EMPTY_GGUF)
    content = identified(file.getvalue(), "model.llamafile")

    assert content.code
    assert [inner.format for _, inner in content.walk()].count("gguf") == 1


def test_a_program_in_the_user_block_of_weights_is_told() -> None:
    content = identified(PROGRAMS["elf"] + sample("user-block.h5")[len(PROGRAMS["elf"]) :], "model.h5")

    assert content.code[0].message == "is an ELF program or library, too"
    assert "and also of the format hdf5" in content.disguises[0].message


def test_a_program_in_front_of_another_format_is_told() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("x", "y")
    content = identified(b"#!/bin/sh\n" + file.getvalue(), "model.bin")

    assert content.code

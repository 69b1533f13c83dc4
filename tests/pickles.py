"""Pickles for tests, built opcode by opcode. None is ever loaded, and each would run `true` at the most."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Mapping

PAYLOAD = "true"


def text(value: str) -> bytes:
    """Push a text."""
    data = value.encode()
    return b"\x8c" + bytes([len(data)]) + data if len(data) < 256 else b"X" + struct.pack("<I", len(data)) + data


def named(module: str, name: str) -> bytes:
    """Push a global, by GLOBAL."""
    return f"c{module}\n{name}\n".encode()


def stacked(module: str, name: str) -> bytes:
    """Push a global, by STACK_GLOBAL."""
    return text(module) + text(name) + b"\x93"


def called(module: str, name: str, *arguments: str) -> bytes:
    """Push what a call with literal texts gives."""
    return named(module, name) + b"(" + b"".join(map(text, arguments)) + b"tR"


def pickled(body: bytes, protocol: int = 4) -> bytes:
    """Make a whole stream; framed from protocol 4 on."""
    body += b"."
    if protocol >= 4:
        body = b"\x95" + struct.pack("<Q", len(body)) + body
    return (b"\x80" + bytes([protocol]) if protocol >= 2 else b"") + body


CALL = called("posix", "system", PAYLOAD)
EVIL = pickled(CALL)
PLAIN = pickled(b"}(" + text("weight") + b"]u")


def torch_zip(data: bytes, members: Mapping[str, bytes] | None = None, name: str = "archive") -> bytes:
    """Make the archive that PyTorch writes around its pickle."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for member, content in {"data.pkl": data, "byteorder": b"little", "version": b"3\n", **(members or {})}.items():
            archive.writestr(f"{name}/{member}", content)
    return file.getvalue()

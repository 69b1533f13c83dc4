"""Formats that are told by a mark, hold no code and need no following: pictures, sound, tables, text.

What is in none of them is unknown, and unknown bytes are never taken for harmless ones.
"""

from __future__ import annotations

import codecs
import re

from verifier import limits
from verifier.formats.content import Content, Follow
from verifier.source import ByteSource

_MARKS = (
    (0, b"\x89PNG\r\n\x1a\n", "png"),
    (0, b"\xff\xd8\xff", "jpeg"),
    (0, b"GIF8", "gif"),
    (8, b"WEBP", "webp"),
    (0, b"%PDF-", "pdf"),
    (8, b"WAVE", "wav"),
    (0, b"fLaC", "flac"),
    (0, b"OggS", "ogg"),
    (0, b"ID3", "mp3"),
    (4, b"ftyp", "mp4"),
    (4, b"TFL3", "tflite"),
    (0, b"PAR1", "parquet"),
    (0, b"ARROW1\0\0", "arrow"),
    (0, b"II*\0", "tiff"),
    (0, b"MM\0*", "tiff"),
    (10, b"learner", "xgboost ubj"),
)
_SENTENCEPIECE = re.compile(rb"\n[\x04-\x7f]\n[\x00-\x7f].{0,120}?\x15", re.DOTALL)
_CONTROLS = re.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]")


def matches(_name: str, _source: ByteSource) -> bool:
    """Take whatever no other format has taken."""
    return True


def read(_name: str, source: ByteSource, _follow: Follow | None = None) -> Content:
    """Name the format, or say that it is not known."""
    found = _format(source)
    return Content(found, inert=True) if found else Content("unknown", unfollowed="its bytes are of no known format")


def _format(source: ByteSource) -> str | None:
    start = source.read_at(0, 256)
    if not source.size:
        return "empty"
    for offset, mark, name in _MARKS:
        if start[offset : offset + len(mark)] == mark:
            return name
    if _SENTENCEPIECE.match(start):
        return "sentencepiece"
    return "text" if _is_text(source) else None


def _is_text(source: ByteSource) -> bool:
    """Tell whether everything is UTF-8 without control characters, or UTF-16 with its mark."""
    if source.size > limits.MAX_TEXT:
        return False
    wide = source.read_at(0, 2) in (b"\xff\xfe", b"\xfe\xff")
    decoder = codecs.getincrementaldecoder("utf-16" if wide else "utf-8")()
    try:
        for offset in range(0, source.size, limits.MIB):
            piece = source.read_at(offset, limits.MIB)
            decoder.decode(piece)
            if not wide and _CONTROLS.search(piece):
                return False
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True

"""Formats that can't run code and need no following: pictures, sound, tables, tokenizers, plain text.

Recognised by their own marks; plain text is read to its last byte. What is none of these is unknown, and not inert.
"""

from __future__ import annotations

import codecs
import re

from verifier import limits
from verifier.formats.content import Content, Follow
from verifier.formats.protobuf import BYTES, FIXED32, VARINT, Reader, WireError
from verifier.source import ByteSource

_MARKS = (
    (b"\x89PNG\r\n\x1a\n", "image"),
    (b"\xff\xd8\xff", "image"),
    (b"GIF87a", "image"),
    (b"GIF89a", "image"),
    (b"II*\0", "image"),
    (b"MM\0*", "image"),
    (b"8BPS", "image"),
    (b"\0\0\x01\0", "image"),
    (b"\x76\x2f\x31\x01", "image"),
    (b"\0\0\0\x0cJXL ", "image"),
    (b"\0\0\0\x0cjP  ", "image"),
    (b"fLaC", "audio"),
    (b"OggS", "audio"),
    (b"ID3", "audio"),
    (b"\xff\xfb", "audio"),
    (b"\xff\xf3", "audio"),
    (b"\x1a\x45\xdf\xa3", "video"),
    (b"\0\x01\0\0\0", "font"),
    (b"OTTO", "font"),
    (b"wOFF", "font"),
    (b"wOF2", "font"),
    (b"PAR1", "parquet"),
    (b"ARROW1\0\0", "arrow"),
    (b"%PDF-", "pdf"),
    (b"\x16\x4f\x2f\x2f", "fasttext"),
    (b"\xba\x16\x4f\x2f", "fasttext"),
)
_RIFF = {b"WEBP": "image", b"WAVE": "audio", b"AVI ": "video"}
_TENSORFLOW_DATA = re.compile(r"(?:^|[./])data-\d{5}-of-\d{5}$")
_TABLE_END = (0xDB4775248B80FB57).to_bytes(8, "little")
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\v\f\r\x1b\x1c\x1d\x1e\x1f\b"))
"""What no text holds; vocabularies list the separators, and terminals' texts the escape."""
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


def matches(name: str, source: ByteSource) -> bool:
    """Tell whether the bytes are one of these; the name counts for TensorFlow's bare variables only."""
    return kind(name, source) is not None


def read(name: str, source: ByteSource, _follow: Follow) -> Content:
    """Say which it is."""
    return Content(kind(name, source) or "unknown", inert=True)


def kind(name: str, source: ByteSource) -> str | None:
    """Say which it is, or None."""
    start = source.read_at(0, 64)
    for mark, found in _MARKS:
        if start.startswith(mark):
            return found
    if start[:4] == b"RIFF":
        return _RIFF.get(start[8:12])
    if start[4:8] == b"ftyp":
        return "video"
    if start[:2] == b"BM" and int.from_bytes(start[2:6], "little") == source.size:
        return "image"
    if source.read_at(source.size - 8, 8) == _TABLE_END and source.size >= 48:
        return "tensorflow-index"
    if _is_text(source):
        return "text"
    if _is_sentencepiece(source):
        return "sentencepiece"
    if _is_event_log(source):
        return "tensorflow-events"
    return "tensorflow-variables" if _TENSORFLOW_DATA.search(name) else None


def _is_text(source: ByteSource) -> bool:
    """Read to the end: text in one encoding, without the controls that no text holds."""
    start = source.read_at(0, 4)
    encoding = next((name for mark, name in _BOMS if start.startswith(mark)), "utf-8")
    decoder = codecs.getincrementaldecoder(encoding)()
    position = 0
    try:
        while position < source.size:
            chunk = source.read_at(position, limits.READ_BUFFER)
            if encoding != "utf-16" and len(chunk.translate(None, _CONTROLS)) != len(chunk):
                return False
            decoder.decode(chunk)
            position += len(chunk) or source.size
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _is_sentencepiece(source: ByteSource) -> bool:
    """Tell a tokenizer of SentencePiece's by its pieces: a text, a score, a type."""
    reader, pieces = Reader(source), 0
    shape = {1: BYTES, 2: FIXED32, 3: VARINT}
    try:
        for item in reader.fields(0, source.size):
            if item.number > 5 or item.wire != BYTES:
                return False
            if item.number == 1:
                pieces += 1
                if any(shape.get(part.number) != part.wire for part in reader.fields(item.start, item.end)):
                    return False
    except WireError:
        return False
    return pieces > 0


def _is_event_log(source: ByteSource) -> bool:
    """Tell TensorBoard's logs, records of a length, its checksum, the bytes and theirs, by following the lengths."""
    position = 0
    for _ in range(limits.MAX_PROTOBUF_FIELDS):
        if position == source.size:
            return position > 0
        head = source.read_at(position, 13)
        if len(head) < 13 or head[12:13] != b"\x09":  # an event begins with its time
            return False
        position += 16 + int.from_bytes(head[:8], "little")
        if position > source.size:
            return False
    return False

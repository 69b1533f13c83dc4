"""A literal of a pickle, decoded where it stands; only the few that are asked for ever are."""

from __future__ import annotations

from verifier import limits
from verifier.source import ByteSource

_FIXED = {ord("N"): 0, 0x88: 0, 0x89: 0, ord("K"): 1, ord("M"): 2, ord("J"): 4}
_WIDTHS = {0x8C: 1, ord("U"): 1, ord("X"): 4, ord("T"): 4, 0x8D: 8, 0x8A: 1, 0x8B: 4}
_BRIEF = (0x8C, ord("U"), 0x8A)
_SHORT = 64
_TEXTS = (0x8C, ord("X"), 0x8D, ord("U"), ord("T"))
Literal = str | int | bool | None


class NotALiteralError(Exception):
    """What stands there is no text, number, truth value or None, or is longer than anything that is asked for."""


def read_literal(source: ByteSource, offset: int) -> Literal:
    """Decode the literal whose opcode stands at `offset`. Raises `NotALiteralError`."""
    data = source.read_at(offset, _SHORT)
    opcode = data[0] if data else 0
    if opcode not in _FIXED:
        end = 2 + data[1] if opcode in _BRIEF and len(data) > 1 else limits.MAX_LITERAL
        data = source.read_at(offset, limits.MAX_LITERAL) if end > _SHORT else data
    if opcode in _FIXED:
        return _fixed(opcode, data[1 : 1 + _FIXED[opcode]])
    if opcode in _WIDTHS:
        start = 1 + _WIDTHS[opcode]
        length = int.from_bytes(data[1:start], "little")
        if start + length > len(data):
            raise NotALiteralError
        argument = data[start : start + length]
        return _text(argument) if opcode in _TEXTS else int.from_bytes(argument, "little", signed=True)
    line, newline, _ = data[1:].partition(b"\n")
    if not newline:
        raise NotALiteralError
    return _line(opcode, line)


def _fixed(opcode: int, argument: bytes) -> Literal:
    if opcode == ord("N"):
        return None
    if opcode in (0x88, 0x89):
        return opcode == 0x88
    return int.from_bytes(argument, "little", signed=opcode == ord("J"))


def _text(argument: bytes) -> str:
    try:
        return argument.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return argument.decode("latin-1")


def _line(opcode: int, line: bytes) -> Literal:
    try:
        if opcode == ord("V"):
            return line.decode("raw-unicode-escape")
        if opcode == ord("S"):
            return line.strip()[1:-1].decode("unicode-escape")
        if opcode in b"IL":
            text = line.strip().decode("ascii")
            return text == "01" if text in ("00", "01") and opcode == ord("I") else int(text.removesuffix("L"), 0)
    except ValueError:
        pass
    raise NotALiteralError

"""Walks a pickle opcode by opcode, strictly, with a symbolic stack and memo. Nothing is imported, built or called.

One walk takes one stream, up to its STOP; what comes behind is the caller's (`verifier.formats.pickle`). The loop in
`Walker._step` is what a 200 MB file spends its time in: it deals with what data is made of and leaves the rest to
`handlers`. Source: CPython's `Lib/pickletools.py` and `Modules/_pickle.c`.
"""

from __future__ import annotations

from itertools import repeat
from operator import length_hint
from struct import Struct

from verifier import limits
from verifier.budget import Budget
from verifier.formats.pickle.facts import BrokenError, Facts
from verifier.formats.pickle.handlers import HANDLERS
from verifier.formats.pickle.state import NAMES, State
from verifier.formats.pickle.symbols import weighed
from verifier.source import ByteSource

_WINDOW = 256 * limits.KIB
_GUARD = 512
"""More than any opcode with a one-byte length takes, so that the loop reads arguments without looking at the end."""
_WIDTHS = [0] * 256
for _codes, _width in ((b"N\x88\x89]})\x8f", 1), (b"K", 2), (b"M", 3), (b"J", 5), (b"G", 9)):
    for _code in _codes:
        _WIDTHS[_code] = _width
_WORD = Struct("<I").unpack_from


class Walker(State):
    """Walks one stream."""

    def __init__(self, source: ByteSource, budget: Budget, facts: Facts) -> None:
        """Make ready to walk a stream of `source`; `facts` is shared by all the streams of a file."""
        super().__init__(source, budget, facts)
        self._buffer = b""
        self._base = 0

    def walk(self, start: int) -> int:
        """Walk one stream from `start` and give the offset behind its STOP.

        Raises `BrokenError` where the unpickler would fail, `BudgetSpentError`, `OSError`.
        """
        self.begin()
        self.start = start
        return self.go_on(start)

    def go_on(self, position: int) -> int:
        """Walk on from `position` with the stack and the memo as they are; give the offset behind STOP."""
        while not self.stopped:
            position = self._step(position)
            if position > self.source.size or (position == self.source.size and not self.stopped):
                raise BrokenError("the stream ends before its STOP", self.source.size)
            if self.frame_end and position >= self.frame_end:
                if position > self.frame_end:
                    self.facts.problem("an argument reaches beyond its frame", self.frame_end)
                self.frame_end = 0
            self.check_stack()
        return position

    def _window(self, position: int) -> int:
        """Have the bytes from `position` at hand; give the offset in them up to which the loop may go."""
        if not self._base <= position < self._base + len(self._buffer) - 2 * _GUARD:
            self._base = position
            data = self.source.read_at(position, _WINDOW)
            at_end = position + len(data) >= self.source.size
            self._buffer = data + bytes(_GUARD) if at_end else data
        end = self._base + len(self._buffer) - _GUARD
        return (min(end, self.frame_end) if self.frame_end else end) - self._base

    def _step(self, position: int) -> int:
        """Walk to the end of the window or the frame, or through one rare opcode; give the offset behind it."""
        limit = self._window(position)
        buffer, base, widths, handlers = self._buffer, self._base, _WIDTHS, HANDLERS
        entries, encode, decode = self.memo.entries, self.memo.encode, self.memo.decode
        is_dense = self.memo.is_dense
        remember = entries.append if is_dense else self.memo.memoize
        stack, frame_end = self.stack, self.frame_end
        push, pop = stack.append, stack.pop
        at = position - base
        steps = repeat(None, self.budget.opcodes_left)
        try:
            for _ in steps:
                if at >= limit:
                    break
                opcode = buffer[at]
                if width := widths[opcode]:
                    push(base + at)
                    at += width
                elif opcode == 0x94:  # MEMOIZE
                    value = stack[-1]
                    remember(value if type(value) is int else encode(value))
                    at += 1
                elif opcode == 0x8C or opcode == 0x55 or opcode == 0x43 or opcode == 0x8A:  # one-byte lengths
                    push(base + at)
                    at += 2 + buffer[at + 1]
                elif opcode == 0x68:  # BINGET
                    entry = entries[buffer[at + 1]]
                    push(entry if entry >= 0 else decode(entry))
                    at += 2
                elif opcode == 0x71 or opcode == 0x72:  # BINPUT, LONG_BINPUT
                    value = stack[-1]
                    key = buffer[at + 1] if opcode == 0x71 else _WORD(buffer, at + 1)[0]
                    entry = value if type(value) is int else encode(value)
                    if is_dense and key == len(entries):
                        entries.append(entry)
                    else:
                        self.memo.put(key, entry)
                        is_dense = self.memo.is_dense
                        remember = entries.append if is_dense else self.memo.memoize
                    at += 2 if opcode == 0x71 else 5
                elif opcode == 0x58 or opcode == 0x42:  # BINUNICODE, BINBYTES
                    push(base + at)
                    at += 5 + _WORD(buffer, at + 1)[0]
                elif opcode == 0x28:  # MARK
                    self.marked.append(stack)
                    stack = []
                    push, pop = stack.append, stack.pop
                    at += 1
                elif opcode == 0x75 or opcode == 0x65 or opcode == 0x90:  # SETITEMS, APPENDS, ADDITEMS
                    items, stack = stack, self.marked.pop()
                    push, pop = stack.append, stack.pop
                    target = stack[-1]
                    if opcode == 0x75:
                        self.note_filled(target, items)
                        if len(items) % 2:
                            raise BrokenError("SETITEMS finds a key without a value", base + at)
                    if type(target) is not int:
                        self.facts.fill(target, NAMES[opcode], base + at)
                    at += 1
                elif opcode == 0x86:  # TUPLE2
                    last = pop()
                    value = pop()
                    push((value, last) if type(value) is type(last) is int else self.tuple((value, last), base + at))
                    at += 1
                elif opcode == 0x85:  # TUPLE1
                    value = pop()
                    push((weighed(value),) if isinstance(value, tuple) else (value,))
                    at += 1
                elif opcode == 0x87:  # TUPLE3
                    last, middle = pop(), pop()
                    push(self.tuple((pop(), middle, last), base + at))
                    at += 1
                elif opcode == 0x74:  # TUPLE
                    items, stack = stack, self.marked.pop()
                    push, pop = stack.append, stack.pop
                    push(self.tuple(tuple(items), base + at))
                    at += 1
                elif opcode == 0x6A:  # LONG_BINGET
                    key = _WORD(buffer, at + 1)[0]
                    entry = entries[key] if key < len(entries) else -1
                    push(entry if entry >= 0 else self.memo.get(key))
                    at += 5
                elif opcode == 0x61 or opcode == 0x73:  # APPEND, SETITEM
                    items = [pop()] if opcode == 0x61 else [pop(), pop()][::-1]
                    target = stack[-1]
                    if opcode == 0x73:
                        self.note_filled(target, items)
                    if type(target) is not int:
                        self.facts.fill(target, NAMES[opcode], base + at)
                    at += 1
                elif (
                    opcode in b"ILFSV" and (end := buffer.find(b"\n", at, limit)) > 0
                ):  # a literal up to its line's end
                    push(base + at)
                    at = end + 1
                elif (handler := handlers.get(opcode)) is not None:
                    self.stack = stack
                    position = handler(self, base + at)
                    if self.stopped or self.frame_end != frame_end:
                        return position
                    at = position - base
                    stack = self.stack
                    push, pop = stack.append, stack.pop
                    is_dense = self.memo.is_dense
                    remember = entries.append if is_dense else self.memo.memoize
                else:
                    raise BrokenError(f"0x{opcode:02x} is no opcode", base + at)
        except IndexError:
            raise BrokenError(
                f"{NAMES[opcode]} takes from the stack or the memo what is not there", base + at
            ) from None
        finally:
            self.stack = stack
            self.budget.opcodes(self.budget.opcodes_left - length_hint(steps))
        return base + at

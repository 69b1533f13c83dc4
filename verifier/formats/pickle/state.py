"""What the walk over one stream holds: the stack with its marks, the memo, the frame; and the reading of arguments."""

from __future__ import annotations

import pickletools
from contextlib import suppress

from verifier import limits
from verifier.budget import Budget, BudgetSpentError
from verifier.formats.pickle.facts import BrokenError, Facts
from verifier.formats.pickle.literals import Literal, NotALiteralError, read_literal
from verifier.formats.pickle.memo import Memo
from verifier.formats.pickle.symbols import HEAVIEST, LONGEST_TUPLE, Symbol, flat, weighed
from verifier.source import ByteSource

NAMES = {opcode.code.encode("latin-1")[0]: opcode.name for opcode in pickletools.opcodes}
_PIECE = 4 * limits.KIB
_SHORT = 128
"""Most lines are names."""
_COPIED = 64
"""Values whose copying costs as much as an opcode."""
_AGAIN = 4
"""What it costs to begin reading anew."""
_MOST_FILLED = 1_000


class State:
    """One stream's state, as the handlers of single opcodes see it."""

    def __init__(self, source: ByteSource, budget: Budget, facts: Facts) -> None:
        """Make ready for streams of `source`; `facts` is shared by all of a file's."""
        self.source = source
        self.budget = budget
        self.facts = facts
        self.begin()

    def begin(self) -> None:
        """Begin a stream with an empty stack and memo."""
        self.memo = Memo()
        self.stack: list[Symbol] = []
        self.marked: list[list[Symbol]] = []
        """The stacks below each mark."""
        self.filled: dict[Symbol, list[Symbol] | None] | None = None
        """What was put into what since a wrapper of raw bytes was made; None where it happened twice."""
        self.wrapper = 0
        """Where that wrapper was made."""
        self.wrapped: frozenset[str | None] = frozenset()
        """The attributes of the first wrapper: all of a stream have the same."""
        self.has_odd_dtype = False
        self.is_heavy = False
        self.skips_raw = True
        self.start = 0
        self.frame_end = 0
        self.stopped = False

    def bytes_at(self, offset: int, length: int) -> bytes:
        """Give an argument's bytes; raises `BrokenError` where they are not all there."""
        data = self.source.read_at(offset, length)
        if len(data) < length:
            raise BrokenError("the stream ends inside an argument", offset)
        return data

    def skip(self, offset: int, width: int, *, signed: bool = False) -> int:
        """Pass over an argument that begins with its length in `width` bytes; give the offset behind it."""
        length = int.from_bytes(self.bytes_at(offset, width), "little", signed=signed)
        if length < 0 or offset + width + length > self.source.size:
            raise BrokenError("the stream ends inside an argument", offset)
        return offset + width + length

    def line_end(self, offset: int) -> int:
        """Give the offset of the line feed that ends the line at `offset`; the source's end where there is none."""
        while piece := self.source.read_at(offset, _PIECE):
            if (found := piece.find(b"\n")) >= 0:
                return offset + found
            offset += len(piece)
            self.budget.check_time()
        return self.source.size

    def line(self, offset: int) -> tuple[bytes, int]:
        """Give the line at `offset`, cut where it is longer than any name, and the offset behind it.

        A last line without a line feed loses its last byte, as with CPython's unpickler in Python.
        """
        start = self.source.read_at(offset, _SHORT)
        if (length := start.find(b"\n")) >= 0:
            return start[:length], offset + length + 1
        end = self.line_end(offset)
        if end == self.source.size:
            self.facts.problem("the stream ends inside a line", offset)
            return self.source.read_at(offset, min(max(0, end - offset - 1), limits.MAX_LITERAL)), end
        return self.source.read_at(offset, min(end - offset, limits.MAX_LITERAL)), end + 1

    def key(self, offset: int) -> tuple[int, int]:
        """Give the memo's key that is written as a line, and the offset behind it."""
        line, behind = self.line(offset)
        try:
            key = int(line)
        except ValueError:
            raise BrokenError("a key of the memo is no number", offset) from None
        if key < 0:
            raise BrokenError("a key of the memo is negative", offset)
        if not line.isdigit():
            self.facts.problem("a key of the memo is not a plain decimal number", offset)
        return key, behind

    def literal(self, symbol: Symbol) -> Literal:
        """Give a literal's value; raises `NotALiteralError` for everything else."""
        if not isinstance(symbol, int):
            raise NotALiteralError
        return read_literal(self.source, symbol)

    def text(self, symbol: Symbol) -> str | None:
        """Give a literal text; None for everything else."""
        try:
            value = self.literal(symbol)
        except NotALiteralError:
            return None
        return value if isinstance(value, str) else None

    def pop_mark(self) -> list[Symbol]:
        """Take everything above the last mark, and the mark; raises `IndexError` where there is none."""
        below = self.marked.pop()
        items, self.stack = self.stack, below
        return items

    def tuple(self, items: tuple[Symbol, ...], offset: int) -> Symbol:
        """Give a tuple's symbol; note once where one holds another so often that its hash is never done."""
        made = flat(items) if len(items) <= LONGEST_TUPLE else (weighed(items),)
        if HEAVIEST in made and not self.is_heavy:
            self.is_heavy = True
            message = (
                f"a tuple holds others again and again, {limits.MAX_TUPLE:,} values in all: its hash takes for ever"
            )
            self.facts.problem(message, offset)
        return made if len(items) <= LONGEST_TUPLE else made[0]

    def nested(self, offset: int) -> int:
        """Walk a pickle of its own that stands at `offset` in the stream; give the offset behind it."""
        inner = type(self)(self.source, self.budget, self.facts)
        with self.budget.nested():
            return inner.walk(offset)

    def note_filled(self, target: Symbol, items: list[Symbol]) -> None:
        """Note what is put into a container while a wrapper of raw bytes waits for its state."""
        if self.filled is not None:
            if len(self.filled) >= _MOST_FILLED:
                raise BrokenError("a wrapper of raw bytes is made and not filled", self.wrapper)
            self.filled[target] = None if target in self.filled else items

    def also_unskipped(self, offset: int) -> None:
        """Note what an unpickler does that takes the raw bytes at `offset` for opcodes, which are read anew for it.

        Bytes of numbers spell opcodes, too: only names that could be a module's are taken from them.
        """
        if (self.source.read_at(offset, 1) or b"\0")[0] not in NAMES:
            return
        inner = type(self)(self.source, self.budget, Facts(self.budget))
        inner.stack, inner.marked = list(self.stack), [list(each) for each in self.marked]
        inner.memo, inner.skips_raw = self.memo.copy(), False
        copied = len(self.memo.entries) + len(self.stack) + sum(map(len, self.marked))
        self.budget.opcodes(copied // _COPIED + 1)
        self.budget.act(_AGAIN)
        with suppress(BrokenError):
            inner.go_on(offset)
        self.facts.merge(inner.facts.program(), are_run=inner.stopped)

    def go_on(self, position: int) -> int:
        """Walk on from `position` with the stack and the memo as they are; give the offset behind STOP."""
        raise NotImplementedError

    def walk(self, start: int) -> int:
        """Walk one stream from `start` and give the offset behind its STOP."""
        raise NotImplementedError

    def check_stack(self) -> None:
        """Hold the stack to its limit."""
        if len(self.stack) + len(self.marked) + sum(map(len, self.marked)) > limits.MAX_STACK:
            raise BudgetSpentError(f"its stack holds more than {limits.MAX_STACK:,} values")

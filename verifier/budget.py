"""What the reading of one file may cost, whatever is nested in it: one budget for the whole recursion."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from verifier import limits


class BudgetSpentError(Exception):
    """There is nothing left of what a file's reading may cost; the text says of what."""


class Budget:
    """Counts down what is left for one file: inflated bytes, members, opcodes, depth, time.

    Work is counted first, so that the same file gives the same answer everywhere; time is the last resort. Once
    something is spent, `spent` says what, and everything after raises at once.
    """

    def __init__(self, size: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Allow what a file of `size` bytes may cost; `clock` gives seconds."""
        self.spent: str | None = None
        self._clock = clock
        self._deadline = clock() + limits.SCAN_SECONDS + size / limits.SCAN_BYTES_PER_SECOND
        self._bytes = min(limits.MAX_INFLATED, max(limits.MIN_INFLATED, size * limits.MAX_RATIO))
        self._members = limits.MAX_ARCHIVE_MEMBERS
        self.opcodes_left = max(limits.MIN_OPCODES, size)
        self._acts = max(limits.MIN_ACTS, size // 8)
        self._depth = 0

    def inflate(self, count: int) -> None:
        """Spend `count` bytes that came out of a compressed stream."""
        self._bytes -= count
        if self._bytes < 0:
            self._end("it inflates to more than is followed")
        self.check_time()

    def member(self) -> None:
        """Spend one member of an archive."""
        self._members -= 1
        if self._members < 0:
            self._end(f"it holds more than {limits.MAX_ARCHIVE_MEMBERS:,} members")
        self.check_time()

    def opcodes(self, count: int) -> None:
        """Spend `count` opcodes of a pickle."""
        self.opcodes_left -= count
        if self.opcodes_left <= 0:
            self._end("its pickles hold more opcodes than are followed in a file of this size")
        self.check_time()

    def act(self, count: int = 1) -> None:
        """Spend imports, calls or states of a pickle, which cost more than data does; a dear one counts for several."""
        self._acts -= count
        if self._acts < 0:
            self._end("its pickles import and call more often than is followed in a file of this size")

    def check_time(self) -> None:
        """Raise if the time is over, or something else was spent before."""
        if self.spent is None and self._clock() > self._deadline:
            self._end("it took longer than a file of this size may take")
        if self.spent is not None:
            raise BudgetSpentError(self.spent)

    @contextmanager
    def nested(self) -> Iterator[None]:
        """Go one level deeper; what is too deep is not followed, but what lies beside it still is."""
        if self._depth >= limits.MAX_NESTING:
            raise BudgetSpentError(f"it is nested more than {limits.MAX_NESTING} levels deep")
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1

    def _end(self, reason: str) -> None:
        self.spent = self.spent or reason
        raise BudgetSpentError(self.spent)

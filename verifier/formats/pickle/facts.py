"""What a walk finds out, gathered as it goes: each global with what is done to it, and what hides one."""

from __future__ import annotations

import re

from verifier import limits
from verifier.budget import Budget, BudgetSpentError
from verifier.formats.content import Argument, Oddity, Problem, Program, Role, Use
from verifier.formats.pickle.symbols import Global, Made, Symbol

_MOST_ODDITIES = 1_000
_ORDINARY = 128
"""Characters of a name that one act pays for."""
_APART = 8
"""What a use costs whose arguments are read each time."""
_IMPORTABLE = re.compile(r"[^\x00-\x20\x7f-\x9f\\]+")
"""A module's name and a global's: no control characters, nothing that was no UTF-8."""


class BrokenError(Exception):
    """The unpickler would fail here; nothing behind this place in the stream is run."""

    def __init__(self, message: str, offset: int) -> None:
        """Say what is wrong at which offset."""
        super().__init__(message)
        self.problem = Problem(message, offset)


class Facts:
    """One file's, however many streams it has."""

    def __init__(self, budget: Budget) -> None:
        """Begin with none."""
        self._budget = budget
        self.protocol: int | None = None
        self.streams = 0
        self.storages: dict[str, int] = {}
        """The bytes of each storage that persistent ids name, by its key: PyTorch's."""
        self._uses: dict[tuple[Global, Role, tuple[Argument, ...]], tuple[Use, list[int]]] = {}
        self._oddities: list[Oddity] = []
        self._problems: list[Problem] = []

    def is_new(self, used: Global, role: Role) -> bool:
        """Tell whether this would be the first use of its kind."""
        return (used, role, ()) not in self._uses

    def use(
        self,
        used: Global,
        role: Role,
        opcode: str,
        offset: int,
        arguments: tuple[Argument, ...] = (),
        *,
        apart: bool = False,
    ) -> None:
        """Note a use; those that differ in their arguments alone are counted together, unless they are kept apart."""
        self._budget.act(_APART if apart else 1 + (len(used.module) + len(used.name)) // _ORDINARY)
        key = (used, role, arguments if apart else ())
        if (known := self._uses.get(key)) is not None:
            known[1][0] += 1
            return
        if len(self._uses) >= limits.MAX_USES:
            raise BudgetSpentError(f"it names more than {limits.MAX_USES:,} globals")
        self._uses[key] = (Use(used.module, used.name, role, opcode, offset, arguments=arguments), [1])

    def fill(self, target: Symbol, opcode: str, offset: int) -> None:
        """Note that items are put into something that is no plain container."""
        if isinstance(target, Global):
            self.use(target, Role.PATCH, opcode, offset)
        elif isinstance(target, Made):
            self.use(target.origin, Role.FILL, opcode, offset)
        elif not isinstance(target, int):
            self.oddity("items are put into a value that was computed", opcode, offset)

    def oddity(self, message: str, opcode: str, offset: int) -> None:
        """Note what no pickler writes; the first thousand will do."""
        self._budget.act()
        if len(self._oddities) < _MOST_ODDITIES:
            self._oddities.append(Oddity(message, opcode, offset))

    def problem(self, message: str, offset: int) -> None:
        """Note where the stream is not what the format demands, though an unpickler might go on."""
        if len(self._problems) < _MOST_ODDITIES:
            self._problems.append(Problem(message, offset))

    def merge(self, program: Program, *, are_run: bool) -> None:
        """Note another program's uses of names that could be imported; its oddities where it runs that far."""
        for use in program.uses:
            if _IMPORTABLE.fullmatch(use.module + use.name):
                self.use(Global(use.module, use.name), use.role, use.opcode, use.offset, use.arguments)
                are_run = are_run or use.role is Role.IMPORT
        self._oddities.extend(program.oddities[: _MOST_ODDITIES - len(self._oddities)] if are_run else ())

    def program(self) -> Program:
        """Give all of it."""
        uses = tuple(
            Use(use.module, use.name, use.role, use.opcode, use.offset, count[0], use.arguments)
            for use, count in self._uses.values()
        )
        return Program(self.protocol, uses, tuple(self._oddities), tuple(self._problems), self.streams)

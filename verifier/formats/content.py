"""What a parser says of a file: its format by content, what lies inside, the facts that checks judge. No opinions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from verifier.budget import Budget
from verifier.source import ByteSource


@dataclass(frozen=True, slots=True)
class Problem:
    """Where bytes are not what the format demands; `offset` in bytes from the file's (or member's) beginning."""

    message: str
    offset: int | None = None


@dataclass(frozen=True, slots=True)
class JsonDocument:
    """A JSON document: its value, and every (key, value) of every object in it, keys that stand twice too."""

    value: object
    pairs: tuple[tuple[str, object], ...]


@dataclass(frozen=True, slots=True)
class Template:
    """A Jinja template: its text, and where it stands (`tokenizer.chat_template`, a key of a document)."""

    text: str
    where: str
    offset: int | None = None


class Reach(StrEnum):
    """How far an operation reaches.

    `CODE` runs code that the file holds or freely names; `SYSTEM` touches files, processes or the network; `CUSTOM` is
    what the format's own library does not have and whoever loads the file must bring; `LIBRARY` is that library's own.
    """

    CODE = "code"
    SYSTEM = "system"
    CUSTOM = "custom"
    LIBRARY = "library"


@dataclass(frozen=True, slots=True)
class Operation:
    """Something that a model's own graph or configuration names and that runs when it is loaded or used.

    `name` is the format's word for it (`Lambda`, `PyFunc`, `os.system`, `!!python/object/apply:os.system`), `what` says
    what it does, as a sentence goes on after the name; `where` is its place in the document or graph.
    """

    reach: Reach
    name: str
    what: str
    where: str = ""
    offset: int | None = None


@dataclass(frozen=True, slots=True)
class External:
    """A path under which a model's file looks for more data, as the file writes it."""

    path: str
    where: str
    offset: int | None = None


class Role(StrEnum):
    """What a pickle does with a global, besides importing it."""

    IMPORT = "import"
    CALL = "call"
    NEW = "new"
    STATE = "state"
    FILL = "fill"
    PATCH = "patch"


Argument = str | tuple[str, str] | None
"""A literal text, a global's (module, name), or anything else."""


@dataclass(frozen=True, slots=True)
class Use:
    """A global and one thing that a pickle does with it: where first, by which opcode, and how often.

    `arguments` are those of its first call, for whoever must tell `getattr(Enum, 'MEMBER')`.
    """

    module: str
    name: str
    role: Role
    opcode: str
    offset: int
    count: int = 1
    arguments: tuple[Argument, ...] = ()

    @property
    def dotted(self) -> str:
        """The global as people write it."""
        return f"{self.module}.{self.name}"


@dataclass(frozen=True, slots=True)
class Oddity:
    """Something that no pickler writes and that hides what is done: a computed call, a computed name, a number."""

    message: str
    opcode: str
    offset: int


@dataclass(frozen=True, slots=True)
class Program:
    """What a pickle, or several in a row, would do: every global with its uses, and what hides one.

    `broken` says where the stream can't be followed as the unpickler would; what stands before it has its say.
    """

    protocol: int | None
    uses: tuple[Use, ...] = ()
    oddities: tuple[Oddity, ...] = ()
    broken: tuple[Problem, ...] = ()
    streams: int = 1

    @property
    def described(self) -> str:
        """Name it in words."""
        return f"a pickle of protocol {'0 or 1' if self.protocol is None else self.protocol}"


class Status(StrEnum):
    """How far a file was followed; `inert` formats can't run code and need no following."""

    FOLLOWED = "followed"
    INCOMPLETE = "incomplete"
    INERT = "inert"


class Kind(StrEnum):
    """How a part lies in its whole: a member, inside a stream, behind the end, the same bytes, an array's objects."""

    MEMBER = "member"
    INSIDE = "inside"
    TAIL = "tail"
    ALSO = "also"
    OBJECTS = "objects"


@dataclass(frozen=True, slots=True)
class Content:
    """One file's content, or one member's.

    `problems` say what the format forbids; `unfollowed` why it was not followed to its end; `tensors` are the names
    in a safetensors file; `program` is what a pickle would do; `code` says what in it a machine or an interpreter runs
    as it is, `disguises` where it is not what it seems: another format under its name, or something behind its end.
    """

    format: str
    inert: bool = False
    problems: tuple[Problem, ...] = ()
    unfollowed: str | None = None
    parts: tuple[Part, ...] = ()
    tensors: frozenset[str] | None = None
    document: JsonDocument | None = None
    program: Program | None = None
    templates: tuple[Template, ...] = ()
    operations: tuple[Operation, ...] = ()
    externals: tuple[External, ...] = ()
    code: tuple[Problem, ...] = ()
    disguises: tuple[Problem, ...] = ()

    def walk(self, member: str | None = None) -> Iterator[tuple[str | None, Content]]:
        """Give this content and all inside it, each with its member's name: None for the file itself."""
        yield member, self
        for part in self.parts:
            inner = part.name if member is None or not part.name else f"{member} > {part.name}"
            yield from part.content.walk(inner or member)

    @property
    def pickles(self) -> tuple[str, ...]:
        """Say of every pickle in it, in words, what it is and where."""
        return tuple(
            f"{content.program.described}{f' in {member}' if member else ''}"
            for member, content in self.walk()
            if content.program is not None
        )

    @property
    def status(self) -> Status:
        """How far it was followed; a part that was not followed leaves the whole incomplete."""
        if any(content.unfollowed is not None for _, content in self.walk()):
            return Status.INCOMPLETE
        return Status.INERT if self.inert and not self.parts else Status.FOLLOWED


@dataclass(frozen=True, slots=True)
class Part:
    """Something inside a file: `offset` is where it begins in the whole, where it lies there as it is."""

    name: str
    content: Content
    kind: Kind = Kind.MEMBER
    offset: int | None = None


class Follow(Protocol):
    """How a container's parser has its parts looked at: identified, read, and charged to the file's one budget."""

    budget: Budget

    def part(self, name: str, source: ByteSource, *, kind: Kind = Kind.MEMBER, offset: int | None = None) -> Part:
        """Look at a part. Never raises for what it holds; `budget.spent` tells that there is no use in going on."""


class Format(Protocol):
    """What each module of a format offers; `verifier.formats` lists them in the order in which they are asked."""

    def matches(self, name: str, source: ByteSource) -> bool:
        """Tell whether the bytes are of this format; the name only where the format has no mark of its own."""

    def read(self, name: str, source: ByteSource, follow: Follow) -> Content:
        """Read what the checks need. Raises `OSError` and `BudgetSpentError` only."""

"""What a Jinja template reaches for: attributes, filters, other templates. It is parsed and never run.

Names that are put together from pieces (`'__cl' ~ 'ass__'`) are followed through assignments, loops and macros, as far
as to say that they are put together. Source: jinja.palletsprojects.com, "Template Designer" and `jinja2/sandbox.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from jinja2 import Environment, TemplateSyntaxError, nodes
from jinja2.ext import Extension
from jinja2.parser import Parser

from verifier import limits
from verifier.words import words

_BUILD_TEXT = words(
    """capitalize center decode encode expandtabs format format_map join ljust lower lstrip partition removeprefix
    removesuffix replace rjust rpartition rsplit rstrip split splitlines string strip striptags swapcase title translate
    trim truncate unescape upper zfill"""
)
"""Filters and methods that make text out of text."""
_BY_ATTRIBUTE = words("groupby map max min rejectattr selectattr sort sum unique")
"""Filters that take an attribute's name."""
_NUMBERS = words("abs count float int length round sum")
"""Filters that make a number of whatever they are given."""
_PIECE = re.compile(r"_*__+[A-Za-z]*|[A-Za-z]+__+")
_HIDDEN = re.compile(r"__[a-z]+(_[a-z]+)*__")
_FORMAT_WALK = re.compile(r"\{[^{}]*[.\[][^{}]*\}")
_MOST_ROUNDS = 10


class Kind(StrEnum):
    """What a template reaches for."""

    ATTRIBUTE = "attribute"
    NAME = "name"
    TEXT = "text"
    COMPUTED = "computed"
    FILTER = "filter"
    FORMAT = "format"
    TEMPLATE = "template"


@dataclass(frozen=True, slots=True)
class Access:
    """One place in a template; `line` counts from 1."""

    kind: Kind
    name: str
    line: int


class TemplateError(Exception):
    """The template can't be parsed, or is more than is followed; in words."""


class _Generation(Extension):
    """The tag with which transformers marks what an assistant says."""

    tags = frozenset({"generation"})  # type: ignore[assignment]

    def parse(self, parser: Parser) -> list[nodes.Node]:
        """Give what stands between the tags."""
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


def accesses(text: str) -> tuple[Access, ...]:
    """Give what a template reaches for and that a template of a conversation has no need of. Raises `TemplateError`."""
    if len(text) > limits.MAX_TEMPLATE:
        raise TemplateError(f"it has {len(text):,} characters; a template is read up to {limits.MAX_TEMPLATE:,}")
    environment = Environment(extensions=["jinja2.ext.do", "jinja2.ext.loopcontrols", _Generation], autoescape=True)
    try:
        tree = environment.parse(text)
        found = dict.fromkeys(_Reader(tree).run())
    except TemplateSyntaxError as error:
        raise TemplateError(f"it is no Jinja template (line {error.lineno}: {error.message})") from error
    except RecursionError as error:
        raise TemplateError("it is nested too deeply") from error
    except (ValueError, OverflowError, MemoryError) as error:
        raise TemplateError("it holds a number or a text that can't be read") from error
    return tuple(found)


class _Reader:
    """Reads a parsed template; `built` are the names whose value may be a text that was put together.

    Everything is looked at without recursion, and each node's answer is kept, so that nesting costs nothing.
    """

    def __init__(self, tree: nodes.Template) -> None:
        self.all: list[nodes.Node] = []
        self.inner: dict[int, list[nodes.Node]] = {}
        waiting: list[nodes.Node] = [tree]
        while waiting:
            node = waiting.pop()
            self.all.append(node)
            self.inner[id(node)] = children = list(node.iter_child_nodes())
            waiting += reversed(children)
        self.built: set[str] = set()
        self.built_nodes: set[int] = set()
        self._spread()

    def run(self) -> Iterator[Access]:
        for node in self.all:
            for kind, name in self._judge(node):
                yield Access(kind, name[:200], node.lineno)

    def _judge(self, node: nodes.Node) -> Iterator[tuple[Kind, str]]:
        if isinstance(node, (nodes.Import, nodes.FromImport, nodes.Include, nodes.Extends)):
            yield Kind.TEMPLATE, type(node).__name__.lower()
        elif isinstance(node, nodes.Getattr):
            if _is_private(node.attr):
                yield Kind.ATTRIBUTE, node.attr
            if node.attr in ("format", "format_map") and self._may_walk(node.node):
                yield Kind.FORMAT, node.attr
        elif isinstance(node, nodes.NSRef):
            if _is_private(node.name) or _is_private(node.attr):
                yield Kind.ATTRIBUTE, f"{node.name}.{node.attr}"
        elif isinstance(node, nodes.Keyword):  # `dict(__globals__=0)` makes a text of the name
            if _is_private(node.key):
                yield Kind.NAME, node.key
        elif isinstance(node, nodes.Name):
            if node.name.startswith("__") or node.name in _INNER or (node.ctx == "param" and _is_word(node.name)):
                yield Kind.NAME, node.name
        elif isinstance(node, (nodes.Macro, nodes.Block)):  # so do a macro's `name` and `arguments`
            if _is_word(node.name):
                yield Kind.NAME, node.name
        elif isinstance(node, nodes.Getitem):
            if isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, str) and _is_private(node.arg.value):
                yield Kind.ATTRIBUTE, node.arg.value
            elif not isinstance(node.arg, nodes.Slice) and self._is_built(node.arg):
                yield Kind.COMPUTED, "an index"
        elif isinstance(node, nodes.Filter):
            if node.name == "attr":
                yield Kind.FILTER, "attr"
            elif node.name in _BY_ATTRIBUTE:
                arguments = [*node.args, *(pair.value for pair in node.kwargs)]
                if any(isinstance(each, nodes.Const) and each.value == "attr" for each in arguments):
                    yield Kind.FILTER, f"{node.name}('attr')"
                if any(self._is_built(each) for each in arguments):
                    yield Kind.COMPUTED, f"an argument of {node.name}"
        elif isinstance(node, (nodes.Const, nodes.TemplateData)):
            value = node.value if isinstance(node, nodes.Const) else None
            if isinstance(value, str) and (_PIECE.fullmatch(value) or _HIDDEN.search(value)):
                yield Kind.TEXT, value

    def _may_walk(self, receiver: nodes.Node) -> bool:
        """Tell whether formatting this text can read attributes of what is put in."""
        if isinstance(receiver, nodes.Const):
            return isinstance(receiver.value, str) and _FORMAT_WALK.search(receiver.value) is not None
        return self._is_built(receiver)

    def _is_built(self, expression: nodes.Node) -> bool:
        return id(expression) in self.built_nodes

    def _mark(self) -> None:
        """Mark every expression that builds a text, or holds one that does."""
        for node in reversed(self.all):  # the inner ones come first
            if isinstance(node, (nodes.Compare, nodes.Not, nodes.Test)):
                continue  # true or false
            if isinstance(node, nodes.Filter) and node.name in _NUMBERS:
                continue
            if self._builds(node) or any(id(each) in self.built_nodes for each in self.inner[id(node)]):
                self.built_nodes.add(id(node))

    def _builds(self, node: nodes.Node) -> bool:
        if isinstance(node, nodes.Concat):
            return True
        if isinstance(node, (nodes.Add, nodes.Mul, nodes.Mod)):
            return any(
                isinstance(each, nodes.Const) and isinstance(each.value, str) for each in (node.left, node.right)
            )
        if isinstance(node, nodes.Filter):
            return node.name in _BUILD_TEXT or node.name == "reverse"
        if isinstance(node, nodes.Call):
            return isinstance(node.node, nodes.Getattr) and node.node.attr in _BUILD_TEXT
        if isinstance(node, nodes.Getitem):
            return isinstance(node.arg, nodes.Slice) and isinstance(node.node, nodes.Const)
        if isinstance(node, nodes.Getattr) and isinstance(node.node, nodes.Name):
            return f"{node.node.name}.{node.attr}" in self.built
        return isinstance(node, nodes.Name) and node.name in self.built

    def _spread(self) -> None:
        """Find the names that a built text can reach, round by round until there are no more."""
        for _ in range(_MOST_ROUNDS):
            self._mark()
            before = len(self.built)
            for node in self.all:
                if isinstance(node, nodes.Assign) and self._is_built(node.node):
                    self._assign(node)
                elif isinstance(node, nodes.AssignBlock) or (isinstance(node, nodes.For) and self._is_built(node.iter)):
                    self._set(node.target)
                elif isinstance(node, nodes.With):
                    for target, value in zip(node.targets, node.values, strict=False):
                        if self._is_built(value):
                            self._set(target)
            self._macros()
            if len(self.built) == before:
                return
        raise TemplateError("its names depend on each other in too many steps")

    def _assign(self, node: nodes.Assign) -> None:
        """Note what an assignment sets; of a namespace that is made here, the attributes one by one."""
        made, target = node.node, node.target
        is_namespace = (
            isinstance(made, nodes.Call) and isinstance(made.node, nodes.Name) and made.node.name == "namespace"
        )
        if is_namespace and isinstance(made, nodes.Call) and not made.args and isinstance(target, nodes.Name):
            self.built |= {f"{target.name}.{pair.key}" for pair in made.kwargs if self._is_built(pair.value)}
        else:
            self._set(target)

    def _set(self, target: nodes.Node) -> None:
        """Note the names that are set somewhere; a namespace's attribute is a name of its own."""
        waiting = [target]
        while waiting:
            node = waiting.pop()
            if isinstance(node, nodes.NSRef):
                self.built.add(f"{node.name}.{node.attr}")
            elif isinstance(node, nodes.Name):
                self.built.add(node.name)
            waiting += self.inner[id(node)]

    def _macros(self) -> None:
        macros = {node.name: node for node in self.all if isinstance(node, nodes.Macro)}
        for node in self.all:
            if isinstance(node, nodes.Call) and isinstance(node.node, nodes.Name) and node.node.name in macros:
                values = [*node.args, *(pair.value for pair in node.kwargs)]
                if any(self._is_built(each) for each in values):
                    self.built |= {each.name for each in macros[node.node.name].args}


def _is_private(name: str) -> bool:
    """Tell the names that Jinja's sandbox keeps from templates."""
    return name.startswith("_") or name in _INNER


def _is_word(name: str) -> bool:
    """Tell a private name that is more than the `_` of what nobody uses."""
    return name != "_" and _is_private(name)


_INNER = words(
    """mro func_closure func_code func_dict func_defaults func_globals im_class im_func im_self gi_frame gi_code
    cr_frame cr_code ag_code ag_frame f_globals f_locals f_builtins f_back tb_frame tb_next co_code"""
)

"""JSON as a tree with places, comments and trailing commas let through."""

from __future__ import annotations

import json
import re

from verifier.references.text import Lines
from verifier.references.tree import MAX_NODES, Mapping, Node, Scalar, Sequence, UnreadableError

_TOKEN = re.compile(
    r"\s*(?:(?P<comment>//[^\n]*|/\*.*?\*/|#[^\n]*)"
    r'|(?P<string>"(?:[^"\\]|\\.)*")|(?P<mark>[{}\[\],:])|(?P<word>[^\s{}\[\],:"]+))',
    re.DOTALL,
)
MAX_DEPTH = 500


def read_json(text: str) -> list[Node]:
    """Read a document, or several in a row; raises `UnreadableError`."""
    lines = Lines(text)
    documents: list[Node] = []
    stack: list[tuple[Mapping | Sequence, list[Scalar]]] = []
    at = count = 0
    size = len(text.rstrip())
    at = len(text) - len(text.lstrip("\ufeff"))
    while at < size:
        match = _TOKEN.match(text, at)
        if match is None:
            raise UnreadableError("a text without an end", lines.at(at)[0])
        at = match.end()
        mark, count = match["mark"], count + 1
        if count > MAX_NODES * 2:
            raise UnreadableError("more nodes than are followed", lines.at(at)[0])
        if match["comment"] or mark in (",", ":"):
            continue
        if mark in ("}", "]"):
            if not stack or isinstance(stack[-1][0], Mapping) != (mark == "}"):
                raise UnreadableError(f"a {mark} too many", lines.at(at)[0])
            stack.pop()
            continue
        node: Node
        node = (Mapping() if mark == "{" else Sequence()) if mark is not None else _scalar(match, lines)
        if not stack:
            documents.append(node)
        elif isinstance(stack[-1][0], Sequence):
            stack[-1][0].items.append(node)
        elif stack[-1][1]:
            stack[-1][0].items.append((stack[-1][1].pop(), node))
        elif isinstance(node, Scalar):
            stack[-1][1].append(node)
        else:
            raise UnreadableError("a value without a key", lines.at(at)[0])
        if not isinstance(node, Scalar):
            stack.append((node, []))
            if len(stack) > MAX_DEPTH:
                raise UnreadableError("nested too deeply", lines.at(at)[0])
    if stack:
        raise UnreadableError("it ends too early", lines.at(size)[0])
    return documents


def _scalar(match: re.Match[str], lines: Lines) -> Scalar:
    if match["string"] is None:
        return Scalar(match["word"], *lines.at(match.start("word")), is_text=False)
    line, column = lines.at(match.start("string"))
    written = match["string"]
    if "\\" not in written:
        return Scalar(written[1:-1], line, column + 1)
    try:
        return Scalar(str(json.loads(written, strict=False)), line, column + 1)
    except ValueError as error:
        raise UnreadableError("a text with a wrong escape", line) from error

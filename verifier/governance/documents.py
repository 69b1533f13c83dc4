"""How the registry's documents are written: JSON whose diff reads well, the same bytes every time."""

from __future__ import annotations

import json

from verifier.document import Document

_WIDTH = 120


def to_bytes(document: Document) -> bytes:
    """Write a document as it is signed: UTF-8, two blanks of indentation, one line a file, a final line feed."""
    values = document.model_dump(mode="json", by_alias=True, exclude_none=True)
    return (_lay_out(values, 0) + "\n").encode("utf-8")


def _lay_out(value: object, depth: int) -> str:
    """Lay out a value: on one line where it holds no other container and is short, else one line an item."""
    flat = json.dumps(value, ensure_ascii=False)
    items = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    nests = any(isinstance(item, (dict, list)) for item in items)
    if not items or (not nests and depth > 0 and len(flat) + 2 * depth <= _WIDTH):
        return flat
    inner, outer = "  " * (depth + 1), "  " * depth
    if isinstance(value, dict):
        lines = [
            f"{inner}{json.dumps(key, ensure_ascii=False)}: {_lay_out(item, depth + 1)}" for key, item in value.items()
        ]
        return "{\n" + ",\n".join(lines) + f"\n{outer}}}"
    return "[\n" + ",\n".join(f"{inner}{_lay_out(item, depth + 1)}" for item in items) + f"\n{outer}]"

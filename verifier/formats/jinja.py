"""Chat templates: files of their own, and texts in configurations. What they reach for is the check's question.

Source: transformers, `tokenization_utils_base.py` and `utils/chat_template_utils.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from verifier import limits
from verifier.formats.content import Content, Follow, Template
from verifier.source import ByteSource

_KEY = "chat_template"


def matches(name: str, _source: ByteSource) -> bool:
    """Tell by the name: a template is any text."""
    return name.lower().endswith((".jinja", ".jinja2", ".j2"))


def read(_name: str, source: ByteSource, _follow: Follow) -> Content:
    """Give the whole text as one template. Raises `OSError` only."""
    if source.size > limits.MAX_TEMPLATE:
        unfollowed = f"it has {source.size:,} bytes; a template is read up to {limits.MAX_TEMPLATE:,}"
        return Content("jinja", unfollowed=unfollowed)
    try:
        text = source.read_at(0, source.size).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return Content("jinja", unfollowed=f"it is not UTF-8 (byte {error.start})")
    return Content("jinja", templates=(Template(text, "the template"),))


def templates(pairs: Iterable[tuple[str, object]]) -> tuple[tuple[Template, ...], str | None]:
    """Give the templates among a document's pairs, and why they can't all be followed, if so."""
    found: dict[str, Template] = {}
    for key, value in pairs:
        if not key.endswith(_KEY):
            continue
        for where, text in _texts(key[:100], value):
            if len(found) >= limits.MAX_TEMPLATES:
                return tuple(found.values()), "it holds more chat templates than are followed"
            found.setdefault(text, Template(text, where))
    return tuple(found.values()), None


def _texts(key: str, value: object) -> Iterator[tuple[str, str]]:
    """Give the texts under a key: one, or several with a name each."""
    if isinstance(value, str):
        yield key, value
    elif isinstance(value, dict):
        for name, text in value.items():
            if isinstance(text, str):
                yield f"{key}.{name[:100]}", text
    elif isinstance(value, list):
        for item in value:
            if isinstance(item, dict):
                name = str(item.get("name", ""))[:100]
                yield from (
                    (f"{key}.{name}", text) for part, text in item.items() if part != "name" and isinstance(text, str)
                )
            elif isinstance(item, str):
                yield key, item

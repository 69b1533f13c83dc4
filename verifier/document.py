"""Untrusted documents become frozen types, strictly: no unknown fields, no duplicate keys, no guessing.

The caller has verified the bytes before they come here, and says whom a bad document is to be blamed on.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    ValidationError,
)

from verifier.manifest import path_problem
from verifier.reference import ModelReference, is_commit


class Document(BaseModel):
    """Base of every document and part of one."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class DocumentError(ValueError):
    """The bytes are not such a document; the text names the field, as in `files["a.bin"].sha256`."""


def parse_timestamp(value: object) -> object:
    """Read `2026-11-20T10:00:00Z`; what is not text is left to the next validator."""
    if isinstance(value, str):
        if len(value) != 20 or not value.endswith("Z"):
            raise ValueError("is not a time such as 2026-11-20T10:00:00Z")
        return datetime.strptime(value, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    return value


def format_timestamp(value: datetime) -> str:
    """Write a time as documents and reports hold it, in UTC to the second."""
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _commit(value: str) -> str:
    if not is_commit(value):
        raise ValueError("is not a whole commit of 40 lower-case hexadecimal digits")
    return value


def _model(value: str) -> str:
    if ModelReference.parse(value).revision is not None or not value.isascii():
        raise ValueError("is not a model id such as org/name")
    return value


def _pinned_model(value: str) -> str:
    if ModelReference.parse(value).commit is None or not value.isascii():
        raise ValueError("is not a model at a commit, org/name@<40 hex>")
    return value


def _file_path(value: str) -> str:
    if problem := path_problem(value):
        raise ValueError(f"is {problem}")
    return value


Item = TypeVar("Item")
Sequence = Annotated[tuple[Item, ...], Field(strict=False)]
Timestamp = Annotated[
    datetime,
    BeforeValidator(
        parse_timestamp,
        json_schema_input_type=Annotated[str, Field(json_schema_extra={"format": "date-time"})],
    ),
    PlainSerializer(format_timestamp, return_type=str),
]
Text = Annotated[str, StringConstraints(min_length=1, max_length=2_000)]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
DigestText = Annotated[str, StringConstraints(pattern=r"^sha256:[0-9a-f]{64}$")]
Commit = Annotated[str, BeforeValidator(lambda value: _commit(value) if isinstance(value, str) else value)]
ModelId = Annotated[str, BeforeValidator(lambda value: _model(value) if isinstance(value, str) else value)]
PinnedModel = Annotated[str, BeforeValidator(lambda value: _pinned_model(value) if isinstance(value, str) else value)]
FilePath = Annotated[str, BeforeValidator(lambda value: _file_path(value) if isinstance(value, str) else value)]
Size = Annotated[int, Field(ge=0, le=2**63 - 1)]


_LINE = 120
"""The longest line that a written document gathers a container on."""


def unique_pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Build an object from its pairs; for `object_pairs_hook`. A key that stands twice is an error."""
    result = dict(pairs)
    if len(result) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise DocumentError(f"holds the key {twice!r} twice")
    return result


def load_json(raw: bytes) -> object:
    """Read JSON that is UTF-8, holds no key twice and no number beyond JSON's own, or raise `DocumentError`."""

    def refuse(constant: str) -> object:
        raise DocumentError(f"holds {constant}, which is not JSON")

    if not raw.strip():
        raise DocumentError("is empty")
    try:
        value: object = json.loads(raw.decode("utf-8"), object_pairs_hook=unique_pairs, parse_constant=refuse)
        return value
    except UnicodeDecodeError as error:
        raise DocumentError(f"is not UTF-8 (byte {error.start})") from error
    except json.JSONDecodeError as error:
        raise DocumentError(f"is not JSON: {error.msg} at line {error.lineno}, column {error.colno}") from error
    except RecursionError as error:
        raise DocumentError("is nested too deeply") from error
    except DocumentError:
        raise
    except ValueError as error:  # a number of thousands of digits
        raise DocumentError(f"is not JSON that can be read: {error}") from error


Model = TypeVar("Model", bound=BaseModel)


def parse(raw: bytes, model: type[Model]) -> Model:
    """Turn JSON bytes into `model`, or raise `DocumentError`."""
    return build(load_json(raw), model)


def build(value: object, model: type[Model]) -> Model:
    """Turn plain values into `model`, or raise `DocumentError` that names the first bad fields."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        problems = error.errors(include_url=False, include_context=False)
        shown = "; ".join(f"{_place(item['loc'])}: {_plain(item['msg'])}" for item in problems[:3])
        more = f"; and {len(problems) - 3} more" if len(problems) > 3 else ""
        raise DocumentError(f"is not valid: {shown}{more}") from error


def _place(parts: Iterable[int | str]) -> str:
    text = ""
    for part in parts:
        if isinstance(part, int):
            text += f"[{part}]"
        elif part.isidentifier():
            text += f".{part}" if text else part
        else:
            text += f"[{json.dumps(part[:200])}]"
    return text or "the document"


def _plain(message: str) -> str:
    return message.removeprefix("Value error, ")


def read_bytes(path: Path, limit: int) -> bytes:
    """Read a document of at most `limit` bytes; raises `OSError`, or `DocumentError` if it is no plain file."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(descriptor, "rb") as file:  # noqa: PTH123 - the descriptor was opened without blocking
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise DocumentError("is not a regular file")
        raw = file.read(limit + 1)
    if len(raw) > limit:
        raise DocumentError(f"is larger than the limit of {limit:,} bytes")
    return raw


def to_bytes(document: Document) -> bytes:
    """Write a document so that its diff reads well, the same bytes every time: UTF-8, one line a file."""
    values = document.model_dump(mode="json", by_alias=True, exclude_none=True)
    return (_lay_out(values, 0) + "\n").encode("utf-8")


def _lay_out(value: object, depth: int) -> str:
    """Lay out a value: on one line where it holds no other container and is short, else one line an item."""
    flat = json.dumps(value, ensure_ascii=False)
    items = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    nests = any(isinstance(item, (dict, list)) for item in items)
    if not items or (not nests and depth > 0 and len(flat) + 2 * depth <= _LINE):
        return flat
    inner, outer = "  " * (depth + 1), "  " * depth
    if isinstance(value, dict):
        lines = [
            f"{inner}{json.dumps(key, ensure_ascii=False)}: {_lay_out(item, depth + 1)}" for key, item in value.items()
        ]
        return "{\n" + ",\n".join(lines) + f"\n{outer}}}"
    return "[\n" + ",\n".join(f"{inner}{_lay_out(item, depth + 1)}" for item in items) + f"\n{outer}]"

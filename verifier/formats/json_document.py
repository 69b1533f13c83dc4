"""JSON documents beside the weights: configurations, indexes, schemas. Read leniently where loaders are lenient.

A document is of a format that names code (Keras, skops, TorchServe, Hydra) by its shape, wherever it lies.
"""

from __future__ import annotations

import json

from verifier import limits
from verifier.formats import jinja, keras, mar, plain, skops, targets
from verifier.formats.content import Content, Follow, JsonDocument
from verifier.formats.operations import Operations
from verifier.source import ByteSource

DATA_ONLY = frozenset({"tokenizer.json", "trainer_state.json", "unigram.json", "vocab.json"})
"""Large tables of tokens and logs of a training, from which no loader takes code or the names of other files."""


def is_index(path: str) -> bool:
    """Tell whether a path is that of an index of safetensors shards."""
    return path.endswith(".safetensors.index.json")


def matches(path: str, source: ByteSource) -> bool:
    """Tell by the name: JSON has no mark of its own. A file of no bytes is none, and says nothing to any loader."""
    return path.lower().endswith(".json") and source.size > 0


def read(path: str, source: ByteSource, _follow: Follow | None = None) -> Content:
    """Parse the document, or say why it can't be followed. Keys that stand twice are all kept."""
    base = path.rpartition("/")[2]
    if base in DATA_ONLY:
        is_text = plain.is_text(source)
        return Content("json", inert=is_text, unfollowed=None if is_text else "it is not text")
    limit = limits.MAX_INDEX if is_index(path) else limits.MAX_SCHEMA if base == "schema.json" else limits.MAX_CONFIG
    if source.size > limit:
        return Content("json", unfollowed=f"it has {source.size:,} bytes; a configuration is read up to {limit:,}")
    pairs: list[tuple[str, object]] = []

    def keep(items: list[tuple[str, object]]) -> dict[str, object]:
        pairs.extend(items)
        return dict(items)

    try:
        value = json.loads(source.read_at(0, source.size).decode("utf-8-sig"), object_pairs_hook=keep)
    except UnicodeDecodeError as error:
        return Content("json", unfollowed=f"it is not UTF-8 (byte {error.start})")
    except json.JSONDecodeError as error:
        return Content("json", unfollowed=f"it is not JSON: {error.msg} at line {error.lineno}, column {error.colno}")
    except RecursionError:
        return Content("json", unfollowed="it is nested too deeply")
    except ValueError as error:  # a number of thousands of digits
        return Content("json", unfollowed=f"it is not JSON that can be read: {error}")
    return _content(path, JsonDocument(value, tuple(pairs)))


def _content(path: str, document: JsonDocument) -> Content:
    """Look at what a document names, by its shape."""
    operations = Operations()
    if keras.is_configuration(document.value):
        keras.add(operations, document.value)
    if skops.is_schema(document.value):
        skops.add(operations, document.value)
    targets.add_pairs(operations, document.pairs)
    templates, untold = jinja.templates(document.pairs)
    return Content(
        "json",
        document=document,
        operations=operations.all(),
        templates=templates,
        code=tuple(mar.code(document.value)) if mar.is_manifest(path, document.value) else (),
        unfollowed=untold or operations.unfollowed,
    )

"""What a file is, by content. One file a format; only parsers, no opinions."""

from __future__ import annotations

from verifier.formats import json_document, pickle, safetensors
from verifier.formats.content import Content
from verifier.formats.opcodes import runs_as_pickle
from verifier.snapshot import Source

__all__ = ["Content", "identify"]


def identify(path: str, source: Source) -> Content:
    """Tell what a file is, and read of it what the checks need. Raises `OSError` only."""
    name = path.lower()
    if safetensors.matches(source):
        if runs_as_pickle(source):  # a header's length can spell opcodes
            return Content("pickle", pickles=("a pickle that is a safetensors file, too",))
        return safetensors.read(source)
    if (content := pickle.read(source)) is not None:
        return content
    if name.endswith(".safetensors"):
        return safetensors.read(source)
    if name.endswith(".json"):
        return json_document.read(path, source)
    return Content("other")

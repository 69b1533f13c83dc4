"""What is fuzzed: each format's reader, the walker of pickles, and all of them together."""

from __future__ import annotations

from collections.abc import Mapping

from verifier.formats import FORMATS
from verifier.formats.content import Format

READERS: Mapping[str, Format] = {str(getattr(entry, "__name__", "")).rpartition(".")[2]: entry for entry in FORMATS}
NAMES: Mapping[str, str] = {
    "graph_text": "graph.pbtxt",
    "jinja": "chat_template.jinja",
    "json_document": "config.json",
    "msgpack": "flax_model.msgpack",
    "plain": "README.md",
    "torchscript": "archive/code/__torch__/model.py",
    "yaml_document": "model_config.yaml",
}
"""What files are called that have no mark of their own."""
TARGETS = ("walker", "whole", *READERS)


def name(target: str) -> str:
    """Give the name under which a target's reader is given its bytes."""
    return NAMES.get(target, "model.bin")

"""TorchServe's archives (`.mar`): the code that their manifest has the server run and install.

Source: github.com/pytorch/serve, `model-archiver/README.md` and `ts/model_loader.py`.
"""

from __future__ import annotations

from collections.abc import Iterator

from verifier.formats.content import Problem

_OWN_HANDLERS = frozenset(
    ("image_classifier", "image_segmenter", "object_detector", "text_classifier", "text_generation")
)


def is_manifest(name: str, value: object) -> bool:
    """Tell whether a JSON document is a TorchServe manifest, by its place or its shape."""
    model = value.get("model") if isinstance(value, dict) else None
    return name.endswith("MAR-INF/MANIFEST.json") or (isinstance(model, dict) and "handler" in model)


def code(value: object) -> Iterator[Problem]:
    """Say what the manifest has the server run."""
    model = value.get("model") if isinstance(value, dict) else None
    settings = model if isinstance(model, dict) else {}
    handler = settings.get("handler")
    if handler is not None and handler not in _OWN_HANDLERS:
        yield Problem(f"has TorchServe run the handler {str(handler)[:100]!r}")
    if settings.get("requirementsFile"):
        yield Problem(f"has TorchServe install what {str(settings['requirementsFile'])[:100]!r} lists")
    if settings.get("modelFile"):
        yield Problem(f"has TorchServe import {str(settings['modelFile'])[:100]!r}")

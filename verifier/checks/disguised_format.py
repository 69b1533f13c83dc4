"""disguised-format: a file is another format than its name says, two formats at once, or a program behind a name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from verifier.checks.check import Check, Needs, found, within
from verifier.evidence import Evidence
from verifier.finding import Finding, Severity
from verifier.formats.content import Content, Kind, Status

RULE = "disguised-format"
_TEXTS = frozenset({"text", "json", "yaml", "jinja", "script", "empty"})
_PICKLES = frozenset({"pickle", "legacy torch", "torch", "zip", "tar", "safetensors", "numpy"})
_STREAMS = frozenset({"gzip", "bzip2", "xz", "zlib", "zstd", "lz4"})
_EXPECTED = {
    **dict.fromkeys((".pt", ".pth", ".ckpt"), _PICKLES),
    **dict.fromkeys((".pkl", ".pickle", ".joblib"), _PICKLES | _STREAMS),
    ".safetensors": {"safetensors"},
    ".gguf": {"gguf"},
    ".onnx": {"onnx"},
    ".npy": {"numpy"},
    ".npz": {"zip"},
    ".keras": {"zip", "keras", "hdf5"},
    ".h5": {"hdf5"},
    ".hdf5": {"hdf5"},
    ".png": {"png"},
    ".jpg": {"jpeg"},
    ".jpeg": {"jpeg"},
    ".gif": {"gif"},
    ".webp": {"webp"},
    ".pdf": {"pdf"},
    ".parquet": {"parquet"},
    ".tflite": {"tflite"},
    **dict.fromkeys((".json", ".txt", ".md", ".yaml", ".yml", ".csv", ".tsv", ".jinja", ".py", ".toml"), _TEXTS),
}
"""What a name promises. A name such as .bin promises nothing."""


def run(evidence: Evidence) -> Iterable[Finding]:
    """Compare each file with its name, and report what lies behind it or in the same bytes."""
    for path, reading in (evidence.readings or {}).items():
        if reading.content is not None:
            yield from _misnamed(path, reading.content)
            yield from _several(path, reading.content)


def _misnamed(path: str, content: Content) -> Iterator[Finding]:
    """Report another format than the name's: gravely, unless it is one that holds no code."""
    dot, suffix = path.rpartition("/")[2].rpartition(".")[1:]
    expected = _EXPECTED.get(f"{dot}{suffix.lower()}")
    if expected is None or content.format in expected or content.format in ("unknown", "empty"):
        return
    finding = found(RULE, f"{path} is no {suffix} file but {content.format}, told by its content", path)
    harmless = content.status is Status.INERT or content.format == "safetensors"
    yield replace(finding, severity=Severity.WARNING) if harmless else finding


def _several(path: str, whole: Content) -> Iterator[Finding]:
    for member, content in whole.walk():
        where = f"{member} in {path}" if member else path
        for problem in content.disguises:
            yield within(found(RULE, f"{where} {problem.message}", path), member, offset=problem.offset)
        for part in content.parts:
            if part.kind is Kind.TAIL:
                message = f"{path} goes on behind the end of its {content.format}, with {part.content.format} bytes"
            elif part.kind is Kind.ALSO:
                message = f"{path} is {content.format} and {part.content.format} at once"
            else:
                continue
            yield within(found(RULE, message, path), member, offset=part.offset)


CHECK = Check("disguise", RULE, Needs.CONTENT, run)

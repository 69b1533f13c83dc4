"""Where a file is not what it seems: a name that promises another format, a program in front, bytes behind the end.

Only names that promise one format count. Weights' many names (`.bin`, `.pt`, `.model`) promise none.
"""

from __future__ import annotations

from dataclasses import replace

from verifier.formats import executable
from verifier.formats.content import Content, Problem
from verifier.source import ByteSource

_TEXTS = frozenset(("text", "json", "yaml", "jinja", "script", "torchscript"))
_NAMES = (
    ((".safetensors",), "safetensors", frozenset(("safetensors", "text"))),
    ((".gguf",), "a GGUF file", frozenset(("gguf", "text"))),
    ((".onnx",), "an ONNX model", frozenset(("onnx", "text"))),
    ((".h5", ".hdf5"), "an HDF5 file", frozenset(("hdf5", "text"))),
    ((".keras",), "a Keras model", frozenset(("zip", "hdf5", "text"))),
    ((".npy",), "a numpy array", frozenset(("numpy", "text"))),
    ((".msgpack",), "a msgpack file", frozenset(("msgpack", "text"))),
    ((".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp", ".ico", ".tif", ".tiff"), "an image",
     frozenset(("image", "text"))),
    ((".wav", ".mp3", ".flac", ".ogg", ".mp4", ".webm"), "sound or film", frozenset(("audio", "video", "text"))),
    ((".txt", ".md", ".json", ".jsonl", ".csv", ".tsv", ".yaml", ".yml", ".toml", ".cfg", ".ini", ".xml", ".html",
      ".svg", ".jinja", ".jinja2", ".j2", ".gitattributes", ".gitignore"), "text", _TEXTS),
)  # fmt: skip
"""What a name promises; text may stand for anything, as git-lfs leaves it where it fetched nothing."""
_PROGRAMS = (".so", ".dll", ".dylib", ".exe", ".com", ".pyd", ".pyc", ".node", ".o", ".a", ".lib", ".wasm", ".class",
             ".dex", ".elf", ".cubin", ".hsaco", ".llamafile", ".msi", ".doc", ".xls", ".ppt", ".lnk")  # fmt: skip


def seen(name: str, source: ByteSource, content: Content) -> Content:
    """Add to a content where it is not what it seems."""
    problems, code = [], content.code
    program = executable.kind(source)
    if program is not None and content.format not in ("executable", "script"):
        code = (*code, Problem(f"is {program}, too", 0))
        problems.append(Problem(f"is {program} and also of the format {content.format}", 0))
    base = name.lower().rpartition("/")[2]
    promise = next((each for each in _NAMES if base.endswith(each[0])), None)
    if promise is not None and content.format not in promise[2] | {"other", "unknown"}:
        problems.append(Problem(f"is named as {promise[1]}, but is {_what(content)}"))
    elif promise is None and content.format == "executable" and "." in base and not _names_a_program(base):
        problems.append(Problem(f"has the name of something else, but is {program}"))
    if content.format == "gguf":
        problems += content.problems
    if not problems and code == content.code:
        return content
    return replace(content, code=code, disguises=(*content.disguises, *problems))


def _names_a_program(base: str) -> bool:
    return base.endswith(_PROGRAMS) or ".so." in base


def _what(content: Content) -> str:
    if content.format in ("executable", "script") and content.code:
        return content.code[0].message.removeprefix("is ")
    return f"of the format {content.format}"

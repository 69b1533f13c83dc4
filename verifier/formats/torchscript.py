"""TorchScript: what the source that lies in a PyTorch archive under `code/` may call, and what its pickles name of it.

TorchScript is a language of its own, without Python's modules; what reaches the machine are a few operators.
Source: github.com/pytorch/pytorch, `torch/csrc/jit/serialization/python_print.cpp`, `native_functions.yaml`.

Its pickles are read by an unpickler of PyTorch's own (`unpickler.cpp`, `import_source.cpp`), which imports nothing: a
name in `__torch__` is that of a class in the archive's source. `torch.load` leaves an archive to it in which
`constants.pkl` lies beside `data.pkl` (`torch/serialization.py`), so that Python's unpickler never meets such names.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from verifier import limits
from verifier.formats.content import Content, Follow, Part, Reach, Use
from verifier.formats.operations import Operations
from verifier.source import ByteSource
from verifier.words import words

_PLACE = re.compile(r"(?:^|/)code/__torch__(?:/.*)?\.py$", re.IGNORECASE)
_GAP = r"[\s\\]*"
_NAME = re.compile(rf"\b(?:ops|torch)(?:{_GAP}\.{_GAP}\w+)+")
_FILES = re.compile(rf"\.{_GAP}(from_file|save|load|_load_for_lite_interpreter)\b{_GAP}\(")
_OWN = words(
    """_caffe2 _quantized aten c10d_functional cuda inductor mkl mkldnn mkldnn_prepacked nested onednn prepacked prim
    prims profiler profiling quantization quantized sparse static_runtime torchaudio torchtext torchvision xnnpack"""
)
_NETWORK = words("_c10d_functional c10d dist_c10d dist_rpc rpc symm_mem")
_OWN_CLASSES = words("mkldnn quantized rnn sparse torchaudio torchtext xnnpack")


def matches(name: str, _source: ByteSource) -> bool:
    """Tell by the place in the archive, which is all that torch.jit.load goes by."""
    return _PLACE.search(name) is not None


def read(_name: str, source: ByteSource, _follow: Follow) -> Content:
    """Look for the operators in the source. Raises `OSError` only."""
    operations = Operations()
    operations.add(Reach.LIBRARY, "TorchScript", "is a program, in a language that has no modules of Python's")
    if source.size > limits.MAX_TORCHSCRIPT:
        unfollowed = f"it has {source.size:,} bytes; source is read up to {limits.MAX_TORCHSCRIPT:,}"
        return Content("torchscript", operations=operations.all(), unfollowed=unfollowed)
    text = source.read_at(0, source.size).decode("utf-8", "replace")
    for match in _FILES.finditer(text):
        what = "reads or writes a file, whichever the program names"
        operations.add(Reach.SYSTEM, match[1], what, f"line {_line(text, match)}", match.start())
    for match in _NAME.finditer(text):
        _called(operations, re.sub(_GAP, "", match[0]).split("."), f"line {_line(text, match)}", match.start())
    return Content("torchscript", operations=operations.all(), unfollowed=operations.unfollowed)


def resolved(parts: Iterable[Part]) -> tuple[Part, ...]:
    """Give an archive's members, their pickles without the names that its own source defines.

    What else these pickles name is judged as in any other, and so is a name without source: no loader takes it.
    """
    members = tuple(parts)
    names = {part.name for part in members}
    roots = {name.removesuffix("constants.pkl") for name in names if re.search("(?:^|/)constants.pkl$", name)}
    pickles = {root + name for root in roots for name in ("constants.pkl", "data.pkl") if root + "data.pkl" in names}
    return tuple(_resolved(part, names) if part.name in pickles else part for part in members)


def _resolved(part: Part, names: set[str]) -> Part:
    program = part.content.program
    if program is None:
        return part
    root = part.name[: part.name.rfind("/") + 1]
    left: list[Use] = []
    operations = Operations()
    for use in program.uses:
        if _source(use, root) not in names:
            left.append(use)
        elif (parts := use.dotted.split(".")[1:])[:2] == ["torch", "classes"]:  # native code, whatever the source says
            _called(operations, parts, "", use.offset)
    content = replace(
        part.content,
        program=replace(program, uses=tuple(left)),
        operations=operations.all(),
        unfollowed=part.content.unfollowed or operations.unfollowed,
    )
    return replace(part, content=content)


def _source(use: Use, root: str) -> str | None:
    """Give the member that has a class's source; None for what is no class of the archive's own."""
    top, *packages = use.module.split(".")
    if top != "__torch__" or not all(name.isidentifier() for name in (*packages, use.name)):
        return None
    return f"{root}code/{'/'.join((top, *packages))}.py"


def _called(operations: Operations, parts: list[str], where: str, offset: int) -> None:
    first, space = parts[0], parts[1]
    is_class = parts[:2] == ["torch", "classes"]
    if is_class and len(parts) > 2:
        space = parts[2]
    elif first != "ops":
        return
    name = ".".join(parts)
    if space in _NETWORK:
        operations.add(Reach.SYSTEM, name, "talks to other machines", where, offset)
    elif space not in (_OWN_CLASSES if is_class else _OWN):
        operations.add(Reach.CUSTOM, name, "is an operator that PyTorch does not have", where, offset)


def _line(text: str, match: re.Match[str]) -> int:
    return text.count("\n", 0, match.start()) + 1

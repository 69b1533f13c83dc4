"""What stands in the same bytes as a format that is told by other signs: programs in front, bytes of no tensor.

A llamafile is a program and a zip; a program may bear the name of weights. What a name promises is the check's matter.
"""

from __future__ import annotations

from dataclasses import replace

from verifier.formats import executable
from verifier.formats.content import Content, Problem
from verifier.source import ByteSource

_PROGRAMS = (".so", ".dll", ".dylib", ".exe", ".com", ".pyd", ".pyc", ".node", ".o", ".a", ".lib", ".wasm", ".class",
             ".dex", ".elf", ".cubin", ".hsaco", ".llamafile", ".msi", ".doc", ".xls", ".ppt", ".lnk")  # fmt: skip


def seen(name: str, source: ByteSource, content: Content) -> Content:
    """Add to a content where it is not what it seems."""
    disguises, code = list(content.disguises), content.code
    program = executable.kind(source)
    if program is not None and content.format not in ("executable", "script"):
        code = (*code, Problem(f"is {program}, too", 0))
        disguises.append(Problem(f"is {program} and also of the format {content.format}", 0))
    elif content.format == "executable" and not _names_a_program(name):
        disguises.append(Problem(f"has the name of something else, but is {program}", 0))
    if content.format == "gguf":
        disguises += content.problems
    if len(disguises) == len(content.disguises):
        return content
    return replace(content, code=code, disguises=tuple(disguises))


def _names_a_program(name: str) -> bool:
    """Tell the names that programs and libraries have, one without any suffix among them."""
    base = name.lower().rpartition("/")[2]
    return "." not in base or base.endswith(_PROGRAMS) or ".so." in base

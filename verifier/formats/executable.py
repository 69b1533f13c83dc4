"""Programs: what a machine, a virtual machine or an interpreter runs as it is. Told by the first bytes.

Source: the ELF, PE, Mach-O, WebAssembly and class file specifications; github.com/jart/cosmopolitan for llamafiles.
"""

from __future__ import annotations

from verifier.formats.content import Content, Follow, Problem
from verifier.source import ByteSource

_MARKS = (
    (b"\x7fELF", "an ELF program or library"),
    (b"MZqFpD", "an Actually Portable Executable (a llamafile), which runs on most systems"),
    (b"jartsr='", "an Actually Portable Executable (a llamafile), which runs on most systems"),
    (b"\xfe\xed\xfa\xce", "a Mach-O program or library"),
    (b"\xfe\xed\xfa\xcf", "a Mach-O program or library"),
    (b"\xce\xfa\xed\xfe", "a Mach-O program or library"),
    (b"\xcf\xfa\xed\xfe", "a Mach-O program or library"),
    (b"\0asm\x01\0\0\0", "a WebAssembly module"),
    (b"dex\n", "a program for Android's virtual machine"),
    (b"BC\xc0\xde", "LLVM bitcode"),
    (b"\x1bLua", "Lua bytecode"),
    (b"!<arch>\n", "an archive of native code"),
    (b"L\0\0\0\x01\x14\x02\0", "a Windows shortcut, which starts a program"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an installer or an Office document, which can hold programs"),
)
_PYC_MAGIC = range(3000, 3800)


def matches(_name: str, source: ByteSource) -> bool:
    """Tell by the first bytes."""
    return kind(source) is not None


def read(_name: str, source: ByteSource, _follow: Follow) -> Content:
    """Say what kind of program it is; programs are not followed further."""
    return Content("script" if is_script(source) else "executable", code=(Problem(f"is {kind(source)}", 0),))


def is_script(source: ByteSource) -> bool:
    """Tell whether the first line names an interpreter."""
    start = source.read_at(0, 64)
    return start.startswith(b"#!") and start[2:].lstrip(b" \t").startswith(b"/")


def kind(source: ByteSource) -> str | None:
    """Say what kind of program it is, or None."""
    start = source.read_at(0, 64)
    for mark, name in _MARKS:
        if start.startswith(mark):
            return name
    if start[:2] == b"MZ" and len(start) == 64:
        place = int.from_bytes(start[60:64], "little")
        if source.read_at(place, 4) == b"PE\0\0":
            return "a Windows program or library"
        return "a DOS program" if b"\0" in start else None
    if start[:4] in (b"\xca\xfe\xba\xbe", b"\xbe\xba\xfe\xca") and len(start) > 8:
        return "a Mach-O program or library" if int.from_bytes(start[4:8], "big") < 45 else "a Java class"
    if start[2:4] == b"\r\n" and int.from_bytes(start[:2], "little") in _PYC_MAGIC and b"\0" in start[4:16]:
        return "compiled Python"
    return "a script, with its interpreter in the first line" if is_script(source) else None

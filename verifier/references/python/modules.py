"""Which file of the project a plain import means."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from functools import lru_cache

from verifier.references.mention import Project
from verifier.references.python.scopes import Module
from verifier.references.vocabulary import ANY_ORIGIN, LOADING_METHODS

MAX_MODULE = 2_000_000
_SOURCES = ("src", "lib", "python", "app")
_IMPORT = re.compile(
    rb"^[ \t]*(?:from[ \t]+(?P<dots>\.*)[ \t]*(?P<module>[\w.]*)[ \t]+import[ \t]+(?P<names>\([^)]*\)|[^\n#;]+)"
    rb"|import[ \t]+(?P<plain>[\w., \t]+))",
    re.MULTILINE,
)

_LOADERS = sorted(name.encode() for name in {*LOADING_METHODS, *ANY_ORIGIN, "pipeline"})
_LOADS = re.compile(rb"\b(?:" + b"|".join(_LOADERS) + rb")\b")


def source(project: Project, module: Module, dotted: str, level: int) -> tuple[str, bytes] | None:
    """Give path and bytes of the project's module that an import in another one means; None where it is elsewhere."""
    path = next(paths(project, module.path, dotted, level), None)
    data = project.read(path) if path is not None and path != module.path else None
    return None if path is None or data is None or len(data) > MAX_MODULE else (path, data)


@lru_cache(maxsize=256)
def names_a_loader(data: bytes) -> bool:
    """Tell whether a loader's name stands in a module."""
    return _LOADS.search(data) is not None


def paths(project: Project, path: str, dotted: str, level: int) -> Iterator[str]:
    """The files that a dotted name may mean, seen from a file: beside it, above it, or below the usual roots."""
    inner = dotted.replace(".", "/")
    folder = posixpath.dirname(path)
    if level:
        for _ in range(level - 1):
            folder = posixpath.dirname(folder)
        bases = [folder]
    else:
        bases = [folder]
        while folder:
            folder = posixpath.dirname(folder)
            bases.append(folder)
        bases += _SOURCES
    for base in dict.fromkeys(bases):
        start = f"{base}/{inner}" if base and inner else base or inner
        for candidate in (f"{start}.py", f"{start}/__init__.py") if start else ("__init__.py",):
            if candidate != path and project.exists(candidate):
                yield candidate


def imports_of(path: str, data: bytes, project: Project) -> frozenset[str]:
    """Every file of the project that a module imports, read off its import lines without parsing the rest."""
    found: set[str] = set()
    for match in _IMPORT.finditer(data):
        if match["plain"]:
            for name in match["plain"].decode().split(","):
                found.update(_first(project, path, name.split(" as ")[0].strip(), 0))
            continue
        module, level = match["module"].decode(), len(match["dots"])
        found.update(_first(project, path, module, level))
        for name in re.findall(
            r"[A-Za-z_]\w*", re.sub(r"\bas[ \t]+\w+|#[^\n]*", "", match["names"].decode("utf-8", "replace"))
        ):
            found.update(_first(project, path, f"{module}.{name}" if module else name, level))
    return frozenset(found)


def _first(project: Project, path: str, dotted: str, level: int) -> list[str]:
    found = next(paths(project, path, dotted, level), None) if dotted or level else None
    return [found] if found else []

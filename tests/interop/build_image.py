"""Build what examples/docker/Dockerfile would, by running its own commands in a directory instead of a container.

Only one step is not run: the interpreter that it would fetch is a copy of this one. `make peers` calls this, since
the packages come from an index.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

CHECKOUT: Final = Path(__file__).resolve().parents[2]
DOCKERFILE: Final = CHECKOUT / "examples" / "docker" / "Dockerfile"
INTERPRETER_STEP: Final = "python install"
LEFT_OUT: Final = shutil.ignore_patterns("site-packages", "test", "__pycache__", "config-*", "idlelib", "tkinter")


def steps() -> list[str]:
    """Give the RUN commands of the Dockerfile, in order."""
    text = re.sub(r"(?m)^#.*\n", "", DOCKERFILE.read_text(encoding="utf-8")).replace("\\\n", " ")
    return [line.removeprefix("RUN ") for line in text.splitlines() if line.startswith("RUN ")]


def left_out(directory: str, names: list[str]) -> set[str]:
    """Give the names in a directory that .dockerignore keeps out of the build."""
    lines = (CHECKOUT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    patterns = [line.removeprefix("**/") for line in lines if line and not line.startswith(("#", "!"))]
    return shutil.ignore_patterns(*patterns)(directory, names) - {line[1:] for line in lines if line.startswith("!")}


def build(place: Path) -> Path:
    """Run them with PREFIX and TOOLS below `place`; give the finished directory, which PREFIX names."""
    prefix, tools, context = place / "opt" / "model-verifier", place / "tools", place / "context"
    for old in (prefix, tools, context):
        shutil.rmtree(old, ignore_errors=True)
    shutil.copytree(CHECKOUT, context, ignore=left_out)
    environment = os.environ | {"PREFIX": str(prefix), "TOOLS": str(tools)}
    for step in steps():
        if INTERPRETER_STEP in step:
            copy_interpreter(prefix / "python")
        else:
            subprocess.run(["sh", "-e", "-c", step], cwd=context, env=environment, check=True)
    return prefix


def copy_interpreter(to: Path) -> None:
    """Copy this interpreter and its standard library, with what it was linked to."""
    base, version = Path(sys.base_prefix), f"python{sys.version_info.major}.{sys.version_info.minor}"
    (to / "bin").mkdir(parents=True)
    shutil.copy2(Path(sys.executable).resolve(), to / "bin" / version)
    (to / "bin" / "python3").symlink_to(version)
    shutil.copytree(base / "lib" / version, to / "lib" / version, ignore=LEFT_OUT)
    (to / "lib" / version / "site-packages").mkdir()
    for library in (base / "lib").glob("libpython*.so*"):
        shutil.copy2(library, to / "lib", follow_symlinks=False)


if __name__ == "__main__":
    build(Path(sys.argv[1]).resolve())

"""A child process in which CPython's own unpicklers read hostile streams: `find_class` records, and imports nothing.

Each line on stdin is a stream in base64; each line on stdout is JSON, the globals that each unpickler asked for.
Needs only the standard library; has little memory, since a stream may ask for much.
"""

from __future__ import annotations

import base64
import contextlib
import io
import json
import pickle
import resource
import sys
from typing import Any


class Stop(Exception):
    """What a recording `find_class` raises."""


class Inert:
    """What stands for every global, so that a stream can go on: it takes whatever is done to it."""

    def __new__(cls, *_: object, **__: object) -> Inert:
        return object.__new__(cls)

    def __setstate__(self, _: object) -> None:
        pass

    def __setitem__(self, _: object, __: object) -> None:
        pass

    def append(self, _: object) -> None:
        pass

    def extend(self, _: object) -> None:
        pass

    def add(self, _: object) -> None:
        pass


def recording(base: Any, raises: bool) -> Any:
    """Make an unpickler that records each name, and then raises or goes on with `Inert`."""

    class Recording(base):  # type: ignore[misc]
        asked: list[tuple[str, str]]

        def find_class(self, module: str, name: str) -> object:
            self.asked.append((module, name))
            if raises:
                raise Stop
            return Inert

        def persistent_load(self, _: object) -> object:
            return Inert()

        def get_extension(self, _: object) -> object:  # the Python unpickler's, which would ask a registry
            raise Stop

    return Recording


UNPICKLERS = [recording(base, raises) for base in (pickle.Unpickler, pickle._Unpickler) for raises in (True, False)]


def asked(kind: Any, data: bytes) -> list[tuple[str, str]]:
    """Load stream after stream as legacy PyTorch does; give every global that was asked for."""
    found: list[tuple[str, str]] = []
    stream = io.BytesIO(data)
    with contextlib.suppress(Exception):
        while stream.tell() < len(data):
            unpickler = kind(stream, encoding="latin-1")
            unpickler.asked = found
            unpickler.load()
    return found


def main() -> None:
    limit = 2 * 2**30
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CPU, (600, 600))
    for line in sys.stdin:
        data = base64.b64decode(line)
        print(json.dumps([asked(kind, data) for kind in UNPICKLERS]), flush=True)


if __name__ == "__main__":
    main()

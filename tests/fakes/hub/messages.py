"""Requests, and answers with what may go wrong while they are sent."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from tests.fakes.hub.content import Body

Host = Literal["hub", "cdn"]
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


@dataclass(frozen=True)
class Request:
    """A client's request: `path` as it was sent, without the query; `headers` with names in lower case."""

    method: str
    host: Host
    path: str
    headers: Mapping[str, str]
    query: str = ""
    body: bytes = field(default=b"", repr=False)

    @property
    def token(self) -> str | None:
        """The bearer token."""
        scheme, _, token = self.headers.get("authorization", "").partition(" ")
        return token if scheme.lower() == "bearer" and token else None


@dataclass(frozen=True)
class Answer:
    """An answer: bytes `start` to `stop` of `content`, and how sending them goes wrong, if it does."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    content: Body = field(default_factory=Body)
    start: int = 0
    stop: int | None = None
    chunked: bool = False
    delay: float = 0
    """Seconds until the answer begins."""
    pause: tuple[int, float] = (0, 0)
    """After how many bytes of the body for how many seconds nothing comes."""
    cut: int | None = None
    """After how many bytes of the body the connection ends; -1 is before the answer begins."""
    reset: bool = False
    """Whether the connection ends with RST in place of FIN."""

    @property
    def body(self) -> Body:
        """What is sent."""
        return self.content[self.start : self.stop]

    @classmethod
    def of_json(cls, document: object, status: int = 200, **headers: str) -> "Answer":
        """An answer in JSON."""
        said = {"Content-Type": "application/json; charset=utf-8"} | headers
        return cls(status, said, Body.of(json.dumps(document).encode()))

    @classmethod
    def error(cls, status: int, code: str | None, message: str) -> "Answer":
        """An error, as the Hub puts it: what clients go by is in headers."""
        headers = {"X-Error-Message": message} | ({"X-Error-Code": code} if code else {})
        return cls.of_json({"error": message}, status, **headers)

    @classmethod
    def redirect(cls, status: int, location: str, headers: Mapping[str, str] | None = None) -> "Answer":
        """A redirect to a URL or an absolute path."""
        return cls(status, {"Location": location, **(headers or {})})

    def with_headers(self, changes: Mapping[str, str | None]) -> "Answer":
        """This answer with other headers; those that are None are left out."""
        headers = {name: value for name, value in self.headers.items() if name not in changes}
        return replace(self, headers=headers | {name: value for name, value in changes.items() if value is not None})


def ranged(request: Request, content: Body, headers: Mapping[str, str]) -> Answer:
    """`content`, or of it what a GET asks for in a single range (RFC 9110, section 14)."""
    whole = Answer(200, {"Accept-Ranges": "bytes", **headers}, content)
    asked = _RANGE.fullmatch(request.headers.get("range", ""))
    if request.method != "GET" or asked is None or not any(asked.groups()):
        return whole
    first, last = asked.groups()
    size = len(content)
    start = int(first) if first else max(size - int(last), 0)
    stop = min(int(last) + 1, size) if first and last else size
    if start >= size or start >= stop:
        return Answer(416, {"Content-Range": f"bytes */{size}"})
    partial = replace(whole, status=206, start=start, stop=stop)
    return partial.with_headers({"Content-Range": f"bytes {start}-{stop - 1}/{size}"})

"""What can go wrong on the way, one fault each; they apply in the order in which a Hub was given them.

Faults of a body need an answer that has one: they let HEAD, redirects and errors pass, and don't count them.
"""

import gzip
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from tests.fakes.hub.content import Body
from tests.fakes.hub.messages import Answer, Request


class Fault(ABC):
    """One way to go wrong."""

    def applies(self, request: Request, answer: Answer) -> bool:
        """Whether this answer can go wrong so."""
        return True

    @abstractmethod
    def apply(self, request: Request, answer: Answer) -> Answer:
        """The answer in place of `answer`."""


class _BodyFault(Fault):
    def applies(self, request: Request, answer: Answer) -> bool:
        return request.method != "HEAD" and 200 <= answer.status < 300


class _RangeFault(Fault):
    def applies(self, request: Request, answer: Answer) -> bool:
        return answer.status == 206


@dataclass(frozen=True)
class Status(Fault):
    """Another answer altogether, such as `Status(429, {"Retry-After": "1"})`."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def apply(self, request: Request, answer: Answer) -> Answer:
        return Answer(self.status, self.headers, Body.of(self.body))


@dataclass(frozen=True)
class Headers(Fault):
    """Other headers, such as `Headers({"X-Repo-Commit": None})`; None leaves one out."""

    changes: Mapping[str, str | None]

    def apply(self, request: Request, answer: Answer) -> Answer:
        return answer.with_headers(self.changes)


@dataclass(frozen=True)
class CaptivePortal(Fault):
    """A network's page to log in at, which claims to be what was asked for."""

    page: bytes = b"<!doctype html><title>Welcome</title><p>Accept the terms of use to go online."

    def apply(self, request: Request, answer: Answer) -> Answer:
        return Answer(200, {"Content-Type": "text/html; charset=utf-8"}, Body.of(self.page))


@dataclass(frozen=True)
class RedirectTo(Fault):
    """A redirect to any URL."""

    url: str
    status: int = 302

    def apply(self, request: Request, answer: Answer) -> Answer:
        return Answer.redirect(self.status, self.url)


@dataclass(frozen=True)
class RedirectLoop(Fault):
    """A redirect to the very path that was asked for."""

    status: int = 302

    def apply(self, request: Request, answer: Answer) -> Answer:
        return Answer.redirect(self.status, request.path)


@dataclass(frozen=True)
class Stall(_BodyFault):
    """Nothing for some seconds: after `after` bytes of the body, or, without that, before the answer begins."""

    seconds: float
    after: int | None = None

    def applies(self, request: Request, answer: Answer) -> bool:
        return self.after is None or super().applies(request, answer)

    def apply(self, request: Request, answer: Answer) -> Answer:
        if self.after is None:
            return replace(answer, delay=self.seconds)
        return replace(answer, pause=(self.after, self.seconds))


@dataclass(frozen=True)
class Reset(_BodyFault):
    """The connection is reset: after `after` bytes of the body, or, without that, before the answer begins."""

    after: int | None = None

    def applies(self, request: Request, answer: Answer) -> bool:
        return self.after is None or super().applies(request, answer)

    def apply(self, request: Request, answer: Answer) -> Answer:
        return replace(answer, cut=-1 if self.after is None else self.after, reset=True)


@dataclass(frozen=True)
class ShortBody(_BodyFault):
    """The connection ends in good order after `size` bytes of the body, whose Content-Length says more."""

    size: int

    def applies(self, request: Request, answer: Answer) -> bool:
        return super().applies(request, answer) and len(answer.body) > self.size

    def apply(self, request: Request, answer: Answer) -> Answer:
        return replace(answer, cut=self.size)


@dataclass(frozen=True)
class LongBody(_BodyFault):
    """More bytes than metadata promise: chunked, so without a Content-Length, or with a truthful one."""

    extra: bytes = b"\0"
    chunked: bool = True

    def apply(self, request: Request, answer: Answer) -> Answer:
        longer = answer.body + Body.of(self.extra)
        return replace(answer, content=longer, start=0, stop=None, chunked=self.chunked)


@dataclass(frozen=True)
class AlteredByte(_BodyFault):
    """All bits of the content's byte `at` are flipped, in whichever range it is asked for; the size stays."""

    at: int = 0

    def applies(self, request: Request, answer: Answer) -> bool:
        stop = len(answer.content) if answer.stop is None else answer.stop
        return super().applies(request, answer) and answer.start <= self.at < stop

    def apply(self, request: Request, answer: Answer) -> Answer:
        content, after = answer.content, self.at + 1
        (byte,) = content[self.at : after].read()
        altered = content[: self.at] + Body.of(bytes([byte ^ 0xFF])) + content[after:]
        return replace(answer, content=altered)


@dataclass(frozen=True)
class Gzip(_BodyFault):
    """The body comes compressed, though the client may not have said that it takes that."""

    def apply(self, request: Request, answer: Answer) -> Answer:
        compressed = Body.of(gzip.compress(answer.body.read(), mtime=0))
        return replace(answer.with_headers({"Content-Encoding": "gzip"}), content=compressed, start=0, stop=None)


@dataclass(frozen=True)
class RangeIgnored(_RangeFault):
    """The whole content comes where a range was asked for; the status says so."""

    def apply(self, request: Request, answer: Answer) -> Answer:
        return replace(answer.with_headers({"Content-Range": None}), status=200, start=0, stop=None)


@dataclass(frozen=True)
class WrongContentRange(_RangeFault):
    """The range that was asked for comes, and is said to be one that begins and ends `shift` bytes later."""

    shift: int = 1

    def apply(self, request: Request, answer: Answer) -> Answer:
        start, stop = answer.start + self.shift, answer.start + self.shift + len(answer.body)
        return answer.with_headers({"Content-Range": f"bytes {start}-{stop - 1}/{len(answer.content)}"})

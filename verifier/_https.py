"""Files by plain GETs from one site, with an end to everything: their size, their number of tries, their time.

Nothing that comes is believed: whoever asks verifies it. No file is ever listed, no redirect followed.
"""

from __future__ import annotations

import ipaddress
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import SplitResult, quote, urlsplit

from verifier import limits
from verifier.errors import UndecidedError, UsageError

if TYPE_CHECKING:
    import requests

Result = TypeVar("Result")
_TRIES = 3
_FIRST_WAIT = 0.5
"""Seconds before the second try; each further one waits twice as long."""
_TIMEOUTS = (10.0, 15.0)
"""Seconds until a connection is there, and until the next byte is."""
_LONGEST = 60.0
"""Seconds that one file may take in all, every try of it."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """A file's bytes, None where it is as it was at `etag`; and the server's word for this version of it."""

    data: bytes | None
    etag: str | None


class Site:
    """A directory on a server."""

    def __init__(self, url: str) -> None:
        """Raises `UsageError` for anything but an https URL; http is for this machine itself."""
        parts = split(url)
        if parts is None or not _is_secure(parts) or parts.query or parts.fragment or parts.username:
            raise UsageError(
                f"{url!r} can't be a registry's address", "Give an https URL without credentials and query."
            )
        self.url = url.rstrip("/")

    def get(self, path: str, limit: int, etag: str | None = None) -> Fetched | None:
        """Bring a file of at most `limit` bytes; None where there is none.

        With an `etag`, nothing is brought of what has not changed since. Raises `UndecidedError` where the server
        refuses, does not answer in time, redirects, or sends more.
        """
        deadline = time.monotonic() + _LONGEST
        try:
            return _within(_LONGEST, lambda: self._get(path, limit, etag, deadline))
        except TimeoutError as error:
            raise self._too_slow(path) from error

    def _get(self, path: str, limit: int, etag: str | None, deadline: float) -> Fetched | None:
        from urllib3.exceptions import HTTPError

        problem = ""
        for attempt in range(_TRIES):
            if attempt:
                time.sleep(_FIRST_WAIT * 2.0 ** (attempt - 1))
            try:
                with self._ask(path, etag) as response:
                    status = response.status_code
                    if status in (404, 410):
                        return None
                    if status == 304 and etag is not None:
                        return Fetched(None, etag)
                    if status == 200:
                        return Fetched(self._body(path, response, limit, deadline), response.headers.get("ETag"))
                    problem = f"the server answers {status}"
                    if status != 429 and status < 500:
                        break
            except (OSError, ValueError, HTTPError) as error:
                problem = type(error).__name__
        raise self._failed(path, problem)

    def _ask(self, path: str, etag: str | None) -> requests.Response:
        headers = {"Accept-Encoding": "identity"} | ({"If-None-Match": etag} if etag else {})
        return self._session.get(
            f"{self.url}/{quote(path)}", headers=headers, stream=True, timeout=_TIMEOUTS, allow_redirects=False
        )

    def _body(self, path: str, response: requests.Response, limit: int, deadline: float) -> bytes:
        body = bytearray()
        if response.headers.get("Content-Encoding", "identity") != "identity":
            raise self._failed(path, "it comes compressed, which was not asked for")
        while chunk := response.raw.read1(limits.READ_BUFFER // 16, decode_content=False):  # what is there already
            body += chunk
            if len(body) > limit:
                raise self._failed(path, f"it is larger than the limit of {limit:,} bytes")
            if time.monotonic() > deadline:
                raise self._too_slow(path)
        return bytes(body)

    @cached_property
    def _session(self) -> requests.Session:
        return open_session()

    def _too_slow(self, path: str) -> UndecidedError:
        return self._failed(path, f"it takes longer than {_LONGEST:.0f} seconds")

    def _failed(self, path: str, reason: str) -> UndecidedError:
        return UndecidedError(
            f"{self.url}/{path} can't be had: {reason}",
            "Check the network and [registry] source in the policy.",
            code="registry-unreachable",
        )


def _within(seconds: float, work: Callable[[], Result]) -> Result:
    """Give what `work` gives, or raise `TimeoutError`.

    The system bounds each step of a connection alone: a server may drip its handshake and its headers for ever. What
    is still stuck then is left behind in a thread that ends with its connection or with the process.
    """
    answer: Future[Result] = Future()

    def run() -> None:
        try:
            answer.set_result(work())
        except BaseException as error:
            answer.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return answer.result(seconds)


def split(url: str) -> SplitResult | None:
    """Take an http or https URL with a host apart; None for anything else, and for what no request can hold."""
    try:
        url.encode()
        parts = urlsplit(url)
        host, _ = (parts.hostname or "").encode("idna"), parts.port
    except ValueError:  # of brackets, characters, labels, the port
        return None
    return parts if host and parts.scheme in ("http", "https") else None


def open_session() -> requests.Session:
    """Open a session that takes proxies and certificates from the environment, and credentials from nowhere."""
    import requests

    session = requests.Session()
    if (bundle := os.environ.get("SSL_CERT_FILE")) and not os.environ.get("REQUESTS_CA_BUNDLE"):
        session.verify = bundle  # as every other client of TLS does
    session.auth = _no_netrc
    adapter = requests.adapters.HTTPAdapter(pool_maxsize=16)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


def _no_netrc(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _is_secure(parts: SplitResult) -> bool:
    return parts.scheme == "https" or _is_loopback(parts.hostname)


def _is_loopback(host: str | None) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False

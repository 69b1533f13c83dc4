"""The only importer of huggingface_hub: what the Hub says of a model, and the bytes that it serves.

Nothing of either is believed. Content comes by plain ranged GETs, so that mirrors which know nothing but paths do;
it is hashed by whoever writes it down. The token goes to the endpoint's own origin only, `.netrc` is not read.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urljoin, urlsplit

from verifier import limits
from verifier.errors import UndecidedError
from verifier.reference import ModelReference, is_commit

if TYPE_CHECKING:
    import requests

_TRIES = 4
_FIRST_WAIT = 0.5
_LONGEST_WAIT = 60.0
_TIMEOUTS = (10.0, 15.0)
"""Seconds until a connection is there, and until the next byte is."""
_MOST_REDIRECTS = 5


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file as the Hub declares it; `sha256` for large files, `git_sha1` (of the blob) for the others."""

    path: str
    size: int | None
    sha256: str | None
    git_sha1: str | None


@dataclass(frozen=True)
class RemoteModel:
    """What the Hub says of a model at a revision, resolved to `commit`; `model` is the id that it answers with."""

    model: str
    commit: str
    files: dict[str, RemoteFile]
    gated: bool
    private: bool
    created_at: datetime | None


class Hub:
    """One endpoint, as HF_ENDPOINT and the token as the Hub's client find them."""

    def __init__(self, endpoint: str | None = None, token: str | None = None) -> None:
        """`endpoint` and `token` replace what the environment says."""
        import huggingface_hub
        from huggingface_hub import constants

        self.endpoint = (endpoint or constants.ENDPOINT).rstrip("/")
        self._token = token if token is not None else huggingface_hub.get_token()
        self.offline = bool(constants.HF_HUB_OFFLINE)

    def describe(self, reference: ModelReference) -> RemoteModel:
        """Resolve the revision, once, and say what the Hub declares; raises `UndecidedError`."""
        from huggingface_hub import HfApi

        api = HfApi(endpoint=self.endpoint, token=self._token or False)
        for attempt in range(_TRIES):
            try:
                info = api.model_info(
                    reference.model, revision=reference.revision, files_metadata=True, timeout=_TIMEOUTS[1]
                )
                return _remote_model(reference, info)
            except UndecidedError:
                raise
            except Exception as error:  # the client's families of errors differ from version to version
                response = getattr(error, "response", None)
                status = getattr(response, "status_code", None)
                wait = _wait(status, getattr(response, "headers", {}), attempt)
                if wait is None or attempt == _TRIES - 1:
                    raise self._explain(reference.model, error, status) from error
                time.sleep(wait)
        raise AssertionError("unreachable")  # pragma: no cover

    def stream(self, model: str, commit: str, path: str, offset: int = 0) -> Iterator[bytes]:
        """Give a file's bytes from `offset` on, in chunks; an empty first chunk says that it begins at 0 again.

        Raises `UndecidedError` where the endpoint refuses; `OSError` where the connection breaks.
        """
        url = f"{self.endpoint}/{model}/resolve/{commit}/{quote(path)}"
        headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={offset}-"} if offset else {})
        with self._get(url, headers, f"{path} of {model}") as response:
            if offset and not _continues_at(response, offset):
                yield b""
            yield from response.iter_content(limits.READ_BUFFER)

    def _get(self, url: str, headers: dict[str, str], what: str) -> requests.Response:
        """Ask for a URL, follow redirects, wait where that is asked for; the token stays at the endpoint's origin."""
        attempt = redirects = 0
        target = url
        while True:
            to_home = _origin(target) == _origin(self.endpoint)
            authorization = {"Authorization": f"Bearer {self._token}"} if self._token and to_home else {}
            response = self._session.get(
                target, headers=headers | authorization, stream=True, timeout=_TIMEOUTS, allow_redirects=False
            )
            if response.is_redirect:
                redirects += 1
                target = self._redirected(target, response, redirects, what)
                continue
            if response.ok:
                return response
            wait = _wait(response.status_code, response.headers, attempt)
            attempt += 1
            if wait is None or attempt == _TRIES:
                code = response.headers.get("X-Error-Code", "")
                response.close()
                raise _refused(what, response.status_code, code, has_token=bool(self._token))
            response.close()
            time.sleep(wait)
            target = url

    def _redirected(self, source: str, response: requests.Response, count: int, what: str) -> str:
        target = urljoin(source, response.headers["Location"])
        response.close()
        if count > _MOST_REDIRECTS:
            raise UndecidedError(
                f"{what}: the endpoint redirects in circles", "Check HF_ENDPOINT.", code="hub-redirects"
            )
        if urlsplit(source).scheme == "https" and urlsplit(target).scheme != "https":
            raise UndecidedError(
                f"{what}: the endpoint redirects to an unencrypted address", "Check HF_ENDPOINT.", code="hub-redirects"
            )
        return target

    @cached_property
    def _session(self) -> requests.Session:
        import requests

        session = requests.Session()
        session.auth = _no_netrc  # proxies and certificates come from the environment, credentials do not
        adapter = requests.adapters.HTTPAdapter(pool_maxsize=16)
        session.mount("https://", adapter)
        session.mount("http://", adapter)
        return session

    def _explain(self, model: str, error: Exception, status: int | None) -> UndecidedError:
        kind = type(error).__name__
        if kind == "OfflineModeIsEnabled":
            return UndecidedError("HF_HUB_OFFLINE is set, so the Hub was not asked", "Unset it.", code="hub-offline")
        codes = {"GatedRepoError": "GatedRepo", "RepositoryNotFoundError": "RepoNotFound"}
        codes |= {"RevisionNotFoundError": "RevisionNotFound", "DisabledRepoError": "DisabledRepo"}
        if kind in codes or status is not None:
            return _refused(model, status or 404, codes.get(kind, ""), has_token=bool(self._token))
        host = urlsplit(self.endpoint).netloc
        return UndecidedError(
            f"{host} can't be asked about {model}: {kind}", "Check the network and HF_ENDPOINT.", code="hub-unreachable"
        )


def _remote_model(reference: ModelReference, info: Any) -> RemoteModel:
    commit = info.sha
    if not is_commit(commit) or (reference.commit is not None and commit != reference.commit):
        raise UndecidedError(
            f"the Hub answers {reference} with the commit {str(commit)[:60]!r}", "Check HF_ENDPOINT.", code="hub-answer"
        )
    files = {}
    for sibling in info.siblings or ():
        lfs = sibling.lfs
        digest = getattr(lfs, "sha256", None) or (lfs.get("sha256") if isinstance(lfs, dict) else None)
        files[sibling.rfilename] = RemoteFile(
            sibling.rfilename, sibling.size, digest, None if digest else getattr(sibling, "blob_id", None)
        )
    return RemoteModel(info.id, commit, files, bool(info.gated), bool(info.private), info.created_at)


def _refused(what: str, status: int, code: str, *, has_token: bool) -> UndecidedError:
    """Say in words why the endpoint refused, and what to do; one row a reason."""
    token = "Check that HF_TOKEN may read it." if has_token else "Set HF_TOKEN to a token that may read it."
    rows: tuple[tuple[bool, str, str, str], ...] = (
        (code == "GatedRepo", "hub-gated", "is gated", f"Ask for access on its page. {token}"),
        (code == "RevisionNotFound", "hub-no-revision", "does not have that revision", "Check the revision."),
        (code == "EntryNotFound", "hub-no-file", "is not there", "Compare the Hub's file list with the approval's."),
        (code == "RepoNotFound", "hub-not-found", "is not on the Hub, or is private", f"Check the name. {token}"),
        (code == "DisabledRepo", "hub-disabled", "was disabled by the Hub", "Find out why before you use a copy."),
        (status == 401, "hub-unauthorized", "needs a valid token", token),
        (status == 403, "hub-forbidden", "is forbidden to this token", token),
        (status == 404, "hub-not-found", "is not there", "Check the name and HF_ENDPOINT."),
        (status == 429, "hub-busy", "is refused for now: too many requests", "Wait, or set HF_TOKEN."),
        (status >= 500, "hub-broken", f"can't be had: the endpoint answers {status}", "Try again later."),
    )
    for applies, error_code, words, remedy in rows:
        if applies:
            return UndecidedError(f"{what} {words}", remedy, code=error_code)
    return UndecidedError(f"{what}: the endpoint answers {status}", "Check HF_ENDPOINT.", code="hub-answer")


def _wait(status: int | None, headers: Any, attempt: int) -> float | None:
    """Give the seconds to wait before another try, or None where trying again is pointless."""
    if status is None or (status != 429 and status < 500):
        return None
    try:
        asked = float(headers.get("Retry-After", ""))
    except ValueError:
        asked = _FIRST_WAIT * 2.0**attempt
    return asked if 0 <= asked <= _LONGEST_WAIT else None


def _continues_at(response: requests.Response, offset: int) -> bool:
    return response.status_code == 206 and response.headers.get("Content-Range", "").startswith(f"bytes {offset}-")


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or {"https": 443, "http": 80}.get(parts.scheme)


def _no_netrc(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request

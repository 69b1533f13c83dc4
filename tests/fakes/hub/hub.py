"""The Hub itself: what is in it, where it is, what was asked of it, and what goes wrong."""

import threading
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Self
from urllib.parse import unquote

from tests.fakes.hub.endpoints import Endpoints, Publishers, Site
from tests.fakes.hub.faults import Fault
from tests.fakes.hub.messages import Answer, Host, Request
from tests.fakes.hub.publishers import Organization, User
from tests.fakes.hub.repository import MAIN, Repository, Shelf, register
from tests.fakes.hub.server import ADDRESS, listen

_CDN_NAME = "localhost"  # another name than the Hub's: some clients compare host names, without the port


@dataclass
class _Planned:
    """A fault for the next `left` answers that it applies to, or for all if that is None."""

    pattern: str
    fault: Fault
    left: int | None
    host: Host | None

    def concerns(self, request: Request) -> bool:
        return self.host in (None, request.host) and fnmatchcase(unquote(request.path), self.pattern)


class Hub:
    """A Hub that is served while the context lasts; `url` and `cdn_url` are known from then on.

    `prefix` is a path that `url` has, as a mirror's may. A `mirror` serves plain content only, and follows renamed
    repositories without a word. `xet` adds Xet's headers, but no Xet storage. `page_size` is how many entries of a
    tree come at once.
    """

    def __init__(self, *, prefix: str = "", mirror: bool = False, xet: bool = False, page_size: int = 1000) -> None:
        self.publishers: Publishers = {}
        """Organizations and users by name; adding a model of nobody known makes an organization."""
        self.requests: list[Request] = []
        """All requests, in the order in which they came."""
        self._shelf: Shelf = {}
        site = Site("", "", prefix, mirror, xet, page_size)
        self._endpoints = Endpoints(site, self._shelf, self.publishers)
        self._planned: list[_Planned] = []
        self._lock = threading.Lock()
        self._servers = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as servers:
            hub, cdn = (servers.enter_context(listen(host, self._respond)) for host in ("hub", "cdn"))
            site = self._endpoints.site
            url, cdn_url = f"http://{ADDRESS}:{hub}{site.prefix}", f"http://{_CDN_NAME}:{cdn}"
            self._endpoints.site = replace(site, url=url, cdn_url=cdn_url)
            self._servers = servers.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._servers.close()

    @property
    def url(self) -> str:
        """The endpoint, without a slash at its end."""
        return self._endpoints.site.url

    @property
    def cdn_url(self) -> str:
        """Where large content comes from."""
        return self._endpoints.site.cdn_url

    def environment(self) -> dict[str, str]:
        """The variables for a process that is to use this Hub, without Xet and without a proxy in between."""
        hosts = f"{ADDRESS},{_CDN_NAME}"
        return {
            "HF_ENDPOINT": self.url,
            "HF_HUB_DISABLE_PROGRESS_BARS": "1",
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "HF_HUB_DISABLE_XET": "1",
            "NO_PROXY": hosts,
            "no_proxy": hosts,
        }

    def add(self, model_id: str, files: Mapping[str, bytes | Path], ref: str = MAIN) -> Repository:
        """Register a repository with one commit. Raises ValueError for an id that is in use.

        An id that a renamed repository had is free, and leads to the new repository from then on.
        """
        repository = Repository(model_id, self._shelf)
        register(self._shelf, model_id, repository)
        repository.commit(files, ref)
        publisher, _, _ = model_id.rpartition("/")
        self.publishers.setdefault(publisher, Organization(publisher))
        return repository

    def organization(
        self, name: str, *, is_verified: bool = False, plan: str | None = None, followers: int = 0, members: int = 1
    ) -> Organization:
        """Register an organization, in place of any publisher of that name."""
        organization = Organization(name, is_verified, plan, followers, members)
        self.publishers[name] = organization
        return organization

    def user(self, name: str, *, is_pro: bool = False, followers: int = 0) -> User:
        """Register a user, in place of any publisher of that name."""
        user = User(name, is_pro, followers)
        self.publishers[name] = user
        return user

    def fault(self, pattern: str, fault: Fault, *, times: int | None = None, host: Host | None = None) -> None:
        """Let answers to requests of matching paths go wrong: the next `times` that can, or all.

        `pattern` is one of `fnmatch` for the whole path, unquoted, in which `*` takes slashes too. Without `host`,
        the Hub's and the CDN's answers go wrong. Several faults apply one after the other.
        """
        with self._lock:
            self._planned.append(_Planned(pattern, fault, times, host))

    def restore(self) -> None:
        """Let everything work again."""
        with self._lock:
            self._planned.clear()

    def _respond(self, request: Request) -> Answer:
        self.requests.append(request)
        answer = self._endpoints.answer(request)
        with self._lock:
            for planned in self._planned:
                if planned.left == 0 or not planned.concerns(request) or not planned.fault.applies(request, answer):
                    continue
                if planned.left is not None:
                    planned.left -= 1
                answer = planned.fault.apply(request, answer)
        return answer

"""What the Hub and its CDN answer: whoever may see what, metadata in JSON, and content by its commit.

A mirror knows plain content only: `/{id}/resolve/{revision}/{path}`, without any of the Hub's own headers.
"""

import hashlib
import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, quote, unquote

from tests.fakes.hub.content import StoredFile
from tests.fakes.hub.messages import Answer, Request, ranged
from tests.fakes.hub.publishers import Organization, User
from tests.fakes.hub.repository import MAIN, Repository, Shelf

DISABLED = "Access to this resource is disabled."
"""The message by which clients tell a disabled repository from other refusals."""
_ID = "(?P<id>[^/]+(?:/[^/]+)?)"
_CDN_PATH = re.compile(rf"/{_ID}/(?P<commit>[0-9a-f]{{40}})/(?P<path>.+)", re.DOTALL)
_SIGNED_SECONDS = 3600

Publishers = dict[str, Organization | User]
_Fields = Mapping[str, str]
_Route = tuple[str, Callable[[Request, _Fields], Answer]]


@dataclass(frozen=True)
class Site:
    """Where a Hub is, and what kind of Hub it is; `prefix` is the path in `url`."""

    url: str
    cdn_url: str
    prefix: str = ""
    mirror: bool = False
    xet: bool = False
    page_size: int = 1000


class _Refused(Exception):
    def __init__(self, answer: Answer) -> None:
        self.answer = answer


class Endpoints:
    """All endpoints of one site; `shelf` and `publishers` are read anew for every request."""

    def __init__(self, site: Site, shelf: Shelf, publishers: Publishers) -> None:
        self.site = site
        self._shelf, self._publishers = shelf, publishers
        content: list[_Route] = [(rf"/{_ID}/resolve/(?P<revision>[^/]+)/(?P<path>.+)", self._resolve)]
        api: list[_Route] = [
            (r"/api/whoami-v2", self._whoami),
            (r"/api/(?P<kind>organizations|users)/(?P<name>[^/]+)/overview", self._overview),
            (rf"/api/models/{_ID}(?:/revision/(?P<revision>[^/]+))?", self._model),
            (rf"/api/models/{_ID}/tree/(?P<revision>[^/]+)(?:/(?P<path>.+))?", self._tree),
            (rf"/api/models/{_ID}/paths-info/(?P<revision>[^/]+)", self._paths_info),
            (rf"/api/resolve-cache/models/{_ID}/(?P<revision>[^/]+)/(?P<path>[^/]+)", self._small),
        ]
        routes = content if site.mirror else api + content
        self._routes = [(re.compile(path), route) for path, route in routes]

    def answer(self, request: Request) -> Answer:
        """The answer, with errors as the Hub puts them."""
        try:
            if request.host == "cdn":
                return self._cdn(request)
            answer = self._routed(request)
        except _Refused as refused:
            answer = refused.answer
        if self.site.mirror:
            return answer.with_headers({name: None for name in answer.headers if name.startswith("X-")})
        return answer

    def _routed(self, request: Request) -> Answer:
        if request.path.startswith(f"{self.site.prefix}/"):
            path = request.path.removeprefix(self.site.prefix)
            for pattern, route in self._routes:
                if match := pattern.fullmatch(path):
                    fields = {name: unquote(value) for name, value in match.groupdict().items() if value is not None}
                    return route(request, fields)
        return Answer.error(404, None, "Sorry, we can't find the page you are looking for.")

    def _whoami(self, request: Request, _: _Fields) -> Answer:
        if request.token is None:
            return Answer.error(401, None, "Invalid username or password.")
        return Answer.of_json({"type": "user", "name": "tester", "fullname": "tester", "orgs": []})

    def _overview(self, _: Request, fields: _Fields) -> Answer:
        publisher = self._publishers.get(fields["name"])
        if not isinstance(publisher, Organization if fields["kind"] == "organizations" else User):
            return Answer.error(404, None, "This user or organization does not exist")
        present = {repository.id for repository in self._shelf.values()}
        models = sum(model_id.startswith(f"{publisher.name}/") for model_id in present)
        return Answer.of_json(publisher.to_json(models))

    def _model(self, request: Request, fields: _Fields) -> Answer:
        repository, commit, files = self._commit(request, fields)
        with_blobs = "blobs" in parse_qs(request.query)
        siblings = [_sibling(file) if with_blobs else {"rfilename": file.path} for file in files.values()]
        created = repository.created_at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        document = {
            "_id": "0" * 24,
            "author": repository.id.rpartition("/")[0],
            "createdAt": created,
            "disabled": repository.disabled,
            "downloads": 0,
            "gated": repository.gated,
            "id": repository.id,
            "lastModified": created,
            "likes": 0,
            "modelId": repository.id,
            "private": repository.private,
            "sha": commit,
            "siblings": siblings,
            "spaces": [],
            "tags": [],
            "usedStorage": sum(file.size for file in files.values()),
        }
        return Answer.of_json(document)

    def _tree(self, request: Request, fields: _Fields) -> Answer:
        _, commit, files = self._commit(request, fields)
        asked = {name: values[-1] for name, values in parse_qs(request.query).items()}
        entries = list(self._entries(files, fields.get("path", ""), asked.get("recursive", "").lower() == "true"))
        if not entries and "path" in fields:
            return Answer.error(404, "EntryNotFound", f'"{fields["path"]}" does not exist on "{commit}"')
        start = int(asked.get("cursor", 0))
        stop = start + self.site.page_size
        page = Answer.of_json(entries[start:stop])
        if stop >= len(entries):
            return page
        path = request.path.removeprefix(self.site.prefix)
        following = f"{self.site.url}{path}?recursive={asked.get('recursive', 'False')}&cursor={stop}"
        return page.with_headers({"Link": f'<{following}>; rel="next"'})

    def _entries(self, files: Mapping[str, StoredFile], under: str, recursive: bool) -> Iterator[dict[str, Any]]:
        above = f"{under}/" if under else ""
        directories = set()
        for file in files.values():
            if not file.path.startswith(above):
                continue
            names = file.path.removeprefix(above).split("/")
            for depth in range(1, len(names) if recursive else min(len(names), 2)):
                directory = above + "/".join(names[:depth])
                if directory not in directories:
                    directories.add(directory)
                    yield {"type": "directory", "oid": _sha1(directory), "size": 0, "path": directory}
            if recursive or len(names) == 1:
                yield self._entry(file)

    def _paths_info(self, request: Request, fields: _Fields) -> Answer:
        _, _, files = self._commit(request, fields)
        if request.headers.get("content-type", "").startswith("application/json"):
            paths = json.loads(request.body)["paths"]
        else:
            paths = parse_qs(request.body.decode()).get("paths", [])
        return Answer.of_json([self._entry(files[path]) for path in paths if path in files])

    def _entry(self, file: StoredFile) -> dict[str, Any]:
        entry = {"type": "file", "oid": file.git_sha1, "size": file.size, "path": file.path}
        if not file.is_lfs:
            return entry
        entry["lfs"] = {"oid": file.sha256, "size": file.size, "pointerSize": len(file.pointer)}
        return entry | {"xetHash": file.xet_hash} if self.site.xet else entry

    def _resolve(self, request: Request, fields: _Fields) -> Answer:
        repository, commit, file = self._file(request, fields)
        headers = {"ETag": f'"{file.etag}"'}
        if self.site.mirror:
            return ranged(request, file.body, headers)
        headers |= {
            "X-Linked-ETag": f'"{file.etag}"',
            "X-Linked-Size": str(file.size),
            "X-Repo-Commit": commit,
        }
        if not file.is_lfs:
            name = quote(file.path, safe="")
            path = f"{self.site.prefix}/api/resolve-cache/models/{repository.id}/{commit}/{name}"
            return Answer.redirect(307, f"{path}?etag=%22{file.etag}%22", headers)
        if self.site.xet:
            token = f"{self.site.url}/api/models/{repository.id}/xet-read-token/{commit}"
            headers |= {"X-Xet-Hash": file.xet_hash, "Link": f'<{token}>; rel="xet-auth"'}
        path = f"/{repository.id}/{commit}/{quote(file.path)}"
        query = f"Expires={int(time.time()) + _SIGNED_SECONDS}&Signature={_signature(path)}&Key-Pair-Id=FAKE"
        return Answer.redirect(302, f"{self.site.cdn_url}{path}?{query}", headers)

    def _small(self, request: Request, fields: _Fields) -> Answer:
        _, commit, file = self._file(request, fields)
        headers = {"ETag": f'"{file.etag}"', "X-Repo-Commit": commit, "Content-Type": "text/plain; charset=utf-8"}
        return ranged(request, file.body, headers)

    def _cdn(self, request: Request) -> Answer:
        if parse_qs(request.query).get("Signature") != [_signature(request.path)]:
            return Answer(403, {"Content-Type": "application/xml"})
        place = _CDN_PATH.fullmatch(unquote(request.path))
        repository = self._shelf.get(place["id"].lower()) if place else None
        file = repository.commits.get(place["commit"], {}).get(place["path"]) if place and repository else None
        if file is None:
            return Answer(404, {"Content-Type": "application/xml"})
        return ranged(request, file.body, {"ETag": f'"{file.sha256[:32]}"'})

    def _file(self, request: Request, fields: _Fields) -> tuple[Repository, str, StoredFile]:
        repository, commit, files = self._commit(request, fields)
        if repository.gated and request.token not in repository.allowed_tokens:
            words = f"Access to model {repository.id} is restricted."
            raise _Refused(Answer.error(403 if request.token else 401, "GatedRepo", words))
        if fields["path"] not in files:
            missing = Answer.error(404, "EntryNotFound", "Entry not found")
            raise _Refused(missing.with_headers({"X-Repo-Commit": commit}))
        return repository, commit, files[fields["path"]]

    def _commit(self, request: Request, fields: _Fields) -> tuple[Repository, str, dict[str, StoredFile]]:
        repository = self._repository(request, fields["id"])
        commit = repository.resolve(fields.get("revision", MAIN))
        if commit is None:
            raise _Refused(Answer.error(404, "RevisionNotFound", f"Invalid rev id: {fields.get('revision', MAIN)}"))
        return repository, commit, repository.commits[commit]

    def _repository(self, request: Request, model_id: str) -> Repository:
        repository = self._shelf.get(model_id.lower())
        if repository is None or (repository.private and request.token not in repository.allowed_tokens):
            # Who is not signed in is not even told that there is nothing.
            status, words = (404, "Repository not found") if request.token else (401, "Invalid username or password.")
            raise _Refused(Answer.error(status, "RepoNotFound", words))
        if repository.id != model_id and not self.site.mirror:
            path = request.path.removeprefix(self.site.prefix).replace(f"/{model_id}", f"/{repository.id}", 1)
            query = f"?{request.query}" if request.query else ""
            raise _Refused(Answer.redirect(307, f"{self.site.prefix}{path}{query}"))
        if repository.disabled:
            raise _Refused(Answer.error(403, None, DISABLED))
        return repository


def _sibling(file: StoredFile) -> dict[str, Any]:
    sibling = {"rfilename": file.path, "blobId": file.git_sha1, "size": file.size}
    if not file.is_lfs:
        return sibling
    return sibling | {"lfs": {"sha256": file.sha256, "size": file.size, "pointerSize": len(file.pointer)}}


def _signature(path: str) -> str:
    return hashlib.sha256(path.encode()).hexdigest()[:32]


def _sha1(text: str) -> str:
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()

"""The fake Hub, judged by the Hub's own client; and what its faults do, judged over plain HTTP."""

import gzip
import hashlib
import http.client
import json
import pickletools
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import huggingface_hub
import pytest
from huggingface_hub import HfApi, constants, errors
from huggingface_hub.utils.tqdm import disable_progress_bars, enable_progress_bars

from tests.fakes.hub import Hub, Repository, faults, fill_cache, tiny_model

MODEL = "acme/tiny"
FILES = tiny_model() | {"a b/c#d/é.txt": b"nested", "empty.txt": b""}
SHARD = "model-00001-of-00002.safetensors"
TOKEN = "hf_nobodys"  # noqa: S105 (nobody's)
PREFIX = "/artifactory/api/huggingfaceml/remote"
LARGE = 8 * 1024 * 1024
knows_shared_store = pytest.mark.skipif(
    not hasattr(constants, "HF_HUB_DISABLE_SHARED_BLOBS"), reason="this client is older than the shared store"
)


@pytest.fixture(autouse=True)
def _plain_client(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No Xet, no proxies, no progress bars, and no questions to the real Hub, whatever was imported before."""
    for setting, wanted in {"DISABLE_TELEMETRY": True, "DISABLE_XET": True, "OFFLINE": False}.items():
        monkeypatch.setattr(constants, f"HF_HUB_{setting}", wanted)
    for name, value in Hub().environment().items():
        if name.lower() == "no_proxy":
            monkeypatch.setenv(name, value)
    disable_progress_bars()
    yield
    enable_progress_bars()


@pytest.fixture
def hub() -> Iterator[Hub]:
    with Hub() as hub:
        yield hub


@pytest.fixture
def repository(hub: Hub) -> Repository:
    return hub.add(MODEL, FILES)


@pytest.fixture
def large(tmp_path: Path) -> Path:
    path = tmp_path / "large.safetensors"
    path.write_bytes(hashlib.shake_128(b"large").digest(LARGE))
    return path


class TestClient:
    def test_metadata(self, hub: Hub, repository: Repository) -> None:
        info = HfApi(endpoint=hub.url, token=False).model_info(MODEL, files_metadata=True, timeout=5)
        assert (info.id, info.sha, info.created_at) == (MODEL, repository.refs["main"], repository.created_at)
        assert (info.private, info.gated, info.disabled) == (False, False, False)
        siblings = {sibling.rfilename: sibling for sibling in info.siblings or ()}
        assert {path: sibling.size for path, sibling in siblings.items()} == {p: len(FILES[p]) for p in FILES}
        shard, readme = siblings[SHARD].lfs, siblings["README.md"]
        assert shard is not None
        assert shard.sha256 == sha256(FILES[SHARD])
        assert readme.lfs is None
        assert readme.blob_id == git_sha1(FILES["README.md"])

    def test_tree_in_pages(self) -> None:
        with Hub(page_size=3, prefix=PREFIX) as hub:
            hub.add(MODEL, FILES)
            api = HfApi(endpoint=hub.url, token=False)
            entries = list(api.list_repo_tree(MODEL, recursive=True))
            top = {entry.path for entry in api.list_repo_tree(MODEL)}
            below = [entry.path for entry in api.list_repo_tree(MODEL, "a b")]
        files = [entry for entry in entries if isinstance(entry, huggingface_hub.hf_api.RepoFile)]
        assert {file.path: file.lfs.sha256 if file.lfs else file.blob_id for file in files} == {
            path: sha256(data) if path.endswith(".safetensors") else git_sha1(data) for path, data in FILES.items()
        }
        assert {entry.path for entry in entries} - {file.path for file in files} == {"a b", "a b/c#d"}
        assert top == {path.split("/")[0] for path in FILES}
        assert below == ["a b/c#d"]

    def test_paths_info_drops_what_is_unknown(self, hub: Hub, repository: Repository) -> None:
        found = HfApi(endpoint=hub.url, token=False).get_paths_info(MODEL, [SHARD, "unknown", "config.json"])
        assert [entry.path for entry in found] == [SHARD, "config.json"]

    @pytest.mark.parametrize("path", ["config.json", SHARD, "a b/c#d/é.txt", "empty.txt"])
    @pytest.mark.parametrize("prefix", ["", PREFIX])
    def test_download(self, prefix: str, path: str, tmp_path: Path) -> None:
        with Hub(prefix=prefix) as hub:
            hub.add(MODEL, FILES)
            local = huggingface_hub.hf_hub_download(MODEL, path, endpoint=hub.url, cache_dir=tmp_path, token=False)
        assert Path(local).read_bytes() == FILES[path]

    def test_token_stays_with_the_hub(self, hub: Hub, repository: Repository, tmp_path: Path) -> None:
        assert snapshot(hub, tmp_path, token=TOKEN) == FILES
        leaks = {request.host: "authorization" in request.headers for request in hub.requests}
        assert leaks == {"hub": True, "cdn": False}

    def test_content_from_files(self, hub: Hub, tmp_path: Path, large: Path) -> None:
        hub.add(MODEL, {"large.safetensors": large, "config.json": b"{}"})
        assert snapshot(hub, tmp_path / "cache") == {"large.safetensors": large.read_bytes(), "config.json": b"{}"}

    def test_revisions(self, hub: Hub, repository: Repository, tmp_path: Path) -> None:
        first = repository.refs["main"]
        repository.tag("v1")
        second = repository.commit({"config.json": b"second"}, ref="refs/pr/1")
        api = HfApi(endpoint=hub.url, token=False)
        commits = {name: api.model_info(MODEL, revision=name).sha for name in ("main", "v1", "refs/pr/1", second[:8])}
        assert commits == {"main": first, "v1": first, "refs/pr/1": second, second[:8]: second}
        assert snapshot(hub, tmp_path, revision="refs/pr/1") == {"config.json": b"second"}

    def test_commits_differ_by_content(self, hub: Hub, repository: Repository) -> None:
        other = hub.add("acme/other", FILES)
        with Hub() as elsewhere:
            same = elsewhere.add(MODEL, FILES).refs["main"]
            altered = elsewhere.add("acme/other", FILES | {"config.json": b"{}"}).refs["main"]
        assert same == repository.refs["main"]
        assert len({same, other.refs["main"], altered}) == 3

    def test_xet_is_announced(self, tmp_path: Path) -> None:
        with Hub(xet=True) as hub:
            hub.add(MODEL, FILES)
            assert snapshot(hub, tmp_path) == FILES
            answer, _ = ask(f"{hub.url}/{MODEL}/resolve/main/{SHARD}", "HEAD")
        assert len(answer.headers["X-Xet-Hash"]) == 64

    def test_whoami(self, hub: Hub) -> None:
        assert HfApi(endpoint=hub.url, token=TOKEN).whoami()["name"] == "tester"

    def test_environment(self, hub: Hub, repository: Repository, tmp_path: Path) -> None:
        code = f"import huggingface_hub; print(huggingface_hub.hf_hub_download({MODEL!r}, 'config.json'))"
        environment = hub.environment() | {"HF_HOME": str(tmp_path)}
        done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, check=True, text=True)
        assert Path(done.stdout.strip()).read_bytes() == FILES["config.json"]


class TestRepositories:
    def test_renamed(self, hub: Hub, repository: Repository, tmp_path: Path) -> None:
        repository.move_to("globex/tiny")
        assert HfApi(endpoint=hub.url, token=False).model_info(MODEL).id == "globex/tiny"
        assert snapshot(hub, tmp_path) == FILES
        assert (tmp_path / "models--acme--tiny").is_dir()

    def test_renamed_and_registered_again(self, hub: Hub, repository: Repository) -> None:
        repository.move_to("globex/tiny")
        hub.add(MODEL, {"config.json": b"not the same"})
        api = HfApi(endpoint=hub.url, token=False)
        assert {api.model_info(name).id for name in (MODEL, "globex/tiny")} == {MODEL, "globex/tiny"}

    def test_case_is_ignored(self, hub: Hub, repository: Repository) -> None:
        assert HfApi(endpoint=hub.url, token=False).model_info("Acme/TINY").id == MODEL

    def test_id_in_use(self, hub: Hub, repository: Repository) -> None:
        with pytest.raises(ValueError, match="taken"):
            hub.add("acme/Tiny", FILES)
        with pytest.raises(ValueError, match="taken"):
            hub.add("acme/other", FILES).move_to(MODEL)

    @pytest.mark.parametrize("token", [False, TOKEN])
    @pytest.mark.parametrize("how", ["deleted", "private", "unknown"])
    def test_not_found(self, hub: Hub, repository: Repository, how: str, token: str | bool, tmp_path: Path) -> None:
        if how == "deleted":
            repository.delete()
        repository.private = how == "private"
        model = "acme/unknown" if how == "unknown" else MODEL
        with pytest.raises(errors.RepositoryNotFoundError):
            HfApi(endpoint=hub.url, token=token).model_info(model)
        with pytest.raises(errors.RepositoryNotFoundError):
            snapshot(hub, tmp_path, model=model, token=token)

    def test_private_with_its_token(self, hub: Hub, repository: Repository, tmp_path: Path) -> None:
        repository.private, repository.allowed_tokens = True, {TOKEN}
        assert HfApi(endpoint=hub.url, token=TOKEN).model_info(MODEL).private
        assert snapshot(hub, tmp_path, token=TOKEN) == FILES

    @pytest.mark.parametrize("token", [False, TOKEN])
    def test_gated(self, hub: Hub, repository: Repository, token: str | bool, tmp_path: Path) -> None:
        repository.gated, repository.allowed_tokens = "manual", {"hf_anothers"}
        assert HfApi(endpoint=hub.url, token=token).model_info(MODEL).gated == "manual"
        with pytest.raises(errors.GatedRepoError):
            snapshot(hub, tmp_path, token=token)
        assert snapshot(hub, tmp_path, token="hf_anothers") == FILES  # noqa: S106 (nobody's)

    def test_disabled(self, hub: Hub, repository: Repository) -> None:
        repository.disabled = True
        with pytest.raises(errors.DisabledRepoError):
            HfApi(endpoint=hub.url, token=False).model_info(MODEL)

    def test_no_such_revision_or_file(self, hub: Hub, repository: Repository, tmp_path: Path) -> None:
        with pytest.raises(errors.RevisionNotFoundError):
            HfApi(endpoint=hub.url, token=False).model_info(MODEL, revision="v2")
        with pytest.raises(errors.EntryNotFoundError):
            huggingface_hub.hf_hub_download(MODEL, "x.json", endpoint=hub.url, cache_dir=tmp_path, token=False)
        with pytest.raises(errors.EntryNotFoundError):
            list(HfApi(endpoint=hub.url, token=False).list_repo_tree(MODEL, "x"))


class TestPublishers:
    def test_organization(self, hub: Hub, repository: Repository) -> None:
        assert overview(hub, "organizations", "acme")["isVerified"] is False
        acme = hub.organization("acme", is_verified=True, plan="enterprise", followers=7)
        said = overview(hub, "organizations", "acme")
        assert (said["isVerified"], said["plan"], said["numFollowers"], said["numModels"]) == (True, "enterprise", 7, 1)
        acme.is_verified = False
        assert overview(hub, "organizations", "acme")["isVerified"] is False

    def test_user(self, hub: Hub) -> None:
        hub.user("jane", is_pro=True)
        hub.add("jane/tiny", FILES).move_to("jane/small")
        said = overview(hub, "users", "jane")
        assert (said["user"], said["isPro"], said["numModels"]) == ("jane", True, 1)

    def test_unknown(self, hub: Hub, repository: Repository) -> None:
        assert overview(hub, "users", "acme") == {"error": "This user or organization does not exist"}


class TestContent:
    @pytest.mark.parametrize("path", ["config.json", SHARD])
    @pytest.mark.parametrize(
        ("asked", "start", "stop"),
        [
            ("0-0", 0, 1),
            ("5-", 5, None),
            ("5-9", 5, 10),
            ("-7", -7, None),
            ("5-99999999", 5, None),
            ("-9999999", 0, None),
        ],
    )
    def test_range(self, hub: Hub, repository: Repository, path: str, asked: str, start: int, stop: int | None) -> None:
        data = FILES[path]
        answer, body = ask(content_url(hub, path), Range=f"bytes={asked}")
        first, last, _ = slice(start, stop).indices(len(data))
        assert (answer.status, body) == (206, data[start:stop])
        assert answer.headers["Content-Range"] == f"bytes {first}-{last - 1}/{len(data)}"

    def test_range_beyond_the_end(self, hub: Hub, repository: Repository) -> None:
        size = len(FILES[SHARD])
        answer, body = ask(content_url(hub), Range=f"bytes={size}-")
        assert (answer.status, answer.headers["Content-Range"], body) == (416, f"bytes */{size}", b"")

    @pytest.mark.parametrize("asked", ["bytes=1-2,4-5", "bytes=x", "bytes=-", "lines=1-2"])
    def test_other_ranges_are_ignored(self, hub: Hub, repository: Repository, asked: str) -> None:
        answer, body = ask(content_url(hub), Range=asked)
        assert (answer.status, body) == (200, FILES[SHARD])

    def test_headers_of_large_files(self, hub: Hub, repository: Repository) -> None:
        answer, _ = ask(f"{hub.url}/{MODEL}/resolve/main/{SHARD}", "HEAD")
        assert answer.status == 302
        assert answer.headers["X-Repo-Commit"] == repository.refs["main"]
        assert answer.headers["X-Linked-ETag"] == f'"{sha256(FILES[SHARD])}"'
        assert answer.headers["X-Linked-Size"] == str(len(FILES[SHARD]))
        location = urlsplit(answer.headers["Location"])
        assert f"http://{location.netloc}" == hub.cdn_url
        assert location.hostname != urlsplit(hub.url).hostname
        unsigned, _ = ask(location._replace(query="").geturl())
        assert unsigned.status == 403

    def test_headers_of_small_files(self, hub: Hub, repository: Repository) -> None:
        first, _ = ask(f"{hub.url}/{MODEL}/resolve/main/config.json", "HEAD")
        second, body = ask(hub.url + first.headers["Location"])
        assert (first.status, second.status, body) == (307, 200, FILES["config.json"])
        assert first.headers["Location"].startswith("/api/resolve-cache/")
        for answer in (first, second):
            assert answer.headers["ETag"] == f'"{git_sha1(FILES["config.json"])}"'
            assert answer.headers["X-Repo-Commit"] == repository.refs["main"]

    def test_connections_are_kept(self, hub: Hub, repository: Repository) -> None:
        url = urlsplit(content_url(hub))
        connection = http.client.HTTPConnection(url.netloc)
        for _ in range(3):
            connection.request("GET", f"{url.path}?{url.query}")
            kept = connection.sock
            assert connection.getresponse().read() == FILES[SHARD]
            assert connection.sock is kept
        connection.close()

    def test_at_the_same_time(self, hub: Hub, large: Path) -> None:
        hub.add(MODEL, {"large.safetensors": large, "memory.safetensors": large.read_bytes()})
        urls = [content_url(hub, name) for name in ("large.safetensors", "memory.safetensors")] * 4
        with ThreadPoolExecutor(len(urls)) as pool:
            digests = {sha256(body) for _, body in pool.map(ask, urls)}
        assert digests == {sha256(large.read_bytes())}
        assert len([request for request in hub.requests if request.host == "cdn"]) == len(urls)

    def test_requests_are_recorded(self, hub: Hub, repository: Repository) -> None:
        ask(f"{hub.url}/{MODEL}/resolve/main/config.json?download=true", "HEAD", Authorization=f"Bearer {TOKEN}")
        (request,) = hub.requests
        assert (request.method, request.host, request.query) == ("HEAD", "hub", "download=true")
        assert request.path == f"/{MODEL}/resolve/main/config.json"
        assert (request.headers["authorization"], request.token) == (f"Bearer {TOKEN}", TOKEN)

    def test_outside_the_prefix(self) -> None:
        with Hub(prefix=PREFIX) as hub:
            hub.add(MODEL, FILES)
            answer, _ = ask(f"{hub.url.removesuffix(PREFIX)}/{MODEL}/resolve/main/config.json")
        assert answer.status == 404


class TestMirror:
    @pytest.fixture
    def hub(self) -> Iterator[Hub]:
        with Hub(mirror=True, prefix=PREFIX) as hub:
            yield hub

    @pytest.mark.parametrize("path", ["config.json", SHARD])
    def test_plain_content(self, hub: Hub, repository: Repository, path: str) -> None:
        url = f"{hub.url}/{MODEL}/resolve/{repository.refs['main']}/{path}"
        answer, body = ask(url)
        assert (answer.status, body) == (200, FILES[path])
        assert not [name for name in answer.headers if name.startswith("X-")]
        answer, body = ask(url, Range="bytes=5-")
        assert (answer.status, body) == (206, FILES[path][5:])

    def test_nothing_else(self, hub: Hub, repository: Repository) -> None:
        for path in (
            "api/models/acme/tiny",
            "api/whoami-v2",
            "acme/tiny/resolve/main/unknown",
            "acme/x/resolve/main/y",
        ):
            answer, _ = ask(f"{hub.url}/{path}")
            assert answer.status in (401, 404)
            assert not [name for name in answer.headers if name.startswith("X-")]

    def test_renamed_without_a_word(self, hub: Hub, repository: Repository) -> None:
        repository.move_to("globex/tiny")
        answer, body = ask(f"{hub.url}/{MODEL}/resolve/main/config.json")
        assert (answer.status, body) == (200, FILES["config.json"])


class TestFaults:
    @pytest.mark.parametrize("status", [401, 403, 404, 429, 500, 503])
    def test_status(self, hub: Hub, repository: Repository, status: int) -> None:
        hub.fault("*/config.json", faults.Status(status, {"Retry-After": "1"}, b"busy"), times=2)
        url = f"{hub.url}/{MODEL}/resolve/main/config.json"
        for _ in range(2):
            answer, body = ask(url)
            assert (answer.status, answer.headers["Retry-After"], body) == (status, "1", b"busy")
        answer, _ = ask(url)
        assert answer.status == 307

    def test_which_requests(self, hub: Hub, repository: Repository) -> None:
        hub.fault(f"*/{SHARD}", faults.Status(500), host="cdn")
        hub.fault("/api/*", faults.Status(404))
        assert ask(f"{hub.url}/{MODEL}/resolve/main/{SHARD}")[0].status == 302
        assert ask(content_url(hub))[0].status == 500
        assert ask(f"{hub.url}/api/models/{MODEL}")[0].status == 404
        hub.restore()
        assert ask(content_url(hub))[0].status == 200

    def test_headers(self, hub: Hub, repository: Repository) -> None:
        hub.fault("*/resolve/*", faults.Headers({"X-Repo-Commit": None, "X-Linked-ETag": '"other"'}))
        answer, _ = ask(f"{hub.url}/{MODEL}/resolve/main/{SHARD}", "HEAD")
        assert "X-Repo-Commit" not in answer.headers
        assert answer.headers["X-Linked-ETag"] == '"other"'

    def test_stall_before_the_answer(self, hub: Hub, repository: Repository) -> None:
        hub.fault("*", faults.Stall(60), times=1)
        with pytest.raises(TimeoutError):
            ask(f"{hub.url}/api/models/{MODEL}", timeout=0.1)
        assert ask(f"{hub.url}/api/models/{MODEL}")[0].status == 200

    def test_stall_within_the_body(self, hub: Hub, repository: Repository) -> None:
        url = content_url(hub)
        hub.fault("*", faults.Stall(60, after=100), times=1)
        with get(url) as received:
            assert received.until(100) == FILES[SHARD][:100]
            with pytest.raises(TimeoutError):
                received.more(timeout=0.1)
        hub.fault("*", faults.Stall(0.05, after=100))
        assert ask(url)[1] == FILES[SHARD]

    def test_reset_before_the_answer(self, hub: Hub, repository: Repository) -> None:
        hub.fault("*", faults.Reset())
        with pytest.raises(ConnectionResetError):
            ask(f"{hub.url}/api/models/{MODEL}")

    @pytest.mark.parametrize("size", [0, 100, LARGE // 2 + 1])
    def test_reset_within_the_body(self, hub: Hub, large: Path, size: int) -> None:
        hub.add(MODEL, {"large.safetensors": large})
        url = content_url(hub, "large.safetensors")
        hub.fault("*", faults.Reset(after=size))
        with get(url) as received:
            assert received.until(size) == large.read_bytes()[:size]
            with pytest.raises(ConnectionResetError):
                received.more()

    def test_short_body(self, hub: Hub, repository: Repository) -> None:
        url = content_url(hub)
        hub.fault("*", faults.ShortBody(100))
        with pytest.raises(http.client.IncompleteRead) as caught:
            ask(url)
        assert caught.value.partial == FILES[SHARD][:100]
        assert caught.value.expected == len(FILES[SHARD]) - 100

    @pytest.mark.parametrize("chunked", [True, False])
    def test_long_body(self, hub: Hub, repository: Repository, chunked: bool) -> None:
        url = content_url(hub)
        hub.fault("*", faults.LongBody(b"more", chunked=chunked))
        answer, body = ask(url)
        assert body == FILES[SHARD] + b"more"
        assert answer.headers["Transfer-Encoding"] == ("chunked" if chunked else None)
        assert answer.headers["Content-Length"] == (None if chunked else str(len(body)))
        answer, body = ask(url, Range="bytes=9-")
        assert (answer.status, body) == (206, FILES[SHARD][9:] + b"more")

    def test_long_body_from_a_file(self, hub: Hub, large: Path) -> None:
        hub.add(MODEL, {"large.safetensors": large})
        url = content_url(hub, "large.safetensors")
        hub.fault("*", faults.LongBody(b"more"))
        assert sha256(ask(url)[1]) == sha256(large.read_bytes() + b"more")

    @pytest.mark.parametrize("at", [0, 600, LARGE - 1])
    def test_altered_byte(self, hub: Hub, large: Path, at: int) -> None:
        hub.add(MODEL, {"large.safetensors": large})
        url = content_url(hub, "large.safetensors")
        hub.fault("*", faults.AlteredByte(at))
        data = large.read_bytes()
        assert sha256(ask(url)[1]) == sha256(data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :])
        assert ask(url, Range=f"bytes={at}-{at}")[1] == bytes([data[at] ^ 0xFF])
        assert ask(url, Range="bytes=500-510")[1] == data[500:511]

    def test_altered_bytes_pass_the_client(self, hub: Hub, repository: Repository, tmp_path: Path) -> None:
        hub.fault("*", faults.AlteredByte(600), host="cdn")
        received = snapshot(hub, tmp_path)
        assert {path for path in FILES if received[path] != FILES[path]} == {
            path for path in FILES if path.endswith(".safetensors")
        }

    def test_redirect(self, hub: Hub, repository: Repository) -> None:
        hub.fault("*", faults.RedirectTo("https://elsewhere.test/x", 308))
        answer, _ = ask(f"{hub.url}/{MODEL}/resolve/main/config.json")
        assert (answer.status, answer.headers["Location"]) == (308, "https://elsewhere.test/x")

    def test_redirect_loop(self, hub: Hub, repository: Repository) -> None:
        hub.fault("*", faults.RedirectLoop())
        path = f"/{MODEL}/resolve/main/config.json"
        answer, _ = ask(hub.url + path)
        assert (answer.status, answer.headers["Location"]) == (302, path)

    def test_captive_portal(self, hub: Hub, repository: Repository) -> None:
        hub.fault("*", faults.CaptivePortal())
        for path in (f"api/models/{MODEL}", f"{MODEL}/resolve/main/config.json"):
            answer, body = ask(f"{hub.url}/{path}")
            assert (answer.status, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
            assert body.startswith(b"<!doctype html>")

    def test_gzip(self, hub: Hub, repository: Repository) -> None:
        url = content_url(hub, "config.json")
        hub.fault("*", faults.Gzip())
        answer, body = ask(url)  # with Accept-Encoding: identity
        assert answer.headers["Content-Encoding"] == "gzip"
        assert gzip.decompress(body) == FILES["config.json"]

    def test_range_ignored(self, hub: Hub, repository: Repository) -> None:
        url = content_url(hub)
        hub.fault("*", faults.RangeIgnored())
        answer, body = ask(url, Range="bytes=5-9")
        assert (answer.status, answer.headers["Content-Range"], body) == (200, None, FILES[SHARD])

    def test_wrong_content_range(self, hub: Hub, repository: Repository) -> None:
        url = content_url(hub)
        hub.fault("*", faults.WrongContentRange(shift=2))
        answer, body = ask(url, Range="bytes=5-9")
        assert (answer.status, body) == (206, FILES[SHARD][5:10])
        assert answer.headers["Content-Range"] == f"bytes 7-11/{len(FILES[SHARD])}"

    def test_faults_of_bodies_wait_for_one(self, hub: Hub, repository: Repository) -> None:
        hub.fault("*", faults.ShortBody(5), times=1)
        ask(f"{hub.url}/{MODEL}/resolve/main/{SHARD}", "HEAD")
        ask(f"{hub.url}/{MODEL}/resolve/main/unknown")
        url = content_url(hub)
        with pytest.raises(http.client.IncompleteRead):
            ask(url)
        assert ask(url)[1] == FILES[SHARD]

    def test_several_at_once(self, hub: Hub, repository: Repository) -> None:
        url = content_url(hub)
        hub.fault("*", faults.AlteredByte(3))
        hub.fault("*", faults.Gzip())
        hub.fault("*", faults.Headers({"ETag": None}))
        answer, body = ask(url)
        data = bytearray(FILES[SHARD])
        data[3] ^= 0xFF
        assert ("ETag" in answer.headers, gzip.decompress(body)) == (False, bytes(data))

    def test_closing_waits_for_nobody(self) -> None:
        with Hub() as hub:
            hub.add(MODEL, FILES)
            hub.fault("/stalled", faults.Stall(60))
            address = urlsplit(hub.url)
            stalled = http.client.HTTPConnection(address.netloc, timeout=10)
            stalled.request("GET", "/stalled")
            idle = http.client.HTTPConnection(address.netloc, timeout=10)
            idle.request("GET", f"/api/models/{MODEL}")
            idle.getresponse().read()
            begun = time.monotonic()
        assert time.monotonic() - begun < 10
        stalled.close()
        idle.close()


class TestCache:
    def test_layout_is_the_client_s(self, hub: Hub, repository: Repository, tmp_path: Path) -> None:
        snapshot(hub, tmp_path / "client")
        made = fill_cache(tmp_path / "ours", MODEL, repository.refs["main"], FILES)
        folder = "models--acme--tiny"
        listings = [listing(tmp_path / cache / folder) for cache in ("client", "ours")]
        if not (tmp_path / "client" / folder / "trees").exists():
            listings[1] = {path: what for path, what in listings[1].items() if not path.startswith("trees")}
        assert listings[0] == listings[1]
        assert made == tmp_path / "ours" / folder / "snapshots" / repository.refs["main"]

    @pytest.mark.parametrize("options", [{}, {"links": False}, {"shared_store": True}], ids=str)
    def test_client_finds_it(self, hub: Hub, repository: Repository, options: dict[str, Any], tmp_path: Path) -> None:
        commit, newer = repository.refs["main"], "1" * 40
        made = fill_cache(tmp_path, MODEL, commit, FILES, **options, refs={"v1": commit})
        fill_cache(tmp_path, MODEL, newer, FILES | {"config.json": b"newer"}, **options)
        for revision, expected in (("v1", FILES), (commit, FILES), ("main", FILES | {"config.json": b"newer"})):
            assert snapshot(hub, tmp_path, revision=revision, local_files_only=True) == expected
        assert {path.is_symlink() for path in made.rglob("*") if path.is_file()} == {options.get("links", True)}
        assert not hub.requests

    def test_content_from_files(self, large: Path, tmp_path: Path) -> None:
        made = fill_cache(tmp_path / "cache", MODEL, "0" * 40, {"a/large.safetensors": large})
        assert (made / "a/large.safetensors").read_bytes() == large.read_bytes()

    @knows_shared_store
    def test_client_knows_the_shared_store(self, tmp_path: Path) -> None:
        commits = {MODEL: "0" * 40, "acme/twin": "1" * 40}
        for model, commit in commits.items():
            fill_cache(tmp_path, model, commit, FILES, shared_store=True)
        (store,) = {path.resolve() for path in tmp_path.rglob(SHARD)}
        assert store.is_relative_to(tmp_path / "blobs")
        cache = huggingface_hub.scan_cache_dir(tmp_path)
        assert not cache.warnings
        assert {repository.repo_id for repository in cache.repos} == commits.keys()
        cache.delete_revisions(commits[MODEL]).execute()
        assert store.exists()
        huggingface_hub.scan_cache_dir(tmp_path).delete_revisions(commits["acme/twin"]).execute()
        assert not store.exists()

    def test_shared_store_without_links(self, tmp_path: Path) -> None:
        with pytest.raises(ValueError, match="links"):
            fill_cache(tmp_path, MODEL, "0" * 40, FILES, links=False, shared_store=True)


class TestTinyModel:
    def test_shards(self) -> None:
        files = tiny_model()
        index = json.loads(files["model.safetensors.index.json"])
        assert set(index["weight_map"].values()) == {path for path in files if path.endswith(".safetensors")}
        total = 0
        for name, shard in index["weight_map"].items():
            length = int.from_bytes(files[shard][:8], "little")
            header = json.loads(files[shard][8 : 8 + length])
            data = len(files[shard]) - 8 - length
            assert header[name]["data_offsets"] == [0, data]
            total += data
        assert index["metadata"]["total_size"] == total

    def test_seed_changes_the_weights(self) -> None:
        files, others = tiny_model(), tiny_model(b"other")
        changed = {path for path in files if files[path] != others[path]}
        assert changed == {path for path in files if path.endswith(".safetensors")}
        assert tiny_model() == files

    def test_other_formats(self) -> None:
        files = tiny_model(pytorch=True, onnx=True, gguf=True, images=True)
        added = {path: data[:4] for path, data in files.items() if path not in tiny_model()}
        assert added == {
            "assets/architecture.png": b"\x89PNG",
            "onnx/model.onnx": b"\x08\x08\x12\x04",
            "pytorch_model.bin": b"\x80\x02}q",
            "thumbnail.png": b"\x89PNG",
            "tiny-Q4_K_M.gguf": b"GGUF",
            "tiny-Q8_0.gguf": b"GGUF",
        }

    def test_pickle_is_inert(self) -> None:
        opcodes = {opcode.name for opcode, _, _ in pickletools.genops(tiny_model(pytorch=True)["pytorch_model.bin"])}
        assert not opcodes & {"BUILD", "GLOBAL", "INST", "NEWOBJ", "OBJ", "REDUCE", "STACK_GLOBAL"}


class Received:
    """The body of an answer, as it arrives."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection, self._buffer = connection, b""
        while b"\r\n\r\n" not in self._buffer:
            self._buffer += connection.recv(65536)
        _, _, self._buffer = self._buffer.partition(b"\r\n\r\n")

    def until(self, size: int) -> bytes:
        """The first `size` bytes, or as many as come."""
        parts = [self._buffer]
        while sum(map(len, parts)) < size:
            parts.append(self._connection.recv(65536))
        return b"".join(parts)

    def more(self, *, timeout: float = 10) -> bytes:
        """What comes next."""
        self._connection.settimeout(timeout)
        return self._connection.recv(65536)

    def __enter__(self) -> "Received":
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()


def get(url: str) -> Received:
    """Send a GET over a bare socket."""
    parts = urlsplit(url)
    connection = socket.create_connection((parts.hostname, parts.port), timeout=10)
    connection.sendall(f"GET {parts.path}?{parts.query} HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n".encode())
    return Received(connection)


def ask(
    url: str, method: str = "GET", *, timeout: float = 10, **headers: str
) -> tuple[http.client.HTTPResponse, bytes]:
    """Ask once, without following redirects."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=timeout)
    try:
        connection.request(method, f"{parts.path}?{parts.query}" if parts.query else parts.path, headers=headers)
        answer = connection.getresponse()
        return answer, answer.read()
    finally:
        connection.close()


def content_url(hub: Hub, path: str = SHARD) -> str:
    """Where the content itself is: at the CDN, or, for a small file, behind the first redirect."""
    answer, _ = ask(f"{hub.url}/{MODEL}/resolve/main/{path}", "HEAD")
    location = answer.headers["Location"]
    return hub.url + location if location.startswith("/") else location


def overview(hub: Hub, kind: str, name: str) -> Any:
    """What is said of a publisher; clients before 2.3 don't ask the endpoint that they were given."""
    answer, body = ask(f"{hub.url}/api/{kind}/{name}/overview")
    assert answer.status in (HTTPStatus.OK, HTTPStatus.NOT_FOUND)
    return json.loads(body)


def snapshot(
    hub: Hub, cache: Path, *, model: str = MODEL, token: str | bool = False, **options: Any
) -> dict[str, bytes]:
    """Download a snapshot with the client, and read it."""
    local = huggingface_hub.snapshot_download(model, endpoint=hub.url, cache_dir=cache, token=token, **options)
    return {path.relative_to(local).as_posix(): path.read_bytes() for path in Path(local).rglob("*") if path.is_file()}


def listing(directory: Path) -> dict[str, object]:
    """Every path below a directory: a link's target, a file's bytes, None for a directory."""
    return {
        path.relative_to(directory).as_posix(): path.readlink()
        if path.is_symlink()
        else path.read_bytes()
        if path.is_file()
        else None
        for path in directory.rglob("*")
    }


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def git_sha1(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()

"""A static web server on the loopback interface that serves a directory, and can go wrong in one way."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote


@dataclass
class Site:
    """What is served, what was asked for, and what goes wrong: a status, a redirect, headers or a body that drip."""

    root: Path
    url: str = ""
    requests: list[str] = field(default_factory=list)
    not_modified: int = 0
    status: int = 0
    times: int = 10**9
    drip: float = 0.0
    header_drip: float = 0.0
    location: str = ""


@contextmanager
def serve_directory(root: Path) -> Iterator[Site]:
    """Serve a directory while the context lasts."""
    site, ended = Site(root), threading.Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            path = unquote(self.path).lstrip("/")
            site.requests.append(path)
            self.close_connection = True
            if site.header_drip:
                return self._drip_a_header()
            if site.status and site.times > 0:
                site.times -= 1
                return self._send(site.status, b"", {"Location": site.location} if site.location else {})
            file = site.root / path
            if not file.is_file():
                return self._send(404, b"", {})
            body = file.read_bytes()
            etag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
            if self.headers.get("If-None-Match") == etag:
                site.not_modified += 1
                return self._send(304, b"", {"ETag": etag})
            return self._send(200, body, {"ETag": etag})

        def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Connection", "close")
            self.end_headers()
            try:
                for start in range(0, len(body), 64 if site.drip else len(body) or 1):
                    time.sleep(site.drip)
                    self.wfile.write(body[start : start + 64] if site.drip else body)
            except OSError:
                pass

        def _drip_a_header(self) -> None:
            try:
                self.wfile.write(b"HTTP/1.1 200 OK\r\nServer: ")
                while not ended.is_set():
                    self.wfile.write(b"x")
                    time.sleep(site.header_drip)
            except OSError:
                pass

        def log_message(self, format: str, *args: object) -> None:
            """Keep test output clean."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        site.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield site
        finally:
            ended.set()
            server.shutdown()
            thread.join()

"""An instance behind HTTP on the loopback interface, for real signing clients, with failures on demand.

It leaves what the services answer to `endpoints`.
"""

import json
import socket
import struct
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Unpack
from urllib.parse import parse_qsl, urlsplit

from tests.fakes.sigstore import trust
from tests.fakes.sigstore.claims import Claims
from tests.fakes.sigstore.endpoints import (
    GITHUB_REQUEST_TOKEN,
    GITHUB_TOKEN_PATH,
    Answer,
    Endpoints,
    Request,
)
from tests.fakes.sigstore.faults import Fault
from tests.fakes.sigstore.instance import Instance
from tests.fakes.sigstore.oidc import AUDIENCE, TokenIssuer

_HOST = "127.0.0.1"
_POLL_SECONDS = 0.02
WORKFLOW: Claims = {
    "event_name": "push",
    "job_workflow_ref": "example/models/.github/workflows/release.yml@refs/tags/v1",
    "ref": "refs/tags/v1",
    "repository": "example/models",
    "repository_id": "1001",
    "repository_owner": "example",
    "repository_owner_id": "1002",
    "repository_visibility": "public",
    "run_attempt": "1",
    "run_id": "1003",
    "runner_environment": "github-hosted",
    "sha": "0123456789abcdef0123456789abcdef01234567",
    "workflow": "release",
}
"""The workflow run that `serve` gives tokens to, if no other is named."""


@dataclass
class _Disruption:
    """What happens to the next `left` requests, or to all if that is None."""

    left: int | None
    status: int | None = None
    seconds: float = 0.0
    reset: bool = False


class Server:
    """A served instance: its address, its tokens and documents, and the failures asked of it.

    `requests` lists what came in, as (method, path). Tokens are issued by the instance's own URL, which is
    stable, not by this address, which is not.
    """

    def __init__(self, instance: Instance, url: str, workflow: Claims) -> None:
        self.instance = instance
        self.url = url
        self.requests: list[tuple[str, str]] = []
        self._tokens = TokenIssuer(instance)
        self._endpoints = Endpoints(instance, url, self._tokens, workflow)
        self._disruptions: dict[str, _Disruption] = {}
        self._lock = threading.Lock()
        self._closing = threading.Event()

    def token(
        self,
        identity: str,
        *,
        issuer: str | None = None,
        audience: str = AUDIENCE,
        lifetime: timedelta = timedelta(minutes=10),
        **claims: Unpack[Claims],
    ) -> str:
        """An identity token (RS256) that Fulcio here takes, whatever its issuer is said to be."""
        return self._tokens.token(identity, issuer=issuer, audience=audience, lifetime=lifetime, **claims)

    def github_environment(self) -> dict[str, str]:
        """The variables in which a workflow run finds its ambient identity, and no proxy for this address."""
        return {
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": GITHUB_REQUEST_TOKEN,
            "ACTIONS_ID_TOKEN_REQUEST_URL": f"{self.url}{GITHUB_TOKEN_PATH}?api-version=2.0",
            "GITHUB_ACTIONS": "true",
            "NO_PROXY": _HOST,
            "no_proxy": _HOST,
        }

    def signing_config(self) -> dict[str, Any]:
        """Where to sign: at this address."""
        instance = self.instance
        return trust.signing_config(self.url, rekor=instance.rekor, tsa=instance.tsa, start=instance.start)

    def trust_config(self) -> dict[str, Any]:
        """The trusted root and the signing configuration in one document."""
        root = json.loads(self.instance.trusted_root())
        return trust.client_trust_config(root, self.signing_config())

    def fail(self, path: str, status: int = 503, *, times: int | None = None) -> None:
        """Answer requests for `path` with `status`: the next `times`, or all."""
        self._disrupt(path, _Disruption(times, status=status))

    def hang(self, path: str, seconds: float, *, times: int | None = None) -> None:
        """Answer requests for `path` only after `seconds`."""
        self._disrupt(path, _Disruption(times, seconds=seconds))

    def reset(self, path: str, *, times: int | None = None) -> None:
        """Reset the connections of requests for `path`."""
        self._disrupt(path, _Disruption(times, reset=True))

    def restore(self) -> None:
        """Let all paths work again."""
        with self._lock:
            self._disruptions.clear()

    def respond(self, request: Request) -> Answer | None:
        """The answer to a request, disrupted or not; None stands for a reset connection."""
        self.requests.append((request.method, request.path))
        disruption = self._disruption(request.path)
        if disruption:
            self._closing.wait(disruption.seconds)
            if disruption.reset:
                return None
            if disruption.status:
                return Answer.error(disruption.status, "disrupted")
        return self._endpoints.answer(request)

    def close(self) -> None:
        """End the hangs that are under way."""
        self._closing.set()

    def _disrupt(self, path: str, disruption: _Disruption) -> None:
        with self._lock:
            self._disruptions[path] = disruption

    def _disruption(self, path: str) -> _Disruption | None:
        with self._lock:
            disruption = self._disruptions.get(path)
            if disruption is None or disruption.left == 0:
                return None
            if disruption.left is not None:
                disruption.left -= 1
            return disruption


@contextmanager
def serve(instance: Instance, *, workflow: Claims | None = None) -> Iterator[Server]:
    """Serve `instance` while the context lasts; `workflow` is the run that GitHub's endpoint vouches for.

    Raises ValueError for a fault that needs the client's key.
    """
    if Fault.ENTRY_OF_OTHER_SIGNATURE in instance.faults:
        raise ValueError("a log cannot make another signature with the client's key")
    with _HTTPServer((_HOST, 0), _Handler) as http:
        server = Server(instance, f"http://{_HOST}:{http.server_port}", workflow or WORKFLOW)
        http.served = server
        thread = threading.Thread(target=http.serve_forever, args=(_POLL_SECONDS,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.close()
            http.shutdown()
            thread.join()


class _HTTPServer(ThreadingHTTPServer):
    daemon_threads = True
    served: Server

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that went away; anything else is a mistake here, and is printed."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _HTTPServer

    def do_GET(self) -> None:
        self._respond()

    def do_POST(self) -> None:
        self._respond()

    def log_message(self, format: str, *args: Any) -> None:
        """Keep test output clean."""

    def _respond(self) -> None:
        # One request a connection, so that no thread or socket waits for another that never comes.
        self.close_connection = True
        url = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        answer = self.server.served.respond(Request(self.command, url.path, dict(parse_qsl(url.query)), headers, body))
        if answer is None:
            # Closing with a linger time of zero sends RST in place of FIN.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
            return
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Connection", "close")
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

"""An HTTP/1.1 server on the loopback interface that sends answers exactly as they are, flaws and all.

It leaves what is answered to a function. Content in files goes out by sendfile(2).
"""

import fcntl
import socket
import struct
import sys
import termios
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.fakes.hub.content import Body
from tests.fakes.hub.messages import Answer, Host, Request

ADDRESS = "127.0.0.1"
_POLL_SECONDS = 0.02
_BEFORE_RESET_SECONDS, _BEFORE_RESET_WAITS = 0.005, 1000

Respond = Callable[[Request], Answer]


@contextmanager
def listen(host: Host, respond: Respond) -> Iterator[int]:
    """Serve on a free port, which is given, while the context lasts."""
    with _Server(host, respond) as server:
        thread = threading.Thread(target=server.serve_forever, args=(_POLL_SECONDS,), daemon=True)
        thread.start()
        try:
            yield server.server_port
        finally:
            with suppress(OSError):
                server.socket.shutdown(socket.SHUT_RDWR)  # so that the thread need not be waited for
            server.shutdown()
            thread.join()
            server.hang_up()


class _Server(ThreadingHTTPServer):
    daemon_threads = False  # so that none is left behind: closing waits for them
    request_queue_size = 128

    def __init__(self, host: Host, respond: Respond) -> None:
        self.host, self.respond = host, respond
        self.closing = threading.Event()
        self._connections: set[socket.socket] = set()
        super().__init__((ADDRESS, 0), _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._connections.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        """End all pauses and connections; new connections must no longer come."""
        self.closing.set()
        for connection in self._connections.copy():
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that went away; anything else is a mistake here, and is printed."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def do_GET(self) -> None:
        self._respond()

    def do_HEAD(self) -> None:
        self._respond()

    def do_POST(self) -> None:
        self._respond()

    def log_message(self, format: str, *args: Any) -> None:
        """Keep test output clean."""

    def _respond(self) -> None:
        path, _, query = self.path.partition("?")
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        answer = self.server.respond(Request(self.command, self.server.host, path, headers, query, body))
        self.server.closing.wait(answer.delay)
        if answer.cut is None or answer.cut >= 0:
            self._send(answer)
        if answer.cut is not None:
            self.close_connection = True
            if answer.reset:
                self._reset()

    def _send(self, answer: Answer) -> None:
        body = answer.body
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.chunked:
            self.send_header("Transfer-Encoding", "chunked")
        elif "Content-Length" not in answer.headers:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "HEAD":
            return
        stop = len(body) if answer.cut is None else answer.cut
        pause_at, seconds = answer.pause
        self._send_body(body[: min(pause_at, stop)], answer.chunked)
        self.server.closing.wait(seconds)
        self._send_body(body[pause_at:stop], answer.chunked)
        if answer.chunked and answer.cut is None:
            self.wfile.write(b"0\r\n\r\n")

    def _send_body(self, body: Body, chunked: bool) -> None:
        for part in body.parts:
            if chunked:
                self.wfile.write(b"%x\r\n" % len(part))
            if isinstance(part, bytes):
                self.wfile.write(part)
            else:
                with part.path.open("rb") as file:
                    self.connection.sendfile(file, part.offset, part.size)
            if chunked:
                self.wfile.write(b"\r\n")

    def _reset(self) -> None:
        """Close so that RST is sent in place of FIN, once the client has what was sent before it."""
        for _ in range(_BEFORE_RESET_WAITS):
            if not _unacknowledged(self.connection) or self.server.closing.wait(_BEFORE_RESET_SECONDS):
                break
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()


def _unacknowledged(connection: socket.socket) -> int:
    """How many bytes the peer has not acknowledged (tcp(7), SIOCOUTQ)."""
    answer = fcntl.ioctl(connection, termios.TIOCOUTQ, bytes(4))
    return int(struct.unpack("i", answer)[0])

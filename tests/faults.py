"""A proxy between two installations, in which things go wrong on purpose.

An order says in its customer's name what is to happen to its booking ("cut_after …"): the first request that holds
that name is treated so, all later ones are passed on. So many orders, each with its own fault, can be on their way at
once.
"""

import http.client
import json
import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote_plus, urlsplit

_MARKER = re.compile(r"fault-(\w+)-\w+")
HANG_SECONDS = 12  # longer than we wait for an answer

# Each is given what passes a request on (status, headers, body of the answer) and the handler to answer with.
Pass = Callable[[], tuple[int, dict[str, str], bytes]]


def cut_before(pass_on: Pass, handler: "_Handler") -> None:
    """The connection breaks before the carrier has heard anything."""
    handler.cut()


def cut_after(pass_on: Pass, handler: "_Handler") -> None:
    """The carrier has taken it, and the connection breaks before it can say so."""
    pass_on()
    handler.cut()


def hang_after(pass_on: Pass, handler: "_Handler") -> None:
    """The carrier has taken it, and its yes comes too late."""
    pass_on()
    handler.proxy.stopping.wait(HANG_SECONDS)
    handler.cut()


def error_500(pass_on: Pass, handler: "_Handler") -> None:
    handler.say(500, b'{"error": "oops"}')


def error_500_after(pass_on: Pass, handler: "_Handler") -> None:
    """It has taken it, and stumbles over its own answer."""
    pass_on()
    handler.say(500, b'{"error": "oops"}')


def slow_down(pass_on: Pass, handler: "_Handler") -> None:
    handler.say(429, b"{}", {"Retry-After": "2"})


def garbage(pass_on: Pass, handler: "_Handler") -> None:
    """It has taken it, and something on the way answers with a page."""
    pass_on()
    handler.say(200, b"<html><body>maintenance</body></html>", {"Content-Type": "text/html"})


def twice(pass_on: Pass, handler: "_Handler") -> None:
    """Its answer comes twice on the same connection."""
    answer = pass_on()
    handler.answer(*answer)
    handler.answer(*answer)


def dead(pass_on: Pass, handler: "_Handler") -> None:
    """It has taken it, cannot say so, and has cancelled it when it is asked again: a 200 that holds a dead order."""
    pass_on()
    handler.proxy.on_dead(handler.marker)
    handler.cut()


def kill(pass_on: Pass, handler: "_Handler") -> None:
    """Our worker is killed between the carrier's yes and our commit."""
    answer = pass_on()
    handler.proxy.on_kill()
    handler.answer(*answer)


FAULTS = {
    fault.__name__: fault
    for fault in (cut_before, cut_after, hang_after, error_500, error_500_after, slow_down, garbage, twice, dead, kill)
}


class Proxy:
    """`on_kill` and `on_dead` (given the order's name) are what those two do. `seen`: the names of the orders to which
    their fault has happened."""

    def __init__(self, target: str, on_kill: Callable[[], None], on_dead: Callable[[str], None]) -> None:
        self.target = urlsplit(target)
        self.on_kill, self.on_dead = on_kill, on_dead
        self.seen: set[str] = set()
        self.stopping = threading.Event()
        self.lock = threading.Lock()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"proxy": self}))
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def fault_of(self, method: str, body: bytes) -> tuple[str, Callable[[Pass, "_Handler"], None] | None]:
        """The name of the order that a request is about, and what is to happen to it now."""
        found = _MARKER.search(readable(body)) if method == "POST" else None
        if found is None:
            return "", None
        with self.lock:
            if found[0] in self.seen:
                return found[0], None
            self.seen.add(found[0])
        return found[0], FAULTS[found[1]]


def readable(body: bytes) -> str:
    """What a body says, whether it is JSON, escaped or not, or a form."""
    text = body.decode(errors="replace")
    try:
        return json.dumps(json.loads(text), ensure_ascii=False)
    except ValueError:
        return unquote_plus(text)


@contextmanager
def proxy(target: str, on_kill: Callable[[], None], on_dead: Callable[[str], None]) -> Iterator[Proxy]:
    made = Proxy(target, on_kill, on_dead)
    thread = threading.Thread(target=made.server.serve_forever, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        made.stopping.set()
        made.server.shutdown()
        made.server.server_close()


class _Handler(BaseHTTPRequestHandler):
    proxy: Proxy
    marker = ""

    def handle_any(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.marker, fault = self.proxy.fault_of(self.command, body)
        try:
            if fault:
                fault(lambda: self.pass_on(body), self)
            else:
                self.answer(*self.pass_on(body))
        except (OSError, http.client.HTTPException):
            self.cut()

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = handle_any

    def pass_on(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
        target = self.proxy.target
        connection = http.client.HTTPConnection(target.hostname or "", target.port, timeout=30)
        try:
            headers = {name: value for name, value in self.headers.items() if name.lower() != "host"}
            connection.request(self.command, self.path, body, headers)
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        finally:
            connection.close()

    def answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        kept = {name: value for name, value in headers.items() if name.lower() in ("content-type", "retry-after")}
        self.say(status, body, kept)

    def say(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = True

    def cut(self) -> None:
        self.close_connection = True
        try:
            self.connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            return

    def log_message(self, format: str, *args: Any) -> None:
        """Silent."""

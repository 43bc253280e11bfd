"""A small SODA server: datasets of a `Store` over HTTP on loopback.

What lives here: HTTP, faults on demand, a record of the requests, the command. What does not: the answer to
a request (`answers`). Mirrors https://dev.socrata.com/docs/endpoints.html.

In a test: `with PortalServer(store) as portal: requests.get(f"{portal.url}/resource/x2n5-8w5q.json")`.
As a process: `python -m demo.portal --state DIR`; it sees at once what another process changes in the store.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import socket
import sqlite3
import struct
import sys
import threading
import time
import zlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from demo.answers import Answers, HttpAnswer, Seen, to_error, to_seen, token_of
from demo.city import add_city_arguments, open_city
from demo.portal_faults import Drift, Fault, Faults, heeded, spoilt
from demo.store import Store

# Socrata answers 414 to long addresses (https://github.com/cityofaustin/atd-data-tech/issues/1956). Its limit
# is not published; this is the usual one of the kind of server that stands in front of it.
MAX_TARGET_BYTES = 8192

_HTML = b"<!DOCTYPE html><html><head><title>Down for maintenance</title></head><body>Back soon.</body></html>"


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    allow_reuse_address = True

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        self.open_sockets: set[socket.socket] = set()
        super().__init__(address, handler)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        self.open_sockets.add(request)
        try:
            super().process_request_thread(request, client_address)
        finally:
            self.open_sockets.discard(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a client that goes away is not an error."""

    def close_connections(self) -> None:
        """End what clients keep open, so that a stopped portal answers nobody."""
        for connection in list(self.open_sockets):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class PortalServer:
    """The server. Public and changeable while it runs: `faults`, `drift`, `latency_seconds`, `before_answer`.

    `tokens`: the valid app tokens; None takes any. A wrong one is refused; a request without one is served.
    `max_limit`: a `$limit` above it is refused, as 2.0 endpoints do above 50,000; None allows any, as 2.1
    does. `before_answer`: called with each request before its answer is made, in the server's thread: a
    test can change the store in the middle of a client's read.
    """

    def __init__(
        self,
        store: Store,
        *,
        port: int = 0,
        host: str = "127.0.0.1",
        tokens: Collection[str] | None = None,
        seed: int = 7,
        latency_seconds: float = 0.0,
        max_limit: int | None = None,
        compress: bool = False,
        max_target_bytes: int = MAX_TARGET_BYTES,
    ) -> None:
        self.store = store
        self.answers = Answers(store, tokens=tokens, seed=seed, max_limit=max_limit)
        self.latency_seconds = latency_seconds
        self.compress = compress
        self.max_target_bytes = max_target_bytes
        self.faults = Faults()
        self.before_answer: Callable[[Seen], None] | None = None
        self.requests: list[Seen] = []
        self._lock = threading.Lock()
        self._server = _Server((host, port), type("BoundHandler", (_Handler,), {"portal": self}))
        self._thread: threading.Thread | None = None

    @property
    def drift(self) -> Drift:
        """The script of changes to the datasets' columns."""
        return self.answers.drift

    @property
    def url(self) -> str:
        """The address to give a client: `http://127.0.0.1:PORT`."""
        host, port = self._server.server_address[:2]
        return f"http://{host!s}:{port}"

    def start(self) -> Self:
        """Answer in a thread of its own."""
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stop answering and close what is open; the store stays as it is."""
        if self._thread:
            self._server.shutdown()
            self._thread.join()
            self._thread = None
        self._server.server_close()
        self._server.close_connections()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def see(self, method: str, target: str, headers: Mapping[str, str]) -> Seen:
        """Record a request."""
        with self._lock:
            seen = to_seen(len(self.requests) + 1, method, target, headers)
            self.requests.append(seen)
        return seen

    def answer(self, seen: Seen) -> HttpAnswer:
        """Give the right answer to a request, after `before_answer` has run."""
        if self.before_answer:
            self.before_answer(seen)
        return self.answers.answer(seen)

    def forget_requests(self) -> None:
        """Empty the record of requests."""
        with self._lock:
            self.requests.clear()


class _Handler(BaseHTTPRequestHandler):
    """One client's connection, kept alive from request to request."""

    portal: PortalServer
    protocol_version = "HTTP/1.1"
    server_version = "stand-in"
    disable_nagle_algorithm = True  # small answers on a kept-alive connection would wait 40 ms

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class's name)
        """Say nothing: the record of requests is `PortalServer.requests`."""

    def do_GET(self) -> None:
        portal = self.portal
        seen = portal.see(self.command, self.path, dict(self.headers.items()))
        fault = portal.faults.take(seen.target, has_token=token_of(seen) is not None)
        wait = portal.latency_seconds + (fault.seconds if fault and fault.kind == "slow" else 0.0)
        if wait:
            time.sleep(wait)
        if fault and fault.kind == "no_answer":
            self.close_connection = True
            return
        answer = _replaced(fault) if fault else None
        if answer is None and len(self.path) > portal.max_target_bytes:
            answer = HttpAnswer(414, _HTML, {"Content-Type": "text/html; charset=utf-8"})
        if answer is None:
            answer = self._right_answer(seen, fault)
        seen.status = answer.status
        self._send(answer, fault)

    do_HEAD = do_GET  # noqa: N815 (the base class's name)

    def _right_answer(self, seen: Seen, fault: Fault | None) -> HttpAnswer:
        try:
            if fault is None:
                return self.portal.answer(seen)
            answer = self.portal.answer(replace(seen, params=heeded(fault, seen.params)))
            return replace(answer, body=spoilt(fault, answer.body)) if answer.status == 200 else answer
        except Exception as error:  # noqa: BLE001 (a server answers whatever happens)
            return to_error(500, "internal_error", f"{type(error).__name__}: {error}")

    def _send(self, answer: HttpAnswer, fault: Fault | None) -> None:
        body, headers = answer.body, dict(answer.headers)
        wanted = self.headers.get("Accept-Encoding", "")
        if self.portal.compress and "gzip" in wanted and len(body) > 1024:
            packer = zlib.compressobj(1, wbits=31)
            body = packer.compress(body) + packer.flush()
            headers["Content-Encoding"] = "gzip"
        kind = fault.kind if fault else ""
        if kind == "no_content_type":
            headers.pop("Content-Type", None)
        if kind == "no_fields":
            del headers["X-SODA2-Fields"], headers["X-SODA2-Types"]
        sent = body[: len(body) // 2] if kind in ("cut_body", "cut_body_declared", "reset") else body
        declared = len(sent) if kind == "cut_body_declared" else len(body)
        reason = "" if fault and fault.no_reason_phrase else HTTPStatus(answer.status).phrase
        lines = [f"HTTP/1.1 {answer.status} {reason}", f"Date: {self.date_time_string()}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        if answer.status != 304:
            lines.append(f"Content-Length: {declared}")
        head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
        self.connection.sendall(head if self.command == "HEAD" else head + sent)
        if kind in ("cut_body", "reset"):
            self._break_off(kind)

    def _break_off(self, kind: str) -> None:
        self.close_connection = True
        if kind == "reset":
            # Linger of 0 seconds makes the close a TCP reset; what was sent must have left before.
            time.sleep(0.02)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.rfile.close()
            self.connection.close()


def _replaced(fault: Fault) -> HttpAnswer | None:  # noqa: PLR0911 (one for each kind)
    """Return the answer that replaces the right one, if the fault has one."""
    retry = {"Retry-After": fault.retry_after} if fault.retry_after else {}
    if fault.kind == "accepted_202":
        return HttpAnswer.of_json(202, {"message": "Processing, try again later"}, **retry)
    if fault.kind == "html_200":
        return HttpAnswer(200, _HTML, {"Content-Type": "text/html; charset=utf-8"})
    if fault.kind == "json_object_200":
        return HttpAnswer.of_json(200, {"message": "Invalid SoQL query", "errorCode": "query.soql.invalid"})
    if fault.kind != "status":
        return None
    if fault.body == "html":
        return HttpAnswer(fault.status, _HTML, {"Content-Type": "text/html; charset=utf-8", **retry})
    if fault.body == "none":
        return HttpAnswer(fault.status, b"", retry)
    if fault.body == "list":
        return HttpAnswer.of_json(fault.status, ["Internal error"], **retry)
    codes = {403: "permission_denied", 404: "dataset.missing", 429: "too_many_requests"}
    code = codes.get(fault.status, "internal_error")
    refusal = {"code": code, "error": True, "message": f"A scripted {fault.status}"}
    return HttpAnswer.of_json(fault.status, refusal, **retry)


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve a city until SIGTERM; build it first if there is none. One line says when it is ready."""
    parser = argparse.ArgumentParser(prog="python -m demo.portal", description=main.__doc__)
    add_city_arguments(parser)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free port (default)")
    parser.add_argument(
        "--latency", type=float, default=0.0, metavar="SECONDS", help="wait before each answer"
    )
    parser.add_argument(
        "--token", action="append", metavar="TOKEN", help="a valid app token; others are refused"
    )
    options = parser.parse_args(arguments)
    try:
        store = open_city(options)
        portal = PortalServer(
            store, port=options.port, tokens=options.token, latency_seconds=options.latency, seed=store.seed
        )
    except (OSError, ValueError, sqlite3.Error) as error:
        print(f"demo.portal: {error}", file=sys.stderr)  # noqa: T201 (a command's own message)
        return 1
    return _serve(portal, options.state)


def _serve(portal: PortalServer, folder: Path) -> int:
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    address = folder / "portal.json"
    with portal:
        address.write_text(json.dumps({"url": portal.url, "pid": os.getpid()}) + "\n", encoding="utf-8")
        print(f"The stand-in portal is ready at {portal.url} (pid {os.getpid()})", flush=True)  # noqa: T201
        stopped.wait()
    address.unlink(missing_ok=True)
    portal.store.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())

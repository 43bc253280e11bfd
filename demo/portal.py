"""The SODA server in small: datasets of a `Store` over HTTP on loopback.

What lives here: HTTP as https://dev.socrata.com/docs/endpoints.html has it (paths, headers, status codes,
JSON and CSV), faults on demand, a record of the requests. What does not: the query language (`soql`), the
rows (`store`). It knows none of its clients' queries.

In a test: `with Portal(store) as portal: requests.get(f"{portal.url}/resource/x2n5-8w5q.json")`. As a
process: `python -m demo.portal --state DIR`. It sees what another process changes in the same store at
once.
"""

from __future__ import annotations

import argparse
import contextlib
import email.utils
import hashlib
import io
import json
import os
import random
import re
import signal
import socket
import struct
import sys
import threading
import time
import zlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, unquote_plus, urlsplit

import orjson

from demo.city import add_city_arguments, open_city
from demo.datasets import WIRE, Shape, Stored, to_csv_text
from demo.faults import Drift, Fault, Faults
from demo.soql import DEFAULT_LIMIT_ROWS, Query, SoqlError, translate
from demo.store import DatasetMissingError, Snapshot, State, Store

_PRIME = 2**31 - 1  # rows are shuffled by (number by factor) mod this
_CACHED_ANSWERS = 4096
_ROUTE = re.compile(r"/(resource|api/views)/([a-z0-9]{4}-[a-z0-9]{4})\.(json|csv)")
_JSON_TYPE = "application/json;charset=utf-8"
_HTML = b"<!DOCTYPE html><html><head><title>Down for maintenance</title></head><body>Back soon.</body></html>"
# /api/views has older names for these types than the headers have.
_VIEW_TYPES = {"floating_timestamp": "calendar_date", "fixed_timestamp": "date"}


@dataclass
class Seen:
    """One request, as the portal saw it.

    `target` is the decoded path and query; `status` is set when it is answered.
    """

    number: int
    method: str
    path: str
    params: dict[str, str]
    headers: dict[str, str]
    target: str
    status: int = 0


@dataclass(frozen=True)
class Answer:
    """A whole answer before it is sent."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)

    @staticmethod
    def of_json(status: int, value: object, **headers: str) -> Answer:
        """Make an answer with a JSON body."""
        return Answer(status, orjson.dumps(value), {"Content-Type": _JSON_TYPE, **headers})


def _error(status: int, code: str, message: str, **data: object) -> Answer:
    return Answer.of_json(status, {"code": code, "error": True, "message": message, "data": data})


def fetch_json_body(snapshot: Snapshot, shape: Shape, query: Query, shuffle: tuple[int, int]) -> bytes:
    """Answer a query in SODA's JSON: null fields are left out, numbers are text."""
    table, json_table = snapshot.tables(shape)
    execute = snapshot.connection.execute
    if query.whole:
        texts = [text for (text,) in execute(*query.to_whole_sql(table, json_table, shuffle))]
        if query.whole == "plain":
            texts = [b"{" + text for text in texts]
        return b"[" + b"\n,".join(texts) + b"]\n"
    if query.texts_only:
        (joined,) = execute(*query.to_object_sql(table, shuffle)).fetchone()
        return f"[{joined or ''}]\n".encode()
    return _to_json_body(query, execute(*query.to_column_sql(table, shuffle)).fetchall())


def _to_json_body(query: Query, rows: Sequence[tuple[Stored, ...]]) -> bytes:
    names = [column.name for column in query.columns]
    columns: list[Sequence[Any]] = list(zip(*rows, strict=True))
    for place, column in enumerate(query.columns):
        convert = WIRE.get(column.expr.type)
        if convert and columns:
            columns[place] = [convert(value) for value in columns[place]]
    objects = [
        {name: value for name, value in zip(names, row, strict=True) if value is not None}
        for row in zip(*columns, strict=True)
    ]
    return orjson.dumps(objects) + b"\n"


def to_csv_body(columns: Sequence[tuple[str, str]], rows: Sequence[tuple[Stored, ...]]) -> bytes:
    """Give the rows as SODA's CSV: every column, every value quoted, nothing for null."""
    out = io.StringIO()
    # Python 3.11's csv cannot quote values and leave nulls bare, so lines are written by hand.
    out.write(",".join(_quoted(name) for name, _ in columns) + "\n")
    types = [type_name for _, type_name in columns]
    for row in rows:
        texts = (to_csv_text(value, type_name) for value, type_name in zip(row, types, strict=True))
        out.write(",".join("" if text is None else _quoted(text) for text in texts) + "\n")
    return out.getvalue().encode()


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    allow_reuse_address = True

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        self.open_sockets: set[socket.socket] = set()
        super().__init__(address, handler)

    def process_request_thread(self, request: Any, client_address: Any) -> None:  # noqa: ANN401
        self.open_sockets.add(request)
        try:
            super().process_request_thread(request, client_address)
        finally:
            self.open_sockets.discard(request)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401
        """Say nothing: a client that went away is no news."""

    def close_connections(self) -> None:
        """End what clients keep open, so that a stopped portal answers nobody."""
        for connection in list(self.open_sockets):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class Portal:
    """The server. Public and changeable while it runs: `faults`, `drift`, `latency_seconds`, `before_answer`.

    `tokens`: the app tokens that are good; None takes any. A wrong one is refused, none at all is served.
    `max_limit`: a `$limit` above it is refused, as 2.0 endpoints do above 50,000; None allows any, as 2.1
    does. `before_answer`: called with each request before its answer is made, in the server's thread: a
    test can change the store in the middle of a client's read.
    """

    def __init__(  # noqa: PLR0913 (a server's settings)
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
    ) -> None:
        self.store = store
        self.tokens = tokens
        self.latency_seconds = latency_seconds
        self.max_limit = max_limit
        self.compress = compress
        self.faults = Faults()
        self.drift = Drift()
        self.before_answer: Callable[[Seen], None] | None = None
        self.requests: list[Seen] = []
        self._random = random.Random(seed)  # noqa: S311 (a shuffle, no secret)
        self._lock = threading.Lock()
        self._cache: dict[tuple[object, ...], bytes] = {}
        self._server = _Server((host, port), type("BoundHandler", (_Handler,), {"portal": self}))
        self._thread: threading.Thread | None = None

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
        """Answer no more and close what is open; the store stays as it is."""
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
        parts = urlsplit(target)
        params = dict(parse_qsl(parts.query, keep_blank_values=True))
        with self._lock:
            seen = Seen(
                len(self.requests) + 1, method, parts.path, params, dict(headers), unquote_plus(target)
            )
            self.requests.append(seen)
        return seen

    def forget_requests(self) -> None:
        """Start the record anew."""
        with self._lock:
            self.requests.clear()

    def answer(self, seen: Seen) -> Answer:  # noqa: PLR0911 (one for each way a request ends)
        """Give the right answer to a request."""
        if self.before_answer:
            self.before_answer(seen)
        token = _token(seen)
        if token is not None and self.tokens is not None and token not in self.tokens:
            return _error(403, "permission_denied", "Invalid app_token specified")
        route = _ROUTE.fullmatch(seen.path)
        if route is None:
            return _error(404, "not_found", f"Nothing at {seen.path}")
        kind, dataset, suffix = route.groups()
        try:
            with self.store.snapshot() as snapshot:
                if kind == "api/views":
                    return self._view(snapshot, dataset)
                return self._rows(snapshot, dataset, suffix, seen)
        except DatasetMissingError:
            return _error(404, "dataset.missing", f"Dataset not found: {dataset}", id=dataset)
        except SoqlError as error:
            return Answer.of_json(400, error.body)
        except RecursionError:
            return Answer.of_json(400, SoqlError("query.compiler.malformed", "The query is too deep").body)

    def _view(self, snapshot: Snapshot, dataset: str) -> Answer:
        shape = self.drift.apply(snapshot.shape(dataset))
        state = snapshot.state(dataset)
        columns = [
            {
                "id": 1000 + place,
                "position": place,
                "name": one.name.strip("_:@").replace("_", " ").title(),
                "fieldName": one.name,
                "dataTypeName": _VIEW_TYPES.get(one.type, one.type),
            }
            for place, one in enumerate((*shape.fields, *shape.system[4:]), 1)
        ]
        stamps = {"rowsUpdatedAt": state.rows_updated_at, "viewLastModified": state.rows_updated_at}
        return Answer.of_json(200, {"id": dataset, "name": shape.name, **stamps, "columns": columns})

    def _rows(self, snapshot: Snapshot, dataset: str, suffix: str, seen: Seen) -> Answer:
        shape = self.drift.apply(snapshot.shape(dataset))
        state = snapshot.state(dataset)
        params = {name: value for name, value in seen.params.items() if name != "$$app_token"}
        query = translate(params, shape, default_limit=DEFAULT_LIMIT_ROWS)
        if self.max_limit is not None and query.limit > self.max_limit:
            message = f"Invalid $limit: {query.limit} is above {self.max_limit}"
            return Answer.of_json(400, SoqlError("invalid_request", message).body)
        key = (dataset, state.number, self.drift.version, suffix, *sorted(params.items()))
        headers = _row_headers(query, state, key)
        if headers["ETag"] in seen.headers.get("If-None-Match", ""):
            return Answer(304, b"", headers)
        body = self._body(snapshot, shape, query, suffix, key)
        headers["Content-Type"] = _JSON_TYPE if suffix == "json" else "text/csv;charset=utf-8"
        return Answer(200, body, headers)

    def _body(
        self, snapshot: Snapshot, shape: Shape, query: Query, suffix: str, key: tuple[object, ...]
    ) -> bytes:
        if query.one_row and key in self._cache:
            return self._cache[key]
        with self._lock:
            shuffle = (self._random.randrange(1, _PRIME), _PRIME)
        if suffix == "json":
            body = fetch_json_body(snapshot, shape, query, shuffle)
        else:
            sql, values = query.to_column_sql(snapshot.tables(shape)[0], shuffle)
            rows = snapshot.connection.execute(sql, values).fetchall()
            body = to_csv_body([(column.name, column.expr.type) for column in query.columns], rows)
        if query.one_row:
            with self._lock:
                if len(self._cache) >= _CACHED_ANSWERS:
                    self._cache.clear()
                self._cache[key] = body
        return body


def _row_headers(query: Query, state: State, key: tuple[object, ...]) -> dict[str, str]:
    modified = email.utils.formatdate(state.rows_updated_at, usegmt=True)
    digest = hashlib.blake2b(repr(key).encode(), digest_size=12).hexdigest()
    return {
        "X-SODA2-Fields": json.dumps([column.name for column in query.columns]),
        "X-SODA2-Types": json.dumps([column.expr.type for column in query.columns]),
        "X-SODA2-Data-Out-Of-Date": "false",
        "X-SODA2-Truth-Last-Modified": modified,
        "X-SODA2-Secondary-Last-Modified": modified,
        "Last-Modified": modified,
        "ETag": f'W/"{digest}"',
    }


def _token(seen: Seen) -> str | None:
    return seen.headers.get("X-App-Token") or seen.params.get("$$app_token")


class _Handler(BaseHTTPRequestHandler):
    """One client's connection, kept alive from request to request."""

    portal: Portal
    protocol_version = "HTTP/1.1"
    server_version = "stand-in"
    disable_nagle_algorithm = True  # small answers on a kept-alive connection would wait 40 ms

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class's name)
        """Say nothing: the record of requests is `Portal.requests`."""

    def do_GET(self) -> None:
        portal = self.portal
        headers = {name.title(): value for name, value in self.headers.items()}
        seen = portal.see(self.command, self.path, headers)
        fault = portal.faults.take(seen.target, has_token=_token(seen) is not None)
        wait = portal.latency_seconds + (fault.seconds if fault and fault.kind == "slow" else 0.0)
        if wait:
            time.sleep(wait)
        answer = _replaced(fault) if fault else None
        if answer is None:
            answer = self._right_answer(seen)
        seen.status = answer.status
        self._send(answer, fault)

    do_HEAD = do_GET  # noqa: N815 (the base class's name)

    def _right_answer(self, seen: Seen) -> Answer:
        try:
            return self.portal.answer(seen)
        except Exception as error:
            return _error(500, "internal_error", f"{type(error).__name__}: {error}")

    def _send(self, answer: Answer, fault: Fault | None) -> None:
        body, headers = answer.body, dict(answer.headers)
        wanted = self.headers.get("Accept-Encoding", "")
        if self.portal.compress and "gzip" in wanted and len(body) > 1024:
            packer = zlib.compressobj(1, wbits=31)
            body = packer.compress(body) + packer.flush()
            headers["Content-Encoding"] = "gzip"
        kind = fault.kind if fault else ""
        if kind == "no_content_type":
            headers.pop("Content-Type", None)
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


def _replaced(fault: Fault) -> Answer | None:  # noqa: PLR0911 (one for each kind)
    """Give the answer that stands in the place of the right one, if the fault has one."""
    retry = {"Retry-After": fault.retry_after} if fault.retry_after else {}
    if fault.kind == "accepted_202":
        return Answer.of_json(202, {"message": "Processing, try again later"}, **retry)
    if fault.kind == "html_200":
        return Answer(200, _HTML, {"Content-Type": "text/html; charset=utf-8"})
    if fault.kind == "json_object_200":
        return Answer.of_json(200, {"message": "Invalid SoQL query", "errorCode": "query.soql.invalid"})
    if fault.kind != "status":
        return None
    if fault.body == "html":
        return Answer(fault.status, _HTML, {"Content-Type": "text/html; charset=utf-8", **retry})
    if fault.body == "none":
        return Answer(fault.status, b"", retry)
    if fault.body == "list":
        return Answer.of_json(fault.status, ["Internal error"], **retry)
    codes = {403: "permission_denied", 404: "dataset.missing", 429: "too_many_requests"}
    code = codes.get(fault.status, "internal_error")
    refusal = {"code": code, "error": True, "message": f"A scripted {fault.status}"}
    return Answer.of_json(fault.status, refusal, **retry)


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve a city until SIGTERM; build it first if there is none. One line says when it is ready."""
    parser = argparse.ArgumentParser(prog="python -m demo.portal", description=main.__doc__)
    add_city_arguments(parser)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one (default)")
    parser.add_argument(
        "--latency", type=float, default=0.0, metavar="SECONDS", help="wait before each answer"
    )
    parser.add_argument(
        "--token", action="append", metavar="TOKEN", help="a good app token; others are refused"
    )
    options = parser.parse_args(arguments)
    try:
        store = open_city(options)
        portal = Portal(
            store, port=options.port, tokens=options.token, latency_seconds=options.latency, seed=store.seed
        )
    except (OSError, ValueError) as error:
        print(f"demo.portal: {error}", file=sys.stderr)  # noqa: T201 (a command's own message)
        return 1
    return _serve(portal, options.state)


def _serve(portal: Portal, folder: Path) -> int:
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

"""A SODA portal's answers to requests: rows, metadata, refusals. No network.

What lives here: paths, parameters, headers and bodies as https://dev.socrata.com/docs/endpoints.html has
them. What does not: HTTP itself and what goes wrong with it (`portal`), the query language (`soql_to_sql`), the
rows (`store`). It does not know its clients' queries.
"""

from __future__ import annotations

import email.utils
import hashlib
import io
import json
import random
import re
import threading
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl, unquote_plus, urlsplit

import orjson

from demo.portal_faults import Drift
from demo.shapes import WIRE, Shape, Stored, to_csv_text
from demo.soql_to_sql import Query, SoqlError, translate
from demo.store import DatasetMissingError, Snapshot, State, Store

_PRIME = 2**31 - 1  # rows are shuffled by (number times factor) mod this
_CACHED_ANSWERS = 4096
_CACHED_ANSWER_BYTES = 256 * 1024
_ROUTE = re.compile(r"/(resource|api/views)/([a-z0-9]{4}-[a-z0-9]{4})\.(json|csv)")
_JSON_TYPE = "application/json;charset=utf-8"
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
class HttpAnswer:
    """A whole answer before it is sent."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)

    @staticmethod
    def of_json(status: int, value: object, **headers: str) -> HttpAnswer:
        """Make an answer with a JSON body."""
        return HttpAnswer(status, orjson.dumps(value), {"Content-Type": _JSON_TYPE, **headers})


def to_seen(number: int, method: str, target: str, headers: Mapping[str, str]) -> Seen:
    """Take a request apart. Header names are looked up in title case."""
    parts = urlsplit(target)
    params = dict(parse_qsl(parts.query, keep_blank_values=True))
    titled = {name.title(): value for name, value in headers.items()}
    return Seen(number, method, parts.path, params, titled, unquote_plus(target))


def to_error(status: int, code: str, message: str, **data: object) -> HttpAnswer:
    """Make a refusal or a failure in SODA's words."""
    return HttpAnswer.of_json(status, {"code": code, "error": True, "message": message, "data": data})


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
    """Return the rows as SODA's CSV: every column, every value quoted, nothing for null."""
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


class Answers:
    """The answers of one store. Changeable at any time: `tokens`, `max_limit`, `drift`.

    `tokens`: the valid app tokens; None takes any. A wrong one is refused; a request without one is served.
    `max_limit`: a `$limit` above it is refused, as 2.0 endpoints do above 50,000; None allows any, as 2.1
    does. `page_cap`: no answer has more rows, whatever its `$limit`, and nothing says so. `seed`: seeds the order of
    unordered rows, which differs from request to request.
    """

    def __init__(
        self,
        store: Store,
        *,
        tokens: Collection[str] | None = None,
        seed: int = 7,
        max_limit: int | None = None,
        page_cap: int | None = None,
    ) -> None:
        self.store = store
        self.page_cap = page_cap
        self.tokens = tokens
        self.max_limit = max_limit
        self.drift = Drift()
        self._random = random.Random(seed)  # noqa: S311 (a shuffle, no secret)
        self._lock = threading.Lock()
        self._cache: dict[tuple[object, ...], bytes] = {}

    def get(self, target: str, headers: Mapping[str, str] | None = None) -> HttpAnswer:
        """Answer a GET of a path and query."""
        return self.answer(to_seen(1, "GET", target, headers or {}))

    def answer(self, seen: Seen) -> HttpAnswer:  # noqa: PLR0911 (one for each way a request ends)
        """Give the right answer to a request."""
        token = token_of(seen)
        if token is not None and self.tokens is not None and token not in self.tokens:
            return to_error(403, "permission_denied", "Invalid app_token specified")
        route = _ROUTE.fullmatch(seen.path)
        if route is None:
            return to_error(404, "not_found", f"Nothing at {seen.path}")
        kind, dataset, suffix = route.groups()
        try:
            with self.store.snapshot() as snapshot:
                if kind == "api/views":
                    return self._view(snapshot, dataset)
                return self._rows(snapshot, dataset, suffix, seen)
        except DatasetMissingError:
            return to_error(404, "dataset.missing", f"Dataset not found: {dataset}", id=dataset)
        except SoqlError as error:
            return HttpAnswer.of_json(400, error.body)
        except RecursionError:
            return HttpAnswer.of_json(
                400, SoqlError("query.compiler.malformed", "The query is too deep").body
            )

    def _view(self, snapshot: Snapshot, dataset: str) -> HttpAnswer:
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
        return HttpAnswer.of_json(200, {"id": dataset, "name": shape.name, **stamps, "columns": columns})

    def _rows(self, snapshot: Snapshot, dataset: str, suffix: str, seen: Seen) -> HttpAnswer:
        shape = self.drift.apply(snapshot.shape(dataset))
        state = snapshot.state(dataset)
        params = {name: value for name, value in seen.params.items() if name != "$$app_token"}
        query = translate(params, shape)
        if self.max_limit is not None and query.limit > self.max_limit:
            message = f"Invalid $limit: {query.limit} is above {self.max_limit}"
            return HttpAnswer.of_json(400, SoqlError("invalid_request", message).body)
        if self.page_cap is not None:
            query = replace(query, limit=min(query.limit, self.page_cap))
        key = (dataset, state.number, self.drift.version, self.page_cap, suffix, *sorted(params.items()))
        headers = _row_headers(query, state, key)
        if headers["ETag"] in seen.headers.get("If-None-Match", ""):
            return HttpAnswer(304, b"", headers)
        body = self._body(snapshot, shape, query, suffix, key)
        headers["Content-Type"] = _JSON_TYPE if suffix == "json" else "text/csv;charset=utf-8"
        return HttpAnswer(200, body, headers)

    def _body(
        self, snapshot: Snapshot, shape: Shape, query: Query, suffix: str, key: tuple[object, ...]
    ) -> bytes:
        # Sums read all their rows and are asked for again and again, so the answer of one state is kept.
        if key in self._cache:
            return self._in_any_order(self._cache[key], query)
        with self._lock:
            shuffle = (self._random.randrange(1, _PRIME), _PRIME)
        if suffix == "json":
            body = fetch_json_body(snapshot, shape, query, shuffle)
        else:
            sql, values = query.to_column_sql(snapshot.tables(shape)[0], shuffle)
            rows = snapshot.connection.execute(sql, values).fetchall()
            body = to_csv_body([(column.name, column.expr.type) for column in query.columns], rows)
        if query.one_row or (suffix == "json" and _has_all_groups(query, body)):
            with self._lock:
                if len(self._cache) >= _CACHED_ANSWERS:
                    self._cache.clear()
                self._cache[key] = body
        return body

    def _in_any_order(self, body: bytes, query: Query) -> bytes:
        if query.one_row or query.order:
            return body
        groups = orjson.loads(body)
        with self._lock:
            self._random.shuffle(groups)
        return orjson.dumps(groups) + b"\n"


def _has_all_groups(query: Query, body: bytes) -> bool:
    """Say whether an answer that is not too large holds groups, and all of them."""
    if not query.grouped or query.offset or len(body) > _CACHED_ANSWER_BYTES:
        return False
    return len(orjson.loads(body)) < query.limit


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


def token_of(seen: Seen) -> str | None:
    """Return the app token of a request, from its header or its parameter."""
    return seen.headers.get("X-App-Token") or seen.params.get("$$app_token")

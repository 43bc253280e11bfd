"""What goes wrong with a portal, scripted: faults of single answers, and drift of a dataset's columns.

What lives here: which requests meet which fault, and how a drifted shape reads. What does not: sending the
broken answers (`portal`). The faults are those seen in the wild:
https://dev.socrata.com/docs/response-codes.html, an HTML page with 200, a JSON object where rows were asked
for, a cut body, a reset half way, and answers that are valid JSON but not what was asked for.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from demo.shapes import Shape, ShapeField

Kind = Literal[
    "status",  # `status` with `body`, perhaps no reason phrase, perhaps Retry-After
    "accepted_202",  # try again later
    "html_200",  # a maintenance page
    "json_object_200",  # an object where rows were asked for
    "cut_body",  # fewer bytes than Content-Length says
    "cut_body_declared",  # the same, and Content-Length says the smaller number
    "reset",  # TCP reset half way
    "no_answer",  # the connection is closed before a byte
    "no_content_type",
    "no_fields",  # right, without X-SODA2-Fields and X-SODA2-Types
    "empty_200",  # no row where there are rows
    "rows_lost",  # every second row
    "rows_repeated",  # as many rows as there are, half of them copies of the others
    "filter_unheeded",  # as if there were no $where
    "order_unheeded",  # as if there were no $order: shuffled
    "limit_lowered",  # `rows` rows, whatever $limit says
    "slow",  # right, after `seconds`
]
Body = Literal["object", "list", "none", "html"]
_UNHEEDED: dict[str, dict[str, str | None]] = {
    "filter_unheeded": {"$where": None},
    "order_unheeded": {"$order": None},
}


@dataclass(frozen=True)
class Fault:
    """One scripted fault.

    `match` is searched in the decoded path and query. The first `skip` matching requests are spared; the
    next `times` meet it (None: all). `retry_after` is sent as it is, in seconds or as an HTTP date.
    """

    kind: Kind
    match: str = ""
    times: int | None = 1
    skip: int = 0
    status: int = 500
    body: Body = "object"
    no_reason_phrase: bool = False
    retry_after: str = ""
    seconds: float = 0.0
    rows: int = 1
    only_without_token: bool = False


def heeded(fault: Fault | None, params: Mapping[str, str]) -> dict[str, str]:
    """Return the parameters of a request that the fault lets the portal heed."""
    changed = _UNHEEDED.get(fault.kind, {}) if fault else {}
    if fault and fault.kind == "limit_lowered":
        changed = {"$limit": str(min(fault.rows, int(params.get("$limit", fault.rows))))}
    return {name: value for name, value in {**params, **changed}.items() if value is not None}


def spoilt(fault: Fault | None, body: bytes) -> bytes:
    """Return the body of a right answer with the rows that the fault leaves in it."""
    if fault is None or fault.kind not in ("empty_200", "rows_lost", "rows_repeated"):
        return body
    rows = json.loads(body)
    if fault.kind == "empty_200":
        rows = []
    elif fault.kind == "rows_lost":
        rows = rows[::2] if len(rows) > 1 else []
    else:
        rows = [rows[place // 2] for place in range(max(len(rows), 2))] if rows else []
    return json.dumps(rows).encode()


class Faults:
    """The script of a portal. Safe to change while it answers."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._script: list[Fault] = []
        self.met: list[Fault] = []
        """The faults that requests met, in order."""

    def add(self, *faults: Fault) -> None:
        """Add to the end of the script; the first that matches a request is its fault."""
        with self._lock:
            self._script += faults

    def clear(self) -> None:
        """Let nothing go wrong any more."""
        with self._lock:
            self._script.clear()

    def take(self, target: str, *, has_token: bool) -> Fault | None:
        """Return the fault that this request meets, and count it off in the script."""
        with self._lock:
            for place, fault in enumerate(self._script):
                if (fault.only_without_token and has_token) or not re.search(fault.match, target):
                    continue
                if fault.skip:
                    self._script[place] = replace(fault, skip=fault.skip - 1)
                    continue
                if fault.times is not None:
                    if fault.times > 1:
                        self._script[place] = replace(fault, times=fault.times - 1)
                    else:
                        del self._script[place]
                self.met.append(fault)
                return fault
        return None


def _cast(expression: str, old: str, new: str) -> str:
    """Give SQL that gives a value of type `old` as one of type `new`."""
    if new == "number":
        return f"({expression} + 0)"
    if new == "checkbox":
        return f"({expression} in ('Y', 'true', 1))"
    return f"cast({expression} as text)" if old == "number" else expression


class Drift:
    """Changes of the datasets' columns, seen in rows, X-SODA2-Fields, X-SODA2-Types and /api/views alike."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._edits: list[tuple[str, str, tuple[ShapeField, ...]]] = []
        self.version = 0

    def _edit(self, dataset: str, name: str, fields: tuple[ShapeField, ...]) -> None:
        with self._lock:
            self._edits.append((dataset, name, fields))
            self.version += 1

    def clear(self) -> None:
        """Make the columns as declared again."""
        with self._lock:
            self._edits.clear()
            self.version += 1

    def rename(self, dataset: str, old: str, new: str) -> None:
        """Give a column another name."""
        self._edit(dataset, old, (ShapeField(new, "", "renamed"),))

    def remove(self, dataset: str, name: str) -> None:
        """Take a column away."""
        self._edit(dataset, name, ())

    def add(self, dataset: str, name: str, type_name: str = "text", value: str | None = "new") -> None:
        """Add a column that has this value in every row; None: none in any."""
        constant = None if value is None else value.replace("'", "''")
        expression = "null" if constant is None else _cast(f"'{constant}'", "text", type_name)
        self._edit(dataset, "", (ShapeField(name, type_name, expression),))

    def retype(self, dataset: str, name: str, type_name: str) -> None:
        """Give a column another type."""
        self._edit(dataset, name, (ShapeField(name, type_name, "retyped"),))

    def apply(self, shape: Shape) -> Shape:
        """Give the shape as it is after all edits."""
        with self._lock:
            edits = [(name, new) for dataset, name, new in self._edits if dataset == shape.id]
        for name, new in edits:
            shape = replace(shape, fields=_edited(shape.fields, name, new))
        return shape


def _edited(fields: tuple[ShapeField, ...], name: str, new: tuple[ShapeField, ...]) -> tuple[ShapeField, ...]:
    if not name:
        return fields + new
    out: list[ShapeField] = []
    for field in fields:
        out += [_derived(field, edit) for edit in new] if field.name == name else [field]
    if all(field.name != name for field in fields):
        raise LookupError(f"no column {name} to change")
    return tuple(out)


def _derived(old: ShapeField, edit: ShapeField) -> ShapeField:
    source = old.expression or f'd."{old.name}"'
    if edit.expression == "renamed":
        return ShapeField(edit.name, old.type, source)
    return ShapeField(edit.name, edit.type, _cast(source, old.type, edit.type))

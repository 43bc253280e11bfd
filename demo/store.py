"""The rows of the stand-in portal, in one SQLite file, and the ways in which a source changes.

What lives here: reading and writing rows, and the state of a dataset. Every change is atomic and gives a
new state: a number, and a `rowsUpdatedAt` in whole seconds that is never equal for two states. What does
not: queries (`soql_to_sql`), HTTP (`portal`), what a plausible day changes (`city`). No clock: each change is told
its instant.

As in the real dataset (https://data.cityofchicago.org/d/x2n5-8w5q) a changed row is deleted and inserted
again under a new `:id`; only `edit` and `touch_all` keep ids. Several processes may have one store open:
the file is in WAL mode and a reader sees one state from its first query to its last.
"""

from __future__ import annotations

import contextlib
import queue
import sqlite3
import tempfile
import threading
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import orjson

from demo.shapes import WIRE, Row, Shape, Stored, to_stored

# The alphabet of the real row ids: no 0, 1, l, o.
_ID_LETTERS = np.frombuffer(b"23456789abcdefghijkmnpqrstuvwxyz", dtype=np.uint8)
_ID_JOINTS = np.frombuffer(b"._-~", dtype=np.uint8)
_BATCH_ROWS = 20_000
_SYSTEM_FIELDS = 4  # :id, :created_at, :updated_at, :version stand first in every shape


def to_stamp(instant: datetime) -> str:
    """Give an instant as a system field has it: `2023-11-14T11:02:01.256Z`."""
    at = instant.astimezone(UTC)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"


def to_wall_stamp(wall: datetime) -> str:
    """Give a wall clock time as a floating timestamp has it: `2023-11-06T00:00:00.000`."""
    return f"{wall:%Y-%m-%dT%H:%M:%S}.{wall.microsecond // 1000:03d}"


def mint_ids(prefix: str, count: int, rng: np.random.Generator) -> list[str]:
    """Row ids or versions that look like the real ones: `row-n56f.jhj4-rhq4`, `rv-wqug~aini.ma3c`."""
    width = len(prefix) + 14
    text = np.empty((count, width), dtype=np.uint8)
    text[:, : len(prefix)] = np.frombuffer(prefix.encode(), dtype=np.uint8)
    text[:, len(prefix) :] = _ID_LETTERS[rng.integers(0, len(_ID_LETTERS), (count, 14))]
    for joint in (len(prefix) + 4, len(prefix) + 9):
        text[:, joint] = _ID_JOINTS[rng.integers(0, len(_ID_JOINTS), count)]
    blob = text.tobytes().decode()
    return [blob[start : start + width] for start in range(0, count * width, width)]


@dataclass(frozen=True)
class State:
    """What a dataset is at one moment. `rows_updated_at` is in epoch seconds."""

    number: int
    rows_updated_at: int


class DatasetMissingError(LookupError):
    """The store has no dataset of this id."""


@dataclass(frozen=True)
class _Tables:
    shape: Shape
    rows: str
    json: str

    @property
    def insert_row(self) -> str:
        names = ", ".join(f'"{field.name}"' for field in self.shape.all_fields)
        marks = ", ".join("?" * (len(self.shape.all_fields) + 1))
        return f'insert into "{self.rows}" (row_number, {names}) values ({marks})'  # noqa: S608

    @property
    def insert_json(self) -> str:
        return f'insert into "{self.json}" (row_number, row_json, system_bytes) values (?, ?, ?)'  # noqa: S608

    def creation(self) -> list[str]:
        """Give the statements that make the tables. Columns have no affinity: values stay as they are."""
        names = ", ".join(f'"{field.name}"' for field in self.shape.all_fields)
        return [
            f'create table "{self.rows}" (row_number integer primary key, {names})',
            f'create table "{self.json}" (row_number integer primary key, row_json blob, system_bytes)',
        ]

    def indexing(self) -> list[str]:
        """Give the statements that make the indexes."""
        shape = self.shape
        # A census of the whole dataset reads these columns only, in the order of :id.
        census = [":id", ":version", *([shape.occurrence] if shape.occurrence else [])]
        indexes = [("id", [":id"]), ("census", census), ("updated", [":updated_at"])]
        if shape.occurrence:
            indexes.append(("occurrence", [shape.occurrence, ":id"]))
            indexes.append(("case", [shape.case]))
        if shape.edited_stamp:
            # For sums over a whole dataset: a narrow index is read instead of all the wide rows.
            indexes.append(("sums", [shape.occurrence, "id", ":updated_at", shape.edited_stamp]))
        made = []
        for name, columns in indexes:
            unique = "unique " if name == "id" else ""
            quoted = ", ".join(f'"{column}"' for column in columns)
            made.append(f'create {unique}index "{self.rows}_{name}" on "{self.rows}" ({quoted})')
        return made


def _tables(shape: Shape) -> _Tables:
    stem = shape.id.replace("-", "_")
    return _Tables(shape, f"rows_{stem}", f"json_{stem}")


def _wire_columns(shape: Shape, stored: Sequence[tuple[Stored, ...]]) -> list[Sequence[Any]]:
    """Give the stored rows by column, in published form."""
    out: list[Sequence[Any]] = []
    for field, column in zip(shape.all_fields, zip(*stored, strict=True), strict=True):
        convert = WIRE.get(field.type)
        # Most columns hold few values many times.
        out.append(_converted(column, convert) if convert else column)
    return out


def _converted(column: Sequence[Stored], convert: Callable[[Stored], Any]) -> list[Any]:
    known: dict[Stored, Any] = {value: convert(value) for value in set(column)}
    return [known[value] for value in column]


def to_json_rows(shape: Shape, stored: Sequence[tuple[Stored, ...]]) -> Iterator[tuple[bytes, int]]:
    """Return the JSON text of each row, and how many bytes of it are its system fields.

    The text is that of `$select=:*,*`: null fields are left out. The system fields and their comma come
    first: the rest after an opening brace is the row without them.
    """
    if not stored:
        return
    names = [field.name for field in shape.all_fields]
    cut = len(shape.system)
    system_names, names = names[:cut], names[cut:]
    for row in zip(*_wire_columns(shape, stored), strict=True):
        system = {n: v for n, v in zip(system_names, row[:cut], strict=True) if v is not None}
        fields = {n: v for n, v in zip(names, row[cut:], strict=True) if v is not None}
        head, tail = orjson.dumps(system), orjson.dumps(fields)
        text = head[:-1] + b"," + tail[1:] if fields else head[:-1] + b"}"
        yield text, len(head) if fields else len(head) - 1


class Change:
    """One atomic change of one dataset, under way. Its methods may be used together, for one new state."""

    def __init__(self, connection: sqlite3.Connection, shape: Shape, at: datetime, seeds: list[int]) -> None:
        self._connection = connection
        self._tables = _tables(shape)
        self._rng = np.random.default_rng(seeds)
        self._to_index = False
        self.shape = shape
        self.at = at

    def make_tables(self) -> None:
        """Make the tables, empty; `finish` indexes them, after the first rows, which is much faster."""
        for statement in self._tables.creation():
            self._connection.execute(statement)
        self._to_index = True

    def finish(self) -> None:
        """Index tables that were made in this change; an id that occurs twice is found here at the latest."""
        for statement in self._tables.indexing() if self._to_index else ():
            self._connection.execute(statement)

    def insert(
        self, rows: Iterable[Row], *, created_at: str | None = None, updated_at: str | None = None
    ) -> list[str]:
        """Insert rows, in published form. System fields that a row lacks are minted; stamps default to `at`.

        `updated_at` older than rows already there makes a late row that a watermark alone does not see.
        """
        created = created_at or to_stamp(self.at)
        updated = updated_at or created_at or to_stamp(self.at)
        fields = self.shape.all_fields[_SYSTEM_FIELDS:]
        given = list(rows)
        unknown = {name for row in given for name in row} - {field.name for field in self.shape.all_fields}
        if unknown:
            raise ValueError(f"{self.shape.id} has no fields {sorted(unknown)}")
        ids = [row.get(":id") or new for row, new in self._with_minted(given, "row-")]
        versions = [row.get(":version") or new for row, new in self._with_minted(given, "rv-")]
        self.insert_stored(
            (
                row_id,
                to_stored(row.get(":created_at", created), "fixed_timestamp"),
                to_stored(row.get(":updated_at", updated), "fixed_timestamp"),
                version,
                *(to_stored(row.get(field.name), field.type) for field in fields),
            )
            for row, row_id, version in zip(given, ids, versions, strict=True)
        )
        return ids

    def _with_minted(self, rows: Sequence[Row], prefix: str) -> Iterable[tuple[Row, str]]:
        return zip(rows, self.mint(prefix, len(rows)), strict=True)

    def mint(self, prefix: str, count: int) -> list[str]:
        """Mint ids (`row-`) or versions (`rv-`), the same for the same store, dataset and state."""
        return mint_ids(prefix, count, self._rng)

    def insert_stored(self, rows: Iterable[tuple[Stored, ...]]) -> int:
        """Insert rows in stored form, with every field of the shape in its order; returns how many."""
        (last,) = self._connection.execute(
            f'select coalesce(max(row_number), 0) from "{self._tables.rows}"'  # noqa: S608
        ).fetchone()
        count = 0
        batch: list[tuple[Stored, ...]] = []

        def flush() -> None:
            nonlocal last, count
            numbers = range(last + 1, last + 1 + len(batch))
            self._connection.executemany(
                self._tables.insert_row, ((n, *row) for n, row in zip(numbers, batch, strict=True))
            )
            texts = to_json_rows(self.shape, batch)
            self._connection.executemany(
                self._tables.insert_json, ((n, *text) for n, text in zip(numbers, texts, strict=True))
            )
            last, count = last + len(batch), count + len(batch)
            batch.clear()

        for row in rows:
            batch.append(row)
            if len(batch) == _BATCH_ROWS:
                flush()
        if batch:
            flush()
        return count

    @property
    def table_names(self) -> tuple[str, str]:
        """Give the names of the dataset's tables: rows, and their JSON text."""
        return self._tables.rows, self._tables.json

    def execute(self, sql: str, params: Mapping[str, Stored] | Sequence[Stored] = ()) -> sqlite3.Cursor:
        """Execute SQL as part of this change, for a caller that makes rows by the million."""
        return self._connection.execute(sql, params)

    def executemany(self, sql: str, params: Iterable[Sequence[Stored]]) -> None:
        """Execute SQL for each of many rows, as part of this change."""
        self._connection.executemany(sql, params)

    def keep_fact(self, name: str, value: str) -> None:
        """Keep a small fact with the rows, as part of this change."""
        self._connection.execute("insert or replace into facts values (?, ?)", (name, value))

    def rows(self, condition: str = "true", params: Sequence[Stored] = ()) -> list[Row]:
        """Give the rows that meet an SQL condition on field names: published, whole, by `:id`."""
        return _published_rows(self._connection, self._tables, condition, params)

    def withdraw(self, ids: Iterable[str]) -> int:
        """Remove rows with nothing in their place; returns how many."""
        return self._delete('":id" = ?', [(row_id,) for row_id in ids])

    def age_out(self, before: datetime) -> int:
        """Remove the rows that occurred before this wall clock time; returns how many."""
        return self._delete(f'"{self.shape.occurrence}" < ?', [(to_wall_stamp(before),)])

    def _delete(self, condition: str, params: Sequence[tuple[Stored, ...]]) -> int:
        gone = 0
        for values in params:
            self._connection.execute(
                f'delete from "{self._tables.json}" where row_number in '  # noqa: S608
                f'(select row_number from "{self._tables.rows}" where {condition})',
                values,
            )
            gone += self._connection.execute(
                f'delete from "{self._tables.rows}" where {condition}',  # noqa: S608
                values,
            ).rowcount
        return gone

    def recreate(
        self,
        ids: Iterable[str],
        changes: Mapping[str, Any] | Callable[[Row], Mapping[str, Any]] | None = None,
        *,
        created_at: str | None = None,
        updated_at: str | None = None,
    ) -> list[str]:
        """Delete these rows and insert them again, changed, under new system fields; returns the new ids."""
        wanted = list(ids)
        marks = ", ".join("?" * len(wanted))
        old = self.rows(f'":id" in ({marks})', wanted)
        if len(old) != len(set(wanted)):
            raise LookupError(f"{self.shape.id} lacks some of {wanted}")
        self.withdraw(wanted)
        return self.insert(
            (_changed(row, changes) for row in old), created_at=created_at, updated_at=updated_at
        )

    def recreate_all(self) -> int:
        """Replace the dataset, as a publisher may: the same content under new ids and new stamps."""
        rows = self._stored_rows()
        self._clear()
        fresh = zip(rows, self.mint("row-", len(rows)), self.mint("rv-", len(rows)), strict=True)
        stamp = to_stamp(self.at)[:-1]
        return self.insert_stored(
            (row_id, stamp, stamp, version, *row[_SYSTEM_FIELDS:]) for row, row_id, version in fresh
        )

    def touch_all(self) -> int:
        """Save every row again: new `:updated_at` and `:version`, the same id and content."""
        rows = self._stored_rows()
        self._clear()
        stamp = to_stamp(self.at)[:-1]
        fresh = zip(rows, self.mint("rv-", len(rows)), strict=True)
        return self.insert_stored(
            (row[0], row[1], stamp, version, *row[_SYSTEM_FIELDS:]) for row, version in fresh
        )

    def edit(self, row_id: str, changes: Mapping[str, Any]) -> None:
        """Edit a row in place, as the whole history is: the same id, a newer stamp and version."""
        (old,) = self.rows('":id" = ?', [row_id])
        self.withdraw([row_id])
        stamp = {":updated_at": to_stamp(self.at), ":version": self.mint("rv-", 1)[0]}
        edited = {self.shape.edited_stamp: to_stamp(self.at)[:-1]} if self.shape.edited_stamp else {}
        self.insert([{**old, **edited, **stamp, **changes}])

    def replace_all(self, rows: Iterable[Row]) -> int:
        """Replace the whole content by that of another pull."""
        self._clear()
        return len(self.insert(rows))

    def _stored_rows(self) -> list[tuple[Stored, ...]]:
        names = ", ".join(f'"{field.name}"' for field in self.shape.all_fields)
        return self._connection.execute(
            f'select {names} from "{self._tables.rows}" order by row_number'  # noqa: S608
        ).fetchall()

    def _clear(self) -> None:
        self._connection.execute(f'drop table "{self._tables.rows}"')
        self._connection.execute(f'drop table "{self._tables.json}"')
        self.make_tables()


def _changed(row: Row, changes: Mapping[str, Any] | Callable[[Row], Mapping[str, Any]] | None) -> Row:
    kept = {name: value for name, value in row.items() if name.startswith(":@") or not name.startswith(":")}
    return kept | dict(changes(row) if callable(changes) else changes or {})


def _published_rows(
    connection: sqlite3.Connection, tables: _Tables, condition: str, params: Sequence[Stored]
) -> list[Row]:
    found = connection.execute(
        f'select j.row_json from "{tables.rows}" d join "{tables.json}" j using (row_number) '  # noqa: S608
        f'where {condition} order by d.":id"',
        params,
    )
    return [orjson.loads(text) for (text,) in found]


class Snapshot:
    """One state of the whole store, for as long as it is open."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    def shape(self, dataset: str) -> Shape:
        """Give the dataset's declared shape; raises `DatasetMissingError`."""
        found = self.connection.execute("select shape from datasets where id = ?", (dataset,)).fetchone()
        if found is None:
            raise DatasetMissingError(dataset)
        return Shape.from_json(found[0])

    def state(self, dataset: str) -> State:
        """Give the dataset's state; raises `DatasetMissingError`."""
        found = self.connection.execute(
            "select state, rows_updated_at from datasets where id = ?", (dataset,)
        ).fetchone()
        if found is None:
            raise DatasetMissingError(dataset)
        return State(*found)

    def tables(self, shape: Shape) -> tuple[str, str]:
        """Give the names of the dataset's tables: rows, and their JSON text."""
        tables = _tables(shape)
        return tables.rows, tables.json


class Store:
    """The datasets in one SQLite file. Safe to use from several threads and processes."""

    def __init__(self, path: Path, *, seed: int = 7, journal: str = "wal") -> None:
        """Open the file, or make it. The seed decides ids and versions; an existing file keeps its own.

        `journal`: SQLite's mode; only "wal" lets readers and a writer in at the same time.
        """
        self.path = path
        self._journal = journal
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._lock = threading.RLock()
        self._readers: queue.LifoQueue[sqlite3.Connection] = queue.LifoQueue()
        self._opened: list[sqlite3.Connection] = []
        self._writer = self._open()
        self._writer.execute(
            "create table if not exists datasets (id text primary key, shape text, state integer, "
            "rows_updated_at integer)"
        )
        self._writer.execute("create table if not exists facts (name text primary key, value text)")
        self._writer.execute("insert or ignore into facts values ('seed', ?)", (str(seed),))
        self.seed = int(self.fact("seed") or seed)

    @classmethod
    def temporary(cls, *, seed: int = 7) -> Store:
        """Make a store in a folder of its own, removed by `close`."""
        # Removed when the process ends at the latest, even if a test forgot to close it.
        folder = tempfile.TemporaryDirectory(prefix="stand-in-portal-", ignore_cleanup_errors=True)
        store = cls(Path(folder.name) / "city.sqlite", seed=seed)
        store._folder = folder
        return store

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, timeout=60, isolation_level=None, check_same_thread=False)
        for pragma in (
            f"journal_mode = {self._journal}",
            "synchronous = off",  # a stand-in may lose its last second to a power cut
            "mmap_size = 2000000000",
            "cache_size = -16000",
            "temp_store = memory",
        ):
            connection.execute(f"pragma {pragma}")
        self._opened.append(connection)
        return connection

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections, and remove a temporary store's folder."""
        with self._lock:
            for connection in self._opened:
                connection.close()
            self._opened.clear()
        if self._folder:
            self._folder.cleanup()

    def analyze(self) -> None:
        """Have SQLite gather statistics for its query plans."""
        with self._lock:
            self._writer.execute("analyze")

    def fact(self, name: str) -> str | None:
        """Give a small fact kept with the rows, such as the day up to which the city has lived."""
        with self.snapshot() as snapshot:
            found = snapshot.connection.execute("select value from facts where name = ?", (name,)).fetchone()
        return None if found is None else str(found[0])

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        """Read one state: other changes, of any process, are not seen until it is closed."""
        try:
            connection = self._readers.get_nowait()
        except queue.Empty:
            connection = self._open()
        connection.execute("begin")
        try:
            yield Snapshot(connection)
        finally:
            connection.execute("rollback")
            self._readers.put(connection)

    def create(
        self,
        shape: Shape,
        rows: Iterable[Row] = (),
        *,
        at: datetime,
        fill: Callable[[Change], object] | None = None,
    ) -> None:
        """Make a new dataset with these rows, or with what `fill` inserts: its first state.

        An existing one is left as it is.
        """
        with self._lock, self._transaction():
            have = self._writer.execute("select 1 from datasets where id = ?", (shape.id,)).fetchone()
            if have:
                return
            self._writer.execute("insert into datasets values (?, ?, 0, 0)", (shape.id, shape.to_json()))
            change = self._change_in_transaction(shape, at)
            change.make_tables()
            if fill:
                fill(change)
            else:
                change.insert(rows)
            change.finish()

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        self._writer.execute("begin immediate")
        try:
            yield
        except BaseException:
            self._writer.execute("rollback")
            raise
        self._writer.execute("commit")

    def _change_in_transaction(self, shape: Shape, at: datetime) -> Change:
        number, before = self._writer.execute(
            "select state, rows_updated_at from datasets where id = ?", (shape.id,)
        ).fetchone()
        # Last-Modified has whole seconds; two states must never share one.
        updated = max(int(at.timestamp()), before + 1)
        self._writer.execute(
            "update datasets set state = ?, rows_updated_at = ? where id = ?", (number + 1, updated, shape.id)
        )
        return Change(self._writer, shape, at, [self.seed, zlib.crc32(shape.id.encode()), number + 1])

    @contextlib.contextmanager
    def change(self, dataset: str, *, at: datetime) -> Iterator[Change]:
        """Open one atomic change of a dataset at this instant; all that is done inside makes one new state."""
        with self._lock, self._transaction():
            shape = Snapshot(self._writer).shape(dataset)
            change = self._change_in_transaction(shape, at)
            yield change
            change.finish()

    def insert(
        self,
        dataset: str,
        rows: Iterable[Row],
        *,
        at: datetime,
        created_at: str | None = None,
        updated_at: str | None = None,
    ) -> list[str]:
        """See `Change.insert`."""
        with self.change(dataset, at=at) as change:
            return change.insert(rows, created_at=created_at, updated_at=updated_at)

    def recreate(
        self,
        dataset: str,
        ids: Iterable[str],
        changes: Mapping[str, Any] | Callable[[Row], Mapping[str, Any]] | None = None,
        *,
        at: datetime,
    ) -> list[str]:
        """See `Change.recreate`."""
        with self.change(dataset, at=at) as change:
            return change.recreate(ids, changes)

    def withdraw(self, dataset: str, ids: Iterable[str], *, at: datetime) -> int:
        """See `Change.withdraw`."""
        with self.change(dataset, at=at) as change:
            return change.withdraw(ids)

    def age_out(self, dataset: str, before: datetime, *, at: datetime) -> int:
        """See `Change.age_out`."""
        with self.change(dataset, at=at) as change:
            return change.age_out(before)

    def recreate_all(self, dataset: str, *, at: datetime) -> int:
        """See `Change.recreate_all`."""
        with self.change(dataset, at=at) as change:
            return change.recreate_all()

    def touch_all(self, dataset: str, *, at: datetime) -> int:
        """See `Change.touch_all`."""
        with self.change(dataset, at=at) as change:
            return change.touch_all()

    def edit(self, dataset: str, row_id: str, changes: Mapping[str, Any], *, at: datetime) -> None:
        """See `Change.edit`."""
        with self.change(dataset, at=at) as change:
            change.edit(row_id, changes)

    def replace_all(self, dataset: str, rows: Iterable[Row], *, at: datetime) -> int:
        """See `Change.replace_all`."""
        with self.change(dataset, at=at) as change:
            return change.replace_all(rows)

    def rows(self, dataset: str, condition: str = "true", params: Sequence[Stored] = ()) -> list[Row]:
        """Give the published rows with system fields, by `:id`, that meet an SQL condition on field names."""
        with self.snapshot() as snapshot:
            tables = _tables(snapshot.shape(dataset))
            return _published_rows(snapshot.connection, tables, condition, params)

    def count(self, dataset: str) -> int:
        """Return how many rows the dataset has."""
        with self.snapshot() as snapshot:
            rows, _ = snapshot.tables(snapshot.shape(dataset))
            (count,) = snapshot.connection.execute(f'select count(*) from "{rows}"').fetchone()  # noqa: S608
        return int(count)

    def state(self, dataset: str) -> State:
        """Give the dataset's present state."""
        with self.snapshot() as snapshot:
            return snapshot.state(dataset)

"""Millions of rows of the whole history for the stand-in portal, in minutes: drawn once, dealt out in SQL.

A week of the stand-in city (`demo/city.py`) is drawn in Python; SQLite deals its rows out again and again over days
without gap, each time under an id, a version, a case number, a date and stamps of its own. So a row is as wide and as
hard to parse as the city's, and `assert_as_published` compares its JSON with what the store would write.
"""

import os
import sys
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import orjson

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

from demo.city import FILE_NAME, City, history_rows, load_of  # noqa: E402
from demo.lists import PUBLISHED_LISTS, rows_of_list  # noqa: E402
from demo.shapes import HISTORY, Row  # noqa: E402
from demo.store import Change, Store, mint_ids, to_json_rows, to_stamp  # noqa: E402

LAST_DAY = date(2026, 11, 17)
ROWS_A_DAY = 876  # 8 million in 25 years
FIRST_ID = 1_000_000
_DRAWN_DAYS = 14
_BATCH_ROWS = 500_000
_SEED = 7
# The fields from and to which a dealt row is as it was drawn; only the year is in between.
_SAME = ("block", "y_coordinate"), ("latitude", "location")

_DRAWN = """
create temporary table drawn (
    number integer primary key, source_row integer, minute text, lag integer, regions text, middle text, tail text
)
"""
_DAYS = """
create temporary table days (
    number integer primary key, day text, year integer, created text, updated text, edited text
)
"""
_MINTED = "create temporary table minted (number integer primary key, id text, version text)"
# SQLite joins in the order written where it says cross: each dealt row looks up what it is made of.
_DEALT = """
from minted m
cross join drawn t on t.number = (m.number * 7919) % :drawn
cross join days d on d.number = m.number / :rows_a_day
cross join days l on l.number = min(d.number + t.lag, :last_day)
"""
_CASE = "char(65 + m.number / 26000000, 65 + m.number / 1000000 % 26) || printf('%06d', m.number % 1000000)"


def build(folder: Path, rows: int) -> Path:
    """Make the folder's city file of so many rows, whole or not at all; an existing one is left as it is."""
    path = folder / FILE_NAME
    if path.exists():
        return path
    folder.mkdir(parents=True, exist_ok=True)
    unfinished = folder / f"{FILE_NAME}.{os.getpid()}.unfinished"
    try:
        with Store(unfinished, seed=_SEED, journal="off") as store:
            last = load_of(_SEED, LAST_DAY + timedelta(days=8)).updated_at
            store.create(HISTORY, at=last, fill=lambda change: _deal(change, rows))
            for source in PUBLISHED_LISTS:
                store.create(source.shape, rows_of_list(source), at=last)
            store.analyze()
            assert_as_published(store, rows)
        unfinished.rename(path)
    finally:
        for left in folder.glob(f"{unfinished.name}*"):
            left.unlink()
    return path


def _deal(change: Change, rows: int) -> None:
    count = -(-rows // ROWS_A_DAY)
    city = City(_SEED, rows=ROWS_A_DAY * (372 - 7))
    end = date(2019, 6, 15)
    drawn = list(history_rows(city, end - timedelta(days=_DRAWN_DAYS), end))
    change.insert(drawn)
    _keep_drawn(change, drawn)
    change.execute(_DAYS)
    change.executemany("insert into days values (?, ?, ?, ?, ?, ?)", _days(count))
    change.execute(_MINTED)
    rng = np.random.default_rng(_SEED)
    for first in range(0, rows, _BATCH_ROWS):
        many = min(_BATCH_ROWS, rows - first)
        ids, versions = mint_ids("row-", many, rng), mint_ids("rv-", many, rng)
        change.execute("delete from minted")
        change.executemany(
            "insert into minted values (?, ?, ?)", zip(range(first, first + many), ids, versions, strict=True)
        )
        for statement in _statements(change):
            change.execute(
                statement,
                {
                    "drawn": len(drawn), "rows_a_day": ROWS_A_DAY, "last_day": count - 1,
                    "first_id": FIRST_ID, "first_row": len(drawn) + 1,
                },
            )  # fmt: skip
    for table in change.table_names:
        change.execute(f'delete from "{table}" where row_number <= {len(drawn)}')


def _keep_drawn(change: Change, drawn: list[Row]) -> None:
    """Keep the unchanging text of each drawn row's JSON, and how long after its day the row was saved."""
    change.execute(_DRAWN)
    regions = [field.name for field in HISTORY.system[4:]]
    names = [field.name for field in HISTORY.fields]
    parts = [names[names.index(first) : names.index(last) + 1] for first, last in _SAME]
    found = change.execute(
        f'select row_number, row_json from "{change.table_names[1]}" order by row_number'
    ).fetchall()
    lines = []
    for place, ((row_number, text), row) in enumerate(zip(found, drawn, strict=True)):
        published = orjson.loads(text)
        lag = date.fromisoformat(row["updated_on"][:10]) - date.fromisoformat(row["date"][:10])
        texts = ["," + _json(published, some) if _json(published, some) else "" for some in (regions, *parts)]
        lines.append((place, row_number, row["date"][10:], lag.days, *texts))
    change.executemany("insert into drawn values (?, ?, ?, ?, ?, ?, ?)", lines)


def _json(row: Row, names: list[str]) -> str:
    return orjson.dumps({name: row[name] for name in names if name in row}).decode()[1:-1]


def _days(count: int) -> list[tuple[int, str, int, str, str, str]]:
    first = LAST_DAY - timedelta(days=count - 1)
    days = []
    for number in range(count):
        day = first + timedelta(days=number)
        load = load_of(_SEED, day)
        created, updated = to_stamp(load.created_at)[:-1], to_stamp(load.updated_at)[:-1]
        days.append((number, day.isoformat(), day.year, created, updated, f"{day}T15:40:00.000"))
    return days


def _statements(change: Change) -> tuple[str, str]:
    """Return the two statements that deal out what is minted: the rows, and their JSON."""
    own = {
        ":id": "m.id",
        ":created_at": "l.created",
        ":updated_at": "l.updated",
        ":version": "m.version",
        "id": "m.number + :first_id",
        "case_number": _CASE,
        "date": "d.day || t.minute",
        "year": "d.year",
        "updated_on": "l.edited",
    }
    rows, json = change.table_names
    columns = ", ".join(own.get(field.name, f'r."{field.name}"') for field in HISTORY.all_fields)
    system = (
        """'{":id":"' || m.id || '",":created_at":"' || l.created || 'Z",":updated_at":"' || l.updated"""
        """ || 'Z",":version":"' || m.version || '"' || t.regions"""
    )
    fields = (
        f"""',"id":"' || (m.number + :first_id) || '","case_number":"' || {_CASE} || '","date":"' || d.day"""
        """ || t.minute || '"' || t.middle || ',"year":"' || d.year || '","updated_on":"' || l.edited || '"'"""
        """ || t.tail || '}'"""
    )
    return (
        (
            f'insert into "{rows}" select m.number + :first_row, {columns} {_DEALT}'
            f' cross join "{rows}" r on r.row_number = t.source_row'
        ),
        (
            f'insert into "{json}" select m.number + :first_row, cast({system} || {fields} as blob),'
            f" length({system}) + 1 {_DEALT}"
        ),
    )


def assert_as_published(store: Store, rows: int) -> None:
    """Raise if rows are missing, or if one of some thousand rows has other JSON than the store would write."""
    with store.snapshot() as snapshot:
        table, json_table = snapshot.tables(HISTORY)
        names = ", ".join(f'd."{field.name}"' for field in HISTORY.all_fields)
        found = snapshot.connection.execute(
            f'select {names}, j.row_json, j.system_bytes from "{table}" d join "{json_table}" j using (row_number)'
            f" where d.row_number % {max(rows // 2_000, 1)} = 0"
        ).fetchall()
    written = list(to_json_rows(HISTORY, [row[:-2] for row in found]))
    unlike = [(row[-2:], text) for row, text in zip(found, written, strict=True) if row[-2:] != text]
    if unlike or not found or store.count(HISTORY.id) != rows:
        raise AssertionError(f"{len(unlike)} of {len(found)} rows are not as published: {unlike[:1]}")

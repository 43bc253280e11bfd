"""A plain loader, done well: what most scripts for this dataset do. The benchmark's yardstick, not part of the product.

50,000-row pages in order of :id, one connection; an upsert behind an :updated_at watermark. It keeps ghosts and proves
nothing. Three ways to write: with pandas, multi-row `insert … on conflict` in batches or `pandas.to_sql`; and COPY of
the values as they are in the answer, into the table itself where it is empty: the shortest way from portal to table.
"""

import argparse
from datetime import timedelta

import orjson
import pandas as pd
import psycopg
import requests
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import create_engine

PAGE_ROWS = 50_000
BATCH_ROWS = 1_000
COLUMNS = [
    ":id",
    ":created_at",
    ":updated_at",
    ":version",
    "case_",
    "date_of_occurrence",
    "block",
    "_iucr",
    "_primary_decsription",
    "_secondary_description",
    "_location_description",
    "arrest",
    "domestic",
    "beat",
    "ward",
    "fbi_cd",
    "x_coordinate",
    "y_coordinate",
    "latitude",
    "longitude",
]
TABLE = """
create table if not exists crimes (
    id text primary key, created_at timestamptz, updated_at timestamptz, version text, case_number text,
    date_of_occurrence timestamp, block text, iucr text, primary_description text, secondary_description text,
    location_description text, arrest boolean, domestic boolean, beat text, ward smallint, fbi_code text,
    x_coordinate integer, y_coordinate integer, latitude double precision, longitude double precision
);
create index if not exists crimes_date on crimes (date_of_occurrence);
create index if not exists crimes_case on crimes (case_number);
create index if not exists crimes_updated on crimes (updated_at);
"""
TABLE_COLUMNS = [
    "id",
    "created_at",
    "updated_at",
    "version",
    "case_number",
    "date_of_occurrence",
    "block",
    "iucr",
    "primary_description",
    "secondary_description",
    "location_description",
    "arrest",
    "domestic",
    "beat",
    "ward",
    "fbi_code",
    "x_coordinate",
    "y_coordinate",
    "latitude",
    "longitude",
]


def pages(url: str, where: str | None):
    """Yield pages of rows, each after the last id of the one before."""
    last = None
    with requests.Session() as session:
        while True:
            after = f":id > '{last}'" if last else None
            clause = " and ".join(f"({part})" for part in (where, after) if part)
            parameters = {"$select": ":*,*", "$order": ":id", "$limit": PAGE_ROWS}
            if clause:
                parameters["$where"] = clause
            answer = session.get(f"{url}/resource/x2n5-8w5q.json", params=parameters, timeout=120)
            answer.raise_for_status()
            rows = orjson.loads(answer.content)
            if rows:
                yield rows
            if len(rows) < PAGE_ROWS:
                return
            last = rows[-1][":id"]


def to_frame(rows):
    """Return a page as a typed frame with the table's columns."""
    frame = pd.DataFrame.from_records(rows, columns=COLUMNS)
    frame.columns = TABLE_COLUMNS
    frame["date_of_occurrence"] = pd.to_datetime(frame["date_of_occurrence"])
    for name in ("created_at", "updated_at"):
        frame[name] = pd.to_datetime(frame[name], utc=True)
    for name in ("arrest", "domestic"):
        frame[name] = frame[name] == "Y"
    frame["beat"] = frame["beat"].str.zfill(4)
    for name in ("ward", "x_coordinate", "y_coordinate"):
        frame[name] = pd.to_numeric(frame[name]).astype("Int64")
    for name in ("latitude", "longitude"):
        frame[name] = pd.to_numeric(frame[name])
    return frame


def insert(connection, page, *, is_first):  # noqa: ARG001 - it is written the same
    """Write a page in batches of `insert … on conflict`."""
    frame = to_frame(page)
    frame = frame.astype(object).where(frame.notna(), None)
    columns = ", ".join(TABLE_COLUMNS)
    updates = ", ".join(f"{name} = excluded.{name}" for name in TABLE_COLUMNS[1:])
    one = "(" + ", ".join(["%s"] * len(TABLE_COLUMNS)) + ")"
    rows = frame.to_numpy().tolist()
    for first in range(0, len(rows), BATCH_ROWS):
        batch = rows[first : first + BATCH_ROWS]
        statement = (
            f"insert into crimes ({columns}) values {', '.join([one] * len(batch))}"
            f" on conflict (id) do update set {updates}"
        )
        connection.execute(statement, [value for row in batch for value in row])


def merge_staged(connection):
    """Upsert the rows of `staged`."""
    columns = ", ".join(TABLE_COLUMNS)
    updates = ", ".join(f"{name} = excluded.{name}" for name in TABLE_COLUMNS[1:])
    connection.execute(
        f"insert into crimes ({columns}) select {columns} from staged on conflict (id) do update set {updates}"
    )


def to_sql(connection, page, *, is_first):  # noqa: ARG001 - it is written the same
    """Write a page with pandas.to_sql, 1,000 rows a statement, to a table of its own, and upsert from there."""
    given = conninfo_to_dict(connection.info.dsn)
    engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(**given))
    connection.execute("drop table if exists staged; create table staged (like crimes)")
    connection.commit()
    with engine.begin() as writer:
        to_frame(page).to_sql(
            "staged", writer, if_exists="append", index=False, method="multi", chunksize=BATCH_ROWS
        )
    engine.dispose()
    merge_staged(connection)


def copy(connection, page, *, is_first):
    """Write a page by COPY of the values as the API gives them: a first load into the table, else by an upsert."""
    if not is_first:
        connection.execute("drop table if exists staged; create unlogged table staged (like crimes)")
    table = "crimes" if is_first else "staged"
    with connection.cursor().copy(f"copy {table} ({', '.join(TABLE_COLUMNS)}) from stdin") as copied:
        for row in page:
            copied.write_row([row.get(name) for name in COLUMNS])
    if not is_first:
        merge_staged(connection)


WRITERS = {"insert": insert, "to_sql": to_sql, "copy": copy}


def main() -> None:
    """Load what is new since the table's newest stamp, or all."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--url", required=True)
    parser.add_argument("--conninfo", required=True)
    parser.add_argument("--writer", choices=WRITERS, default="insert")
    given = parser.parse_args()
    with psycopg.connect(given.conninfo) as connection:
        connection.execute(TABLE)
        watermark = connection.execute("select max(updated_at) from crimes").fetchone()[0]
        where = None
        if watermark:
            since = watermark - timedelta(hours=3)
            where = f":updated_at >= '{since:%Y-%m-%dT%H:%M:%S.000}Z'"
        for rows in pages(given.url, where):
            WRITERS[given.writer](connection, rows, is_first=watermark is None)
            connection.commit()


if __name__ == "__main__":
    main()

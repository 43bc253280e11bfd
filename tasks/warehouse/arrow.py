"""Rows of the warehouse as Arrow batches: one COPY a relation, with only a few megabytes of it in memory at a time.

Arrow's own CSV reader turns the stream into columns, so that no row becomes a Python object. Mirrors
https://arrow.apache.org/docs/python/csv.html#incremental-reading.
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from typing import Final

import psycopg
import pyarrow as pa
import pyarrow.csv as arrow_csv
from psycopg import sql
from sqlalchemy import Connection

from tasks.warehouse.sql_files import execute

BLOCK_BYTES: Final = 4 * 1024 * 1024
_TYPES: Final = {
    "boolean": pa.bool_(),
    "smallint": pa.int16(),
    "integer": pa.int32(),
    "bigint": pa.int64(),
    "double precision": pa.float64(),
    # Rates and means, which have no scale of their own.
    "numeric": pa.float64(),
    "date": pa.date32(),
    "timestamp without time zone": pa.timestamp("us"),
    "timestamp with time zone": pa.timestamp("us", tz="UTC"),
}


@dataclass(frozen=True)
class Relation:
    """A table or view of schema chicago, and its columns as Arrow has them; each field's metadata is its COMMENT."""

    name: str
    schema: pa.Schema


def read_relations(connection: Connection) -> list[Relation]:
    """Return the tables and views of schema chicago that are ours, by name."""
    rows = execute(connection, "export/relations").all()
    return [
        Relation(
            name,
            pa.schema(
                [
                    pa.field(
                        row.column_name,
                        _TYPES.get(row.type_name, pa.string()),
                        metadata={"comment": row.meaning or ""},
                    )
                    for row in columns
                ]
            ),
        )
        for name, columns in groupby(rows, key=lambda row: str(row.relation_name))
    ]


@contextmanager
def read_batches(connection: Connection, relation: Relation) -> Iterator[Iterator[pa.RecordBatch]]:
    """Yield the rows of a relation, some thousands at a time, with the relation's schema.

    The connection is busy while the body runs. Instants are UTC, so the session's time zone has to be UTC too.
    """
    driver = connection.connection.driver_connection
    assert driver is not None
    statement = sql.SQL("copy (select {} from {}) to stdout (format csv, header)").format(
        sql.SQL(", ").join(sql.Identifier(name) for name in relation.schema.names),
        sql.Identifier("chicago", relation.name),
    )
    with driver.cursor().copy(statement) as copy:
        reader = arrow_csv.open_csv(
            _CopyStream(copy),
            # On the thread that asks: two threads must not use one connection.
            read_options=arrow_csv.ReadOptions(block_size=BLOCK_BYTES, use_threads=False),
            parse_options=arrow_csv.ParseOptions(newlines_in_values=True),
            convert_options=arrow_csv.ConvertOptions(
                column_types={field.name: field.type for field in relation.schema},
                # As COPY writes them: NULL is an empty field, and an empty text is quoted.
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
                true_values=["t"],
                false_values=["f"],
            ),
        )
        yield (pa.RecordBatch.from_arrays(batch.columns, schema=relation.schema) for batch in reader)


class _CopyStream(io.RawIOBase):
    """The bytes of a COPY, as a file that is read once, and in full blocks: the server sends row by row."""

    def __init__(self, copy: psycopg.Copy) -> None:
        super().__init__()
        self._copy = copy
        self._rest = b""

    def readable(self) -> bool:
        return True

    def read(self, size: int = BLOCK_BYTES) -> bytes:
        chunks, held = [self._rest], len(self._rest)
        while held < size:
            chunk = self._copy.read()
            if not chunk:
                break
            chunks.append(bytes(chunk))
            held += len(chunk)
        content = b"".join(chunks)
        self._rest = content[size:]
        return content[:size]

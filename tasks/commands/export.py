"""Export: the record, its lists and every view as files that a notebook reads, to a folder or to S3.

Parquet and CSV of each table and view, the map's cells as GeoJSON, and `manifest.json`, all of one snapshot. Each file
is written beside its place under another name and then moved there (tasks/cloud/folders.py), the manifest last: a
reader sees whole files only, and a set is whole when its files have the digests in the manifest. Mirrors
https://arrow.apache.org/docs/python/filesystems.html.
"""

import json
import logging
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any, Final

import pyarrow as pa
import pyarrow.csv as arrow_csv
from pyarrow import parquet
from sqlalchemy import Connection, Engine, text

from tasks.cloud.folders import Partials, open_folder
from tasks.errors import LoadError
from tasks.warehouse import ledger
from tasks.warehouse.arrow import Relation, read_batches, read_relations
from tasks.warehouse.engine import first_line
from tasks.warehouse.faults import named_faults
from tasks.warehouse.sql_files import statements

log = logging.getLogger(__name__)

MANIFEST: Final = "manifest.json"
MAP_CELLS: Final = "crime_map_cells.geojson"
# Rows of Parquet that are compressed together; they take some tens of megabytes of memory.
_ROW_GROUP_ROWS: Final = 100_000
_FEATURES_AT_ONCE: Final = 2_000


@dataclass(frozen=True)
class ExportedFile:
    """One file of an export: its name, the table or view, rows, bytes and the digest of its content.

    text_columns: of a CSV file, the columns that are text though they may look like numbers (beat 0232), for
    `pandas.read_csv(..., dtype=dict.fromkeys(text_columns, "string"))`. Parquet has its types in the file.
    """

    name: str
    relation: str
    rows: int
    size_bytes: int
    sha256: str
    text_columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class ExportReport:
    """What was written where. freshness, audit: what the warehouse said of itself in the same snapshot."""

    destination: str
    made_at: str
    dataset: str
    freshness: dict[str, Any]
    audit: dict[str, Any]
    files: tuple[ExportedFile, ...]


def export(engine: Engine, destination: str, dataset: str) -> ExportReport:
    """Write the export to a folder or to `s3://bucket/prefix`, and return what was written.

    S3 credentials, region and endpoint are those of the environment (AWS_PROFILE, AWS_ENDPOINT_URL and so on). Raises
    `UsageError` for a destination that is not one, `ConfigError` where the warehouse holds another dataset, `LoadError`
    where the export cannot be written; the files of an earlier export then stay as they were.
    """
    files, folder = open_folder(destination, "export")
    with named_faults(engine, "the export"), engine.connect() as connection:
        connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        connection.execute(text("set local timezone = 'UTC'"))
        if connection.execute(text("select to_regclass('chicago.data_freshness')")).scalar() is None:
            raise LoadError("the warehouse is not set up yet; a run sets it up (python flows/main.py)")
        # The manifest says which dataset it is.
        ledger.check_dataset(connection, dataset)
        try:
            with Partials(files, folder) as partials:
                return _write(connection, partials, destination, dataset)
        except OSError as error:
            raise LoadError(f"the export to {destination} failed: {first_line(error)}") from error


def to_lines(report: ExportReport) -> list[str]:
    """Return the report as lines for a person."""
    size = sum(file.size_bytes for file in report.files) / 1e6
    rows = {file.relation: file.rows for file in report.files}
    state = "stale: " + str(report.freshness["stale_because"]) if report.freshness["is_stale"] else "fresh"
    return [
        f"exported   {len(rows)} tables and views, {len(report.files)} files, {size:,.1f} MB to {report.destination}",
        f"crimes     {rows['crimes']:,}",
        f"record     {state}; last audit: {report.audit['explanation']}",
    ]


def _write(connection: Connection, partials: Partials, destination: str, dataset: str) -> ExportReport:
    files: list[ExportedFile] = []
    for relation in read_relations(connection):
        files += _write_relation(connection, partials, relation)
    files.append(_write_map(connection, partials))
    report = ExportReport(
        destination=destination,
        made_at=str(connection.execute(text("select now()")).scalar_one().isoformat()),
        dataset=dataset,
        freshness=_plain(connection, "select * from chicago.data_freshness"),
        audit=_plain(
            connection,
            "select count, share, explanation from chicago.data_quality where \"check\" = 'last audit'",
        ),
        files=tuple(files),
    )
    with partials.open(MANIFEST) as sink:
        sink.write(json.dumps(asdict(report), indent=2, default=_as_json).encode() + b"\n")
    partials.publish()
    return report


def _write_relation(connection: Connection, partials: Partials, relation: Relation) -> list[ExportedFile]:
    names = [f"{relation.name}.parquet", f"{relation.name}.csv"]
    rows = 0
    with ExitStack() as stack:
        sinks = [stack.enter_context(partials.open(name)) for name in names]
        as_parquet = stack.enter_context(parquet.ParquetWriter(sinks[0], relation.schema, compression="zstd"))
        as_csv = stack.enter_context(arrow_csv.CSVWriter(sinks[1], relation.schema))
        batches = stack.enter_context(read_batches(connection, relation))
        for group in _grouped(batches):
            as_parquet.write_table(group)
            as_csv.write_table(group)
            rows += group.num_rows
    log.info("relation=%s rows=%d exported", relation.name, rows)
    as_text = tuple(field.name for field in relation.schema if pa.types.is_string(field.type))
    return [
        ExportedFile(name, relation.name, rows, sink.size, sink.digest, text_columns)
        for name, sink, text_columns in zip(names, sinks, ((), as_text), strict=True)
    ]


def _grouped(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.Table]:
    """Yield the rows in groups of the size that Parquet compresses well."""
    held: list[pa.RecordBatch] = []
    for batch in batches:
        held.append(batch)
        if sum(one.num_rows for one in held) >= _ROW_GROUP_ROWS:
            yield pa.Table.from_batches(held)
            held = []
    if held:
        yield pa.Table.from_batches(held)


def _write_map(connection: Connection, partials: Partials) -> ExportedFile:
    (statement,) = statements("export/map_cells")
    rows = 0
    with partials.open(MAP_CELLS) as sink:
        sink.write(b'{"type": "FeatureCollection", "features": [\n')
        found = connection.execute(statement, execution_options={"yield_per": _FEATURES_AT_ONCE})
        for (feature,) in found:
            sink.write((b",\n" if rows else b"") + feature.encode())
            rows += 1
        sink.write(b"\n]}\n")
    return ExportedFile(MAP_CELLS, "crime_map_cells", rows, sink.size, sink.digest)


def _plain(connection: Connection, query: str) -> dict[str, Any]:
    return dict(connection.execute(text(query)).mappings().one())


def _as_json(value: Any) -> Any:
    """Return numbers as numbers and instants as ISO 8601."""
    return float(value) if isinstance(value, Decimal) else value.isoformat()

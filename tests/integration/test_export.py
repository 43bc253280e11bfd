"""Exports: what is in the files, that they hold of one snapshot, and that nobody sees half of one."""

import hashlib
import json
import os
from datetime import UTC, datetime

import pandas as pd
import psycopg
import pyarrow as pa
import pyarrow.parquet
import pytest
from moto.server import ThreadedMotoServer
from pyarrow.fs import FileSelector, S3FileSystem
from sqlalchemy import create_engine, text

from demo.shapes import ONE_YEAR
from tasks.cloud.folders import open_folder
from tasks.commands import export as exporting
from tasks.commands.export import export
from tasks.errors import LoadError, UsageError
from tasks.warehouse import arrow
from tasks.warehouse.views import refresh_views
from tests.integration.conftest import crime

DATASET = ONE_YEAR.id
ROWS = """
insert into chicago.crimes (
    crime_id, case_number, date_of_occurrence, block, iucr, primary_description, location_description, arrest, domestic,
    beat, district, ward, fbi_code, x_coordinate, y_coordinate, latitude, longitude, updated_at
) values
    ('row-1', 'JH1', '2024-03-01 10:00', E'A "quoted", line\\nand another', '0820', 'THEFT', '', true, false, '0111', 1,
        42, '06', 1176369, 1900927, 41.883495, -87.627873, '2024-03-09T11:02:01.256Z'),
    ('row-2', 'JH2', '2024-03-01 00:00:01', null, '0820', 'THEFT', 'Straße, ☃', false, true, null, null, null, null,
        null, null, null, null, null),
    ('row-3', 'JH3', '2024-03-02 23:59:59', 'NA', '031A', 'ROBBERY', 'null', false, false, '0111', 1, 42, '03',
        1176400, 1900100, 41.88, -87.62, '2024-03-09T11:02:01Z')
"""


@pytest.fixture
def engine(postgres, database):
    """Give an engine on a warehouse with three crimes, full of what trips a reader of CSV."""
    made = create_engine(
        "postgresql+psycopg://", creator=lambda: psycopg.connect(postgres.conninfo(database))
    )
    with made.begin() as connection:
        connection.exec_driver_sql(ROWS)
    refresh_views(made)
    yield made
    made.dispose()


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_the_record_the_lists_and_every_view_are_written_twice_and_the_map_once(engine, tmp_path):
    report = export(engine, str(tmp_path / "new" / "folder"), DATASET)
    with engine.connect() as connection:
        relations = (
            connection.execute(
                text(
                    "select relname from pg_class where relnamespace = 'chicago'::regnamespace"
                    " and relkind in ('r', 'v', 'm')"
                )
            )
            .scalars()
            .all()
        )
    expected = {f"{name}.{ending}" for name in relations for ending in ("csv", "parquet")}
    assert set(names(tmp_path / "new" / "folder")) == expected | {"crime_map_cells.geojson", "manifest.json"}
    assert {"crimes", "ward_offices", "data_quality", "crimes_by_hour"} <= set(relations)
    assert {file.name for file in report.files} == expected | {"crime_map_cells.geojson"}


def test_both_forms_hold_each_row_as_the_warehouse_does(engine, tmp_path):
    export(engine, str(tmp_path), DATASET)
    with engine.connect() as connection:
        held = connection.execute(text("select * from chicago.crimes order by crime_id")).mappings().all()
    table = pa.parquet.read_table(tmp_path / "crimes.parquet").sort_by("crime_id")
    assert table.to_pylist() == [dict(row) for row in held]
    assert [str(table.schema.field(name).type) for name in ("ward", "arrest", "latitude", "updated_at")] == [
        "int16", "bool", "double", "timestamp[us, tz=UTC]",
    ]  # fmt: skip
    assert table.schema.field("beat").metadata[b"comment"].startswith(b"Police beat, four characters")
    # The same from the CSV, in which an empty text is quoted and nothing is a missing value.
    frame = pd.read_csv(
        tmp_path / "crimes.csv", dtype={"beat": str}, keep_default_na=False, na_values=[]
    ).sort_values("crime_id")
    assert list(frame["block"]) == ['A "quoted", line\nand another', "", "NA"]
    assert list(frame["location_description"]) == ["", "Straße, ☃", "null"]
    assert list(frame["arrest"]) == [True, False, False]
    assert list(frame["beat"]) == ["0111", "", "0111"]
    raw = (tmp_path / "crimes.csv").read_text("utf-8")
    assert ',"",' in raw, "the empty text of row-1 is not the missing one of row-2"


def test_pandas_reads_codes_as_text_with_what_the_manifest_says(engine, tmp_path):
    export(engine, str(tmp_path), DATASET)
    manifest = json.loads((tmp_path / "manifest.json").read_text("utf-8"))
    texts = {file["name"]: file["text_columns"] for file in manifest["files"]}
    frame = pd.read_csv(tmp_path / "crimes.csv", dtype=dict.fromkeys(texts["crimes.csv"], "string"))
    assert frame["beat"].dropna().tolist() == ["0111", "0111"]
    assert {"case_number", "iucr", "fbi_code", "block"} <= set(texts["crimes.csv"])
    assert "district" not in texts["crimes.csv"]
    assert texts["crimes.parquet"] == []


def test_an_empty_view_is_a_file_with_its_columns(engine, tmp_path):
    export(engine, str(tmp_path), DATASET)
    revisions = pa.parquet.read_table(tmp_path / "crime_revisions.parquet")
    assert revisions.num_rows == 0
    assert "old_value" in revisions.column_names
    assert list(pd.read_csv(tmp_path / "crime_revisions.csv").columns) == revisions.column_names


def test_the_map_is_geojson_in_degrees_with_the_kinds_of_each_cell(engine, tmp_path):
    export(engine, str(tmp_path), DATASET)
    map_ = json.loads((tmp_path / "crime_map_cells.geojson").read_text("utf-8"))
    assert map_["type"] == "FeatureCollection"
    (cell,) = map_["features"]
    longitude, latitude = cell["geometry"]["coordinates"]
    assert (longitude, latitude) == (pytest.approx(-87.6277, abs=0.003), pytest.approx(41.882, abs=0.003))
    assert cell["geometry"]["type"] == "Point"
    assert cell["properties"] == {
        "cell_x": 1176, "cell_y": 1900, "cell_feet": 1000, "crimes": 2, "violent": 1, "latest_date": "2024-03-02",
        "kinds": {"ROBBERY": 1, "THEFT": 1},
    }  # fmt: skip


def test_a_city_without_a_point_is_a_map_without_a_feature(engine, tmp_path):
    with engine.begin() as connection:
        connection.execute(text("truncate chicago.crimes"))
    refresh_views(engine)
    export(engine, str(tmp_path), DATASET)
    assert json.loads((tmp_path / "crime_map_cells.geojson").read_text("utf-8"))["features"] == []


def test_the_manifest_names_every_file_with_its_rows_and_digest_and_the_proof(engine, tmp_path):
    report = export(engine, str(tmp_path), DATASET)
    manifest = json.loads((tmp_path / "manifest.json").read_text("utf-8"))
    for file in manifest["files"]:
        content = (tmp_path / file["name"]).read_bytes()
        assert (len(content), hashlib.sha256(content).hexdigest()) == (file["size_bytes"], file["sha256"])
    rows = {file["name"]: file["rows"] for file in manifest["files"]}
    assert (rows["crimes.csv"], rows["crimes.parquet"], rows["dates.csv"]) == (3, 3, 1826)
    assert manifest["dataset"] == DATASET
    assert datetime.fromisoformat(manifest["made_at"]) <= datetime.now(UTC)
    assert manifest["freshness"]["load_state"] == "empty"
    assert manifest["audit"]["explanation"] == "There was none yet: nothing is proven."
    assert report.freshness["is_stale"] is True


def test_all_files_are_of_one_snapshot(engine, tmp_path, monkeypatch):
    """A row that is loaded while the files are written is in none of them."""
    write = exporting._write_relation

    def load_beside(connection, partials, relation):
        if relation.name == "crimes_by_hour":
            with engine.begin() as other:
                other.execute(text("update chicago.crimes set crime_id = 'late' where crime_id = 'row-1'"))
                other.execute(text("delete from chicago.crimes where crime_id <> 'late'"))
            refresh_views(engine)
        return write(connection, partials, relation)

    monkeypatch.setattr(exporting, "_write_relation", load_beside)
    export(engine, str(tmp_path), DATASET)
    assert pa.parquet.read_table(tmp_path / "crimes_by_hour.parquet")["crimes"].to_pandas().sum() == 3
    assert pa.parquet.read_table(tmp_path / "crimes_enriched.parquet").num_rows == 3


def test_an_export_that_fails_leaves_the_earlier_one_as_it_was(engine, tmp_path, monkeypatch):
    export(engine, str(tmp_path), DATASET)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def fail(_connection, _partials):
        raise OSError("the disk is full")

    monkeypatch.setattr(exporting, "_write_map", fail)
    with engine.begin() as connection:
        connection.execute(text("delete from chicago.crimes"))
    with pytest.raises(LoadError, match="the disk is full"):
        export(engine, str(tmp_path), DATASET)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_what_a_killed_export_left_is_taken_away_after_a_day_and_nothing_else(engine, tmp_path):
    for name, age in ((".crimes.csv.0.partial", 2), (".crimes.csv.1.partial", 0), ("mine.partial", 9)):
        (tmp_path / name).write_text("x")
        moment = datetime.now(UTC).timestamp() - age * 86_400
        os.utime(tmp_path / name, (moment, moment))
    export(engine, str(tmp_path), DATASET)
    assert [name for name in names(tmp_path) if name.endswith(".partial")] == [
        ".crimes.csv.1.partial",
        "mine.partial",
    ]


def test_a_large_table_is_read_and_written_in_parts(engine, tmp_path, monkeypatch):
    """As much is in memory as a row group has: the batches of a larger table never are one."""
    with engine.begin() as connection:
        connection.execute(text("truncate chicago.crimes"))
        connection.execute(
            text(
                "insert into chicago.crimes"
                " (crime_id, case_number, date_of_occurrence, iucr, primary_description, arrest, domestic)"
                " select 'row-' || number, 'JH', '2024-03-01', '0820', 'THEFT', false, false"
                " from generate_series(1, 50000) as numbers (number)"
            )
        )
    monkeypatch.setattr(arrow, "BLOCK_BYTES", 64 * 1024)
    monkeypatch.setattr(exporting, "_ROW_GROUP_ROWS", 5_000)
    export(engine, str(tmp_path), DATASET)
    file = pa.parquet.ParquetFile(tmp_path / "crimes.parquet")
    assert file.metadata.num_rows == 50_000
    assert max(file.metadata.row_group(number).num_rows for number in range(file.num_row_groups)) < 7_000
    assert len(set(pd.read_csv(tmp_path / "crimes.csv")["crime_id"])) == 50_000


@pytest.mark.parametrize(
    "destination", ["ftp://host/x", "s3://key:secret@bucket/x", "s3:///x", "s3://bucket/x?scheme=http"]
)
def test_a_destination_that_is_none_is_wrong_use(destination):
    with pytest.raises(UsageError) as refused:
        open_folder(destination, "export")
    assert "secret" not in str(refused.value)


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(UsageError, match="neither a folder"):
        open_folder(str(tmp_path / "file"), "export")


@pytest.fixture
def s3(monkeypatch):
    """Give the address of an S3 server of the test's own, set as a user would set it."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    for name, value in {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }.items():
        monkeypatch.setenv(name, value)
    files = S3FileSystem(
        endpoint_override=f"{host}:{port}", scheme="http", region="us-east-1", allow_bucket_creation=True
    )
    files.create_dir("analysts")
    yield files
    server.stop()


def test_an_export_to_s3_is_the_same_files_and_leaves_no_partial(engine, s3, tmp_path):
    export(engine, "s3://analysts/chicago/crime", DATASET)
    export(engine, str(tmp_path), DATASET)
    found = {
        info.base_name: info
        for info in s3.get_file_info(FileSelector("analysts/chicago/crime", recursive=True))
    }
    assert sorted(found) == names(tmp_path)
    with s3.open_input_file("analysts/chicago/crime/crimes.parquet") as stream:
        assert pa.parquet.read_table(stream).equals(pa.parquet.read_table(tmp_path / "crimes.parquet"))
    with s3.open_input_stream("analysts/chicago/crime/manifest.json") as stream:
        manifest = json.loads(stream.read())
    with s3.open_input_stream("analysts/chicago/crime/crimes.csv") as stream:
        digest = hashlib.sha256(stream.read()).hexdigest()
    assert digest == next(file["sha256"] for file in manifest["files"] if file["name"] == "crimes.csv")


def test_a_bucket_that_is_not_there_is_named(engine, s3):
    with pytest.raises(LoadError, match="s3://no-such-bucket/x failed"):
        export(engine, "s3://no-such-bucket/x", DATASET)


def test_the_command_exports_and_says_what_and_wants_to_know_where(world, tmp_path):
    world.store.insert(DATASET, [crime("JH000001"), crime("JH000002")], at=datetime.now(UTC))
    assert world.run().is_completed()
    code, out, err = world.run_main("export", "--to", str(tmp_path / "out"))
    assert code == 0, err
    assert "crimes     2" in out
    assert "record     fresh; last audit: Equal: every row id and version was compared" in out
    assert pa.parquet.read_table(tmp_path / "out" / "crimes.parquet").num_rows == 2
    code, _, err = world.run_main("export")
    assert code == 2
    assert "export needs --to" in err

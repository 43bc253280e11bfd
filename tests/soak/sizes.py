"""What is measured at the end of a day: tables, rows, dead rows, Prefect's database, logs. And what ages its rows.

Days of the soak take seconds, and Prefect keeps flow runs for an hour at least. So what is older than the days that are
kept is dated back, once, by as much as Prefect keeps; that it goes then is Prefect's own doing.
"""

from dataclasses import dataclass

import psycopg

from tasks.local import services as local_services

PREFECT = "prefect"
# Rows that are there because the source holds or held them, or by the day that it spans.
BY_THE_DATA = (
    "daily_counts",
    "hour_counts",
    "place_counts",
    "cell_counts",
    "code_counts",
    "place_period_counts",
    "cell_period_counts",
    "community_area_period_counts",
    "time_sums",
    "rejected_rows",
    "compared_days",
    "proven_months",
)
PREFECT_KEPT_SECONDS = 7200


# Runs that no row of the history names: the others are kept as long as what they retired.
IDLE_RUNS = "pipeline.runs*"
# Flow runs that have not ended, which Prefect's server would keep for good.
OPEN_RUNS = "open flow runs"


@dataclass(frozen=True)
class Sizes:
    """One day's measures. Bytes are of pg_total_relation_size, with indexes and TOAST.

    data: rows of crimes, history and quarantine. data_bytes: schema chicago, and of pipeline what is by the data;
    ledger_tables: the rest of pipeline, by table; catalogue_bytes: PostgreSQL's own. dead: dead
    rows of both schemas. rows: of each table that is not by the data, in the ledger and in Prefect's database.
    """

    data: int
    data_bytes: int
    ledger_tables: dict[str, int]
    catalogue_bytes: int
    dead: int
    prefect_bytes: int
    log_files: int
    log_bytes: int
    rows: dict[str, int]


_WAREHOUSE = """
with sizes as (
    select
        nspname,
        nspname = 'chicago' or relname = any(%(by_the_data)s) as is_data,
        pg_total_relation_size(pg_class.oid) as bytes,
        pg_stat_get_dead_tuples(pg_class.oid) as dead
    from pg_class
    inner join pg_namespace on relnamespace = pg_namespace.oid
    where relkind in ('r', 'm') and nspname in ('chicago', 'pipeline', 'pg_catalog')
)

select
    (select count(*) from chicago.crimes)
    + (select count(*) from chicago.crime_history)
    + (select count(*) from pipeline.rejected_rows) as data,
    sum(bytes) filter (where is_data) as data_bytes,
    sum(bytes) filter (where nspname = 'pg_catalog') as catalogue_bytes,
    sum(dead) filter (where nspname <> 'pg_catalog') as dead
from sizes
"""
_IDLE_RUNS = (
    "select count(*) from pipeline.runs where run_id not in (select run_id from chicago.crime_history)"
)
_LEDGER_TABLES = """
select relname, pg_total_relation_size(pg_class.oid)
from pg_class
inner join pg_namespace on relnamespace = pg_namespace.oid
where nspname = 'pipeline' and relkind = 'r' and relname <> all(%(by_the_data)s)
"""
_TABLES = """
select nspname || '.' || relname, oid::regclass
from (select pg_class.oid, relname, nspname, relkind from pg_class
    inner join pg_namespace on relnamespace = pg_namespace.oid) as named
where relkind = 'r' and nspname in ('pipeline', 'public')
"""


def measure(soak):
    """Return the sizes of a soak's databases and logs now."""
    folder = local_services.services_folder(soak.project)
    logs = [path.stat().st_size for path in folder.rglob("*.log")]
    found = measure_warehouse(soak)
    with psycopg.connect(prefect_of(soak)) as theirs:
        rows = {name.replace("public.", "prefect."): count for name, count in _rows(theirs).items()}
        rows[OPEN_RUNS] = _value(theirs, "select count(*) from flow_run where end_time is null")
        prefect_bytes = _value(theirs, "select pg_database_size(current_database())")
    rows |= found.pop("rows")
    return Sizes(**found, prefect_bytes=prefect_bytes, log_files=len(logs), log_bytes=sum(logs), rows=rows)


def measure_warehouse(soak):
    """Return what `Sizes` has of the warehouse, by name."""
    with psycopg.connect(soak.world.conninfo) as ours:
        by_the_data = {"by_the_data": list(BY_THE_DATA)}
        tables = dict(ours.execute(_LEDGER_TABLES, by_the_data).fetchall())
        cursor = ours.execute(_WAREHOUSE, by_the_data)
        found = dict(zip([column.name for column in cursor.description], cursor.fetchone(), strict=True))
        rows = {name: count for name, count in _rows(ours).items() if name.split(".")[1] not in BY_THE_DATA}
        del rows["pipeline.runs"]
        rows[IDLE_RUNS] = _value(ours, _IDLE_RUNS)
    return {name: int(value) for name, value in found.items()} | {"ledger_tables": tables, "rows": rows}


def prefect_of(soak):
    """Return how one connects to the database of Prefect's server."""
    return local_services.located_postgres(soak.project).conninfo(PREFECT)


def _rows(connection):
    """Return how many rows each table has."""
    tables = connection.execute(_TABLES).fetchall()
    return {name: _value(connection, f"select count(*) from {table}") for name, table in tables}


def _value(connection, statement):
    return connection.execute(statement).fetchone()[0]


def date_back(soak, instant):
    """Make what Prefect holds of before an instant (seconds since 1970) older than it keeps."""
    moved = {
        "flow_run": "end_time",
        "events": "occurred",
        "event_resources": "occurred",
    }
    with psycopg.connect(prefect_of(soak)) as connection:
        for table, column in moved.items():
            connection.execute(
                f"update {table} set {column} = {column} - make_interval(secs => %(kept)s)"
                f" where {column} < to_timestamp(%(instant)s)"
                f" and {column} > now() - make_interval(secs => %(kept)s)",
                {"kept": PREFECT_KEPT_SECONDS, "instant": instant},
            )

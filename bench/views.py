"""What the views cost: the reading of each and the refresh of all, at 250,000 and 8,000,000 rows. `make bench-views`.

The rows are generated in the database: one year or 25 of a city with its beats, wards, kinds and cells, some with many
crimes and most with few. A read is of the whole view, except for the long ones, which nobody reads whole: they
are asked a question. All views are refreshed: once with all crimes counted again, and then after the changes of an
ordinary day of the City. For reads and days the median, and in brackets the fastest, which other work on the machine
disturbs least.
"""

import argparse
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy import Engine, create_engine

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

from tasks.contract.dates import dates  # noqa: E402
from tasks.contract.reference import BUNDLED, read_bundled  # noqa: E402
from tasks.local import services as local_services  # noqa: E402
from tasks.warehouse.migrations import migrate  # noqa: E402
from tasks.warehouse.reference import replace_table  # noqa: E402
from tasks.warehouse.views import deploy_views, read_view_files, refresh_views  # noqa: E402

SIZES = (250_000, 8_000_000)
ROWS_A_DAY = 880
READS = 15
DAYS = 5
# The long views, and what is asked of them.
QUESTIONS = {
    "crimes_enriched": "select time_of_day, count(*) from chicago.crimes_enriched"
    " where date_of_occurrence >= '2026-11-10' and is_violent group by time_of_day",
    "crime_map_cells": "select cell_x, cell_y, latitude, longitude, crimes from chicago.crime_map_cells"
    " where primary_description = 'ROBBERY'",
    "crime_community_areas": "select * from chicago.crime_community_areas where crime_id = 'row-000001000'",
    "crimes_by_beat_and_hour": "select * from chicago.crimes_by_beat_and_hour where district = 8 and day_of_week = 5",
    "last_year_crimes": "select * from chicago.last_year_crimes where crime_id = 'row-000001000'",
    "daily_cube": "select district, sum(crimes) from chicago.daily_cube where date >= '2026-01-01' group by district",
    "cells_by_period": "select cell_x, cell_y, last_year from chicago.cells_by_period where primary_type = 'ROBBERY'",
    "places_by_period": "select primary_type, sum(last_year) from chicago.places_by_period where beat = '0111'"
    " group by primary_type",
    "place_cube": "select primary_type, sum(crimes) from chicago.place_cube where beat = '0111' group by primary_type",
}
# What nobody asks for at once; for the record.
MORE_QUESTIONS = {
    "crime_map_cells (every row)": "select * from chicago.crime_map_cells",
}
LAST_DAY = date(2026, 11, 17)

ROWS = """
with kinds as (
    select iucr, primary_description, secondary_description, row_number() over (order by md5(iucr)) - 1 as place
    from chicago.iucr_codes
),
beats as (
    select beat, district, row_number() over (order by md5(beat)) - 1 as place from chicago.beats
),
drawn as (
    select
        number,
        random() as r1, random() as r2, random() as r3, random() as r4, random() as r5, random() as r6
    from generate_series({first}, {last}) as numbers (number)
),
crimes as (
    select
        drawn.*,
        -- Squared and cubed: some beats and kinds have many, most have few.
        cast(floor(power(r1, 1.6) * (select count(*) from beats)) as integer) as beat_place,
        cast(floor(power(r2, 5) * (select count(*) from kinds)) as integer) as kind_place,
        -- Newer ones first, so that a day's rows lie near each other, as a load by weeks leaves them.
        {last_day}::timestamp + interval '1 day'
        - interval '1 day' * ({days} * (number - {first} + r3) / ({last} - {first} + 1)) as moment
    from drawn
)
insert into chicago.crimes (
    crime_id, case_number, date_of_occurrence, block, iucr, primary_description, secondary_description,
    location_description, arrest, domestic, beat, district, ward, fbi_code, x_coordinate, y_coordinate,
    latitude, longitude, created_at, updated_at, version, loaded_at
)
select
    'row-' || lpad(number::text, 9, '0'),
    'J' || lpad(number::text, 8, '0'),
    case when r4 < 0.033 then date_trunc('day', moment) else date_trunc('minute', moment) end,
    -- 120 blocks to a beat: some 33,000.
    lpad((number % 120)::text, 3, '0') || 'XX N ' || beats.beat || ' ST',
    kinds.iucr,
    kinds.primary_description,
    kinds.secondary_description,
    (array['STREET', 'RESIDENCE', 'APARTMENT', 'SIDEWALK', 'ALLEY'])[1 + number % 5],
    r5 < 0.14,
    r6 < 0.18,
    beats.beat,
    beats.district,
    -- A beat lies in two or three wards.
    1 + (beats.place * 50 / 275 + (number % 2) * 7) % 50,
    -- As the City's kinds go; the aggravated ones are some IUCR codes of theirs.
    case
        when kinds.primary_description = 'HOMICIDE' then '01A'
        when kinds.primary_description like 'CRIM%SEXUAL ASSAULT' then '02'
        when kinds.primary_description = 'ROBBERY' then '03'
        when kinds.primary_description = 'ASSAULT' then case when kinds.place % 2 = 0 then '04A' else '08A' end
        when kinds.primary_description = 'BATTERY' then case when kinds.place % 2 = 0 then '04B' else '08B' end
        when kinds.primary_description = 'BURGLARY' then '05'
        when kinds.primary_description = 'THEFT' then '06'
        when kinds.primary_description = 'MOTOR VEHICLE THEFT' then '07'
        else (array['10', '11', '14', '15', '18', '26'])[1 + abs(hashtext(kinds.primary_description)) % 6]
    end,
    -- 3,000 points to a beat, as many as blocks have addresses that crimes are put at: some 825,000.
    case when r4 < 0.988 then 1130000 + (beats.place % 17) * 4000 + floor(r5 * 50) * 80 end,
    case when r4 < 0.988 then 1815000 + (beats.place / 17) * 7800 + floor(r6 * 60) * 130 end,
    case when r4 < 0.988 then 41.64 + ((beats.place / 17) * 7800 + floor(r6 * 60) * 130) / 364000 end,
    case when r4 < 0.988 then -87.85 + ((beats.place % 17) * 4000 + floor(r5 * 50) * 80) / 272000 end,
    moment + interval '8 days',
    moment + interval '8 days',
    'rv-' || number,
    {loaded_at}
from crimes
inner join kinds on crimes.kind_place = kinds.place
inner join beats on crimes.beat_place = beats.place
-- A join of millions in batches would leave them in any order.
order by crimes.number
"""


def said(unit: str, values: list[float]) -> str:
    """Return the median and the fastest, for the table."""
    return f"{statistics.median(values):,.1f} ({min(values):,.1f}) {unit}"


def timed(action: Callable[[], object]) -> float:
    """Return the seconds of an action."""
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


class Bench:
    """One database of one size, dropped at the end."""

    def __init__(self, conninfo: str, rows: int) -> None:
        self.rows = rows
        self.days = max(rows // ROWS_A_DAY, 1)
        self.last_day = LAST_DAY
        self.engine: Engine = create_engine(
            "postgresql+psycopg://", creator=lambda: psycopg.connect(conninfo)
        )
        self.connection = psycopg.connect(conninfo, autocommit=True)

    def build(self) -> None:
        """Make the tables, lists and rows."""
        migrate(self.engine)
        with self.engine.begin() as connection:
            for listed in sorted(BUNDLED - {"holidays"}):
                replace_table(connection, listed, read_bundled(listed))
            replace_table(connection, "dates", dates(date(2001, 1, 1), date(2027, 12, 31)))
        self.connection.execute("select setseed(0.42)")
        # Indexes are made after the rows, as quickly as the machine can; a load of the live city makes them as it goes.
        indexes = self.connection.execute(
            "select indexname, indexdef from pg_indexes where schemaname = 'chicago' and tablename = 'crimes'"
            " and indexname <> 'crimes_pkey'"
        ).fetchall()
        for name, _ in indexes:
            self.connection.execute(sql.SQL("drop index {}").format(sql.Identifier("chicago", name)))
        self.add_rows(1, self.rows, "now()")
        for _, definition in indexes:
            self.connection.execute(sql.SQL(definition))
        self.connection.execute("vacuum analyze chicago.crimes")

    def add_rows(self, first: int, last: int, loaded_at: str) -> None:
        """Add generated rows with these numbers."""
        self.connection.execute(
            sql.SQL(ROWS).format(
                first=first,
                last=last,
                last_day=self.last_day.isoformat(),
                days=self.days,
                loaded_at=sql.SQL(loaded_at),
            )
        )

    def live_a_day(self) -> None:
        """Load what a run loads a day later: 700 new crimes of a few weeks, and 40 older ones that came back other."""
        self.last_day += timedelta(days=1)
        days, self.days = self.days, 20
        self.add_rows(self.rows + 1, self.rows + 700, "clock_timestamp()")
        self.days = days
        self.connection.execute(
            "with gone as (delete from chicago.crimes where crime_id in"
            " (select 'row-' || lpad((number * %s)::text, 9, '0')"
            " from generate_series(1, 40) as numbers (number)) returning *),"
            " history as (insert into chicago.crime_history"
            " select (jsonb_populate_record(null::chicago.crime_history, to_jsonb(gone) || jsonb_build_object("
            "'retired_at', clock_timestamp(), 'reason', 'withdrawn', 'run_id', gen_random_uuid()))).* from gone)"
            " select count(*) from gone",
            # Spread over all rows; with 700 more rows a day they are others each day.
            [self.rows // 41],
        )
        self.rows += 700

    def read_times(self) -> dict[str, str]:
        """Return how long a read of each view takes."""
        questions = {
            file.name + (" (a question)" if file.name in QUESTIONS else ""): QUESTIONS.get(
                file.name, f"select * from chicago.{file.name}"
            )
            for file in read_view_files()
        }
        found = {}
        for name, query in sorted((questions | MORE_QUESTIONS).items()):
            runs = [timed(lambda query=query: self.connection.execute(query)) for _ in range(READS)]  # type: ignore[misc]
            found[name] = said("ms", [seconds * 1000 for seconds in runs])
        return found

    def close(self) -> None:
        """Close the connections to the database."""
        self.connection.close()
        self.engine.dispose()


def measure(postgres: local_services.LocalPostgres, rows: int) -> dict[str, str]:
    """Return all figures of one size, as they are printed."""
    name = f"bench_views_{os.getpid()}_{rows}"
    local_services.ensure_database(postgres, name)
    bench = Bench(postgres.conninfo(name), rows)
    try:
        figures = {"build the city": f"{timed(bench.build):,.1f} s"}
        figures["deployment, all counted anew"] = f"{timed(lambda: deploy_views(bench.engine)):,.1f} s"
        days = []
        for _ in range(DAYS):
            bench.live_a_day()
            days.append(timed(lambda: refresh_views(bench.engine)))
        figures["refresh after a day's changes"] = said("s", days)
        return figures | bench.read_times() | {"load of the machine after it": f"{os.getloadavg()[0]:.1f}"}
    finally:
        bench.close()
        with psycopg.connect(postgres.conninfo("postgres"), autocommit=True) as connection:
            connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


def main(project: Path = PROJECT) -> None:
    """Measure each size and print one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="*", default=SIZES)
    sizes = parser.parse_args().rows
    postgres = local_services.ensure_postgres(project)
    print(
        f"{datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, {os.cpu_count()} cores (load {os.getloadavg()[0]:.1f}),"
        f" Python {platform.python_version()}"
    )
    figures = {}
    for rows in sizes:
        print(f"{rows:,} rows ...", flush=True)
        figures[rows] = measure(postgres, rows)
    print(f"\n{'':36}" + "".join(f"{rows:>24,}" for rows in sizes))
    for what in figures[sizes[0]]:
        print(f"{what:36}" + "".join(f"{figures[rows][what]:>24}" for rows in sizes))


if __name__ == "__main__":
    main()

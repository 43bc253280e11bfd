"""How far the corrected newest days may be trusted, and what they cost a refresh. `make bench-nowcast`.

Two cities with ten months of daily loads (bench/nowcast_city.py) are written to a database each. Of every fourth load
what was said of the newest days by what had been seen then is compared with what was held 45 days later, and both are
checked against `chicago.crimes_as_of`. Takes some minutes.
"""

import argparse
import os
import platform
import sys
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pandas as pd
import psycopg
from psycopg import sql
from sqlalchemy import Connection, Engine, create_engine, text

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

from bench.nowcast_city import BACKLOG_DAYS, CLEARED_DAYS, History, write  # noqa: E402
from tasks.commands.backtest import to_lines  # noqa: E402
from tasks.contract.dates import dates  # noqa: E402
from tasks.contract.reference import read_bundled  # noqa: E402
from tasks.lateness.backtest import Past, backtest, summary  # noqa: E402
from tasks.lateness.curve import LEARNED  # noqa: E402
from tasks.lateness.triangle import HORIZON_DAYS  # noqa: E402
from tasks.local import services as local_services  # noqa: E402
from tasks.warehouse.counts import update_counts  # noqa: E402
from tasks.warehouse.migrations import migrate  # noqa: E402
from tasks.warehouse.nowcast import read_past, update_nowcast  # noqa: E402
from tasks.warehouse.reference import replace_table  # noqa: E402

TODAY = date(2026, 11, 17)
LOADS = 300
# Long enough before the end that its days are compared with what came of them.
BACKLOG_AGO = 140


def check_as_of(connection: Connection, past: Past, day: int) -> None:
    """Stop where what the comparison holds of a day is not what `crimes_as_of` holds."""
    moment = datetime.combine(date.fromordinal(day), datetime.min.time(), UTC) + timedelta(hours=12)
    query = text(
        "select date_of_occurrence::date as date, count(*) as crimes from chicago.crimes_as_of(:moment)"
        " where date_of_occurrence >= :first group by 1"
    )
    rows = connection.execute(query, {"moment": moment, "first": date.fromordinal(day - 60)})
    theirs = {row.date.toordinal(): row.crimes for row in rows}
    held = past.held(day)
    ours = held[held["date"] >= day - 60].groupby("date")["crimes"].sum().to_dict()
    # Of the last day only midnight is published, and it is not read.
    theirs = {each: crimes for each, crimes in theirs.items() if each in ours}
    assert ours == theirs, f"crimes_as_of differs on {date.fromordinal(day)}"


def measured(engine: Engine, history: History, every: int) -> pd.DataFrame:
    """Return what was said and what came, of one city."""
    migrate(engine)
    with engine.begin() as connection:
        replace_table(connection, "fbi_codes", read_bundled("fbi_codes"))
        replace_table(connection, "dates", dates(date(2024, 1, 1), date(2027, 12, 31)))
        versions = history.versions()
        write(connection, history, versions)
        update_counts(connection)
        began = time.perf_counter()
        update_nowcast(connection)
        print(f"{len(versions):,} versions; what a refresh pays for it: {time.perf_counter() - began:.2f} s")
        past = read_past(connection, TODAY, LOADS + history.oldest, by_district=True)
        for day in (history.first_load, history.today - 100, history.today):
            check_as_of(connection, past, day)
    days = [
        day
        for day in history.looks()
        if day >= history.first_load + 3 and day <= history.today - HORIZON_DAYS
    ]
    return backtest(past, days[::every])


def shown(title: str, said: pd.DataFrame) -> None:
    """Print one table."""
    if said.empty:
        return
    print(f"\n### {title} ({said['today'].nunique()} loads)\n")
    print(
        "| What | Said | Given, % | Held, % | Withheld too, % | Raw off by | Corrected off by | Size of it |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for row in summary(said).itertuples():
        print(
            f"| {row.unit} | {row.said:,} | {row.given:.0f} | {row.covered:.0f} | {row.covered_all:.0f} |"
            f" {row.raw_error:+.2f} % | {row.error:+.2f} % | {row.off:.2f} % |"
        )


def main(project: Path = PROJECT) -> None:
    """Measure both cities and print their tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows-a-day", type=float, default=700)
    parser.add_argument("--every", type=int, default=4, help="of how many loads one is compared")
    asked = parser.parse_args()
    postgres = local_services.ensure_postgres(project)
    print(
        f"{datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, {os.cpu_count()} cores (load {os.getloadavg()[0]:.1f})"
    )
    today = TODAY.toordinal()
    for is_other, title in ((False, "the stand-in city"), (True, "another make of lateness")):
        history = History(today - LOADS, today, asked.rows_a_day, is_other, today - BACKLOG_AGO)
        name = f"bench_nowcast_{os.getpid()}_{int(is_other)}"
        local_services.ensure_database(postgres, name)
        engine = create_engine(
            "postgresql+psycopg://", creator=lambda name=name: psycopg.connect(postgres.conninfo(name))
        )
        try:
            said = measured(engine, history, asked.every)
        finally:
            engine.dispose()
            with psycopg.connect(postgres.conninfo("postgres"), autocommit=True) as connection:
                connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))
        learned = said["basis"] == LEARNED
        begins, ends = history.backlog, history.backlog + BACKLOG_DAYS + CLEARED_DAYS + 30
        near = said["today"].between(begins, ends) if is_other else pd.Series(False, index=said.index)  # noqa: FBT003
        shown(f"{title}: first 60 days, the bundled curve", said[~learned])
        shown(f"{title}: the learned curve", said[learned & ~near])
        shown(f"{title}: the learned curve, from the backlog to 40 days after it", said[learned & near])
        print("\n".join(["", *to_lines(said)]))


if __name__ == "__main__":
    main()

"""Two questions answered twice: from the database with pandas, and from the exported files with DuckDB.

1. Which police districts have the largest changes in the last 28 complete days, and are they more than chance?
2. At what hours of a Saturday is a robbery most likely, by known times?

Run it on what `make demo` or `make run` has loaded:

    make run ARGS="export --to exports"         (after make demo: DATABASE_NAME=chicago_crime_demo before it)
    .venv/bin/python docs/examples/two_questions.py "host=SOCKETS user=postgres dbname=chicago_crime" exports

`look` in the report of a run names SOCKETS, user and database.

Both ways have to give the same numbers; the script ends with an error where they do not.
"""

import sys
from pathlib import Path

import duckdb
import pandas as pd
import psycopg
from sqlalchemy import create_engine
from sqlalchemy.engine import Engine

CHANGES = """
select district, district_name, last_28_days, previous_28_days, change_pct,
    case
        when change_is_unusual then 'beyond chance'
        when not change_is_unusual then 'no more than chance'
        else 'not known: less than half a year is held'
    end as verdict
from chicago.crimes_by_district
where change_rank <= 5
order by change_rank, district
"""
SATURDAYS = """
select hour, count(*) as robberies
from chicago.crimes_enriched
where primary_type = 'ROBBERY' and day_of_week = 6 and time_of_day <> 'unknown'
group by hour
"""


def from_the_database(engine: Engine) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return both answers with pandas: the views have done most of it."""
    changes = pd.read_sql(CHANGES, engine)
    hours = pd.read_sql(SATURDAYS, engine)
    return changes, hours.sort_values(["robberies", "hour"], ascending=[False, True]).head(5).reset_index(
        drop=True
    )


def from_the_exports(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return both answers with DuckDB, which reads the files and needs no database."""
    database = duckdb.connect()
    for name in ("crimes_by_district", "crimes_enriched"):
        database.execute(f"create view {name} as select * from read_parquet('{folder / name}.parquet')")  # noqa: S608
    changes = database.execute(CHANGES.replace("chicago.", "")).df()
    hours = database.execute(
        SATURDAYS.replace("chicago.", "") + " order by robberies desc, hour limit 5"
    ).df()
    return changes, hours


def main(conninfo: str, folder: Path) -> None:
    """Print both answers, and end with an error where the two ways differ."""
    engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(conninfo))
    answers = from_the_database(engine)
    titles = (
        "The largest changes upwards: the last 28 complete days against the 28 before",
        "When robberies happen on Saturdays: the five hours with most",
    )
    for title, ours, theirs in zip(titles, answers, from_the_exports(folder), strict=True):
        print(f"{title}\n{ours.to_string(index=False)}\n")
        pd.testing.assert_frame_equal(ours, theirs, check_dtype=False)
    print("The database and the exports give the same.")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))

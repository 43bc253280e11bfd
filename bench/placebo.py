"""How often `is_unusual` is wrong, and how often it finds what was planted. `make placebo`; results in docs/methods.md.

Cities are written straight to the counts that the views are made of, day by day: in the placebo cities no place, hour,
weekday or holiday differs from another but by chance, noise or drift that is the same for all; in the others something
was planted. The newest complete day then moves on a week at a time, and at each the views say what they find. A family
with any `is_unusual` in a placebo city is a false alarm; the rate that the views state is one in 20.
"""

import argparse
import os
import sys
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import psycopg
from psycopg import sql
from sqlalchemy import create_engine

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

from tasks.contract.dates import dates  # noqa: E402
from tasks.contract.reference import BUNDLED, read_bundled  # noqa: E402
from tasks.local import services as local_services  # noqa: E402
from tasks.warehouse.migrations import migrate  # noqa: E402
from tasks.warehouse.reference import replace_table  # noqa: E402
from tasks.warehouse.views import deploy_views  # noqa: E402

FIRST_DAY = date(2023, 1, 2)  # a Monday
HISTORY_WEEKS = 57
DISTRICTS = (*range(1, 13), 14, 15, 16, 17, 18, 19, 20, 22, 24, 25)
# Crimes a day of the city, and the smallest district by the largest: about Chicago's.
PER_DAY, SPREAD = 700, 0.4
# What is planted begins four weeks before the end, so that the newest 28 days have it whole.
PLANTED_WEEKS = 4
WEEKLY_VIEWS = ("daily_crimes", "weekly_counts", "family_dispersions", "recent_changes")
ONCE_VIEWS = (
    *WEEKLY_VIEWS,
    "weekday_differences",
    "hour_differences",
    "crimes_by_holiday_date",
    "crimes_by_holiday",
)
FAMILIES = """
    select family, compared_with, count(is_unusual) as compared, count(*) filter (where is_unusual) as unusual,
        count(*) filter (where p_value < 0.05) as below_005, max(member) filter (where is_unusual) as named
    from chicago.recent_changes where family in ('city', 'district', 'hour') group by family, compared_with
"""

# What the views that look at all that is held say once: a family, its members compared, and those that are unusual.
ONCE = """
    select 'weekdays' as family, count(is_unusual) as compared, count(*) filter (where is_unusual) as unusual
    from chicago.weekday_differences
    union all
    select 'ranks of weekdays', count(*), count(*) filter (where rank_from > 1 or rank_to < 7)
    from chicago.weekday_differences
    union all
    select case when day_of_week = 0 then 'hours' else 'hours by weekday' end, count(is_unusual),
        count(*) filter (where is_unusual)
    from chicago.hour_differences group by day_of_week = 0
    union all
    select 'holidays', count(is_unusual), count(*) filter (where is_unusual)
    from chicago.crimes_by_holiday where basis = 'actual'
    union all
    select 'holidays, violent', count(violent_is_unusual), count(*) filter (where violent_is_unusual)
    from chicago.crimes_by_holiday where basis = 'actual'
    union all
    select 'dates of holidays', count(stands_out), count(*) filter (where stands_out)
    from chicago.crimes_by_holiday_date where basis = 'actual'
    union all
    select 'all holidays', count(is_unusual), count(*) filter (where is_unusual)
    from chicago.holiday_vs_non_holiday_crimes
"""
# Each planted effect: whether it is found, and how many other members of its family are named beside it.
FOUND = {
    "district_7": "select bool_or(is_unusual and member = '7'), count(*) filter (where is_unusual and member <> '7')"
    " from chicago.recent_changes where family = 'district' and compared_with = 'previous'",
    "hour_15": "select bool_or(is_unusual and member = '15'), count(*) filter (where is_unusual and member <> '15')"
    " from chicago.recent_changes where family = 'hour' and compared_with = 'previous'",
    "holiday": "select bool_or(is_unusual), 0 from chicago.holiday_vs_non_holiday_crimes where is_holiday",
    "christmas": "select bool_or(is_unusual and holiday_name = 'Christmas Day'),"
    " count(*) filter (where is_unusual and holiday_name <> 'Christmas Day')"
    " from chicago.crimes_by_holiday where basis = 'actual'",
}


@dataclass(frozen=True)
class City:
    """What the counts of a city are made of.

    noise: variance of a day by its mean, beyond Poisson when above 1. drift, city_drift: standard deviation of a slow
    change of each district, and of all together, of which a week keeps the part `keeps`. season: swing of the year.
    Planted, as factors: `district_7` and `hour_15` (new in the newest 28 days), `holiday` (each), `christmas`.
    """

    name: str
    noise: float = 1.0
    drift: float = 0.0
    city_drift: float = 0.0
    keeps: float = 0.7
    season: float = 0.0
    district_7: float = 1.0
    hour_15: float = 1.0
    holiday: float = 1.0
    christmas: float = 1.0


PLACEBOS = (
    City("Poisson"),
    City("overdispersed", noise=2.0),
    City("autocorrelated", noise=1.5, drift=0.04, city_drift=0.03),
    City("seasonal", noise=1.5, season=0.12),
    City("all of it", noise=2.0, drift=0.04, city_drift=0.03, season=0.12),
)


def drifts(random: np.random.Generator, city: City, weeks: int, members: int, size: float) -> np.ndarray:
    """Return a slow change of each member in logarithms: weeks x members, an autoregression of order one."""
    steps = random.normal(0, size * np.sqrt(1 - city.keeps**2), (weeks, members))
    steps[0] = random.normal(0, size, members) if size else 0
    for week in range(1, weeks):
        steps[week] += city.keeps * steps[week - 1]
    return steps


def expected(random: np.random.Generator, city: City, weeks: int) -> np.ndarray:
    """Return the crimes that are expected of each day and district."""
    sizes = np.linspace(1, SPREAD, len(DISTRICTS))
    per_day = PER_DAY * sizes / sizes.sum()
    slow = drifts(random, city, weeks, len(DISTRICTS), city.drift)
    slow = slow + drifts(random, city, weeks, 1, city.city_drift)
    day = np.arange(weeks * 7)
    year = 1 + city.season * np.sin(2 * np.pi * day / 365.25)
    return per_day * np.exp(np.repeat(slow, 7, axis=0)) * year[:, None]


def planted(city: City, means: np.ndarray, since: int, holidays: dict[str, np.ndarray]) -> np.ndarray:
    """Return the means with what is planted: from day `since` on in district 7, and on holidays everywhere."""
    changed = means.copy()
    changed[since:, DISTRICTS.index(7)] *= city.district_7
    changed[holidays["holiday"]] *= city.holiday
    changed[holidays["christmas"]] *= city.christmas
    return changed


def draw(random: np.random.Generator, means: np.ndarray, noise: float) -> np.ndarray:
    """Return counts of these means: Poisson, or negative binomial of so many times its variance."""
    if noise <= 1:
        return random.poisson(means)
    return random.poisson(random.gamma(means / (noise - 1), noise - 1))


def daily_counts(random: np.random.Generator, counts: np.ndarray) -> pd.DataFrame:
    """Return rows of pipeline.daily_counts; every kind of crime is a fixed share of all."""
    days = [FIRST_DAY + timedelta(days=day) for day in range(len(counts))]
    frame = pd.DataFrame(
        {
            "date": np.repeat(days, len(DISTRICTS)),
            "district": np.tile(DISTRICTS, len(counts)),
            "crimes": counts.ravel(),
        }
    )
    for name, share in (("violent", 0.11), ("property", 0.42), ("arrests", 0.12), ("domestic", 0.19)):
        frame[name] = random.binomial(frame["crimes"], share)
    return frame[frame["crimes"] > 0]


def hour_counts(random: np.random.Generator, counts: np.ndarray, since: int, hour_15: float) -> pd.DataFrame:
    """Return rows of pipeline.hour_counts: all hours alike, but 15 o'clock from day `since` on if it is planted."""
    shares = np.full(24, 1 / 24)
    new = shares.copy()
    new[15] *= hour_15
    totals = counts.sum(axis=1)
    hours = np.vstack(
        [random.multinomial(totals[:since], shares), random.multinomial(totals[since:], new / new.sum())]
    )
    days = [FIRST_DAY + timedelta(days=day) for day in range(len(counts))]
    frame = pd.DataFrame(
        {
            "date": np.repeat(days, 24),
            "hour": np.tile(np.arange(24), len(counts)),
            "is_unknown_time": False,
            "crimes": hours.ravel(),
        }
    )
    return frame[frame["crimes"] > 0]


def write(connection: psycopg.Connection, table: str, frame: pd.DataFrame) -> None:
    """Replace the rows of a table of counts."""
    name = sql.Identifier("pipeline", table)
    connection.execute(sql.SQL("truncate {}").format(name))
    columns = sql.SQL(", ").join(map(sql.Identifier, frame.columns))
    with connection.cursor().copy(sql.SQL("copy {} ({}) from stdin").format(name, columns)) as copy:
        for row in frame.itertuples(index=False):
            copy.write_row(row)


def holidays(connection: psycopg.Connection, days: int) -> dict[str, np.ndarray]:
    """Return for each day whether it is a holiday's own, and whether it is Christmas Day."""
    names = dict(
        connection.execute(
            "select date, actual_holiday_name from chicago.dates where actual_holiday_name is not null"
        ).fetchall()
    )
    held = [names.get(FIRST_DAY + timedelta(days=day)) for day in range(days)]
    return {
        "holiday": np.array([name is not None for name in held]),
        "christmas": np.array([name == "Christmas Day" for name in held]),
    }


def settle(connection: psycopg.Connection, city: City, seed: int, weeks: int, since: int) -> None:
    """Write a city of so many weeks; what is planted begins at week `since`."""
    random = np.random.default_rng(seed)
    means = planted(city, expected(random, city, weeks), since * 7, holidays(connection, weeks * 7))
    counts = draw(random, means, city.noise)
    write(connection, "daily_counts", daily_counts(random, counts))
    write(connection, "hour_counts", hour_counts(random, counts, since * 7, city.hour_15))
    connection.execute("analyze pipeline.daily_counts")
    connection.execute("analyze pipeline.hour_counts")


def move_on(connection: psycopg.Connection, weeks: int, views: tuple[str, ...] = WEEKLY_VIEWS) -> None:
    """Let the newest complete day be the last of so many weeks, and refresh views."""
    connection.execute("delete from pipeline.counts_state")
    connection.execute(
        "insert into pipeline.counts_state (counted_at, basis, first_complete_date, last_complete_date)"
        " values (now(), 'placebo', %s, %s)",
        [FIRST_DAY, FIRST_DAY + timedelta(days=weeks * 7 - 1)],
    )
    for view in views:
        connection.execute(sql.SQL("refresh materialized view chicago.{}").format(sql.Identifier(view)))


def watch(connection: psycopg.Connection, city: City, seed: int, weeks: int) -> pd.DataFrame:
    """Return what each family says in each week of a placebo city: one row is a week, a family, a comparison."""
    settle(connection, city, seed, HISTORY_WEEKS + weeks, HISTORY_WEEKS + weeks)
    found = []
    for week in range(HISTORY_WEEKS, HISTORY_WEEKS + weeks):
        move_on(connection, week)
        cursor = connection.execute(FAMILIES)
        names = [column.name for column in cursor.description or ()]
        found += [dict(zip(names, row, strict=True), week=week) for row in cursor.fetchall()]
    return pd.DataFrame(found).assign(city=city.name, seed=seed)


def look(connection: psycopg.Connection, city: City, seed: int) -> pd.DataFrame:
    """Return what the views of all that is held say of a placebo city: one row is a family."""
    settle(connection, city, seed, HISTORY_WEEKS, HISTORY_WEEKS)
    move_on(connection, HISTORY_WEEKS, ONCE_VIEWS)
    cursor = connection.execute(ONCE)
    names = [column.name for column in cursor.description or ()]
    return pd.DataFrame(cursor.fetchall(), columns=names).assign(city=city.name)


def seek(connection: psycopg.Connection, city: City, effect: str, seed: int) -> tuple[bool, int]:
    """Return whether a planted effect is found, and how many others are named beside it."""
    settle(connection, city, seed, HISTORY_WEEKS, HISTORY_WEEKS - PLANTED_WEEKS)
    move_on(connection, HISTORY_WEEKS, ONCE_VIEWS)
    found, others = connection.execute(FOUND[effect]).fetchone() or (False, 0)
    return bool(found), others


def alarms(found: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Return per family how often any member, and how many of the members, were called unusual."""
    judged = found.assign(any=found["unusual"] > 0)
    grouped = judged.groupby(by, sort=False)
    rates = grouped.agg(looked=("any", "size"), any=("any", "mean"), members=("unusual", "sum"))
    return rates.assign(of_members=rates["members"] / grouped["compared"].sum()).drop(columns="members")


def open_city(postgres: local_services.LocalPostgres, name: str) -> psycopg.Connection:
    """Make a database with tables, lists and views, and return a connection to it."""
    local_services.ensure_database(postgres, name)
    engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(postgres.conninfo(name)))
    migrate(engine)
    with engine.begin() as connection:
        for listed in sorted(BUNDLED - {"holidays"}):
            replace_table(connection, listed, read_bundled(listed))
        replace_table(connection, "dates", dates(date(2022, 1, 1), date(2028, 12, 31)))
    deploy_views(engine)
    engine.dispose()
    return psycopg.connect(postgres.conninfo(name), autocommit=True)


def study(connection: psycopg.Connection, weeks: int, cities: int) -> None:
    """Print false alarms week by week, false alarms of what looks at all days, and power."""
    for city in PLACEBOS:
        found = pd.concat([watch(connection, city, seed, weeks) for seed in range(max(cities // 20, 1))])
        print(f"\n{city.name}: weeks with a false alarm, of {weeks} a city")
        print(alarms(found, ["family", "compared_with"]).round(3).to_string())
        found = pd.concat([look(connection, city, seed) for seed in range(cities)])
        print(f"\n{city.name}: cities with a false alarm")
        print(alarms(found, ["family"]).round(3).to_string(), flush=True)
    for base in PLACEBOS[:2]:
        for effect, factors in (
            ("district_7", (1.15, 1.25)),
            ("hour_15", (1.15, 1.3)),
            ("holiday", (1.03, 1.06)),
            ("christmas", (0.85, 0.7)),
        ):
            for factor in factors:
                city = replace(base, **{effect: factor})
                found = [seek(connection, city, effect, 1000 + seed) for seed in range(cities)]
                hits, others = np.mean([hit for hit, _ in found]), np.mean([other for _, other in found])
                print(
                    f"{base.name}, {effect} x {factor}: found {hits:.0%}, others named {others:.2f}",
                    flush=True,
                )


def main(project: Path = PROJECT) -> None:
    """Study placebo and planted cities in a database of their own, which is dropped at the end."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weeks", type=int, default=200, help="how many weeks each placebo city lives on")
    parser.add_argument(
        "--cities", type=int, default=60, help="how many cities are looked at once for each row"
    )
    asked = parser.parse_args()
    postgres = local_services.ensure_postgres(project)
    name = f"placebo_{os.getpid()}"
    connection = open_city(postgres, name)
    try:
        study(connection, asked.weeks, asked.cities)
    finally:
        connection.close()
        with psycopg.connect(postgres.conninfo("postgres"), autocommit=True) as server:
            server.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


if __name__ == "__main__":
    main()

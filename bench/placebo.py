"""How often `is_unusual` is wrong, and how often it finds what was planted. `make placebo`; results in docs/methods.md.

Cities are written straight to the counts that the views are made of, day by day: in the placebo cities no place, hour,
weekday or holiday differs from another but by chance, noise or drift that is the same for all; in the others something
was planted. The newest complete day then moves on a week at a time, and at each the views say what they find. A family
with any `is_unusual` in a placebo city is a false alarm; the rate that the views state is one in 20.
"""

import sys
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import psycopg
from psycopg import sql

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))


FIRST_DAY = date(2019, 1, 7)  # a Monday
HISTORY_WEEKS = 57
DISTRICTS = (*range(1, 13), 14, 15, 16, 17, 18, 19, 20, 22, 24, 25)
# Crimes a day of the city, and the smallest district by the largest: about Chicago's.
PER_DAY, SPREAD = 700, 0.4
WEEKLY_VIEWS = ("daily_crimes", "weekly_counts", "family_dispersions", "recent_changes")
FAMILIES = """
    select family, compared_with, count(is_unusual) as compared, count(*) filter (where is_unusual) as unusual,
        count(*) filter (where p_value < 0.05) as below_005, max(member) filter (where is_unusual) as named
    from chicago.recent_changes where family in ('city', 'district', 'hour') group by family, compared_with
"""


@dataclass(frozen=True)
class City:
    """What the counts of a city are made of.

    noise: variance of a day by its mean, beyond Poisson when above 1. drift, city_drift: standard deviation of a slow
    change of each district, and of all together, of which a week keeps the part `keeps`. season: swing of the year.
    Planted: `district_7`, `hour_15`, `holiday`: factors.
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


def planted(city: City, means: np.ndarray, since: int, holidays: np.ndarray) -> np.ndarray:
    """Return the means with what is planted: from day `since` on in district 7, and on holidays everywhere."""
    changed = means.copy()
    changed[since:, DISTRICTS.index(7)] *= city.district_7
    changed[holidays] *= city.holiday
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


def is_holiday(connection: psycopg.Connection, days: int) -> np.ndarray:
    """Return for each day whether it is a holiday's own."""
    found = connection.execute(
        "select date from chicago.dates where actual_holiday_name is not null order by date"
    ).fetchall()
    held = {row[0] for row in found}
    return np.array([FIRST_DAY + timedelta(days=day) in held for day in range(days)])


def settle(connection: psycopg.Connection, city: City, seed: int, weeks: int, since: int) -> None:
    """Write a city of so many weeks; what is planted begins at week `since`."""
    random = np.random.default_rng(seed)
    means = planted(city, expected(random, city, weeks), since * 7, is_holiday(connection, weeks * 7))
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

"""Back-test: what this warehouse would have said of its newest days, against what it held 45 days later.

Reads only. What is compared is made of first-seen times (`tasks.warehouse.nowcast`), which add up to
`chicago.crimes_as_of`; the words on the past days are those of the views, learned from what had been seen by then.
"""

from collections.abc import Sequence
from datetime import date as Date  # noqa: N812
from typing import Any, Final

import pandas as pd
from sqlalchemy import Engine

from tasks.lateness.backtest import Past, backtest, summary
from tasks.lateness.curve import LEARNED, MIN_DAYS
from tasks.lateness.triangle import FIRST_AGE, HORIZON_DAYS
from tasks.warehouse.migrations import read_schema_state, schema_problem
from tasks.warehouse.nowcast import read_load_date, read_past

_DAYS: Final = 800  # of occurrence that are read: two years of words, whatever is held
_MAX_COMPARED: Final = 60  # past days, evenly spread
_NEEDED: Final = (
    f"a back-test needs {MIN_DAYS} days of first-seen times, and compares with the last {HORIZON_DAYS}"
)


def backtest_lines(engine: Engine) -> list[str]:
    """Return the lines to print: how past words have fared, or what is lacking for them."""
    snapshot = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    with engine.connect().execution_options(**snapshot) as connection:
        problem = schema_problem(read_schema_state(connection))
        if problem is not None:
            return [problem]
        today = read_load_date(connection)
        if today is None:
            return [f"nothing is held yet: {_NEEDED}. Run python flows/main.py, every day"]
        past = read_past(connection, today, _DAYS, by_district=True)
    return _lines(past, today)


def _lines(past: Past, today: Date) -> list[str]:
    seen = past.events["observed"]
    if seen.empty:
        return [f"no day of the last {_DAYS} is held: {_NEEDED}"]
    first, last = int(seen.min()), today.toordinal()
    if last - first < MIN_DAYS:
        ready = Date.fromordinal(first + MIN_DAYS)
        return [
            (
                f"{_NEEDED}; here they are {last - first}, since {Date.fromordinal(first)}. "
                f"Run every day; there is enough from the load of {ready} on"
            ),
            "until then the views use the bundled curve, and say so: basis is bundled in chicago.reporting_delay",
        ]
    days = _compared(sorted(set(seen) | set(past.looks)), first, last)
    if not days:
        return [
            f"{_NEEDED}; there was no load between {Date.fromordinal(first)} and 45 days before the last one"
        ]
    return to_lines(backtest(past, days))


def _compared(looks: Sequence[int], first: int, last: int) -> list[int]:
    """Return the past days whose words are compared: those with a learned curve; where there is none yet, all."""
    possible = [day for day in looks if first + FIRST_AGE <= day <= last - HORIZON_DAYS]
    learned = [day for day in possible if day >= first + MIN_DAYS]
    chosen = learned or possible
    return chosen[:: max(1, -(-len(chosen) // _MAX_COMPARED))]


def to_lines(said: pd.DataFrame) -> list[str]:
    """Return what a back-test found, in words: one line a unit, and what it rests on."""
    days = said["today"].nunique()
    learned = said.loc[said["basis"] == LEARNED, "today"].nunique()
    lines = [
        (
            f"what was said of {days} past loads, from {Date.fromordinal(int(said['today'].min()))} to "
            f"{Date.fromordinal(int(said['today'].max()))}, against what was held {HORIZON_DAYS} days later "
            f"({learned} by a learned curve, {days - learned} by the bundled one)"
        )
    ]
    lines += [_line(row) for row in summary(said).itertuples()]
    cautioned = said[said["caution"].notna()].groupby("caution")["today"].nunique()
    return [
        *lines,
        *(f"{count} of the loads with a caution: {caution}" for caution, count in cautioned.items()),
    ]


def _line(row: Any) -> str:
    given = f"{row.unit}: {row.said:,} times, "
    if not row.given:
        return f"{given}always withheld; the wider interval held the later number in {row.covered_all:.0f} %"
    return (
        f"{given}{100 - row.given:.0f} % withheld; raw {_off(row.raw_error)}, corrected {_off(row.error)} "
        f"(mean size of the error {row.raw_off_given:.2f} % and {row.off:.2f} %); "
        f"the interval of 90 % held the later number in {row.covered:.0f} %"
    )


def _off(error: float) -> str:
    return f"{abs(error):.2f} % too {'low' if error < 0 else 'high'}"

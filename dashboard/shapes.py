"""What the pages say of their numbers, as plain functions of frames and dates: no query, no drawing."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

import pandas as pd

NOT_HELD: Final = "not held yet"
_YEAR: Final = 364
_DAYS: Final = 28
# Of so many days the single crimes can be asked; of more only what is counted beforehand.
MAX_DAYS: Final = 731
_MAX_DOTS: Final = 1000
PERIODS: Final = {
    "28": "last 28 complete days",
    "91": "last 91 complete days",
    "364": "last 364 complete days",
    "all": "all days held",
    "dates": "dates of my choice",
}


@dataclass(frozen=True)
class Held:
    """The days that we hold: the first and the last, and the complete ones among them."""

    first: date
    last: date
    first_complete: date | None
    last_complete: date | None


def held(days: pd.DataFrame) -> Held | None:
    """Return which days are held, of the one row of sql/dashboard/held.sql; None where there are none."""
    first, last, *complete = (None if pd.isna(value) else value for value in days.iloc[0])
    return None if first is None or last is None else Held(first, last, *complete)


def change(percent: Any) -> str | None:
    """Return a change as people write it; None where it is not held."""
    return None if percent is None or pd.isna(percent) else f"{percent:+.1f} %"


def judged_change(percent: Any, is_unusual: Any) -> str | None:
    """Return a change and whether chance explains it, where that is known; None where it is not held."""
    said = change(percent)
    if said is None or is_unusual is None or pd.isna(is_unusual):
        return said
    return f"{said}, beyond chance" if is_unusual else f"{said}, no more than chance"


def number(value: Any) -> str:
    """Return a number with its thousands, or that it is not held."""
    return NOT_HELD if value is None or pd.isna(value) else f"{value:,.0f}"


def share(value: Any) -> str:
    """Return a share of 0 to 1 in percent, or that it is not held."""
    return NOT_HELD if value is None or pd.isna(value) else f"{100 * value:.1f} %"


def year_comparison_from(days: Held) -> date | None:
    """Return the load from which the newest 28 complete days can be compared with those a year before."""
    if days.first_complete is None:
        return None
    newest_needed = days.first_complete + timedelta(days=_YEAR + _DAYS - 1)
    return newest_needed + timedelta(days=21)


def period(days: Held, chosen: str, first: date | None = None, last: date | None = None) -> tuple[date, date]:
    """Return the first and last date of a period by its name in PERIODS, both included, within what is held."""
    newest = days.last_complete or days.last
    if chosen == "all":
        return days.first, days.last
    if chosen == "dates":
        return first or days.first, last or days.last
    return max(newest - timedelta(days=int(chosen) - 1), days.first), newest


def year_and_28_days(days: Held) -> date:
    """Return the first day of what is shown of a place: a year before the newest complete day, and 28 days before."""
    newest_whole = days.last_complete or days.last
    return max(newest_whole - timedelta(days=_YEAR + _DAYS - 1), days.first)


def newest(first: date, last: date, days: int = MAX_DAYS) -> date:
    """Return the first of the newest days of a period, of which there are no more than this."""
    return max(first, last - timedelta(days=days - 1))


def thinned(days: pd.DataFrame, most: int = _MAX_DOTS) -> tuple[pd.DataFrame, int]:
    """Return one day of so many, where there are more than can be told apart, and of how many it is.

    Never one of seven, or of a multiple: these would be of one weekday.
    """
    step = -(-len(days) // most) or 1
    if step % 7 == 0:
        step += 1
    return days.iloc[::-step].iloc[::-1].reset_index(drop=True), step


def standing_out(kinds: pd.DataFrame, least: int = 100, most: int = 10) -> pd.DataFrame:
    """Return the kinds of crime that are most above their share in the city, where that is no chance."""
    is_unusual = kinds["is_unusual"].fillna(value=False).astype(bool)
    found = kinds[(kinds["crimes"] >= least) & (kinds["location_quotient"] > 1) & is_unusual]
    return found.head(most).reset_index(drop=True)

"""What the pages say of their numbers, as plain functions of frames and dates: no query, no drawing."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

import pandas as pd

from dashboard import columns
from dashboard.warehouse import Freshness

NOT_HELD: Final = "not held yet"
_YEAR: Final = 364
_DAYS: Final = 28
# Of so many days the single crimes can be asked; of more only what is counted beforehand.
MAX_DAYS: Final = 731
_MAX_DOTS: Final = 1000
# Of a normal distribution, 19 of 20 lie within so many deviations.
_TWO_SIDED: Final = 1.96
_PERIOD_DAYS: Final = (28, 91, 364)
# From a fifth above its share in the city a kind is a trait of a place; less can be beyond chance, and is no news.
LEAST_QUOTIENT: Final = 1.2


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
    return None if percent is None or pd.isna(percent) else columns.percent(percent)


def judged_change(percent: Any, is_unusual: Any) -> str | None:
    """Return a change and whether chance explains it, where that is known; None where it is not held."""
    said = change(percent)
    if said is None or is_unusual is None or pd.isna(is_unusual):
        return said
    return f"{said}, beyond chance" if is_unusual else f"{said}, no more than chance"


def number(value: Any) -> str:
    """Return a number with its thousands, or that it is not held."""
    return NOT_HELD if value is None or pd.isna(value) else columns.count(value)


def share(value: Any) -> str:
    """Return a share of 0 to 1 in percent, or that it is not held."""
    return NOT_HELD if value is None or pd.isna(value) else columns.share(value)


def year_comparison_from(days: Held) -> date | None:
    """Return the load from which the newest 28 complete days can be compared with those a year before."""
    if days.first_complete is None:
        return None
    newest_needed = days.first_complete + timedelta(days=_YEAR + _DAYS - 1)
    return newest_needed + timedelta(days=21)


def periods(days: Held) -> dict[str, str]:
    """Return the periods that can be chosen, each with the number of complete days that we hold of it."""
    whole = complete_days(days)
    counted = {
        str(asked): f"last {min(asked, whole)} complete days" + (", all we hold" if whole < asked else "")
        for asked in _PERIOD_DAYS
    }
    return counted | {"all": "all days held", "dates": "dates of my choice"}


def complete_days(days: Held) -> int:
    """Return how many days lie from the first complete one to the last."""
    if days.first_complete is None or days.last_complete is None:
        return 0
    return (days.last_complete - days.first_complete).days + 1


def days_held(days: Held | None) -> str:
    """Return which days are held, and which of them are complete, in a sentence or two."""
    if days is None:
        return "No day is held."
    held_days = f"Days held: {day(days.first)} to {day(days.last)}."
    if days.first_complete is None or days.last_complete is None:
        return f"{held_days} None is complete."
    return f"{held_days} Complete: {day(days.first_complete)} to {day(days.last_complete)}."


def place(name: Any, number: Any) -> str:
    """Return a district by its name, with its number in brackets; district 31 is not in the city, and has none."""
    if pd.isna(number):
        return "District unknown"
    return f"District {int(number)}, outside the city" if name == "unknown" else f"{name} ({int(number)})"


def with_places(frame: pd.DataFrame) -> pd.DataFrame:
    """Return rows of districts with the district's name and number as `place`."""
    named = [
        place(name, number) for name, number in zip(frame["district_name"], frame["district"], strict=True)
    ]
    return frame.assign(place=named)


def day(moment: Any) -> str:
    """Return a date as people write it."""
    return columns.day(moment)


def instant(moment: pd.Timestamp | None, otherwise: str) -> str:
    """Return an instant as people write it, with its zone."""
    return otherwise if moment is None else f"{moment:%-d %B %Y, %H:%M} UTC"


def record_state(freshness: Freshness) -> str:
    """Return how new the record is, and whether it is proven to be the City's, in a sentence or two."""
    newest = freshness.newest_occurrence
    published = instant(freshness.source_loaded_at, "an unknown time")
    record = "No crime is held" if newest is None else f"Crimes to {day(newest)}"
    proven = (
        "Not yet proven equal to the City's record."
        if freshness.last_equal_at is None
        else f"Proven equal to the City's record on {instant(freshness.last_equal_at, '')}."
    )
    return f"{record}, as the City had published them on {published}. {proven}"


def period(days: Held, chosen: str, first: date | None = None, last: date | None = None) -> tuple[date, date]:
    """Return the first and last date of a period by its name in `periods`, both included, within what is held."""
    newest, oldest = days.last_complete or days.last, days.first_complete or days.first
    if chosen == "all":
        return days.first, days.last
    if chosen == "dates":
        return first or days.first, last or days.last
    return max(newest - timedelta(days=int(chosen) - 1), oldest), newest


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


def without_part_of_a_day(days: pd.DataFrame) -> pd.DataFrame:
    """Return the days without the newest where that is not complete: the City has published a few hours of it."""
    if days.empty or bool(days["is_complete"].iloc[-1]):
        return days
    return days.iloc[:-1]


def with_means(days: pd.DataFrame) -> pd.DataFrame:
    """Return days, the newest last, with the means of the 7 and the 28 complete days that end with each."""
    complete = days["crimes"].where(days["is_complete"].astype(bool))
    return days.assign(mean_7_days=complete.rolling(7).mean(), mean_28_days=complete.rolling(28).mean())


def with_season(days: pd.DataFrame, dispersion: Any) -> pd.DataFrame:
    """Return days with the range of the mean of 28 days that the same days a year before, and chance, would give.

    dispersion: how many times the variance of a Poisson count 28 days stray by in a year; null: no range is given.
    """
    if dispersion is None or pd.isna(dispersion) or days.empty:
        return days.assign(usual_low=float("nan"), usual_high=float("nan"))
    means = days.set_index("date")["mean_28_days"]
    before = days["date"].map(lambda day: means.get(day - timedelta(days=_YEAR)))
    mean = pd.to_numeric(before)
    # Of two sums of 28 days, this year's and that one.
    half = _TWO_SIDED * (2 * float(dispersion) * mean / _DAYS) ** 0.5
    return days.assign(usual_low=mean - half, usual_high=mean + half)


def has_season(days: pd.DataFrame) -> bool:
    """Return whether days have a range of the season."""
    return "usual_low" in days.columns and bool(days["usual_low"].notna().any())


def latest_mean(days: pd.DataFrame) -> str:
    """Return how many crimes a day there were of late, as the title of a trend."""
    held_means = days.dropna(subset=["mean_28_days"])
    if held_means.empty:
        return "Crimes a day: 28 complete days are not held yet"
    newest = held_means.iloc[-1]
    return (
        f"{columns.one_decimal(newest['mean_28_days'])} crimes a day over the 28 complete days "
        f"to {day(newest['date'])}"
    )


def standing_out(kinds: pd.DataFrame, least: int = 100, most: int = 10) -> pd.DataFrame:
    """Return the kinds of crime that are well above their share in the city, where that is no chance."""
    is_unusual = kinds["is_unusual"].fillna(value=False).astype(bool)
    found = kinds[(kinds["crimes"] >= least) & (kinds["location_quotient"] >= LEAST_QUOTIENT) & is_unusual]
    return found.head(most).reset_index(drop=True)

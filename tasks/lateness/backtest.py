"""What was said on past days against what was there 45 days later: how far the corrected numbers may be trusted.

For each past day only what had been seen by then is used, the curve is learned from it, and its words are compared with
what we held a horizon later. Both are made of the same events, which add up to `chicago.crimes_as_of`.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from tasks.lateness import expect
from tasks.lateness.curve import Curve, Rates, learn
from tasks.lateness.triangle import DATES_DAYS, FIRST_AGE, HORIZON_DAYS, to_triangle

_DAYS: Final = 13  # newest days that are looked at one by one: those that are 9 to 21 days old
_KEYS: Final = ["family", "place", "period", "first_date", "last_date"]
UNITS: Final = (
    "newest day", "days of 10 to 21 days", "newest 7 days", "newest 28 days", "newest 28 complete days",
    "newest day of a district", "newest 28 days of a district", "newest 28 days of a kind",
)  # fmt: skip


@dataclass(frozen=True)
class Past:
    """What is known of the past. events: `date`, `observed` (ordinals), `kind`, `district`, `gains`, `losses`."""

    events: pd.DataFrame
    looks: Sequence[int]
    holidays: Collection[int]
    bundled: Rates
    bundled_kinds: tuple[str, ...]

    def held(self, today: int) -> pd.DataFrame:
        """Return `date`, `kind`, `district`, `crimes` after the loads of a day, for the days that still move."""
        known = self.events[(self.events["observed"] <= today) & (self.events["date"] >= today - DATES_DAYS)]
        net = (known["gains"] - known["losses"]).rename("crimes")
        keys = [known[name] for name in ("date", "kind", "district")]
        return net.groupby(keys).sum().reset_index()

    def curve(self, today: int) -> Curve:
        """Return the curve as it was learned by a day."""
        return learn(to_triangle(self.events, today, self.looks), self.bundled, self.bundled_kinds)


def backtest(past: Past, todays: Sequence[int]) -> pd.DataFrame:
    """Return what was said on these days and what came: one row a unit and day, `truth` beside `nowcast`."""
    found = [row for today in todays for row in _said(past, today)]
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=[*expect.COLUMNS, "truth"])


def _said(past: Past, today: int) -> Iterator[pd.DataFrame]:
    said = _expected(past, today)
    later = past.held(today + HORIZON_DAYS)
    truth = pd.concat([_true(later, said, family) for family in said["family"].unique()])
    age = pd.Series([today - day.toordinal() for day in said["last_date"]], index=said.index)
    said = said.assign(truth=truth["truth"], today=today, unit=_unit(said, age))
    yield said[said["unit"].notna()]


def _expected(past: Past, today: int) -> pd.DataFrame:
    held = past.held(today)
    city = held.groupby(["date", "kind"])["crimes"].sum().reset_index()
    outlook = expect.to_outlook(past.curve(today), today, city, past.holidays)
    spans = [
        period for period in expect.periods(today) if period.name in {"newest_7", "newest_28", "complete_28"}
    ]
    newest = expect.days(today, _DAYS)
    districts = held.assign(place=held["district"])
    return pd.concat(
        [
            expect.expect(outlook, city.assign(place="crimes"), "city", [*newest, *spans]),
            expect.expect(outlook, districts, "district", [newest[-1], spans[1]], city),
            expect.expect(outlook, city.assign(place=city["kind"]), "kind", [spans[1]], city),
        ],
        ignore_index=True,
    )


def _true(later: pd.DataFrame, said: pd.DataFrame, family: str) -> pd.DataFrame:
    """Return what was held later of what was said of a family, under the index of `said`."""
    own = said[said["family"] == family]
    place = {"city": pd.Series("crimes", index=later.index), "kind": later["kind"]}.get(
        family, later["district"]
    )
    by_day = later.assign(place=place.astype(str)).pivot_table(
        "crimes", "place", "date", aggfunc="sum", fill_value=0
    )
    rows: Any = own.itertuples()
    truth = [
        by_day.loc[row.place, slice(row.first_date.toordinal(), row.last_date.toordinal())].sum()
        for row in rows
    ]
    return pd.DataFrame({"truth": truth}, index=own.index)


def _unit(said: pd.DataFrame, age: pd.Series) -> pd.Series:
    is_day, is_newest = said["period"] == "day", age == FIRST_AGE
    city, district, kind = (said["family"] == family for family in ("city", "district", "kind"))
    is_28 = said["period"] == "newest_28"
    which = (
        is_day & is_newest & city, is_day & ~is_newest & city, (said["period"] == "newest_7") & city, is_28 & city,
        (said["period"] == "complete_28") & city, is_day & district, is_28 & district, is_28 & kind,
    )  # fmt: skip
    return pd.Series(np.select(which, UNITS, default=None), index=said.index)  # type: ignore[call-overload]


def summary(said: pd.DataFrame) -> pd.DataFrame:
    """Return one row a unit, in percent: how many were given, how often the interval held, and how far both were off.

    `raw_error`, `error`: mean of the number less what came, by what came; `raw_off`, `off`: the mean of its size.
    """
    rows = []
    for unit in UNITS:
        # A unit of a few crimes has no error in percent to speak of.
        own = said[(said["unit"] == unit) & (said["truth"] >= 1)]
        if len(own):
            rows.append({"unit": unit, **_measures(own)})
    return pd.DataFrame(rows)


def _measures(own: pd.DataFrame) -> dict[str, float]:
    truth = own["truth"].to_numpy(float)
    held = own["truth"].between(own["low"].astype(float), own["high"].astype(float))
    given = own["nowcast"].notna().to_numpy()
    # Of sums, so that a place with two crimes weighs two.
    raw, now = (
        own["crimes"].to_numpy(float) - truth,
        own["nowcast"].astype("Float64").to_numpy(float, na_value=np.nan),
    )
    off = (now - truth)[given]
    weight, given_weight = truth.sum(), max(truth[given].sum(), 1)
    return {
        "said": len(own),
        "given": 100 * given.mean(),
        "covered": 100 * float(held[given].mean()) if given.any() else np.nan,
        "covered_all": 100 * float(held.mean()),
        "raw_error": 100 * raw.sum() / weight,
        "raw_off": 100 * np.abs(raw).sum() / weight,
        "raw_off_given": 100 * np.abs(raw[given]).sum() / given_weight,
        "error": 100 * off.sum() / given_weight,
        "off": 100 * np.abs(off).sum() / given_weight,
    }

"""What a day, a week, 28 days or a month will come to, with an interval, beside what is held of it now.

What is expected is what we shall hold when a horizon of 45 days has passed: arrivals by the curve, less what is
withdrawn. The interval of 90 % has the chance of the arrivals (dispersed as measured), the error of the curve, and the
skew of small counts. It is no interval of crime: how much a week differs from another by chance is not in it.
Where the curve does not fit, no number is given and the interval is widened: see `Cautions`.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date as Date  # noqa: N812
from typing import Final

import numpy as np
import pandas as pd

from tasks.lateness.curve import Curve
from tasks.lateness.triangle import FIRST_AGE, LAST_AGE, Flags, Floats, Ints, counted

COMPLETE_AGE: Final = 21
_Z90: Final = 1.6448536269514722
_FEW: Final = "first counts far below the usual: a backlog of publication, or a quiet spell"
_LATE: Final = "late arrivals of the last week are not those that the curve says"
_HARMLESS: Final = 0.01  # still to come: a curve that does not fit is no reason to withhold such a number
_FIRST_JUDGED, _LAST_JUDGED, _LAST_USUAL = FIRST_AGE, 35, 92
# Days in a row, the share below the usual, and its multiple of the usual spread, that together are far below it.
_LOW: Final = ((1, 0.20, 5.0), (3, 0.13, 5.0), (7, 0.10, 5.0))
COLUMNS: Final = (
    "family", "place", "period", "first_date", "last_date", "days", "crimes", "published_share", "nowcast", "low",
    "high", "basis", "caution",
)  # fmt: skip


@dataclass(frozen=True)
class Period:
    """Days from `first` to `last`, both ordinals and included."""

    name: str
    first: int
    last: int


def periods(today: int) -> list[Period]:
    """Return the periods that are compared: the newest days published, and the newest complete ones."""
    newest, complete = today - FIRST_AGE, today - COMPLETE_AGE
    return [
        Period("newest_7", newest - 6, newest),
        Period("before_newest_7", newest - 34, newest - 7),
        Period("newest_28", newest - 27, newest),
        Period("before_newest_28", newest - 55, newest - 28),
        Period("complete_28", complete - 27, complete),
        Period("before_complete_28", complete - 55, complete - 28),
    ]


def days(today: int, count: int) -> list[Period]:
    """Return the newest days published."""
    newest = today - FIRST_AGE
    return [Period("day", day, day) for day in range(newest - count + 1, newest + 1)]


def months(today: int, count: int) -> list[Period]:
    """Return the newest months, as far as they are published."""
    newest = Date.fromordinal(today - FIRST_AGE)
    first, found = newest.replace(day=1), [newest]
    while len(found) < count:
        found.append(Date.fromordinal(first.toordinal() - 1))
        first = found[-1].replace(day=1)
    return [Period("month", last.replace(day=1).toordinal(), last.toordinal()) for last in reversed(found)]


@dataclass(frozen=True)
class Cautions:
    """Where the curve is not to be relied on: the days that began far below the usual, and whether the last week fits.

    raised: by day, the most that the day may come to at the usual level, over what the curve expects.
    """

    low_days: Flags
    raised: Floats


@dataclass(frozen=True)
class Outlook:
    """All that is expected of the days from `first` on, for each crime held, by kind and day."""

    curve: Curve
    today: int
    first: int
    growth: Floats  # kind, day
    gains: Floats  # kind, day, age band
    losses: Floats
    cautions: Cautions

    def kind_of(self, kinds: pd.Series) -> Ints:
        """Return the numbers of kinds; one that has no curve of its own is among the others, the last."""
        place = {kind: number for number, kind in enumerate(self.curve.kinds)}
        return np.asarray(kinds.map(place).fillna(len(place) - 1), dtype=np.int64)


def to_outlook(curve: Curve, today: int, held: pd.DataFrame, holidays: Collection[int]) -> Outlook:
    """Return what is expected of the days that are published and still move.

    held: `date` (ordinal), `kind`, `crimes`; the whole city, each crime once. holidays: ordinals; that little is
    reported on one says nothing of a backlog.
    """
    first = today - LAST_AGE
    aheads = [curve.ahead(today, day) for day in range(first, today - FIRST_AGE + 1)]
    growth, losses = (
        np.stack([getattr(each, name) for each in aheads], axis=1) for name in ("growth", "losses")
    )
    gains = np.stack([each.gains for each in aheads], axis=1)
    calm = Cautions(np.zeros(len(aheads), dtype=bool), np.ones(len(aheads)))
    outlook = Outlook(curve, today, first, growth, gains, losses, calm)
    rows = _within(held, outlook)
    at = rows["date"].to_numpy(np.int64) - first
    total: Floats = counted(at, rows["crimes"] * growth[outlook.kind_of(rows["kind"]), at], len(aheads))
    return Outlook(curve, today, first, growth, gains, losses, _cautions(total, today, first, holidays))


def _within(held: pd.DataFrame, outlook: Outlook) -> pd.DataFrame:
    return held[held["date"].between(outlook.first, outlook.today - FIRST_AGE)]


def _cautions(total: Floats, today: int, first: int, holidays: Collection[int]) -> Cautions:
    """Judge the newest days against the same weekdays of the eight weeks before them."""
    day = first + np.arange(len(total))
    age = today - day
    usual_day = (age > _LAST_JUDGED) & (age <= _LAST_USUAL) & (total > 0)
    usual = np.array([_usual(total[usual_day & (day % 7 == weekday)]) for weekday in range(7)])
    calm = Cautions(np.zeros(len(total), dtype=bool), np.ones(len(total)))
    if (usual <= 0).any():
        return calm
    level = usual[day % 7]
    off = np.log(np.maximum(total, 1) / level)
    spread = max(float(1.4826 * np.median(np.abs(off[usual_day]))), float(1 / np.sqrt(level.mean())))
    near = {holiday + shift for holiday in holidays for shift in (-1, 0, 1)}
    off[np.isin(day, list(near))] = np.nan
    low = _low_days(off, (age >= _FIRST_JUDGED) & (age <= _LAST_JUDGED), spread)
    raised = np.where(low, np.maximum(level * np.exp(_Z90 * spread) / np.maximum(total, 1), 1), 1.0)
    return Cautions(low, raised)


def _usual(totals: Floats) -> float:
    return float(np.median(totals)) if len(totals) >= 3 else 0.0


def _low_days(off: Floats, judged: Flags, spread: float) -> Flags:
    low = np.zeros(len(off), dtype=bool)
    for length, share, multiple in _LOW:
        for start in range(len(off) - length + 1):
            span = slice(start, start + length)
            known = off[span][~np.isnan(off[span])]
            # A day that is not known is no evidence, and most of a span has to be.
            if not judged[span].all() or len(known) < (length + 1) // 2:
                continue
            limit = -max(-np.log(1 - share), multiple * spread / np.sqrt(len(known)))
            low[span] |= bool(known.mean() < limit)
    return low


def expect(
    outlook: Outlook,
    held: pd.DataFrame,
    family: str,
    of: Iterable[Period],
    everywhere: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Return what periods will come to, one row a place and period, ordered so.

    held: `place`, `date` (ordinal), `kind`, `crimes`; a place without a crime in a period has no row for it.
    everywhere: the whole city's, by which a place's part of what is common to all is known; default: `held` is that.
    """
    rows = _within(held, outlook)
    kind, at = outlook.kind_of(rows["kind"]), rows["date"].to_numpy(np.int64) - outlook.first
    places, code = np.unique(rows["place"].astype(str).to_numpy(dtype=object), return_inverse=True)
    crimes = rows["crimes"].to_numpy(np.float64)
    city_gains = _gains_by_day(outlook, rows if everywhere is None else _within(everywhere, outlook))
    found: list[dict[str, np.ndarray]] = []
    for period in of:
        first, last = period.first - outlook.first, period.last - outlook.first
        inside = (at >= first) & (at <= last)
        sums = _sums(outlook, code[inside], len(places), kind[inside], at[inside], crimes[inside])
        found.append(
            _to_columns(outlook, sums, places, period, float(city_gains[max(first, 0) : last + 1].sum()))
        )
    return _to_frame(found, family, outlook.curve.basis)


def _gains_by_day(outlook: Outlook, city: pd.DataFrame) -> Floats:
    at = city["date"].to_numpy(np.int64) - outlook.first
    gains = outlook.gains[outlook.kind_of(city["kind"]), at].sum(axis=1) * city["crimes"].to_numpy(np.float64)
    return counted(at, gains, outlook.growth.shape[1])


def _to_frame(found: list[dict[str, np.ndarray]], family: str, basis: str) -> pd.DataFrame:
    """Return all periods as one frame: made once, since a frame a period costs more than what is in it."""
    columns = {name: np.concatenate([each[name] for each in found]) for name in found[0]}
    frame = pd.DataFrame({**columns, "family": family, "basis": basis})
    withheld = frame.pop("is_withheld").astype(bool)
    whole = {name: frame[name].round().astype("Int64") for name in ("crimes", "nowcast", "low", "high")}
    frame = frame.assign(**whole)
    frame["nowcast"] = frame["nowcast"].mask(withheld)
    frame["published_share"] = frame["published_share"].round(5).mask(withheld)
    return frame[frame["crimes"] > 0][list(COLUMNS)].reset_index(drop=True)


@dataclass(frozen=True)
class _Sums:
    """By place: what is held, what there will be, and what that is made of."""

    crimes: Floats
    total: Floats
    gains: Floats
    losses: Floats
    curve_variance: Floats  # by the dispersion
    raised: Floats
    on_low_days: Flags


def _sums(outlook: Outlook, code: Ints, size: int, kind: Ints, at: Ints, crimes: Floats) -> _Sums:
    def summed(weights: Floats) -> Floats:
        return counted(code, weights, size)

    arrivals = outlook.gains[kind, at] * crimes[:, None]
    total = crimes * outlook.growth[kind, at]
    rates = outlook.curve.rates
    variance = np.zeros(size)
    for band in range(arrivals.shape[1]):
        variance += summed(arrivals[:, band]) ** 2 / max(rates.gains[band], 1)
    of_kind = counted(
        code * len(outlook.curve.kinds) + kind, arrivals.sum(axis=1), size * len(outlook.curve.kinds)
    )
    # A kind's factors are known as well as its arrivals and the pseudo-arrivals tell.
    known = np.maximum(rates.kind_gains.sum(axis=1), 20)
    variance += (of_kind.reshape(size, len(outlook.curve.kinds)) ** 2 / known).sum(axis=1)
    low = outlook.cautions.low_days[at]
    return _Sums(
        summed(crimes),
        summed(total),
        summed(arrivals.sum(axis=1)),
        summed(crimes * outlook.losses[kind, at]),
        variance,
        summed(total * (outlook.cautions.raised[at] - 1)),
        counted(code, low, size) > 0,
    )


def _to_columns(
    outlook: Outlook, sums: _Sums, places: np.ndarray, period: Period, city_gains: float
) -> dict[str, np.ndarray]:
    curve, size = outlook.curve, len(places)
    low, high = _interval(curve, sums, city_gains, is_day=period.first == period.last)
    unfit = (not curve.recent_fits) & (sums.gains > _HARMLESS * sums.crimes)
    late = None if curve.recent_fits else _LATE
    return {
        "place": places,
        "period": np.full(size, period.name, dtype=object),
        "first_date": np.full(size, Date.fromordinal(period.first), dtype=object),
        "last_date": np.full(size, Date.fromordinal(period.last), dtype=object),
        "days": np.full(size, period.last - period.first + 1),
        "crimes": sums.crimes,
        "published_share": sums.crimes / np.maximum(sums.total, 1e-9),
        "nowcast": sums.total,
        "low": low,
        "high": high,
        "is_withheld": sums.on_low_days | unfit,
        "caution": np.array([_FEW if low else late for low in sums.on_low_days], dtype=object),
    }


def _interval(curve: Curve, sums: _Sums, city_gains: float, *, is_day: bool) -> tuple[Floats, Floats]:
    """Return the ends of the interval of 90 %: Cornish and Fisher's quantiles of a dispersed Poisson sum.

    What disperses arrivals is common to the city, so that a place has of it its part of the city's arrivals.
    """
    most = max(curve.dispersion, curve.date_dispersion) if not is_day else curve.date_dispersion
    part = np.minimum(sums.gains / max(city_gains, 1e-9), 1)
    dispersion = 1 + (most - 1) * part
    unfit = 1.0 if curve.recent_fits else float(np.clip(curve.recent_ratio, 0.2, 5))
    error = (curve.relative_error * sums.gains) ** 2 + curve.dispersion * sums.curve_variance

    def end(z: float, scale: float) -> Floats:
        mean = sums.gains * scale - sums.losses
        variance = dispersion * sums.gains * scale + sums.losses + error * scale**2
        third = dispersion**2 * sums.gains * scale - sums.losses
        skew = (z * z - 1) / 6 * third / np.maximum(variance, 1e-9)
        quantile: Floats = sums.crimes + mean + z * np.sqrt(variance) + skew
        return quantile

    low = np.maximum(end(-_Z90, min(1.0, unfit)), 0)
    return low, end(_Z90, max(1.0, unfit)) + sums.raised

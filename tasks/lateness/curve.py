"""The delay of publication, learned: arrivals by age, kind of crime and weekday.

Chain ladder on the reporting triangle, as the quasi-Poisson model that it is the estimate of: arrivals of a step from
one age to the next are Poisson with a mean of what is held times a hazard, and vary more than that by a dispersion that
is measured. The hazard is a product (age, kind in a band of ages, weekday of the day, weekday of the load), fitted by
iterated proportional scaling, each factor but the first drawn towards 1 by some pseudo-arrivals.

Mack (1993), ASTIN Bulletin 23; Renshaw and Verrall (1998), British Actuarial Journal 4; on first-seen times that are
known to an interval only: Turnbull (1976), JRSS B 38.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import numpy as np
import pandas as pd

from tasks.lateness.triangle import (
    FIRST_AGE,
    HORIZON_DAYS,
    LAST_AGE,
    OTHER,
    Flags,
    Floats,
    Ints,
    Triangle,
    counted,
)

LEARNED: Final = "learned"
BUNDLED: Final = "bundled"
MIN_DAYS: Final = 60  # of first-seen times; until then the bundled curve
_MIN_LOOKS: Final = 8
_SWEEPS: Final = 8
_PSEUDO: Final = 20.0  # arrivals as expected that each factor has beforehand
_BUNDLED_DISPERSION: Final = 2.0
_MODEL_ERROR: Final = 0.03  # of what is still to come: a product of factors is not quite how kinds differ
_BUNDLED_ERROR: Final = (
    0.35  # of what is still to come: one fortnight of 2023, taken for another city or year
)
_RECENT_DAYS: Final = 7
_Z: Final = 3.0
_ODD_RATIO: Final = 1.5
# One rate for each age while many arrive, then for some together.
_EDGES: Final = np.array([*range(FIRST_AGE + 1, 31), 33, 36, 40, 45, 50, 56, 63, 75, 90, LAST_AGE + 1])
_KIND_EDGES: Final = np.array([15, 29, 61])  # ages from which a kind has another factor
# The first step apart: where nothing is published on a Sunday, a whole day comes with it.
_WEEK_EDGES: Final = np.array([FIRST_AGE + 2, 15])


@dataclass(frozen=True)
class Rates:
    """Hazards by factor: age band; kind by band of ages; weekday of the day by band of ages; weekday of the load."""

    base: Floats
    kind: Floats
    occurred: Floats
    published: Floats
    loss: Floats
    gains: Floats  # arrivals that each age band was learned from
    kind_gains: Floats


@dataclass(frozen=True)
class Curve:
    """A curve with what is known of its fit. `recent_ratio`: arrivals of the last week over those expected."""

    kinds: tuple[str, ...]
    rates: Rates
    basis: str
    dispersion: float  # of arrivals by load or week of loads
    date_dispersion: float  # of arrivals by day of occurrence
    relative_error: float
    recent_ratio: float
    recent_fits: bool
    days: int
    arrivals: float

    def ahead(self, today: int, date: int) -> "Ahead":
        """Return what is to come of a day (an ordinal) within the horizon, for each crime of it that is held."""
        age = today - date + np.arange(1, HORIZON_DAYS + 1)
        age, at = age[age <= LAST_AGE], (today + np.arange(1, HORIZON_DAYS + 1))[age <= LAST_AGE]
        if not len(age):
            empty = np.zeros((len(self.kinds), len(self.rates.base)))
            return Ahead(np.ones(len(self.kinds)), empty, np.zeros(len(self.kinds)))
        band = _band(age)
        hazard = self._hazard(np.arange(len(self.kinds))[:, None], age, np.full_like(age, date % 7), at % 7)
        loss = self.rates.loss[band]
        kept: Floats = np.cumprod(1 + hazard - loss, axis=1).astype(np.float64)
        before = np.concatenate([np.ones((len(self.kinds), 1)), kept[:, :-1]], axis=1)
        by_band = np.zeros((len(self.kinds), len(self.rates.base)))
        for column in range(len(age)):
            by_band[:, band[column]] += before[:, column] * hazard[:, column]
        return Ahead(kept[:, -1], by_band, (before * loss).sum(axis=1))

    def _hazard(self, kind: Ints, age: Ints, occurred: Ints, published: Ints) -> Floats:
        return _hazard(self.rates, kind, age, occurred, published)

    def published_share(self, kind: int, age: int) -> float:
        """Return the share published at an age of what there is a horizon later; weekdays averaged over."""
        ages = np.arange(age + 1, min(age + HORIZON_DAYS, LAST_AGE) + 1)
        if not len(ages):
            return 1.0
        hazard = self.rates.base[_band(ages)] * self.rates.kind[kind, _kind_band(ages)]
        return float(1 / np.prod(1 + hazard - self.rates.loss[_band(ages)]))


@dataclass(frozen=True)
class Ahead:
    """By kind, for each crime held: what there will be, arrivals by age band, and what is withdrawn."""

    growth: Floats
    gains: Floats
    losses: Floats


def _band(age: Ints) -> Ints:
    return np.searchsorted(_EDGES, age, side="right") - 1


def _kind_band(age: Ints) -> Ints:
    return np.searchsorted(_KIND_EDGES, age, side="right")


def _week_band(age: Ints) -> Ints:
    return np.searchsorted(_WEEK_EDGES, age, side="right")


def _hazard(rates: Rates, kind: Ints, age: Ints, occurred: Ints, published: Ints) -> Floats:
    product: Floats = (
        rates.base[_band(age)]
        * rates.kind[kind, _kind_band(age)]
        * rates.occurred[_week_band(age), occurred]
        * rates.published[published]
    )
    return product


@dataclass(frozen=True)
class _Steps:
    """The steps of the triangle from one calendar day to the next, flat; `look` numbers those known as one sum."""

    kind: Ints
    date: Ints
    age: Ints
    day: Ints  # ordinal of the calendar day that the step ends on
    exposure: Floats
    look: Ints
    gains: Floats  # by look
    losses: Floats  # by look
    look_day: Ints

    @cached_property
    def occurred(self) -> Ints:
        return self.date % 7


def _to_steps(triangle: Triangle) -> _Steps:
    """Return the steps whose sum is known: between two looks at a day that was published whole at the first."""
    columns = np.arange(triangle.observed.size)
    looks = np.flatnonzero(triangle.observed)
    before = looks[np.searchsorted(looks, columns[1:], side="left") - 1]
    after = looks[np.searchsorted(looks, columns[1:], side="left")]
    dates = triangle.first_date + np.arange(triangle.dates)
    age_before = triangle.first_day + before[None, :] - dates[:, None]
    age = triangle.first_day + columns[1:][None, :] - dates[:, None]
    known = (age_before >= FIRST_AGE) & (triangle.seen_first[:, None] <= before[None, :]) & (age <= LAST_AGE)
    row, step = np.nonzero(known)
    kinds = len(triangle.kinds)
    kind = np.repeat(np.arange(kinds), len(row))
    row, step = np.tile(row, kinds), np.tile(step, kinds)
    exposure = np.maximum(triangle.held[kind, row, before[step]], 0)
    key = np.ravel_multi_index((kind, row, after[step]), triangle.held.shape)
    unique, look = np.unique(key, return_inverse=True)
    return _Steps(
        kind,
        dates[row],
        age[row, step],
        triangle.first_day + step + 1,
        exposure,
        look,
        triangle.gains.ravel()[unique],
        triangle.losses.ravel()[unique],
        triangle.first_day + unique % triangle.observed.size,
    )


def learn(triangle: Triangle, bundled: Rates, bundled_kinds: tuple[str, ...]) -> Curve:
    """Return the curve of a triangle, or the bundled one until 60 days of first-seen times are held."""
    days = triangle.today - triangle.first_day
    steps = _to_steps(triangle)
    if days < MIN_DAYS or int(triangle.observed.sum()) < _MIN_LOOKS or steps.gains.sum() < 100:
        return _with_bundled(triangle, steps, bundled, bundled_kinds, days)
    kept = np.ones(len(steps.gains), dtype=bool)
    rates = _fit(steps, kept, len(triangle.kinds))
    # A week or two of another kind, a backlog and its clearing, are not what the coming weeks are like.
    odd = _odd_days(steps, _expected(steps, rates))
    if len(odd):
        kept = ~np.isin(steps.look_day, odd)
        rates = _fit(steps, kept, len(triangle.kinds))
    expected = _expected(steps, rates)
    dispersion, by_date = _dispersions(steps, expected, kept)
    ratio, fits = _recent(steps, expected, triangle.today, dispersion)
    return Curve(
        triangle.kinds,
        rates,
        LEARNED,
        dispersion,
        by_date,
        _MODEL_ERROR,
        ratio,
        fits,
        days,
        float(steps.gains.sum()),
    )


def _with_bundled(
    triangle: Triangle, steps: _Steps, bundled: Rates, kinds: tuple[str, ...], days: int
) -> Curve:
    """Return the bundled curve, with how the arrivals of ours so far fit it."""
    place = {kind: number for number, kind in enumerate(kinds)}
    same = np.array([place.get(kind, place[OTHER]) for kind in triangle.kinds], dtype=np.int64)
    ours = replace(bundled, kind=bundled.kind[same])
    ratio, fits = (
        _recent(steps, _expected(steps, ours), triangle.today, _BUNDLED_DISPERSION)
        if len(steps.gains)
        else (1.0, True)
    )
    return Curve(
        kinds,
        bundled,
        BUNDLED,
        _BUNDLED_DISPERSION,
        _BUNDLED_DISPERSION,
        _BUNDLED_ERROR,
        ratio,
        fits,
        days,
        float(steps.gains.sum()),
    )


def _fit(steps: _Steps, kept: Flags, kinds: int) -> Rates:
    use = kept[steps.look]
    gains = np.where(kept, steps.gains, 0)
    band, kind_band = _band(steps.age), _kind_band(steps.age)
    week = _week_band(steps.age)
    exposure = np.where(use, steps.exposure, 0)
    base = np.full(len(_EDGES) - 1, gains.sum() / max(exposure.sum(), 1))
    kind = np.ones((kinds, len(_KIND_EDGES) + 1))
    occurred, published = np.ones((len(_WEEK_EDGES) + 1, 7)), np.ones(7)
    at_kind = np.ravel_multi_index((steps.kind, kind_band), kind.shape)
    at_occurred = np.ravel_multi_index((week, steps.occurred), occurred.shape)
    at_published = steps.day % 7
    arrived = np.zeros(len(steps.kind))

    def scaled(at: Ints, size: int, factor: Floats, pseudo: float) -> Floats:
        """Return a factor by which the arrivals of its cells are those expected."""
        nonlocal arrived
        mean = (
            exposure
            * base[band]
            * kind.ravel()[at_kind]
            * occurred.ravel()[at_occurred]
            * published[at_published]
        )
        total = counted(steps.look, mean, len(gains))
        # Of a sum over several days each has the part that is expected of it (the E of an EM).
        arrived = mean * (gains / np.maximum(total, 1e-12))[steps.look]
        seen, without = (
            counted(at, of, size) for of in (arrived, mean / np.maximum(factor.ravel()[at], 1e-12))
        )
        return ((seen + pseudo) / np.maximum(without + pseudo, 1e-9)).reshape(factor.shape)

    for _ in range(_SWEEPS):
        base = scaled(band, len(base), base, 0.0)
        kind = scaled(at_kind, kind.size, kind, _PSEUDO)
        occurred = scaled(at_occurred, occurred.size, occurred, _PSEUDO)
        published = scaled(at_published, 7, published, _PSEUDO)
    by_band = counted(band, arrived, len(base))
    by_kind = counted(at_kind, arrived, kind.size).reshape(kind.shape)
    return Rates(base, kind, occurred, published, _losses(steps, kept), by_band, by_kind)


def _losses(steps: _Steps, kept: Flags) -> Floats:
    """Return the share that is withdrawn at a step, or goes to another kind, by age band."""
    first = np.unique(steps.look, return_index=True)[1]
    lost = counted(_band(steps.age[first]), np.where(kept, steps.losses, 0), len(_EDGES) - 1)
    held = counted(_band(steps.age), np.where(kept[steps.look], steps.exposure, 0), len(_EDGES) - 1)
    return lost / np.maximum(held, 1)


def _expected(steps: _Steps, rates: Rates) -> Floats:
    """Return the arrivals that are expected, by look."""
    mean = steps.exposure * _hazard(rates, steps.kind, steps.age, steps.occurred, steps.day % 7)
    return counted(steps.look, mean, len(steps.gains))


def _by_day(steps: _Steps, expected: Floats) -> tuple[Ints, Floats, Floats]:
    days, at = np.unique(steps.look_day, return_inverse=True)
    return days, counted(at, steps.gains), counted(at, expected)


def _odd_days(steps: _Steps, expected: Floats) -> Ints:
    """Return the days of loads with far more or fewer arrivals than most; none where most are odd."""
    days, seen, mean = _by_day(steps, expected)
    usual = np.median((seen / np.maximum(mean, 1e-9))[mean > 0]) if (mean > 0).any() else 1.0
    mean = mean * usual
    spread = max(1.0, float(np.median((seen - mean) ** 2 / np.maximum(mean, 1)) / 0.455))
    far = np.abs(seen - mean) > 4 * np.sqrt(spread * np.maximum(mean, 1))
    ratio = seen / np.maximum(mean, 1e-9)
    odd = far & ((ratio > _ODD_RATIO) | (ratio < 1 / _ODD_RATIO))
    return days[odd] if odd.mean() < 0.4 else days[:0]


def _dispersions(steps: _Steps, expected: Floats, kept: Flags) -> tuple[float, float]:
    """Return the dispersion of arrivals by load or week of loads, the larger, and by day of occurrence; 1 at least."""
    first = np.unique(steps.look, return_index=True)[1]
    by_load, by_week, by_date = (
        _dispersion(group[kept], steps.gains[kept], expected[kept], fitted)
        for group, fitted in ((steps.look_day, 7), (steps.look_day // 7, 2), (steps.date[first], 14))
    )
    return max(by_load, by_week), by_date


def _dispersion(group: Ints, gains: Floats, expected: Floats, fitted: int) -> float:
    at = np.unique(group, return_inverse=True)[1]
    seen, mean = counted(at, gains), counted(at, expected)
    enough = mean > 1
    if enough.sum() <= fitted + 3:
        return 1.0
    squares = ((seen - mean)[enough] ** 2 / mean[enough]).sum()
    return max(1.0, float(squares / (enough.sum() - fitted)))


def _recent(steps: _Steps, expected: Floats, today: int, dispersion: float) -> tuple[float, bool]:
    """Return the arrivals of the last week over those expected, and whether that is within chance."""
    recent = steps.look_day > today - _RECENT_DAYS
    seen, mean = float(steps.gains[recent].sum()), float(expected[recent].sum())
    if mean < 5:
        return 1.0, True
    ratio = (seen + 1) / (mean + 1)
    is_far = abs(seen - mean) > _Z * np.sqrt(dispersion * mean)
    return ratio, not (is_far and not 1 / _ODD_RATIO < ratio < _ODD_RATIO)


def bundled_rates(shares: pd.DataFrame) -> tuple[Rates, tuple[str, ...]]:
    """Return the rates of the bundled shares, and their kinds.

    shares: `primary_type` (null: all kinds), `age_days`, `published_share`.
    """
    every = shares[shares["primary_type"].isna()].sort_values("age_days")
    ages = np.arange(FIRST_AGE, LAST_AGE + 1)
    # What is still to come falls about exponentially between the ages that are given.
    missing = np.log(np.maximum(1 - every["published_share"].to_numpy(float), 1e-6))
    share = 1 - np.exp(np.interp(ages, every["age_days"].to_numpy(float), missing))
    step = share[1:] / share[:-1] - 1
    band = _band(ages[1:])
    base = counted(band, step, len(_EDGES) - 1) / counted(band, None, len(_EDGES) - 1)
    own = shares[shares["primary_type"].notna()]
    late = 1 / own["published_share"].to_numpy(float) - 1
    factor = np.append(late / (1 / share[0] - 1), 1.0)
    kinds = (*own["primary_type"].astype(str), OTHER)
    flat = np.repeat(factor[:, None], len(_KIND_EDGES) + 1, axis=1)
    occurred = np.ones((len(_WEEK_EDGES) + 1, 7))
    # As if of very many arrivals: its error is a number of its own.
    known, known_of_kind = np.full(len(base), 1e9), np.full(flat.shape, 1e9)
    return Rates(base, flat, occurred, np.ones(7), np.zeros(len(base)), known, known_of_kind), kinds

"""One day of the stand-in city.

What happens on it, and when each of its rows is published, changed and withdrawn.

What lives here: the random draw, from `distributions.json`. A day's rows depend on the seed, the day and
the rate alone, never on when they are asked for: so a city built today and one that lived on to today hold
the same. What does not: row ids, loads, the store (`city`). The shares behind it are those of
https://data.cityofchicago.org/d/x2n5-8w5q.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from demo.shapes import Stored
from demo.streets import to_blocks

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

# A load on day D publishes up to 00:00 of D-8, inclusive: midnight itself eight days later, the rest nine.
FIRST_LAG_DAYS = 9
NEVER_DAYS = 100_000
_LATE_SHARE = 0.062
_CHANGED_SHARE = 0.038
_LATE_MEAN_DAYS = 14.0
# One row of every day is withdrawn at this age, so that each load withdraws one; others at random.
_WITHDRAWN_LAG_DAYS = 37
_WITHDRAWN_SHARE = 0.003
_NO_PLACE_SHARE = 0.003
_NO_POINT_SHARE = 0.010
_BAD_POINT_SHARE = 0.0003
_MIXED_CASE_SHARE = 0.006
_UNKNOWN_TIME_SHARE = 0.012  # midnights beyond those that the drawn hours and minutes give
_BAD_POINT = (0, 0, 36.6194464, -91.6865657)
_TWINS_EVERY_DAYS = 45
_CASES_A_DAY = 2400  # numbers set aside for a day: 1,400 reported on it, 1,000 found out later
_REPORTED_A_DAY = 1400
_YEAR_LETTERS = "ABCDEFGHJKLMNPRSTVWXYZ"

_MONTH = (0.90, 0.88, 0.95, 0.98, 1.05, 1.08, 1.10, 1.09, 1.04, 1.03, 0.97, 0.93)
_VIOLENT_MONTH = (0.84, 0.82, 0.93, 0.99, 1.09, 1.13, 1.15, 1.12, 1.05, 1.01, 0.94, 0.90)
_WEEKDAY = (1.00, 1.01, 0.99, 1.01, 1.05, 1.00, 0.96)
_VIOLENT_WEEKDAY = (0.97, 0.96, 0.96, 0.97, 1.02, 1.10, 1.09)

_VIOLENT = {
    "BATTERY",
    "ASSAULT",
    "ROBBERY",
    "HOMICIDE",
    "WEAPONS VIOLATION",
    "CRIMINAL SEXUAL ASSAULT",
    "KIDNAPPING",
}
_DAYTIME = {"THEFT", "DECEPTIVE PRACTICE", "OTHER OFFENSE", "CRIMINAL TRESPASS", "STALKING", "NARCOTICS"}
_HOME = {"BURGLARY", "OFFENSE INVOLVING CHILDREN", "STALKING"}
_OUTSIDE = {"WEAPONS VIOLATION", "NARCOTICS", "HOMICIDE", "ROBBERY", "INTERFERENCE WITH PUBLIC OFFICER"}
_PLACE_KINDS = ("street", "home", "shop", "airport", "other")
_PLACE_FACTORS = {
    "vehicle": (3.0, 0.2, 0.1, 1.0, 0.3),
    "shop": (0.02, 0.01, 8.0, 0.1, 0.1),
    "home": (0.3, 3.0, 0.1, 0.0, 0.4),
    "outside": (2.2, 0.4, 0.6, 0.3, 0.5),
    "any": (0.9, 1.0, 0.9, 1.2, 1.4),
}


@dataclass(frozen=True)
class Tables:
    """The distributions, ready to draw from.

    A code's row and a beat's row are known by their place in the lists.
    """

    codes: list[tuple[str, str, str, str]]  # iucr, primary, secondary, fbi
    code_share: Floats
    arrest: Floats
    domestic: Floats
    violent: Flags
    daytime: Flags
    vehicle_codes: Ints  # what a case may at first have been classified as
    homicide: int
    place_group: Ints
    places: list[str]
    place_cumulated: Floats  # group by place
    airport_place: Flags
    beats: Ints
    beat_cumulated: Floats
    airport_beats: Ints
    boxes: Ints  # beat by (x from, x to, y from, y to)
    wards: Ints  # beat by ward of it
    ward_cumulated: Floats
    hour_cumulated: Floats  # (neutral, night, day, weekend night) by hour
    minute_cumulated: Floats


def _cumulated(shares: Floats) -> Floats:
    total: Floats = np.cumsum(shares, axis=-1)
    return total / total[..., -1:]


def _hours(hours: Floats) -> Floats:
    clock = np.arange(24)
    night = hours * (1 + 0.45 * np.cos(2 * np.pi * (clock - 23) / 24))
    day = hours * (1 + 0.25 * np.cos(2 * np.pi * (clock - 14) / 24))
    late = np.where((clock >= 20) | (clock <= 4), 1.45, 1.0)
    return _cumulated(np.stack([hours, night, day, night * late]))


def _place_group(primary: str, secondary: str, domestic: float) -> str:
    if primary == "MOTOR VEHICLE THEFT" or "VEHICLE" in secondary:
        return "vehicle"
    if secondary == "RETAIL THEFT":
        return "shop"
    if primary in _HOME or domestic > 0.9:
        return "home"
    return "outside" if primary in _OUTSIDE else "any"


def _padded(lists: list[list[float]]) -> Floats:
    width = max(len(line) for line in lists)
    return np.array([line + [0.0] * (width - len(line)) for line in lists])


@lru_cache(maxsize=1)
def tables() -> Tables:
    """Read `distributions.json` and make it ready to draw from."""
    raw = json.loads((Path(__file__).parent / "distributions.json").read_text(encoding="utf-8"))
    codes = [tuple(line[:4]) for line in raw["codes"]]
    primaries = [code[1] for code in codes]
    groups = list(_PLACE_FACTORS)
    kinds = [_PLACE_KINDS.index(kind) for _, kind, _ in raw["places"]]
    place_share = np.array([share for _, _, share in raw["places"]])
    factors = np.array(list(_PLACE_FACTORS.values()))[:, kinds]
    beats = np.array([line[0] for line in raw["beats"]])
    return Tables(
        codes=codes,
        code_share=np.array([line[4] for line in raw["codes"]]) / 1e4,
        arrest=np.array([line[5] for line in raw["codes"]]),
        domestic=np.array([line[6] for line in raw["codes"]]),
        violent=np.array([primary in _VIOLENT for primary in primaries]),
        daytime=np.array([primary in _DAYTIME for primary in primaries]),
        vehicle_codes=np.array(
            [i for i, code in enumerate(codes) if code[0] in ("1310", "1320", "0820", "0560")]
        ),
        homicide=next(i for i, code in enumerate(codes) if code[0] == "0110"),
        place_group=np.array(
            [groups.index(_place_group(line[1], line[2], line[6])) for line in raw["codes"]]
        ),
        places=[name for name, _, _ in raw["places"]],
        place_cumulated=_cumulated(place_share * factors),
        airport_place=np.array([kind == "airport" for _, kind, _ in raw["places"]]),
        beats=beats,
        beat_cumulated=_cumulated(np.array([line[1] for line in raw["beats"]])),
        airport_beats=np.flatnonzero((beats >= 1650) & (beats <= 1655)),
        boxes=np.array([line[2:6] for line in raw["beats"]]),
        wards=_padded([[ward for ward, _ in line[6]] for line in raw["beats"]]).astype(np.int64),
        ward_cumulated=_cumulated(_padded([[share for _, share in line[6]] for line in raw["beats"]])),
        hour_cumulated=_hours(np.array(raw["hours"], dtype=np.float64)),
        minute_cumulated=_cumulated(np.array(raw["minutes"], dtype=np.float64)),
    )


def to_degrees(x_feet: Floats, y_feet: Floats) -> tuple[Floats, Floats]:
    """Turn feet of EPSG:3435 (Illinois East, NAD83) into latitude and longitude.

    The inverse transverse Mercator of Snyder, Map Projections (USGS 1395), equations 8-17 to 8-25.
    """
    axis, flattening, scale = 6378137.0, 1 / 298.257222101, 0.999975
    feet = 1200 / 3937
    e2 = flattening * (2 - flattening)
    ep2 = e2 / (1 - e2)

    def arc(latitude: Floats | float) -> Floats | float:
        return axis * (
            (1 - e2 / 4 - 3 * e2**2 / 64 - 5 * e2**3 / 256) * latitude
            - (3 * e2 / 8 + 3 * e2**2 / 32 + 45 * e2**3 / 1024) * np.sin(2 * latitude)
            + (15 * e2**2 / 256 + 45 * e2**3 / 1024) * np.sin(4 * latitude)
            - (35 * e2**3 / 3072) * np.sin(6 * latitude)
        )

    east = (x_feet * feet - 300000.0) / scale
    mu = (arc(np.radians(36 + 2 / 3)) + y_feet * feet / scale) / (
        axis * (1 - e2 / 4 - 3 * e2**2 / 64 - 5 * e2**3 / 256)
    )
    e1 = (1 - np.sqrt(1 - e2)) / (1 + np.sqrt(1 - e2))
    foot = (
        mu
        + (3 * e1 / 2 - 27 * e1**3 / 32) * np.sin(2 * mu)
        + (21 * e1**2 / 16 - 55 * e1**4 / 32) * np.sin(4 * mu)
        + (151 * e1**3 / 96) * np.sin(6 * mu)
    )
    sin, cos, tan2 = np.sin(foot), np.cos(foot), np.tan(foot) ** 2
    c1 = ep2 * cos**2
    n1 = axis / np.sqrt(1 - e2 * sin**2)
    r1 = axis * (1 - e2) / (1 - e2 * sin**2) ** 1.5
    d = east / n1
    latitude = foot - (n1 * np.tan(foot) / r1) * (
        d**2 / 2 - (5 + 3 * tan2 + 10 * c1 - 4 * c1**2 - 9 * ep2) * d**4 / 24
    )
    longitude = (d - (1 + 2 * tan2 + c1) * d**3 / 6) / cos
    return np.degrees(latitude), np.degrees(longitude) - (88 + 1 / 3)


@dataclass
class Day:
    """All rows of one day of occurrence, in the order of the clock, whether they are published yet or not.

    Lags are in days from the day to the load: `first` publishes a row, `changed` re-creates it, `withdrawn`
    ends it.
    """

    day: date
    minute: Ints
    case: list[str]
    code: Ints
    first_code: Ints
    place: Ints
    arrest: Flags
    first_arrest: Flags
    domestic: Flags
    beat: Ints
    ward: Ints
    x: Ints
    y: Ints
    located: Flags
    first_located: Flags
    blocks: list[str]
    first: Ints
    changed: Ints
    withdrawn: Ints

    def __len__(self) -> int:
        return len(self.case)


def is_quiet_holiday(day: date) -> bool:
    """Say whether it is Thanksgiving, Christmas Eve or Christmas, when little is reported."""
    thanksgiving = day.month == 11 and day.weekday() == 3 and 22 <= day.day <= 28
    return thanksgiving or (day.month == 12 and day.day in (24, 25))


def is_spring_forward(day: date) -> bool:
    """Say whether it is the second Sunday of March, on which there is no hour of 2."""
    return day.month == 3 and day.weekday() == 6 and 8 <= day.day <= 14


def _day_factors(day: date) -> tuple[float, float]:
    """How busy the day is, for all codes and for violent ones."""
    busy = _MONTH[day.month - 1] * _WEEKDAY[day.weekday()]
    violent = _VIOLENT_MONTH[day.month - 1] * _VIOLENT_WEEKDAY[day.weekday()]
    if is_quiet_holiday(day):
        return busy * 0.74, violent * 0.85
    if (day.month, day.day) == (7, 4):
        return busy * 1.02, violent * 1.25
    return busy, violent


def _draw_outline(
    rng: np.random.Generator, day: date, rows_a_day: float
) -> tuple[Ints, Ints, tuple[Ints, Ints, Ints]]:
    """Draw what happens when, and the lags: the cheap first part of a day."""
    table = tables()
    busy, violent = _day_factors(day)
    shares = table.code_share * np.where(table.violent, violent, busy)
    count = max(int(rng.poisson(rows_a_day * shares.sum())), 1)
    code = np.searchsorted(_cumulated(shares), rng.random(count))
    minute = _draw_minutes(rng, day, code, table)
    order = np.argsort(minute, kind="stable")
    return code[order], minute[order], _draw_lags(rng, minute[order])


def draw_day(seed: int, day: date, rows_a_day: float) -> Day:
    """Draw one day's rows; `rows_a_day` is the mean over a year."""
    rng = np.random.default_rng([seed, day.toordinal()])
    code, minute, lags = _draw_outline(rng, day, rows_a_day)
    return _draw_rest(rng, day, code, minute, lags)


def has_news(seed: int, day: date, rows_a_day: float, age: int) -> bool:
    """Say whether any row of the day may be published, changed or withdrawn at this age."""
    rng = np.random.default_rng([seed, day.toordinal()])
    lags = _draw_outline(rng, day, rows_a_day)[2]
    # The rows of one case share a lag, which may be that of a midnight and a day later.
    return age <= FIRST_LAG_DAYS or any(bool((lag == age).any()) for lag in lags)


def _draw_minutes(rng: np.random.Generator, day: date, code: Ints, table: Tables) -> Ints:
    count = len(code)
    weekend = day.weekday() in (4, 5, 6)
    profile = np.where(table.violent[code], 3 if weekend else 1, np.where(table.daytime[code], 2, 0))
    hour = np.empty(count, dtype=np.int64)
    chance = rng.random(count)
    for number in range(4):
        chosen = profile == number
        hour[chosen] = np.searchsorted(table.hour_cumulated[number], chance[chosen])
    minute = hour * 60 + np.searchsorted(table.minute_cumulated, rng.random(count))
    unknown = _UNKNOWN_TIME_SHARE
    if day.day == 1:
        unknown += 0.10 if day.month == 1 else 0.035
    minute[rng.random(count) < unknown] = 0
    if is_spring_forward(day):
        minute[(minute >= 120) & (minute < 180)] += 60
        minute[count // 2] = 150  # the record has 02:30 all the same, which no clock showed
    return minute


def _draw_rest(
    rng: np.random.Generator, day: date, code: Ints, minute: Ints, lags: tuple[Ints, Ints, Ints]
) -> Day:
    count, table = len(code), tables()
    place, beat = _draw_places(rng, code, table)
    domestic = rng.random(count) < table.domestic[code]
    arrest = rng.random(count) < table.arrest[code]
    box = table.boxes[beat]
    x = box[:, 0] + np.rint(rng.beta(1.6, 1.6, count) * (box[:, 1] - box[:, 0])).astype(np.int64)
    y = box[:, 2] + np.rint(rng.beta(1.6, 1.6, count) * (box[:, 3] - box[:, 2])).astype(np.int64)
    blocks = to_blocks(x, y, rng.random(count) < 0.5)
    for i in np.flatnonzero(rng.random(count) < _MIXED_CASE_SHARE).tolist():
        blocks[i] = blocks[i][:8] + blocks[i][8:].title()
    bad = rng.random(count) < _BAD_POINT_SHARE
    x[bad], y[bad] = _BAD_POINT[:2]
    located = rng.random(count) >= _NO_POINT_SHARE
    ward = _draw_wards(rng, beat, table)
    place[rng.random(count) < _NO_PLACE_SHARE] = -1
    drawn = Day(
        day, minute, [], code, code.copy(), place, arrest, arrest.copy(), domestic, beat, ward, x, y,
        located, located.copy(), blocks, *lags,
    )  # fmt: skip
    _draw_changes(rng, drawn, table)
    drawn.case = _case_numbers(rng, drawn)
    _share_cases(rng, drawn, table)
    return drawn


def _draw_places(rng: np.random.Generator, code: Ints, table: Tables) -> tuple[Ints, Ints]:
    count = len(code)
    place = np.empty(count, dtype=np.int64)
    chance = rng.random(count)
    group = table.place_group[code]
    for number in range(len(table.place_cumulated)):
        chosen = group == number
        place[chosen] = np.searchsorted(table.place_cumulated[number], chance[chosen])
    beat = np.searchsorted(table.beat_cumulated, rng.random(count))
    airport = table.airport_place[place]
    beat[airport] = rng.choice(table.airport_beats, int(airport.sum()))
    return place, beat


def _draw_wards(rng: np.random.Generator, beat: Ints, table: Tables) -> Ints:
    chance = rng.random(len(beat))[:, None]
    chosen = (chance > table.ward_cumulated[beat]).sum(axis=1)
    wards: Ints = table.wards[beat, chosen]
    return wards


def _draw_lags(rng: np.random.Generator, minute: Ints) -> tuple[Ints, Ints, Ints]:
    count = len(minute)

    def later() -> Ints:
        days: Ints = 1 + rng.exponential(_LATE_MEAN_DAYS, count).astype(np.int64)
        return days

    first = np.where(minute == 0, FIRST_LAG_DAYS - 1, FIRST_LAG_DAYS)
    first = np.where(rng.random(count) < _LATE_SHARE, FIRST_LAG_DAYS + later(), first)
    changed = np.where(
        rng.random(count) < _CHANGED_SHARE, np.maximum(first, FIRST_LAG_DAYS) + later(), NEVER_DAYS
    )
    gone = rng.random(count) < _WITHDRAWN_SHARE
    withdrawn = np.where(gone, first + rng.integers(3, 150, count), NEVER_DAYS)
    sure = int(rng.integers(count))
    first[sure] = FIRST_LAG_DAYS - (minute[sure] == 0)
    withdrawn[sure] = _WITHDRAWN_LAG_DAYS
    # A row that is withdrawn is not changed before: only one thing happens to a row.
    return first, np.where(withdrawn < NEVER_DAYS, NEVER_DAYS, changed), withdrawn


def _draw_changes(rng: np.random.Generator, drawn: Day, table: Tables) -> None:
    """Draw what the changed rows were at first.

    Five in eight had no point, two no arrest yet, one another code.
    """
    rows = np.flatnonzero(drawn.changed < NEVER_DAYS)
    kind = rng.integers(0, 8, len(rows))
    unlocated, unarrested, mistaken = rows[kind < 5], rows[(kind == 5) | (kind == 6)], rows[kind == 7]
    drawn.first_located[unlocated], drawn.located[unlocated] = False, True
    drawn.first_arrest[unarrested], drawn.arrest[unarrested] = False, True
    first_codes = rng.choice(table.vehicle_codes, len(mistaken))
    same = first_codes == drawn.code[mistaken]
    drawn.first_code[mistaken] = np.where(same, np.roll(table.vehicle_codes, 1)[0], first_codes)
    drawn.first_code[mistaken] = np.where(
        drawn.first_code[mistaken] == drawn.code[mistaken], table.vehicle_codes[0], drawn.first_code[mistaken]
    )


def _case_numbers(rng: np.random.Generator, drawn: Day) -> list[str]:
    """Return case numbers, which rise with the day of the report; the letter is that of its year."""
    count = len(drawn.minute)
    slots = np.sort(rng.choice(_REPORTED_A_DAY, count, replace=count > _REPORTED_A_DAY))
    prefix, base = _case_base(drawn.day)
    out = [f"{prefix}{number:06d}" for number in (base + slots).tolist()]
    order: dict[int, int] = {}
    for row in np.flatnonzero(drawn.first > FIRST_LAG_DAYS).tolist():
        late = int(drawn.first[row]) - FIRST_LAG_DAYS
        turn = order[late] = order.get(late, -1) + 1
        prefix, base = _case_base(drawn.day + timedelta(days=late))
        out[row] = f"{prefix}{base + _REPORTED_A_DAY + late % 125 * 8 + turn % 8:06d}"
    return out


def _case_base(day: date) -> tuple[str, int]:
    """Give the letters of the year of the report, and the first number of its day."""
    letter = _YEAR_LETTERS[(day.year - 2017) % len(_YEAR_LETTERS)]
    elapsed = day.toordinal() - date(day.year, 1, 1).toordinal()
    return f"{'J' if day.year >= 2017 else 'H'}{letter}", 100_000 + elapsed * _CASES_A_DAY


def _share_cases(rng: np.random.Generator, drawn: Day, table: Tables) -> None:
    """Give a homicide a row for each victim; two such rows can be equal in every column."""
    count = len(drawn)
    killed = np.flatnonzero((drawn.code == table.homicide) & (rng.random(count) < 0.06)).tolist()
    if drawn.day.toordinal() % _TWINS_EVERY_DAYS == 7 and count > 3:
        killed.append(1)
    for row in killed:
        victims = 3 if rng.random() < 0.3 else 2
        for other in range(row + 1, min(row + victims, count)):
            _copy_row(drawn, row, other, table.homicide, is_twin=other == row + 1)


def _copy_row(drawn: Day, source: int, target: int, code: int, *, is_twin: bool) -> None:
    drawn.code[source] = drawn.first_code[source] = code
    drawn.changed[source], drawn.withdrawn[source] = NEVER_DAYS, NEVER_DAYS
    drawn.first_located[source], drawn.first_arrest[source] = drawn.located[source], drawn.arrest[source]
    for values in (
        drawn.code, drawn.first_code, drawn.place, drawn.arrest, drawn.first_arrest, drawn.domestic,
        drawn.beat, drawn.ward, drawn.x, drawn.y, drawn.located, drawn.first_located,
        drawn.first, drawn.changed,
        drawn.withdrawn,
    ):  # fmt: skip
        values[target] = values[source]
    drawn.case[target], drawn.blocks[target] = drawn.case[source], drawn.blocks[source]
    if is_twin:
        drawn.minute[target] = drawn.minute[source]
    # Midnight alone is published a day early; the victims of one case come together.
    late = max(int(drawn.first[source]), FIRST_LAG_DAYS)
    drawn.first[source] = drawn.first[target] = late


def to_contents(drawn: Day, rows: Ints, *, at_first: Flags) -> list[tuple[Stored, ...]]:
    """Give the computed regions and fields of these rows, stored form, in the shape's order.

    `at_first`: as first published.
    """
    table = tables()
    code = np.where(at_first, drawn.first_code[rows], drawn.code[rows])
    arrest = np.where(at_first, drawn.first_arrest[rows], drawn.arrest[rows])
    located = np.where(at_first, drawn.first_located[rows], drawn.located[rows])
    x, y, beat, ward = drawn.x[rows], drawn.y[rows], table.beats[drawn.beat[rows]], drawn.ward[rows]
    latitude, longitude = to_degrees(x.astype(np.float64), y.astype(np.float64))
    bad = x == 0
    latitude, longitude = np.where(bad, _BAD_POINT[2], latitude), np.where(bad, _BAD_POINT[3], longitude)
    cells = (x // 15_000 * 31 + y // 15_000 * 17).tolist()
    out: list[tuple[Stored, ...]] = []
    for row, c, a, has_point, x_, y_, beat_, ward_, lat, lon, cell in zip(
        rows.tolist(), code.tolist(), arrest.tolist(), located.tolist(), x.tolist(), y.tolist(),
        beat.tolist(), ward.tolist(), np.round(latitude, 9).tolist(), np.round(longitude,
        9).tolist(), cells, strict=True,
    ):  # fmt: skip
        iucr, primary, secondary, fbi = table.codes[c]
        place, minute = int(drawn.place[row]), int(drawn.minute[row])
        regions, point = _NO_REGIONS, _NO_POINT
        if has_point:
            regions = (1 + cell % 59, 1 + cell % 77, 1 + cell % 22, 1 + beat_ % 25, ward_, 1 + cell % 61)
            point = (str(x_), str(y_), lat, lon, _location(lat, lon))
        out.append((
            *regions,
            drawn.case[row],
            f"{drawn.day}T{minute // 60:02d}:{minute % 60:02d}:00.000",
            drawn.blocks[row],
            iucr,
            primary,
            secondary,
            table.places[place] if place >= 0 else None,
            "Y" if a else "N",
            "Y" if drawn.domestic[row] else "N",
            beat_,
            ward_,
            fbi,
            *point,
        ))  # fmt: skip
    return out


_NO_REGIONS: tuple[Stored, ...] = (None,) * 6
_NO_POINT: tuple[Stored, ...] = (None,) * 5
_ADDRESS = json.dumps(json.dumps({"address": "", "city": "", "state": "", "zip": ""}))


def _location(latitude: float, longitude: float) -> str:
    return f'{{"latitude":"{latitude}","longitude":"{longitude}","human_address":{_ADDRESS}}}'

"""The stand-in city as the portal's datasets: built as of a load, and living on from load to load.

What lives here: loads, their stamps, which rows of each day a load publishes, the command line. What does not:
what happens on a day (`occurrences`), how rows are kept (`store`). The rhythm is that of
https://data.cityofchicago.org/d/x2n5-8w5q: a load at about 05:02 Chicago time, occurrences from the load's
instant less 372 days to 00:00 eight days before it.

`python -m demo.city --state DIR [--live-on DAYS] [--recreate-all]`. Two builds of one seed and day are
equal; a city that lived on for a day holds the same contents as one built a day later (the ids differ).
"""

from __future__ import annotations

import argparse
import os
import sqlite3
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import islice
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from demo.lists import PUBLISHED_LISTS, rows_of_list
from demo.occurrences import FIRST_LAG_DAYS, NEVER_DAYS, Day, Ints, draw_day, has_news, to_contents
from demo.shapes import HISTORY, ONE_YEAR, Row, Stored
from demo.store import Change, Store, to_stamp

CHICAGO = ZoneInfo("America/Chicago")
FILE_NAME = "city.sqlite"
DEFAULT_ROWS = 250_000
DEFAULT_DAYS = 372
MAX_ROWS_A_YEAR = 450_000  # above it a day's case numbers run out

_CASE = len(ONE_YEAR.system) - 4  # where case_ and date_of_occurrence stand in a row's contents
_OCCURRED = _CASE + 1


@dataclass(frozen=True)
class Load:
    """One morning's load: when its rows were created and saved, which are the two stamps that they share."""

    day: date
    created_at: datetime
    updated_at: datetime

    @property
    def oldest(self) -> datetime:
        """The wall clock time before which rows have left a dataset of 372 days."""
        return self.created_at.astimezone(CHICAGO).replace(tzinfo=None)


@lru_cache(maxsize=4096)
def load_of(seed: int, day: date) -> Load:
    """Give the load of a day: 05:02 Chicago time and some seconds, as the real ones are."""
    rng = np.random.default_rng([seed, day.toordinal(), 1])
    start = datetime(day.year, day.month, day.day, 5, 2, tzinfo=CHICAGO)
    created = start + timedelta(milliseconds=int(rng.integers(-10_000, 66_000)))
    updated = created + timedelta(milliseconds=int(rng.integers(3_000, 18_000)))
    return Load(day, created.astimezone(UTC), updated.astimezone(UTC))


@dataclass(frozen=True)
class City:
    """A city's parameters. `rows` is about how many the dataset of `days` days holds at any time."""

    seed: int = 7
    rows: int = DEFAULT_ROWS
    days: int = DEFAULT_DAYS

    def __post_init__(self) -> None:
        if self.days <= FIRST_LAG_DAYS + 1 or self.rows < 1:
            raise ValueError(f"a city needs more than {FIRST_LAG_DAYS + 1} days and at least one row")
        if self.rows_a_day * 365 > MAX_ROWS_A_YEAR:
            raise ValueError(f"a city has at most {MAX_ROWS_A_YEAR:,} rows a year")

    @property
    def rows_a_day(self) -> float:
        """The mean of a year; the last weeks' days are not yet complete."""
        return self.rows / (self.days - FIRST_LAG_DAYS)

    def draw(self, day: date) -> Day:
        """Draw all rows of a day of occurrence, published yet or not."""
        return draw_day(self.seed, day, self.rows_a_day)

    def oldest(self, load: Load) -> datetime:
        """Give the wall clock time of the oldest occurrence that a load still holds."""
        return load.oldest - timedelta(days=self.days)

    def rows_at(self, as_of: date) -> Iterator[tuple[Load, tuple[Stored, ...]]]:
        """Give what the dataset holds after the load of a day: each row's load, and its contents."""
        last = load_of(self.seed, as_of)
        for age in range(self.days, FIRST_LAG_DAYS - 2, -1):
            drawn = self.draw(as_of - timedelta(days=age))
            present = (drawn.first <= age) & (drawn.withdrawn > age)
            if age == self.days:
                present &= drawn.minute >= _minute_of(self.oldest(last))
            rows = np.flatnonzero(present)
            changed = drawn.changed[rows] <= age
            lags = np.where(changed, drawn.changed[rows], drawn.first[rows])
            contents = to_contents(drawn, rows, at_first=~changed)
            for lag, content in zip(lags.tolist(), contents, strict=True):
                yield load_of(self.seed, drawn.day + timedelta(days=lag)), content

    def build(self, store: Store, as_of: date) -> int:
        """Fill the one-year dataset of a store as of the load of a day, and the lists; returns the rows."""
        load = load_of(self.seed, as_of)
        store.create(ONE_YEAR, at=load.updated_at, fill=lambda change: self._fill(change, as_of))
        for source in PUBLISHED_LISTS:
            store.create(source.shape, rows_of_list(source), at=load.created_at)
        return store.count(ONE_YEAR.id)

    def _fill(self, change: Change, as_of: date) -> None:
        _insert(change, self.rows_at(as_of))
        for name, value in (("rows", self.rows), ("days", self.days), ("city_seed", self.seed)):
            change.keep_fact(name, str(value))
        change.keep_fact("as_of", as_of.isoformat())

    def live_on(self, store: Store, days: int = 1) -> date:
        """Publish the loads of the days after the store's last one; returns the last."""
        last = as_of(store)
        for _ in range(days):
            last += timedelta(days=1)
            load = load_of(self.seed, last)
            with store.change(ONE_YEAR.id, at=load.updated_at) as change:
                self._live(change, load)
                change.keep_fact("as_of", last.isoformat())
        return last

    def _live(self, change: Change, load: Load) -> None:
        change.age_out(self.oldest(load))
        fresh: list[tuple[Stored, ...]] = []
        for age in range(self.days, FIRST_LAG_DAYS - 2, -1):
            day = load.day - timedelta(days=age)
            if not has_news(self.seed, day, self.rows_a_day, age):
                continue
            drawn = self.draw(day)
            here = drawn.minute >= (_minute_of(self.oldest(load)) if age == self.days else 0)
            new = np.flatnonzero(here & (drawn.first == age))
            redone = np.flatnonzero(here & (drawn.changed == age) & (drawn.withdrawn > age))
            gone = np.flatnonzero(here & (drawn.withdrawn == age))
            fresh += to_contents(drawn, new, at_first=np.ones(len(new), dtype=bool))
            change.withdraw(
                _ids_of(change, to_contents(drawn, gone, at_first=np.ones(len(gone), dtype=bool)))
            )
            fresh += self._replaced(change, drawn, redone)
        _insert(change, ((load, content) for content in fresh))

    def _replaced(self, change: Change, drawn: Day, rows: Ints) -> list[tuple[Stored, ...]]:
        """Take the old versions of these rows away; returns the new contents of those that were there."""
        out = []
        old = to_contents(drawn, rows, at_first=np.ones(len(rows), dtype=bool))
        new = to_contents(drawn, rows, at_first=np.zeros(len(rows), dtype=bool))
        for before, after in zip(old, new, strict=True):
            ids = _ids_of(change, [before])
            change.withdraw(ids)
            out += [after] * len(ids)
        return out


def _minute_of(wall: datetime) -> int:
    return wall.hour * 60 + wall.minute + (wall.second > 0 or wall.microsecond > 0)


def _ids_of(change: Change, contents: Sequence[tuple[Stored, ...]]) -> list[str]:
    """Return the ids of the rows with these contents; a row that a test took away has none."""
    out: list[str] = []
    for content in contents:
        found = change.rows('"case_" = ? and "date_of_occurrence" = ?', (content[_CASE], content[_OCCURRED]))
        out += [str(row[":id"]) for row in found if row[":id"] not in out][:1]
    return out


def _insert(change: Change, rows: Iterator[tuple[Load, tuple[Stored, ...]]]) -> int:
    count = 0
    while batch := list(islice(rows, 20_000)):
        ids, versions = change.mint("row-", len(batch)), change.mint("rv-", len(batch))
        count += change.insert_stored(
            (row_id, _stored(load.created_at), _stored(load.updated_at), version, *content)
            for (load, content), row_id, version in zip(batch, ids, versions, strict=True)
        )
    return count


@lru_cache(maxsize=4096)
def _stored(instant: datetime) -> str:
    return to_stamp(instant)[:-1]


def as_of(store: Store) -> date:
    """Give the day of the load that the store's city has reached."""
    fact = store.fact("as_of")
    if fact is None:
        raise ValueError(f"{store.path} holds no city")
    return date.fromisoformat(fact)


def city_of(store: Store) -> City:
    """Give the parameters that the store's city was built with."""
    return City(*(int(store.fact(name) or 0) for name in ("city_seed", "rows", "days")))


def history_rows(city: City, start: date, end: date) -> Iterator[Row]:
    """Give rows of the whole history (ijzp-q8t2) for the days from `start` to before `end`.

    Each as it was last changed, with the stamps of that load.
    """
    for ordinal in range(start.toordinal(), end.toordinal()):
        day = date.fromordinal(ordinal)
        drawn = city.draw(day)
        every = np.arange(len(drawn))
        contents = to_contents(drawn, every, at_first=np.zeros(len(drawn), dtype=bool))
        lags = np.where(drawn.changed < NEVER_DAYS, drawn.changed, drawn.first).tolist()
        for place, (lag, content) in enumerate(zip(lags, contents, strict=True)):
            load = load_of(city.seed, day + timedelta(days=lag))
            stamps = {":created_at": to_stamp(load.created_at), ":updated_at": to_stamp(load.updated_at)}
            yield stamps | _history_row(ordinal * 10_000 + place, day, lag, content)


def _history_row(number: int, day: date, lag: int, content: tuple[Stored, ...]) -> Row:
    names = [field.name for field in ONE_YEAR.all_fields[4:]]
    old = dict(zip(names, content, strict=True))
    beat = f"{int(old['beat'] or 0):04d}"
    updated = f"{day + timedelta(days=lag)}T15:40:00.000"
    row: Row = {
        "id": number,
        "case_number": old["case_"],
        "date": old["date_of_occurrence"],
        "iucr": old["_iucr"],
        "primary_type": old["_primary_decsription"],
        "description": old["_secondary_description"],
        "location_description": old["_location_description"],
        "arrest": old["arrest"] == "Y",
        "domestic": old["domestic"] == "Y",
        "beat": beat,
        "district": f"{int(beat[:2]):03d}",
        # Wards are those of the boundaries of 2003 and later; before that the field is null.
        "ward": old["ward"] if day.year >= 2003 else None,
        "community_area": old[":@computed_region_vrxf_vc4k"],
        "fbi_code": old["fbi_cd"],
        "year": day.year,
        "updated_on": updated,
    }
    same = ("block", "x_coordinate", "y_coordinate", "latitude", "longitude", "location")
    row |= {name: old[name] for name in same}
    return row | {name: value for name, value in old.items() if name.startswith(":@")}


def build_history(city: City, store: Store, start: date, end: date) -> int:
    """Add the whole history of the days from `start` to before `end` to a store; returns its rows."""

    def fill(change: Change) -> None:
        rows = history_rows(city, start, end)
        while batch := list(islice(rows, 20_000)):
            change.insert(batch)

    store.create(HISTORY, at=load_of(city.seed, end).updated_at, fill=fill)
    return store.count(HISTORY.id)


def build_city(folder: Path, city: City, day: date) -> Path:
    """Make the folder's city file, whole or not at all; an existing one is left as it is."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / FILE_NAME
    if path.exists():
        return path
    unfinished = folder / f"{FILE_NAME}.{os.getpid()}.unfinished"
    try:
        with Store(unfinished, seed=city.seed, journal="off") as store:
            city.build(store, day)
            store.analyze()
        unfinished.rename(path)
    finally:
        for left in folder.glob(f"{unfinished.name}*"):
            left.unlink()
    return path


def add_city_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options that this command and the portal's share."""
    parser.add_argument("--state", type=Path, required=True, metavar="DIR", help="where the city is kept")
    parser.add_argument("--rows", type=int, default=DEFAULT_ROWS, help="about how many (a new city)")
    parser.add_argument("--days", type=int, default=DEFAULT_DAYS, help="how many it spans (a new city)")
    parser.add_argument("--seed", type=int, default=7, help="seed of the random draw (a new city)")
    parser.add_argument(
        "--as-of",
        type=date.fromisoformat,
        metavar="YYYY-MM-DD",
        help="day of the last load (a new city; today)",
    )


def open_city(options: argparse.Namespace) -> Store:
    """Open the city of a state folder; build it first if it has none."""
    day = options.as_of or datetime.now(CHICAGO).date()
    city = City(options.seed, options.rows, options.days)
    return Store(build_city(options.state, city, day))


def main(arguments: Sequence[str] | None = None) -> int:
    """Build the stand-in city if the state folder has none, and let it live on."""
    parser = argparse.ArgumentParser(prog="python -m demo.city", description=main.__doc__)
    add_city_arguments(parser)
    parser.add_argument("--live-on", type=int, default=0, metavar="DAYS", help="days to live on")
    parser.add_argument(
        "--recreate-all", action="store_true", help="publish all rows again: other ids, the same content"
    )
    options = parser.parse_args(arguments)
    try:
        with open_city(options) as store:
            last = city_of(store).live_on(store, options.live_on)
            if options.recreate_all:
                store.recreate_all(
                    ONE_YEAR.id, at=load_of(city_of(store).seed, last).updated_at + timedelta(hours=1)
                )
            print(f"The city has {store.count(ONE_YEAR.id):,} rows as of the load of {last}")  # noqa: T201
    except (OSError, ValueError, sqlite3.Error) as error:
        print(f"demo.city: {error}", file=sys.stderr)  # noqa: T201 (a command's own message)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

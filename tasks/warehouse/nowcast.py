"""How late crimes are published, and what the newest days will come to: learned and written at each refresh.

Here: the reading of first-seen times and of what is held, and the two tables `pipeline.reporting_delay` and
`pipeline.nowcasts`. The method is `tasks.lateness`, the SQL `sql/nowcast/`. Only the newest 204 days are read, whatever
the size of the warehouse.
"""

import logging
from collections.abc import Collection, Sequence
from datetime import date as Date  # noqa: N812
from datetime import timedelta
from typing import Any, Final

import pandas as pd
from sqlalchemy import Connection

from tasks.contract.reference import read_reporting_delay
from tasks.lateness import expect
from tasks.lateness.backtest import Past
from tasks.lateness.curve import Curve, bundled_rates
from tasks.lateness.triangle import DATES_DAYS, FIRST_AGE, LAST_AGE
from tasks.warehouse.copy import copy_rows
from tasks.warehouse.sql_files import execute

log = logging.getLogger(__name__)

_SHOWN_AGES: Final = (*range(FIRST_AGE, 31), 35, 40, 45, 50, 60, 75, 90, LAST_AGE)
_CITY_DAYS: Final = 60
_DISTRICT_DAYS: Final = 35
_MONTHS: Final = 3
_MIN_A_DAY: Final = 5.0  # crimes of a district or the city, below which a day of it says nothing


def update_nowcast(connection: Connection) -> None:
    """Learn the delay and write what the newest days will come to, in the connection's transaction.

    After the counts, which know the source's last load. Without one, or with so few crimes that a day of the whole city
    says nothing, both tables are empty, and views say what is held.
    """
    execute(connection, "nowcast/clear")
    state = _read_state(connection)
    if state is None or state.load_date is None or state.recent_crimes < _MIN_A_DAY * LAST_AGE:
        return
    today = state.load_date.toordinal()
    past = read_past(connection, state.load_date, DATES_DAYS)
    curve = past.curve(today)
    _write(connection, "pipeline.reporting_delay", _delay(curve))
    held = _read_held(connection, state.load_date)
    if len(held):
        expected = _expected(curve, today, held, past.holidays)
        # A period that begins before what we hold would be short of days.
        _write(connection, "pipeline.nowcasts", expected[expected["first_date"] >= state.first_complete_date])
    log.info(
        "curve=%s days=%d arrivals=%d dispersion=%.2f recent_ratio=%.2f",
        curve.basis, curve.days, curve.arrivals, curve.dispersion, curve.recent_ratio,
    )  # fmt: skip


def read_past(connection: Connection, today: Date, days: int, *, by_district: bool = False) -> Past:
    """Return what came and went of the newest days up to a load, `today`."""
    events = _frame(
        connection,
        "nowcast/events",
        first_date=today - timedelta(days=days),
        end_date=today - timedelta(days=FIRST_AGE - 1),
        by_district=by_district,
    )
    events = events.assign(
        date=_ordinals(events["date"]),
        # A load that is not known yet is that of today.
        observed=_ordinals(events["observed"]).clip(upper=today.toordinal()),
        district=events["district"].astype("Int16").astype("str").replace("<NA>", "unknown"),
    )
    rates, kinds = bundled_rates(read_reporting_delay())
    return Past(
        events, _read_dates(connection, "nowcast/looks"), frozenset(_read_dates(connection, "nowcast/holidays")),
        rates, kinds,
    )  # fmt: skip


def _write(connection: Connection, table: str, frame: pd.DataFrame) -> None:
    """Append a frame of a few thousand rows at most; missing values become NULL."""
    values = frame.astype("object").where(frame.notna(), None)
    copy_rows(connection, table, list(frame.columns), values.itertuples(index=False, name=None))


def read_load_date(connection: Connection) -> Date | None:
    """Return the date of the source's last load that the counts know. None: none, or nothing is counted."""
    state = _read_state(connection)
    return None if state is None else state.load_date


def _read_state(connection: Connection) -> Any:
    return execute(connection, "nowcast/state", last_age=LAST_AGE).one_or_none()


def _frame(connection: Connection, name: str, **parameters: object) -> pd.DataFrame:
    result = execute(connection, name, **parameters)
    # The driver's own tuples: SQLAlchemy's rows, of which pandas asks four things that they have not got, took most of
    # the time.
    return pd.DataFrame(result.cursor.fetchall(), columns=list(result.keys()))


def _ordinals(dates: "pd.Series[Any]") -> "pd.Series[int]":
    return dates.map(Date.toordinal).astype("int64")


def _read_dates(connection: Connection, name: str) -> list[int]:
    return [row[0].toordinal() for row in execute(connection, name)]


def _read_held(connection: Connection, today: Date) -> pd.DataFrame:
    held = _frame(
        connection,
        "nowcast/held",
        first_date=today - timedelta(days=LAST_AGE),
        end_date=today - timedelta(days=FIRST_AGE - 1),
    )
    return held.assign(date=_ordinals(held["date"]))


def _delay(curve: Curve) -> pd.DataFrame:
    rows = [
        (kind, age, curve.published_share(number, age))
        for number, kind in enumerate(curve.kinds)
        for age in _SHOWN_AGES
    ]
    return pd.DataFrame(rows, columns=["primary_type", "age_days", "published_share"]).assign(
        arrivals=int(curve.arrivals),
        basis=curve.basis,
        days_followed=curve.days,
        dispersion=curve.dispersion,
        recent_ratio=curve.recent_ratio,
        recent_fits=curve.recent_fits,
    )


def _expected(curve: Curve, today: int, held: pd.DataFrame, holidays: Collection[int]) -> pd.DataFrame:
    city = _by(held, [])
    outlook = expect.to_outlook(curve, today, city, holidays)
    spans, city_days = expect.periods(today), expect.days(today, _CITY_DAYS)
    counted = pd.concat(
        [city.assign(place="crimes")]
        + [_by(held[held[name]], []).assign(place=name) for name in ("violent", "property", "domestic")]
    )
    found = [
        expect.expect(outlook, counted, "city", [*city_days, *spans, *expect.months(today, _MONTHS)], city),
        expect.expect(outlook, city.assign(place=city["kind"]), "primary_type", spans, city),
    ]
    for family in ("district", "ward", "beat"):
        own = _by(held[held[family].notna()], [family])
        own = own.assign(place=own[family].astype(str).str.removesuffix(".0"))
        found.append(expect.expect(outlook, own, family, spans, city))
        if family == "district":
            days = expect.days(today, _DISTRICT_DAYS)
            found.append(expect.expect(outlook, _large(own), family, days, city))
    return pd.concat(found, ignore_index=True)


def _by(held: pd.DataFrame, places: Sequence[str]) -> pd.DataFrame:
    return held.groupby([*places, "date", "kind"])["crimes"].sum().reset_index()


def _large(own: pd.DataFrame) -> pd.DataFrame:
    """Return the places with enough crimes a day for a day of theirs to be read."""
    a_day = own.groupby("place")["crimes"].sum() / max(own["date"].nunique(), 1)
    return own[own["place"].isin(a_day[a_day >= _MIN_A_DAY].index)]

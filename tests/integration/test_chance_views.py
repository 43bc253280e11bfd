# ruff: noqa: F811  (the fixtures of views_support)
"""What the views say of chance, against numpy and scipy, and a small twin of `make placebo`."""

import re

import numpy as np
import pandas as pd
import psycopg
import pytest
from scipy import stats

from bench import placebo
from tasks.warehouse.sql_files import execute
from tests.integration.views_support import read, views_engine  # noqa: F401  (a fixture)

WEEKS = placebo.HISTORY_WEEKS
NOISY = placebo.City("noisy", noise=2.0, drift=0.05, city_drift=0.03, season=0.1)


@pytest.fixture(scope="module")
def connection(views_engine):
    """Give a connection to the module's database, outside of any transaction."""
    with views_engine.connect() as taken:
        raw = taken.connection.driver_connection
        assert isinstance(raw, psycopg.Connection)
        raw.rollback()
        raw.autocommit = True
        yield raw
        raw.autocommit = False


@pytest.fixture(scope="module")
def noisy(connection, views_engine):
    """Give the days of a city with noise, drift and season, as the views stand over them."""
    placebo.settle(connection, NOISY, seed=5, weeks=WEEKS, since=WEEKS)
    monthly = ("crime_growth_by_month", "crimes_by_weekday_and_hour")
    placebo.move_on(connection, WEEKS, (*placebo.ONCE_VIEWS, *monthly))
    return read(views_engine, "select * from chicago.daily_crimes order by date")


def weeks_of_districts(engine):
    """Return weeks x districts, the newest week first."""
    daily = read(engine, "select date, district, crimes from pipeline.daily_counts")
    before = (pd.Timestamp(daily["date"].max()) - pd.to_datetime(daily["date"])).dt.days // 7
    table = daily.assign(week=before).pivot_table(
        index="week", columns="district", values="crimes", aggfunc="sum"
    )
    return table.loc[:55].fillna(0)


def dispersion_of(weeks):
    """Return noise, drift and year drift of weeks x members (the newest four left out), from their definitions."""
    known = weeks[4:]
    around = (known[:-4] + known[1:-3] + known[3:-1] + known[4:]) / 4
    noise = max(1.0, np.mean(((known[2:-2] - around) ** 2).sum(0) / (1.25 * around.sum(0))))
    months = np.lib.stride_tricks.sliding_window_view(known, 4, axis=0).sum(-1)
    both = months[:-4] + months[4:]
    drift = np.sqrt(max(0, ((months[:-4] - months[4:]) ** 2 / both - noise).sum() / (both / 4).sum()))
    angle = 2 * np.pi * np.arange(4, 56) / 52
    waves = np.column_stack([np.ones(52), np.cos(angle), np.sin(angle)])
    season = waves @ np.linalg.lstsq(waves, known, rcond=None)[0]
    fitted = np.lib.stride_tricks.sliding_window_view(season, 4, axis=0).sum(-1)
    excess = (1.3 * (months - fitted) ** 2 / fitted - noise).sum() / fitted.sum()
    return noise, drift, np.sqrt(max(0, 3 * excess))


def test_noise_and_drift_are_those_of_the_weeks(noisy, views_engine):
    found = read(views_engine, "select * from chicago.family_dispersions where family = 'district'").iloc[0]
    expected = dispersion_of(weeks_of_districts(views_engine).to_numpy())
    assert [found["noise"], found["drift"], found["year_drift"]] == pytest.approx(expected, rel=1e-6)
    assert found["pairs"] == 45


@pytest.mark.parametrize(("compared_with", "first_week"), [("previous", 4), ("last_year", 52)])
def test_changes_are_a_score_test_with_students_t_corrected_over_the_family(
    noisy, views_engine, compared_with, first_week
):
    found = read(
        views_engine,
        "select *, cast(member as integer) as district from chicago.recent_changes"
        f" where family = 'district' and compared_with = '{compared_with}' order by district",
    )
    weeks = weeks_of_districts(views_engine)
    noise, drift, year_drift = dispersion_of(weeks.to_numpy())
    spread, freedom = (drift, 45 / 4) if first_week == 4 else (year_drift, 10)
    a = weeks.loc[:3].sum().to_numpy()
    b = weeks.loc[first_week : first_week + 3].sum().to_numpy()
    assert found["crimes"].tolist() == a.tolist()
    assert found["crimes_before"].tolist() == b.tolist()
    extra = spread**2 * (a + b) / 4
    freedoms = freedom * ((noise + extra) / extra) ** 2
    z = (a - b) / np.sqrt((noise + extra) * (a + b))
    p = 2 * stats.t.sf(np.abs(z), freedoms)
    # Three in ten thousand: Wallace's t with eleven degrees of freedom.
    assert found["p_value"].to_numpy() == pytest.approx(p, abs=3e-4)
    assert found["q_value"].to_numpy() == pytest.approx(stats.false_discovery_control(p), abs=3e-3)
    assert found["is_unusual"].tolist() == (found["q_value"] < 0.05).tolist()
    # Where 0 lies outside the range, chance alone gives as much less than once in 20.
    outside = (found["change_low_pct"] > 0) | (found["change_high_pct"] < 0)
    assert outside.tolist() == (p < 0.05).tolist()


def whole_weeks(days):
    """Return weeks x seven days of crimes, Monday first, of the whole weeks."""
    return days["crimes"].to_numpy(dtype=float).reshape(-1, 7)


def test_weekdays_are_compared_within_their_weeks(noisy, views_engine):
    found = read(views_engine, "select * from chicago.weekday_differences order by day_of_week")
    weeks = whole_weeks(noisy)
    tests = [stats.ttest_rel(weeks[:, day], weeks.mean(axis=1)) for day in range(7)]
    expected = stats.false_discovery_control([test.pvalue for test in tests])
    assert found["q_value"].to_numpy() == pytest.approx(expected, abs=2e-4)
    low = [100 * test.confidence_interval(0.95).low / weeks.mean() for test in tests]
    assert found["change_low_pct"].to_numpy() == pytest.approx(low, abs=0.006)
    pairs = [(first, second) for first in range(7) for second in range(first + 1, 7)]
    differ = stats.false_discovery_control(
        [stats.ttest_rel(weeks[:, first], weeks[:, second]).pvalue for first, second in pairs]
    )
    more = np.zeros((7, 7), dtype=bool)
    for (first, second), q in zip(pairs, differ, strict=True):
        higher, lower = (first, second) if weeks[:, first].sum() > weeks[:, second].sum() else (second, first)
        more[higher, lower] = q < 0.05
    assert found["rank_from"].tolist() == (1 + more.sum(axis=0)).tolist()
    assert found["rank_to"].tolist() == (7 - more.sum(axis=1)).tolist()


def test_hours_of_weekdays_stray_as_their_weeks_do(noisy, views_engine):
    """The standard error is that of the jackknife over weeks, which knows no formula of this one."""
    hours = read(views_engine, "select date, hour, crimes from pipeline.hour_counts")
    table = hours.pivot_table(index="date", columns="hour", values="crimes").fillna(0).to_numpy()
    weeks = table.reshape(-1, 7, 24)

    def differences(counts):
        return counts - counts.sum(1, keepdims=True) * counts.sum(0, keepdims=True) / counts.sum()

    left_out = np.array([differences(weeks.sum(0) - week) for week in weeks])
    errors = np.sqrt((len(weeks) - 1) / len(weeks) * ((left_out - left_out.mean(0)) ** 2).sum(0))
    found = read(
        views_engine,
        "select * from chicago.hour_differences where day_of_week > 0 order by day_of_week, hour",
    )
    assert (found["crimes"] - found["expected"]).to_numpy() == pytest.approx(
        differences(weeks.sum(0)).ravel(), abs=0.006
    )
    half_ranges = ((found["high"] - found["low"]) / 2).to_numpy()
    # The jackknife of 57 weeks leaves out a 57th each time.
    assert half_ranges == pytest.approx(errors.ravel() * stats.t.ppf(0.975, len(weeks) - 1), rel=0.06)


def test_a_holiday_and_all_holidays_are_two_counts(noisy, views_engine):
    dates = read(
        views_engine,
        "select * from chicago.crimes_by_holiday_date where basis = 'actual' and expected is not null",
    )
    found = read(views_engine, "select * from chicago.crimes_by_holiday where basis = 'actual'").set_index(
        "holiday_name"
    )
    z = {}
    for name, days in dates.groupby("holiday_name"):
        observed, expected = days["crimes"].sum(), days["expected"].sum()
        # Of ordinary days, as many as make the variance of what is expected of these dates.
        ordinary = expected / (days["expected"] / days["ordinary_days"]).sum()
        rate = (observed + expected * ordinary) / (1 + ordinary)
        z[name] = (observed - expected) / np.sqrt(days["dispersion"].iloc[0] * rate * (1 + 1 / ordinary))
    z = pd.Series(z)
    q = pd.Series(stats.false_discovery_control(2 * stats.norm.sf(z.abs())), index=z.index)
    assert found.loc[z.index, "q_value"].to_numpy() == pytest.approx(q.to_numpy(), abs=2e-3)
    everything = read(
        views_engine, "select * from chicago.holiday_vs_non_holiday_crimes where is_holiday"
    ).iloc[0]
    ratio = dates["crimes"].sum() / dates["expected"].sum()
    assert everything["change_pct"] == pytest.approx(100 * (ratio - 1), abs=0.01)
    assert everything["compared_days"] == len(dates)
    assert everything["change_low_pct"] < everything["change_pct"] < everything["change_high_pct"]


def test_months_are_two_counts_of_the_city(noisy, views_engine):
    found = read(views_engine, "select * from chicago.crime_growth_by_month order by year, month")
    usual = read(views_engine, "select * from chicago.family_dispersions where family = 'city'").iloc[0]
    compared = found.dropna(subset=["growth_pct"])
    days = compared["days"].to_numpy()
    before = found["days"].shift()[compared.index].to_numpy()
    a = compared["crimes"].to_numpy()
    b = found["crimes"].shift()[compared.index].to_numpy()
    share = days / (days + before)
    extra = usual["drift"] ** 2 * (a + b) * share * (1 - share)
    z = (a - (a + b) * share) / np.sqrt((usual["noise"] + extra) * (a + b) * share * (1 - share))
    p = 2 * stats.t.sf(np.abs(z), usual["degrees_of_freedom"] * ((usual["noise"] + extra) / extra) ** 2)
    assert compared["growth_q_value"].to_numpy() == pytest.approx(stats.false_discovery_control(p), abs=3e-3)
    outside = (compared["growth_low_pct"] > 0) | (compared["growth_high_pct"] < 0)
    assert outside.tolist() == (p < 0.05).tolist()


def test_a_holiday_that_is_not_compared_has_no_range(noisy, views_engine):
    held = read(views_engine, "select * from chicago.crimes_by_holiday_date where expected is null")
    assert len(held) > 0
    ranges = ["expected_low", "expected_high", "violent_expected_low", "is_unusual", "stands_out", "q_value"]
    assert held[ranges].isna().all().all()


def test_the_report_of_a_run_claims_no_more_than_chance_allows(noisy, connection, views_engine):
    with views_engine.connect() as reading:
        quiet = execute(reading, "shown/answer_changes").one()
        holidays = execute(reading, "shown/answer_holidays").one()
    assert quiet.verdict == "no district changed by more than chance"
    assert holidays.verdict == "no more than chance"
    placebo.seek(connection, placebo.City("planted", district_7=1.5, holiday=1.2), "district_7", seed=2)
    with views_engine.connect() as reading:
        changed = execute(reading, "shown/answer_changes").one()
        holidays = execute(reading, "shown/answer_holidays").one()
    assert re.match(r"beyond chance in district 7 \(\+\d\d\.\d %\)", changed.verdict)
    assert re.fullmatch(r"\d\d\.\d % more", holidays.verdict)


@pytest.mark.parametrize(
    ("weeks", "per_day", "title", "verdict"),
    [
        (WEEKS, {7: 760}, "July 2023", "of 12 complete months, beyond chance"),
        # Two months of 31 days: z is 2.88 and 2.73, and scipy's quantile at 1 - 0.025 / 11 is 2.84.
        (WEEKS, {5: 740, 7: 760}, "July 2023", "of 12 complete months, beyond chance"),
        (WEEKS, {5: 741, 7: 760}, "July 2023", "of 12 complete months, no more than chance over May 2023"),
        (WEEKS, {7: 710}, "July 2023", "of 12 complete months, no more than chance over 11 others"),
        (WEEKS, {5: 760, 7: 760}, "May 2023 and July 2023", "equal, of 12 complete months, beyond chance"),
        (20, {3: 760}, "March 2023", "of 3 complete months; what is chance is not known yet"),
        (9, {}, "February 2023", "the only complete month held"),
        (3, {}, None, None),
    ],
)
def test_months_that_are_equal_or_that_chance_does_not_tell_apart_are_called_so(
    connection, views_engine, weeks, per_day, title, verdict
):
    dates = pd.Series(pd.date_range(placebo.FIRST_DAY, periods=WEEKS * 7))
    # So few crimes beside them that the noise of all five counts is no more than Poisson's.
    frame = pd.DataFrame(
        {"date": dates.dt.date, "district": 1, "crimes": dates.dt.month.map(per_day).fillna(700)}
    )
    frame = frame.astype({"crimes": int}).assign(violent=1, property=1, arrests=1, domestic=1)
    placebo.write(connection, "daily_counts", frame)
    monthly = ("daily_crimes", "weekly_counts", "family_dispersions", "crime_growth_by_month")
    placebo.move_on(connection, weeks, monthly)
    with views_engine.connect() as reading:
        said = execute(reading, "shown/answer_busiest_month").one_or_none()
    assert (said and said.month_title, said and said.verdict) == (title, verdict)


def test_nothing_is_found_where_nothing_differs(connection):
    """The small twin: 20 weeks of two cities; the seed is fixed, so that a failure is a change of the SQL."""
    for city in (placebo.PLACEBOS[0], NOISY):
        found = placebo.watch(connection, city, seed=1, weeks=20)
        alarms = placebo.alarms(found, ["family", "compared_with"])
        assert (alarms["looked"] == 20).all()
        assert alarms["any"].max() <= 0.25
        assert alarms["any"].mean() <= 0.1


@pytest.mark.parametrize(
    ("effect", "factor"), [("district_7", 1.4), ("hour_15", 1.5), ("holiday", 1.1), ("christmas", 0.6)]
)
def test_what_is_planted_is_found(connection, effect, factor):
    city = placebo.City("planted", noise=1.5, **{effect: factor})
    found, others = placebo.seek(connection, city, effect, seed=2)
    assert found
    # Beside what is true one in 20 of what is named may be chance.
    assert others <= 1

# ruff: noqa: F811  (the fixtures of views_support)
"""Places by period, against an independent count in pandas."""

import pandas as pd
import pytest

from tests.integration.views_support import city, generated_city, load_city, read, rows, views_engine  # noqa: F401

PERIODS = ("last_year", "year_before", "year_to_date", "year_to_date_before")


def period_of(engine):
    """Return what `place_periods` says, by period."""
    query = "select period, first_date::text, last_date::text, days, is_held from chicago.place_periods"
    return {row[0]: row[1:] for row in rows(engine, query)}


@pytest.fixture(scope="module")
def two_years(views_engine):
    """Give a generated city of 830 days that ends in a leap year, with what the oracle derives from each row."""
    crimes = generated_city(seed=11, first="2021-12-20", days=830, per_day=25)
    crimes["primary_description"] = crimes["primary_description"].replace(
        {"CRIM SEXUAL ASSAULT": "CRIMINAL SEXUAL ASSAULT", "NON - CRIMINAL": "NON-CRIMINAL"}
    )
    load_city(views_engine, crimes)
    day = crimes["date_of_occurrence"].dt.normalize()
    load = crimes["updated_at"].max().tz_convert("America/Chicago").tz_localize(None).normalize()
    last = load - pd.Timedelta(days=21)
    new_year = pd.Timestamp(year=last.year, month=1, day=1)
    spans = {
        "last_year": (last - pd.Timedelta(days=363), last),
        "year_before": (last - pd.Timedelta(days=727), last - pd.Timedelta(days=364)),
        "year_to_date": (new_year, last),
        "year_to_date_before": (new_year - pd.DateOffset(years=1), last - pd.DateOffset(years=1)),
    }
    within = {period: day.between(*span) for period, span in spans.items()}
    return crimes.assign(**within), spans


def test_periods_are_364_days_or_of_the_calendar(views_engine, two_years):
    _, spans = two_years
    for period, (first, last) in spans.items():
        expected = (str(first.date()), str(last.date()), (last - first).days + 1, True)
        assert period_of(views_engine)[period] == expected


def test_the_base_counts_each_group_in_each_period(views_engine, two_years):
    crimes, _ = two_years
    keys = ["beat", "district", "ward", "primary_description", "fbi_code"]
    counted = crimes.assign(
        **{
            f"{period}{suffix}": crimes[period] & (crimes[of] if of else True)
            for period in PERIODS
            for suffix, of in (("", None), ("_arrests", "arrest"), ("_domestic", "domestic"))
        }
    )
    columns = [f"{period}{suffix}" for period in PERIODS for suffix in ("", "_arrests", "_domestic")]
    counted = counted[counted[list(PERIODS)].any(axis=1)]
    expected = counted.groupby(keys, dropna=False)[columns].sum().reset_index()
    actual = read(views_engine, "select * from chicago.places_by_period")
    assert actual["community_area"].isna().all()
    actual = actual.rename(columns={"primary_type": "primary_description"})[keys + columns]
    pd.testing.assert_frame_equal(in_order(actual, keys), in_order(expected, keys))


def in_order(frame, keys):
    """Return a frame in the order of its keys, with numbers as numbers and one word for null."""
    texts = {key: frame[key].astype("object").where(frame[key].notna(), "unknown") for key in keys}
    for key in ("district", "ward"):
        texts[key] = texts[key].map(lambda value: value if value == "unknown" else str(int(value)))
    frame = frame.assign(**{key: values.astype("str") for key, values in texts.items()})
    return frame.sort_values(keys, ignore_index=True).astype(
        {column: "int64" for column in frame if column not in keys}
    )


def test_a_period_that_is_not_held_whole_is_null_and_not_nought(views_engine):
    # From 1 March 2023: 377 complete days, so that neither year before is held.
    days = pd.date_range("2023-03-01", "2024-03-11").strftime("%Y-%m-%d 00:00")
    load_city(views_engine, city(*[(day, 1) for day in days]))
    periods = period_of(views_engine)
    assert periods["last_year"] == ("2023-03-14", "2024-03-11", 364, True)
    assert periods["year_before"] == ("2022-03-15", "2023-03-13", 13, False)
    assert periods["year_to_date"] == ("2024-01-01", "2024-03-11", 71, True)
    assert periods["year_to_date_before"] == ("2023-01-01", "2023-03-11", 11, False)
    query = "select last_year, year_before, year_to_date, year_to_date_before from chicago.places_by_period"
    assert rows(views_engine, query) == [(364, None, 71, None)]


def test_last_year_is_what_is_held_of_it_and_says_how_many_days(views_engine):
    load_city(views_engine, city(("2024-03-09 05:00", 1), ("2024-03-10 00:00", 2), ("2024-03-11 00:00", 3)))
    assert period_of(views_engine)["last_year"] == ("2024-03-10", "2024-03-11", 2, True)
    assert rows(views_engine, "select last_year from chicago.places_by_period") == [(5,)]

# ruff: noqa: F811  (the fixtures of views_support)
"""Places by period, against an independent count in pandas."""

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal, assert_series_equal

from tests.integration.views_support import city, generated_city, load_city, read, rows, views_engine  # noqa: F401

VIOLENT = {"01A", "02", "03", "04A", "04B"}
PERIODS = ("last_year", "year_before", "year_to_date", "year_to_date_before")


def period_of(engine):
    """Return what `place_periods` says, by period."""
    query = "select period, first_date::text, last_date::text, days, is_held from chicago.place_periods"
    return {row[0]: row[1:] for row in rows(engine, query)}


@pytest.fixture(scope="module")
def two_years(views_engine):
    """Give a generated city of 830 days on today's map of wards, with what the oracle derives from each row."""
    crimes = generated_city(seed=11, first="2023-11-20", days=830, per_day=25)
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
    assert_frame_equal(in_order(actual, keys), in_order(expected, keys))


PLACES = {
    # view: its key, the crimes that it counts, what is ranked within what
    "crimes_by_district": ("district", None, {"last_year_rank": None}),
    "ward_crimes_summary": ("ward", None, {"last_year_rank": None}),
    "violent_crimes_by_beat": (
        "beat", VIOLENT, {"last_year_rank": None, "last_year_rank_in_district": "district"}
    ),
}  # fmt: skip


@pytest.mark.parametrize("view", PLACES)
def test_a_place_is_counted_and_ranked_by_period(views_engine, two_years, view):
    crimes, spans = two_years
    key, codes, ranks = PLACES[view]
    counted = crimes if codes is None else crimes[crimes["fbi_code"].isin(codes)]
    actual = read(views_engine, f"select * from chicago.{view}")
    actual.index = pd.Index(named(actual[key]))
    expected = counted.groupby(named(counted[key]))[list(PERIODS)].sum().reindex(actual.index, fill_value=0)
    assert_frame_equal(actual[list(PERIODS)].astype("int64"), expected.astype("int64"), check_names=False)
    first, last = spans["last_year"]
    assert set(actual["last_year_from"]) == {first.date()}
    assert set(actual["last_year_to"]) == {last.date()}
    assert set(actual["last_year_days"]) == {364}
    assert (actual["last_year_per_day"] - expected["last_year"] / 364).abs().max() < 0.0000501
    known = expected["last_year"].drop("unknown")
    for column, within in ranks.items():
        groups = known.groupby(actual.loc[known.index, within]) if within else known
        rank = groups.rank(method="min", ascending=False).reindex(actual.index)
        assert_series_equal(actual[column].astype("float64"), rank, check_names=False)


def test_violent_and_property_crimes_of_a_district_are_counted_by_period(views_engine, two_years):
    crimes, _ = two_years
    actual = read(views_engine, "select * from chicago.crimes_by_district").assign(
        district=lambda rows: named(rows["district"])
    ).set_index("district")  # fmt: skip
    for suffix, codes in (("_violent", VIOLENT), ("_property", {"05", "06", "07", "09"})):
        of_kind = crimes[crimes["fbi_code"].isin(codes)]
        counts = of_kind.groupby(named(of_kind["district"]))[list(PERIODS)].sum()
        counts = counts.reindex(actual.index, fill_value=0)
        columns = [period for period in PERIODS if f"{period}{suffix}" in actual]
        assert len(columns) == {"_violent": 4, "_property": 1}[suffix]
        for period in columns:
            assert actual[f"{period}{suffix}"].tolist() == counts[period].tolist()
        rank = counts["last_year"].drop("unknown").rank(method="min", ascending=False).reindex(actual.index)
        assert_series_equal(actual[f"last_year{suffix}_rank"], rank, check_names=False)


def test_the_kinds_of_a_district_and_of_a_ward_are_those_of_the_last_year(views_engine, two_years):
    crimes, _ = two_years
    actual = read(views_engine, "select * from chicago.crime_types_by_district")
    actual.index = pd.MultiIndex.from_arrays([named(actual["district"]), actual["primary_description"]])
    counts = crimes.groupby([named(crimes["district"]), "primary_description"])[list(PERIODS)].sum()
    counts = counts.reindex(actual.index)
    assert_frame_equal(actual[list(PERIODS)].astype("int64"), counts.astype("int64"), check_names=False)
    ranks = counts["last_year"].groupby(level=0).rank(method="min", ascending=False)
    ranks = ranks.where(ranks.index.get_level_values(0) != "unknown")
    assert_series_equal(actual["last_year_rank"].astype("float64"), ranks, check_names=False)
    wards = read(
        views_engine, "select ward_name, last_year_most_common_crime from chicago.ward_crimes_summary"
    )
    newest = crimes[crimes["last_year"]]
    for ward, kinds in newest.groupby(named(newest["ward"]))["primary_description"]:
        most = min(kinds.value_counts().items(), key=lambda item: (-item[1], item[0]))[0]
        assert wards.set_index("ward_name").loc[ward, "last_year_most_common_crime"] == most


@pytest.mark.parametrize(
    ("view", "kind"),
    [("crime_map_totals", []), ("crime_map_cells", ["primary_description", "is_violent"])],
)
def test_a_cell_of_the_map_is_counted_by_period(views_engine, two_years, view, kind):
    crimes, _ = two_years
    located = crimes["x_coordinate"].notna() & crimes["y_coordinate"].notna()
    feet = crimes[["x_coordinate", "y_coordinate"]].where(located) // 1000
    of = crimes.assign(
        cell_x=feet["x_coordinate"],
        cell_y=feet["y_coordinate"],
        is_violent=crimes["fbi_code"].isin(VIOLENT).where(located),
        primary_description=crimes["primary_description"].where(located),
    )
    keys = ["cell_x", "cell_y", *kind]
    counts = of.groupby([named(of[key]) for key in keys])[list(PERIODS)].sum()
    actual = read(views_engine, f"select * from chicago.{view}")
    actual.index = pd.MultiIndex.from_arrays([named(actual[key]) for key in keys])
    assert_frame_equal(
        actual[list(PERIODS)].astype("int64"), counts.reindex(actual.index).astype("int64"), check_names=False
    )


def named(values):
    """Return keys as text, whole numbers without a point; unknown where there is none."""
    texts = [
        "unknown"
        if pd.isna(value)
        else str(int(value))
        if isinstance(value, (float, np.floating))
        else str(value)
        for value in values
    ]
    return pd.Series(texts, index=values.index)


def test_a_wards_number_before_the_map_of_may_2023_stands_under_no_alderman_of_today(views_engine):
    # 365 complete days on: last_year begins on 15 May 2023 itself, and the year to date before it before that.
    stamp = {"updated_at": "2024-06-02T10:02:00Z"}
    days = pd.date_range("2023-05-14", "2024-05-12").strftime("%Y-%m-%d 00:00")
    query = (
        "select last_year, year_before, year_to_date, year_to_date_before, last_year_rank, is_of_todays_map"
        " from chicago.ward_crimes_summary where ward = 42"
    )
    load_city(views_engine, city(*[(day, stamp, 1) for day in days]))
    assert rows(views_engine, query) == [(364, None, 133, None, 1, False)]
    alderman = "select alderman, current_alderman, ward_map_since::text from chicago.crimes_enriched"
    assert rows(views_engine, alderman + " order by date limit 2") == [
        ("Reilly, Brendan", None, "2015-05-18"),
        ("Reilly, Brendan", "Reilly, Brendan", "2023-05-15"),
    ]
    # A day older: one day of the year is of the map before.
    load_city(views_engine, city(*[(day, {"updated_at": "2024-06-01T10:02:00Z"}, 1) for day in days[:-1]]))
    assert rows(views_engine, query) == [(None, None, 132, None, None, False)]
    assert rows(views_engine, "select chicago.ward_map_since('2015-05-17')") == [(None,)]


def test_the_year_before_a_leap_day_ends_on_the_28th(views_engine):
    days = pd.date_range("2023-01-01", "2024-02-29").strftime("%Y-%m-%d 00:00")
    load_city(views_engine, city(*[(day, {"updated_at": "2024-03-21T10:02:00Z"}, 1) for day in days]))
    periods = period_of(views_engine)
    assert periods["year_to_date"] == ("2024-01-01", "2024-02-29", 60, True)
    assert periods["year_to_date_before"] == ("2023-01-01", "2023-02-28", 59, True)
    query = "select year_to_date, year_to_date_before from chicago.crimes_by_district where district = 1"
    assert rows(views_engine, query) == [(60, 59)]


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

# ruff: noqa: F811  (the fixtures of views_support)
"""Arrests against those expected of a district's kinds of crime, computed independently with pandas and scipy."""

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_series_equal
from scipy import stats
from sqlalchemy import text

from tests.integration.views_support import generated_city, load_city, read, real_city, rows, views_engine  # noqa: F401

QUERY = "select * from chicago.standardized_arrests where district is not null order by district"


def expected_of(crimes, last):
    """Return observed and expected arrests by district, and how far their weeks stray from it."""
    crimes = crimes.assign(
        expected=crimes.groupby("primary_description")["arrest"].transform("mean"),
        week=(last - crimes["date_of_occurrence"].dt.normalize()).dt.days // 7,
    )
    known = crimes[crimes["district"].notna()]
    districts = known.groupby("district").agg(
        crimes=("arrest", "size"), arrests=("arrest", "sum"), expected=("expected", "sum")
    )
    city_weeks = crimes.groupby("week")[["arrest", "expected"]].sum()
    weeks = known.groupby(["district", "week"])[["arrest", "expected"]].sum().reset_index()
    factor = weeks["week"].map(city_weeks["arrest"] / city_weeks["expected"])
    ratio = weeks["district"].map(districts["arrests"] / districts["expected"])
    fitted = weeks["expected"].astype("float64") * factor * ratio.astype("float64")
    pearson = ((weeks["arrest"] - fitted) ** 2 / fitted)[fitted > 0]
    freedom = len(pearson) - (districts["arrests"] > 0).sum() - (len(city_weeks) - 1)
    return districts, max(1.0, pearson.sum() / freedom)


def assert_the_view_says(actual, districts, dispersion):
    actual = actual.set_index("district")
    assert (
        actual[["crimes", "arrests"]].to_numpy().tolist()
        == districts[["crimes", "arrests"]].to_numpy().tolist()
    )
    expected = districts["expected"].astype("float64").to_numpy()
    np.testing.assert_allclose(actual["expected_arrests"], expected, atol=0.00501)
    np.testing.assert_allclose(actual["ratio"], districts["arrests"] / expected, atol=0.0000501)
    np.testing.assert_allclose(actual["dispersion"], dispersion, atol=0.000501)
    # The exact limits of a Poisson count, of counts divided by the dispersion; Byar's are within 0.5 % of them from
    # five arrests on.
    told, many = expected / dispersion, (districts["arrests"] / dispersion >= 5).to_numpy()
    count = (districts["arrests"] / dispersion).to_numpy()
    np.testing.assert_allclose(
        actual["ratio_low"][many], (stats.gamma.ppf(0.025, count) / told)[many], rtol=0.005, atol=0.0001
    )
    np.testing.assert_allclose(
        actual["ratio_high"][many], (stats.gamma.ppf(0.975, count + 1) / told)[many], rtol=0.005, atol=0.0001
    )


def test_arrests_are_those_expected_of_the_kinds_of_crime(views_engine):
    crimes = generated_city(seed=5, first="2024-01-01", days=120, per_day=60)
    # Kinds differ in arrests, and districts in kinds; in district 7 arrests come in clumps.
    crimes["primary_description"] = crimes["primary_description"].replace(
        {"CRIM SEXUAL ASSAULT": "CRIMINAL SEXUAL ASSAULT", "NON - CRIMINAL": "NON-CRIMINAL"}
    )
    draw = np.random.default_rng(6).random(len(crimes))
    crimes["arrest"] = draw < crimes["primary_description"].map({"ROBBERY": 0.6, "BATTERY": 0.3}).fillna(0.05)
    clumps = (crimes["district"] == 7) & (crimes["date_of_occurrence"].dt.day <= 7)
    crimes.loc[clumps.fillna(False), "arrest"] = True
    load_city(views_engine, crimes)
    load = crimes["updated_at"].max().tz_convert("America/Chicago").tz_localize(None).normalize()
    last = load - pd.Timedelta(days=21)
    districts, dispersion = expected_of(
        crimes[crimes["date_of_occurrence"] < last + pd.Timedelta(days=1)], last
    )
    assert dispersion > 1.05
    assert_the_view_says(read(views_engine, QUERY), districts, dispersion)
    ranked = read(views_engine, "select * from chicago.police_rank_by_arrest").set_index("district")
    ratio = (districts["arrests"] / districts["expected"].astype("float64"))[districts["expected"] >= 5]
    ranks = ratio.rank(ascending=False, method="min").reindex(ranked.index)
    assert_series_equal(ranked["standardized_arrest_ratio_rank"], ranks, check_names=False, check_dtype=False)
    # District 31 has a dozen crimes: a ratio, and no rank.
    assert ranked.loc[31, "expected_arrests"] < 5
    assert np.isnan(ranked.loc[31, "standardized_arrest_ratio_rank"])
    # 7 is unusual, whatever its kinds.
    assert ranked.loc[7, "standardized_arrest_ratio_low"] > 1
    total = read(
        views_engine, "select sum(arrests) as a, sum(expected_arrests) as b from chicago.standardized_arrests"
    )
    assert total["a"].item() == pytest.approx(total["b"].item(), abs=0.2)


def test_in_the_citys_own_fortnight_the_mix_of_crimes_makes_the_raw_ranks(views_engine, real_rows):
    crimes = real_city(real_rows)
    load_city(views_engine, crimes)
    districts, dispersion = expected_of(crimes, crimes["date_of_occurrence"].max().normalize())
    assert len(districts) == 22
    assert_the_view_says(read(views_engine, QUERY), districts, dispersion)
    ranks = rows(
        views_engine,
        "select district, arrest_ratio_rank, standardized_arrest_ratio_rank from chicago.police_rank_by_arrest"
        " where district in (11, 14, 20) order by district",
    )
    assert ranks == [(11, 1, 11), (14, 15, 4), (20, 4, 1)]


def test_in_the_citys_own_fortnight_a_minute_past_midnight_and_noon_stand_out(views_engine, real_rows):
    crimes = real_city(real_rows)
    load_city(views_engine, crimes)
    hours = rows(
        views_engine,
        "select hour, crimes_at_unknown_time, crimes_at_placeholder_time, crimes_at_exact_noon"
        " from chicago.crimes_by_hour where hour in (0, 12) order by hour",
    )
    assert hours == [(0, 324, 324 + 71, 0), (12, 0, 0, 200)]
    on_the_hour = crimes["date_of_occurrence"].dt.strftime("%H:%M:%S").value_counts()
    assert (on_the_hour["11:00:00"], on_the_hour["13:00:00"]) == (116, 144)


def test_arrests_at_30_days_are_those_that_we_held_then(views_engine):
    crimes = generated_city(seed=5, first="2024-01-01", days=60, per_day=20)
    load_city(views_engine, crimes)
    held_from = pd.Timestamp("2024-02-10T15:00", tz="UTC")
    # Half of the arrests were learned of 35 days after the crime: until then a row without one was held.
    with views_engine.begin() as connection:
        connection.execute(text("update chicago.crimes set loaded_at = :at"), {"at": held_from})
        connection.execute(
            text(
                "insert into chicago.crime_history select (jsonb_populate_record(null::chicago.crime_history,"
                " to_jsonb(crimes) || jsonb_build_object('crime_id', 'old-' || crime_id, 'arrest', false,"
                " 'retired_at', date_of_occurrence + interval '35 days', 'reason', 'revised', 'replaced_by', crime_id,"
                " 'run_id', gen_random_uuid()))).* from chicago.crimes"
                " where arrest and hashtext(crime_id) % 2 = 0"
                " and date_of_occurrence + interval '35 days' > '2024-02-11'"
            )
        )
        connection.execute(
            text(
                "update chicago.crimes set loaded_at = history.retired_at from chicago.crime_history as history"
                " where history.replaced_by = crimes.crime_id"
            )
        )
        connection.execute(text("refresh materialized view chicago.standardized_arrests"))
    late = set(read(views_engine, "select replaced_by from chicago.crime_history")["replaced_by"])
    day = crimes["date_of_occurrence"].dt.normalize()
    load = crimes["updated_at"].max().tz_convert("America/Chicago").tz_localize(None).normalize()
    age_30 = (day + pd.Timedelta(days=30)).dt.tz_localize("America/Chicago")
    held = crimes[(age_30 >= held_from) & (day <= load - pd.Timedelta(days=30)) & (day > day.min())]
    held = held.assign(arrest=held["arrest"] & ~held["crime_id"].isin(late))
    districts, _ = expected_of(
        held.assign(
            primary_description=held["primary_description"].replace(
                {"CRIM SEXUAL ASSAULT": "CRIMINAL SEXUAL ASSAULT", "NON - CRIMINAL": "NON-CRIMINAL"}
            )
        ),
        load,
    )
    actual = read(views_engine, QUERY).set_index("district").reindex(districts.index)
    assert 0 < districts["arrests"].sum() < crimes["arrest"].sum()
    assert actual["crimes_at_30_days"].tolist() == districts["crimes"].tolist()
    assert actual["arrests_at_30_days"].tolist() == districts["arrests"].tolist()
    np.testing.assert_allclose(
        actual["expected_arrests_at_30_days"], districts["expected"].astype("float64"), atol=0.00501
    )

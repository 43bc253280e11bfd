# ruff: noqa: F811  (the fixtures of views_support)
"""Residents, community areas, and what to expect of an hour or a watch, against pandas and shapely."""

import json

import numpy as np
import pandas as pd
import pytest
import scipy.stats
import shapely
from pandas.testing import assert_frame_equal, assert_series_equal
from sqlalchemy import text

from tasks.contract.community_areas import SHAPES_FILE
from tasks.contract.dates import dates
from tasks.contract.reference import read_bundled
from tasks.warehouse import community_areas
from tasks.warehouse.reference import replace_table
from tasks.warehouse.sql_files import execute
from tasks.warehouse.views import refresh_stale_views, refresh_views
from tests.integration.views_support import city, generated_city, load_city, read, rows, views_engine  # noqa: F401

VIOLENT = {"01A", "02", "03", "04A", "04B"}
PROPERTY = {"05", "06", "07", "09"}
LISTS = ("population", "watches", "police_stations", "beats", "fbi_codes", "iucr_codes", "ward_offices")
# In the middle of the Loop (32), of Austin (25), and of Lake Michigan.
LOOP, AUSTIN, LAKE = (41.8795, -87.6275), (41.8948, -87.7655), (41.85, -87.55)
POINTS = "select latitude, longitude, community_area from chicago.community_area_estimates order by latitude"


def at(point, **change):
    return {"latitude": point[0], "longitude": point[1], **change}


def placed_city(*points):
    """Return one theft at each point, on days that are complete."""
    crimes = city(*[(f"2024-03-0{1 + number % 9} 10:00", 1) for number in range(len(points))])
    return crimes.assign(
        latitude=[point["latitude"] for point in points],
        longitude=[point["longitude"] for point in points],
        community_area=pd.array([point.get("community_area") for point in points], dtype="Int16"),
    )


@pytest.fixture
def placed(views_engine):
    """Give three crimes: in the Loop; in Austin by its point, and in 23 by the City's word; in the lake."""
    load_lists(views_engine)
    change(views_engine, "truncate chicago.community_area_estimates, pipeline.community_area_basis")
    load_city(views_engine, placed_city(at(LOOP), at(AUSTIN, community_area=23), at(LAKE)))
    return views_engine


def load_lists(engine):
    with engine.begin() as connection:
        for name in LISTS:
            replace_table(connection, name, read_bundled(name))
        replace_table(connection, "dates", dates(pd.Timestamp("2022-01-01"), pd.Timestamp("2026-12-31")))


def change(engine, statement):
    with engine.begin() as connection:
        connection.execute(text(statement))


def areas(engine):
    query = (
        "select crime_id, community_area, is_estimated from chicago.crime_community_areas order by crime_id"
    )
    return rows(engine, query)


def test_the_published_area_stands_and_the_others_are_estimated(placed):
    assert areas(placed) == [("row-0", 32, True), ("row-1", 23, False), ("row-2", None, False)]
    # No estimate is made where the City has said it.
    assert [row[:2] for row in rows(placed, POINTS)] == [LAKE, LOOP]
    assert rows(placed, "select count(community_area) from chicago.crimes") == [(1,)]


def test_a_re_created_row_keeps_its_estimate_and_nothing_is_placed_again(placed):
    change(placed, "update chicago.crimes set crime_id = 'new', version = 'rv-2' where crime_id = 'row-0'")
    assert areas(placed)[0] == ("new", 32, True)
    assert rows(placed, "select count(*) from pipeline.unplaced_points") == [(0,)]


def test_a_row_whose_coordinates_change_is_placed_anew_by_the_next_refresh(placed):
    change(
        placed,
        f"update chicago.crimes set latitude = {AUSTIN[0]}, longitude = {AUSTIN[1]} where crime_id = 'row-0'",
    )
    # Nothing is claimed of the new point until then.
    assert areas(placed)[0] == ("row-0", None, False)
    run_id = rows(
        placed, "insert into pipeline.runs (mode, status) values ('auto', 'running') returning run_id"
    )
    assert run_id
    refresh_views(placed)
    assert areas(placed)[0] == ("row-0", 25, True)


def test_a_point_alone_makes_the_views_stale(placed):
    with placed.begin() as connection:
        run_id = connection.execute(
            text("insert into pipeline.runs (mode, status) values ('auto', 'running') returning run_id")
        ).scalar_one()
    refresh_stale_views(placed, run_id)
    assert refresh_stale_views(placed, run_id) == []
    change(placed, f"update chicago.crimes set latitude = {LOOP[0] + 0.001} where crime_id = 'row-0'")
    assert refresh_stale_views(placed, run_id)


def test_what_a_killed_refresh_left_unplaced_is_placed_by_the_next(placed):
    change(
        placed,
        "insert into chicago.crimes (crime_id, case_number, date_of_occurrence, iucr, primary_description, arrest,"
        f" domestic, latitude, longitude) values ('late', 'JH9', '2024-03-04', '0810', 'THEFT', false, false,"
        f" {AUSTIN[0]}, {AUSTIN[1]})",
    )
    with placed.connect() as connection:
        assert community_areas.place_points(connection) == 1
        connection.rollback()
    assert areas(placed)[0] == ("late", None, False)
    refresh_views(placed)
    assert areas(placed)[0] == ("late", 25, True)


def test_other_shapes_or_another_rule_place_all_points_anew(placed, monkeypatch):
    change(placed, "update chicago.community_area_estimates set community_area = 1")
    refresh_views(placed)
    assert areas(placed)[0] == ("row-0", 1, True)
    monkeypatch.setattr(community_areas, "shapes_digest", lambda: "another")
    refresh_views(placed)
    assert areas(placed)[0] == ("row-0", 32, True)


@pytest.fixture(scope="module")
def year(views_engine):
    """Give a generated city of 420 days with points, some areas published, and what an oracle derives from each row."""
    load_lists(views_engine)
    crimes = generated_city(seed=5, first="2024-09-01", days=420, per_day=40)
    random = np.random.default_rng(1)
    located = crimes["x_coordinate"].notna()
    crimes["latitude"] = pd.Series(random.uniform(41.70, 41.99, len(crimes))).where(located)
    crimes["longitude"] = pd.Series(random.uniform(-87.74, -87.62, len(crimes))).where(located)
    published = random.random(len(crimes)) < 0.2
    crimes["community_area"] = pd.Series(random.integers(1, 78, len(crimes)), dtype="Int16").where(published)
    # A beat with most crimes in the third watch, beyond chance.
    planted = (crimes["beat"] == "0111") & (crimes.index % 3 > 0)
    afternoon = crimes["date_of_occurrence"].dt.normalize() + pd.Timedelta(hours=16)
    crimes["date_of_occurrence"] = crimes["date_of_occurrence"].mask(planted, afternoon)
    crimes.loc[crimes.index % 40 == 0, ["iucr", "primary_description"]] = ["031A", "ROBBERY"]
    crimes.loc[crimes.index % 50 == 1, ["iucr", "primary_description"]] = ["143A", "WEAPONS VIOLATION"]
    load_city(views_engine, crimes)
    day = crimes["date_of_occurrence"].dt.normalize()
    load = crimes["updated_at"].max().tz_convert("America/Chicago").tz_localize(None).normalize()
    last = load - pd.Timedelta(days=21)
    within = day.between(last - pd.Timedelta(days=363), last)
    moment = crimes["date_of_occurrence"] - day
    hour = crimes["date_of_occurrence"].dt.hour.where(moment >= pd.Timedelta(minutes=2))
    derived = crimes.assign(
        date=day,
        hour=hour.astype("Int16"),
        violent=crimes["fbi_code"].isin(VIOLENT),
        property=crimes["fbi_code"].isin(PROPERTY),
    )[within]
    return derived, last


def oracle_areas(crimes):
    """Return area and near neighbours by a spatial join of another kind: polygons in degrees, one area at a time."""
    shapes = {
        feature["properties"]["community_area"]: shapely.from_geojson(json.dumps(feature["geometry"]))
        for feature in json.loads(SHAPES_FILE.read_text("utf-8"))["features"]
    }
    area = pd.Series(pd.NA, index=crimes.index, dtype="Int16")
    for number, shape in sorted(shapes.items()):
        inside = shapely.contains_xy(shape, crimes["longitude"], crimes["latitude"])
        area[inside] = number
    # On the shore and the city's edge, within 20 m: a degree of latitude has 111 km, and one of longitude 82.9.
    outside = crimes[area.isna() & crimes["latitude"].notna()]
    for number, shape in shapes.items():
        flat = shapely.transform(shape, lambda degrees: degrees * [82.9, 111.1])
        points = shapely.points(outside[["longitude", "latitude"]].to_numpy() * [82.9, 111.1])
        area[outside.index[shapely.distance(flat, points) <= 0.02]] = number
    return crimes["community_area"].fillna(area)


def test_community_areas_count_what_another_spatial_join_counts(views_engine, year):
    crimes, last = year
    area = oracle_areas(crimes)
    expected = crimes.assign(area=area).groupby("area", dropna=False)
    found = read(views_engine, "select * from chicago.crimes_by_community_area").set_index("community_area")
    unknown = found[found.index.isna()]
    assert unknown["last_year"].item() == area.isna().sum()
    known = found[found.index.notna()].sort_index()
    sizes = expected.size().drop(pd.NA, errors="ignore").reindex(range(1, 78), fill_value=0)
    # A border's points may fall to either side; this many of them at most.
    assert ((known["last_year"] - sizes.to_numpy()).abs() <= known["last_year_near_border"] + 1).all()
    assert (known["last_year"] == sizes.to_numpy()).mean() > 0.95
    assert found["last_year"].sum() == len(crimes)
    assert (known["last_year_low"] <= known["last_year"]).all()
    assert (known["last_year_high"] >= known["last_year"]).all()
    assert known["last_year_near_border"].sum() > 50
    assert found["last_year_estimated"].sum() == (crimes["community_area"].isna() & area.notna()).sum()
    assert pd.Timestamp(known["last_year_to"].iloc[0]) == last


def test_kinds_of_an_area_add_up_and_expect_the_citys_share(views_engine, year):
    kinds = read(views_engine, "select * from chicago.crime_types_by_community_area")
    totals = read(views_engine, "select community_area, last_year from chicago.crimes_by_community_area")
    summed = kinds.groupby("community_area", dropna=False)["last_year"].sum()
    assert_series_equal(
        summed, totals.set_index("community_area")["last_year"][summed.index], check_names=False
    )
    row = kinds[(kinds["community_area"] == 32) & (kinds["primary_description"] == "THEFT")].iloc[0]
    share = kinds.groupby("primary_description")["last_year"].sum()["THEFT"] / kinds["last_year"].sum()
    assert row["last_year_expected"] == pytest.approx(summed[32] * share, abs=0.01)
    assert (kinds["location_quotient"].isna() == (kinds["last_year_expected"] < 5)).all()


def test_rates_are_crimes_by_residents_and_by_area(views_engine, year):
    crimes, _ = year
    population = read_bundled("population").set_index("place")
    rates = read(views_engine, "select * from chicago.crime_rates").set_index("place")
    for kind in ("violent", "property"):
        counted = crimes[crimes[kind]].groupby("district").size()
        for district in (1, 7, 16, 25):
            row = rates.loc[f"district {district}"]
            residents = population.loc[f"district {district}", "residents"]
            assert row[kind] == counted[district]
            assert row[f"{kind}_per_100000_residents"] == round(counted[district] / residents * 100_000, 1)
            area = population.loc[f"district {district}", "square_kilometres"]
            assert row[f"{kind}_per_square_kilometre"] == pytest.approx(counted[district] / area, abs=0.006)
        for place_kind in ("district", "community area"):
            assert rates[rates["place_kind"] == place_kind][kind].sum() == rates.loc["city", kind]
    assert set(rates.index[rates["is_poor_base"].eq(True) & (rates["place_kind"] == "district")]) == {
        "district 1",
        "district 16",
        "district 18",
    }
    unknown = rates.loc[["unknown district", "unknown community area", "district 31"]]
    assert (
        unknown[["residents", "violent_per_100000_residents", "violent_per_square_kilometre"]]
        .isna()
        .all(axis=None)
    )
    assert not rates.loc["city", "is_residents_estimated"]
    assert rates.loc["district 7", "is_residents_estimated"]
    assert rates.loc["community area 32", "is_place_estimated"]


def spread(crimes, key, days, place):
    """Return mean and variance over occurrences, zeros included, of a group: a table of all, and its columns."""
    groups = pd.MultiIndex.from_product([place, sorted(days)], names=[key, "date"])
    counts = pd.DataFrame(
        {
            "crimes": crimes.groupby([key, "date"]).size().reindex(groups, fill_value=0),
            "violent": crimes[crimes["violent"]].groupby([key, "date"]).size().reindex(groups, fill_value=0),
        }
    )
    weekday = counts.index.get_level_values("date").day_of_week + 1
    return counts.groupby([counts.index.get_level_values(key), weekday]).agg(["mean", "var", "sum", "size"])


@pytest.mark.parametrize(
    ("view", "key", "place"),
    [
        ("crimes_by_district_and_hour", "district", [1, 7, 25]),
        ("crimes_by_beat_and_hour", "beat", ["0111", "1650", "2535"]),
    ],
)
@pytest.mark.parametrize("hour", [0, 2, 17])
def test_an_hour_is_expected_and_strays_as_over_the_weeks(views_engine, year, view, key, place, hour):
    crimes, last = year
    days = pd.date_range(last - pd.Timedelta(days=363), last)
    expected = spread(crimes[crimes["hour"] == hour], key, days, place)
    found = (
        read(views_engine, f"select * from chicago.{view} where hour = {hour}")
        .query(f"{key} in @place")
        .set_index([key, "day_of_week"])
        .sort_index()
    )
    for column, (of, measure) in {
        "expected_crimes": ("crimes", "mean"),
        "crimes_variance": ("crimes", "var"),
        "expected_violent": ("violent", "mean"),
        "violent_variance": ("violent", "var"),
        "crimes": ("crimes", "sum"),
        "days": ("crimes", "size"),
    }.items():
        np.testing.assert_allclose(found[column], expected[(of, measure)], atol=6e-5)


def test_hours_and_unknown_times_add_up_to_all_crimes(views_engine, year):
    crimes, _ = year
    for view in ("crimes_by_district_and_hour", "crimes_by_beat_and_hour"):
        found = read(views_engine, f"select hour, crimes, expected_crimes from chicago.{view}")
        assert found["crimes"].sum() == len(crimes)
        unknown = found[found["hour"].isna()]
        assert unknown["crimes"].sum() == crimes["hour"].isna().sum() > 0
        assert unknown["expected_crimes"].isna().all()


@pytest.mark.parametrize(
    ("view", "place", "part"),
    [
        ("crimes_by_district_and_hour", "district", "hour"),
        ("crimes_by_district_and_watch", "district", "watch"),
        ("crimes_by_beat_and_hour", "beat", "hour"),
    ],
)
def test_each_hour_and_watch_of_a_weekday_and_a_place_is_one_row(views_engine, view, place, part):
    """They are plain views, which no unique index holds to it."""
    found = read(views_engine, f"select {place}, day_of_week, {part} from chicago.{view}")
    assert len(found) > 0
    assert not found.duplicated().any()
    assert found[part].isna().any()


def test_the_watch_with_most_crimes_of_a_beat_is_named_where_chance_is_excluded(views_engine, year):
    crimes, last = year
    days = pd.date_range(last - pd.Timedelta(days=363), last)
    known = crimes[crimes["hour"].notna() & (crimes["beat"].str[:2] == "01")]
    beats = sorted(known["beat"].unique())
    sums = []
    for hour in range(24):
        told = spread(known[known["hour"] == hour], "beat", days, beats)["crimes"]
        watch = 1 if hour < 6 or hour >= 22 else 2 if hour < 14 else 3
        variance = np.maximum(told["size"] * told["var"], told["sum"])
        sums.append(told.assign(watch=watch, variance=variance).reset_index(names=["beat", "day"]))
    expected = pd.concat(sums).groupby(["beat", "watch"])[["sum", "variance"]].sum()
    most = expected.sort_values("sum", ascending=False, kind="stable").groupby("beat").head(1)
    most = most.droplevel("watch").reindex(expected.index.get_level_values("beat"))
    z = (most["sum"].to_numpy() - expected["sum"]) / np.sqrt(
        most["variance"].to_numpy() + expected["variance"]
    )
    with views_engine.connect() as connection:
        result = execute(connection, "dashboard/beat_watches", district=1)
        found = pd.DataFrame(result.all(), columns=list(result.keys())).set_index(["beat", "watch"])
    held = found.loc[beats]
    # Beats of the list without a crime have three watches of none, which are compared too.
    enough = (most["sum"].to_numpy() + expected["sum"]) / 2 >= 5
    expected["is_below"] = enough & (2 * scipy.stats.norm.sf(z) * len(found) < 0.05)
    assert list(expected.loc["0111", "is_below"]) == [True, True, False]
    assert not expected["is_below"].all()
    assert (held["days"] == len(days)).all()
    np.testing.assert_array_equal(held["crimes"].astype("int64"), expected["sum"])
    np.testing.assert_allclose(held["crimes_per_day"], expected["sum"] / len(days))
    np.testing.assert_allclose(
        held["crimes_per_day_high"],
        (expected["sum"] + 1.96 * np.sqrt(expected["variance"])) / len(days),
        rtol=1e-4,
    )
    np.testing.assert_array_equal(held["is_below_most"], expected["is_below"])
    low = (expected["sum"] - 1.96 * np.sqrt(expected["variance"])) / len(days)
    np.testing.assert_allclose(held["crimes_per_day_low"], low.clip(lower=0), rtol=1e-4, atol=1e-6)


def test_a_watch_is_of_the_day_on_which_it_ends(views_engine, year):
    crimes, last = year
    known = crimes[crimes["hour"].notna()]
    hour = known["hour"].astype("int64")
    known = known.assign(
        date=known["date"] + pd.to_timedelta((hour >= 22) * 1, unit="D"),
        watch=np.select([(hour < 6) | (hour >= 22), hour < 14], [1, 2], 3),
    )
    first = last - pd.Timedelta(days=363)
    for number in (1, 2, 3):
        days = pd.date_range(first + pd.Timedelta(days=int(number == 1)), last)
        expected = spread(known[known["watch"] == number], "district", days, [1, 7, 25])
        found = (
            read(views_engine, f"select * from chicago.crimes_by_district_and_watch where watch = {number}")
            .query("district in [1, 7, 25]")
            .set_index(["district", "day_of_week"])
            .sort_index()
        )
        np.testing.assert_allclose(found["expected_crimes"], expected[("crimes", "mean")], atol=6e-5)
        np.testing.assert_allclose(found["violent_variance"], expected[("violent", "var")], atol=6e-5)
        np.testing.assert_array_equal(found["watches"], expected[("crimes", "size")])


def test_a_holiday_and_the_days_beside_it_are_compared_with_ordinary_ones(views_engine, year):
    crimes, _ = year
    crimes = crimes[crimes["hour"].notna()]
    found = read(views_engine, "select * from chicago.crimes_by_holiday_and_district").set_index(
        ["holiday_name", "part", "district"]
    )
    fourth = pd.Timestamp("2025-07-04")
    for part, day, night in (
        ("eve", fourth - pd.Timedelta(days=1), False),
        ("day", fourth, False),
        ("night after", fourth + pd.Timedelta(days=1), True),
        ("day after", fourth + pd.Timedelta(days=1), False),
    ):
        rows_of_part = crimes[crimes["hour"] < 6] if night else crimes
        daily = rows_of_part[rows_of_part["district"] == 7].groupby("date").size()
        ordinary = [
            day + pd.Timedelta(days=7 * week)
            for week in range(-4, 5)
            # 19 June and its neighbours, and 1 August, are no ordinary days.
            if week
            and (day + pd.Timedelta(days=7 * week)).day != 1
            and not pd.Timestamp("2025-06-18")
            <= day + pd.Timedelta(days=7 * week)
            <= pd.Timestamp("2025-06-20")
        ]
        row = found.loc[("Independence Day", part, 7)]
        assert row["crimes"] == daily.get(day, 0)
        assert row["expected_crimes"] == pytest.approx(
            daily.reindex(ordinary, fill_value=0).mean(), abs=0.006
        )
    # Nothing is planted, and a range is left once in some 430 times by chance.
    judged = found["is_unusual"].dropna().astype(bool)
    assert len(judged) > 800
    assert judged.mean() < 0.01
    assert found["is_violent_unusual"].dropna().astype(bool).mean() < 0.01


def test_firearms_are_those_that_the_code_names(views_engine, year):
    crimes, _ = year
    counted = crimes[crimes["iucr"].isin(["031A", "143A"])].groupby("iucr").size().to_dict()
    found = read(views_engine, "select * from chicago.firearm_crimes").set_index("iucr")
    assert found["last_year"].to_dict() == counted
    assert found["year_before"].isna().all()
    by_district = read(views_engine, "select iucr, last_year from chicago.firearm_crimes_by_district")
    assert by_district.groupby("iucr")["last_year"].sum().to_dict() == counted


def test_domestic_violence_is_counted_by_ward_and_time(views_engine, year):
    crimes, _ = year
    kinds = ["ASSAULT", "BATTERY", "CRIM SEXUAL ASSAULT", "CRIMINAL SEXUAL ASSAULT", "HOMICIDE", "ROBBERY"]
    domestic = crimes[crimes["domestic"]].assign(
        time_of_day=lambda these: np.select(
            [(these["hour"].fillna(-1) < limit).to_numpy("bool") for limit in (0, 6, 12, 18)],
            ["unknown", "night", "morning", "afternoon"],
            "evening",
        ),
        day_of_week=lambda these: these["date"].dt.day_of_week + 1,
        violence=lambda these: these["primary_description"].isin(kinds),
    )
    keys = ["ward", "day_of_week", "time_of_day"]
    expected = domestic.groupby(keys, dropna=False)["violence"].agg(["size", "sum"]).reset_index()
    found = read(
        views_engine, "select * from chicago.domestic_violence_by_ward_and_time where domestic_crimes > 0"
    )
    pair = [
        frame.astype({"ward": "Float64"}).sort_values(keys, ignore_index=True)
        for frame in (
            found[[*keys, "domestic_crimes", "domestic_violence"]],
            expected.set_axis([*keys, "domestic_crimes", "domestic_violence"], axis=1),
        )
    ]
    assert_frame_equal(*pair, check_dtype=False)

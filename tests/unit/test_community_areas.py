"""The community area of a point, against a search of another kind over the same shapes."""

import json
import math

import numpy as np
import pandas as pd
import pytest
import shapely

from tasks.contract.community_areas import NEAR_METRES, SHAPES_FILE, estimate
from tasks.contract.reference import checked, read_bundled
from tasks.errors import ContractError

FEATURES = json.loads(SHAPES_FILE.read_text("utf-8"))["features"]
RINGS = {
    feature["properties"]["community_area"]: [
        np.array(ring)
        for polygon in (
            [feature["geometry"]["coordinates"]]
            if feature["geometry"]["type"] == "Polygon"
            else feature["geometry"]["coordinates"]
        )
        for ring in polygon
    ]
    for feature in FEATURES
}


def crossings(ring, longitude, latitude):
    """Return how often a ray to the east from the point crosses the ring: odd is inside (the even-odd rule)."""
    (x1, y1), (x2, y2) = ring[:-1].T, ring[1:].T
    spans = (y1 > latitude) != (y2 > latitude)
    with np.errstate(divide="ignore", invalid="ignore"):
        meets = x1 + (latitude - y1) * (x2 - x1) / (y2 - y1)
    return int((spans & (longitude < meets)).sum())


def metres_to_ring(ring, longitude, latitude):
    """Return the metres to the ring: flat around the point itself, on a sphere of Earth's mean radius."""
    radius = 6_371_000 * math.pi / 180
    near = (ring - [longitude, latitude]) * [radius * math.cos(math.radians(latitude)), radius]
    first, step = near[:-1], np.diff(near, axis=0)
    length = (step**2).sum(axis=1)
    share = np.clip(-(first * step).sum(axis=1) / np.where(length == 0, 1, length), 0, 1)
    return float(np.hypot(*(first + share[:, None] * step).T).min())


def random_points(count):
    """Return points over the box of the city, some in the lake and the suburbs."""
    random = np.random.default_rng(7)
    return pd.DataFrame(
        {"latitude": random.uniform(41.64, 42.03, count), "longitude": random.uniform(-87.85, -87.52, count)},
        index=pd.RangeIndex(100, 100 + count),
    )


def test_a_point_is_in_the_area_around_it_and_so_far_from_its_border():
    points = random_points(150)
    found = estimate(points)
    assert found.index.equals(points.index)
    for point, row in zip(points.itertuples(), found.itertuples(), strict=True):
        inside = [
            area
            for area, rings in RINGS.items()
            if sum(crossings(ring, point.longitude, point.latitude) for ring in rings) % 2
        ]
        far = {
            area: min(metres_to_ring(ring, point.longitude, point.latitude) for ring in rings)
            for area, rings in RINGS.items()
        }
        if not inside:
            assert pd.isna(row.community_area) == (min(far.values()) > NEAR_METRES)
            continue
        assert [row.community_area] == inside
        # A sphere is 0.4 % off the ellipsoid.
        assert row.metres_to_border == pytest.approx(far[row.community_area], rel=0.01, abs=0.1)
    assert found["community_area"].nunique() > 40
    assert found["community_area"].isna().sum() > 25


def test_near_a_border_the_neighbour_is_named():
    # Howard Street and Western Avenue run on borders; these are 15 m and 30 m inside of a straight piece of one.
    ring = RINGS[32][0]
    border = shapely.LineString(ring)
    loop = shapely.Polygon(ring)
    checked_points = 0
    for share in np.linspace(0.02, 0.98, 40):
        on_border = border.interpolate(share, normalized=True)
        inward = shapely.shortest_line(on_border, loop.centroid).interpolate(0.00013)
        if not loop.contains(inward) or border.distance(inward) < 0.00008:
            continue
        row = estimate(pd.DataFrame({"latitude": [inward.y], "longitude": [inward.x]})).iloc[0]
        assert row["community_area"] == 32
        others = {
            area: min(metres_to_ring(ring, inward.x, inward.y) for ring in rings)
            for area, rings in RINGS.items()
            if area != 32
        }
        nearest = min(others, key=others.get)
        if others[nearest] < NEAR_METRES - 0.2:
            assert row["neighbouring_area"] == nearest
            checked_points += 1
        elif others[nearest] > NEAR_METRES + 0.2:
            assert pd.isna(row["neighbouring_area"])
    assert checked_points >= 5


def test_a_point_just_outside_of_the_city_is_of_the_nearest_area_and_one_farther_out_of_none():
    # West of the westernmost corner of Austin, 25, and of Montclare, 18; beyond it are suburbs.
    longitude, latitude = min(RINGS[25][0], key=lambda corner: corner[0])
    metre = 1 / 82_900
    points = pd.DataFrame({"latitude": latitude, "longitude": longitude - metre * np.array([10, 19, 25])})
    found = estimate(points)
    assert set(found["community_area"].iloc[:2]) <= {18, 25}
    assert found["metres_to_border"].iloc[:2].between(5, 20).all()
    assert found["community_area"].isna().tolist() == [False, False, True]
    assert found["metres_to_border"].isna().tolist() == [False, False, True]


def test_a_point_on_a_border_is_of_the_lower_number_every_time():
    shared = sorted({tuple(corner) for corner in RINGS[32][0]} & {tuple(corner) for corner in RINGS[8][0]})
    points = pd.DataFrame(shared, columns=["longitude", "latitude"])
    assert set(estimate(points)["community_area"]) == {8}


def test_no_points_have_no_areas():
    assert estimate(random_points(0)).empty


def test_residents_are_those_of_the_census_and_add_up():
    population = read_bundled("population").set_index("place")
    assert population.loc["city", "residents"] == 2_746_388
    assert population.loc["ward", ["residents", "basis"]].tolist() == [54_928, "average"]
    districts = population[population["place_kind"] == "district"]
    assert districts["basis"].unique().tolist() == ["estimate"]
    with_caveat = districts[districts["caveat"].notna()]
    assert set(with_caveat["number"]) == {1, 16, 18}


def test_square_kilometres_are_those_of_the_shapes():
    population = read_bundled("population").set_index("place")["square_kilometres"]
    for area, rings in RINGS.items():
        outer = shapely.Polygon(rings[0]) if len(rings) == 1 else None
        if outer is not None:
            middle = math.radians(outer.centroid.y)
            degrees = 6_371.0 * math.pi / 180
            assert population[f"community area {area}"] == pytest.approx(
                outer.area * degrees**2 * math.cos(middle), rel=0.01
            )
    areas = population[population.index.str.startswith("community area")].sum()
    districts = population[population.index.str.startswith("district")].sum()
    assert areas == pytest.approx(population["city"], rel=0.005)
    assert districts == pytest.approx(population["city"], rel=0.005)


@pytest.mark.parametrize(
    ("name", "change", "complaint"),
    [
        ("population", lambda places: places.drop(index=3), "77 community areas"),
        ("population", lambda places: places.assign(residents=places["residents"] + 1), "add up to the city"),
        ("population", lambda places: places.assign(year=2010), "year"),
        ("watches", lambda watches: watches.assign(ends_at_hour=[6, 14, 23]), "each hour of the day"),
        ("watches", lambda watches: watches.drop(index=1), "each hour of the day"),
    ],
)
def test_a_list_that_lost_a_place_or_an_hour_is_refused(name, change, complaint):
    with pytest.raises(ContractError, match=complaint):
        checked(name, change(read_bundled(name)))

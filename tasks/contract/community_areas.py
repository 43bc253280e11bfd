"""The community area of a point: an estimate, from the City's shapes in `data/community_areas.geojson`.

Here: the shapes, and the pure rule. Not here: which points have to be placed, and where the estimates are kept
(`tasks.warehouse.community_areas`). Mirrors https://data.cityofchicago.org/d/cauq-8yn6 and shapely's STRtree
(https://shapely.readthedocs.io/en/stable/strtree.html).
"""

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from tasks.contract.reference import DATA_FOLDER

SHAPES_FILE: Final = DATA_FOLDER / "community_areas.geojson"
# Crimes lie on the centre lines of streets, and borders run on them. The City's own points agree with its districts
# within 5 m in 9,999 of 10,000 cases; the shapes are simplified by up to 4.3 m, and drawn apart from the districts.
NEAR_METRES: Final = 20.0
# Metres of a degree in the middle of the city, latitude 41.84 (Snyder, Map Projections, 1987, page 25): less than 0.4 %
# off anywhere in it, which is 8 cm in 20 m.
_MIDDLE: Final = math.radians(41.84)
METRES_A_DEGREE: Final = (
    111_412.84 * math.cos(_MIDDLE) - 93.5 * math.cos(3 * _MIDDLE) + 0.118 * math.cos(5 * _MIDDLE),
    111_132.954 - 559.822 * math.cos(2 * _MIDDLE) + 1.175 * math.cos(4 * _MIDDLE),
)

Floats = NDArray[np.float64]
Ints = NDArray[np.int_]


@dataclass(frozen=True)
class Shapes:
    """The community areas in metres: their numbers, a tree of their polygons, and the border of each, prepared."""

    numbers: Ints
    polygons: shapely.STRtree
    borders: tuple[shapely.Geometry, ...]


@cache
def read_shapes() -> Shapes:
    """Return the 77 shapes, ordered by number."""
    features = json.loads(SHAPES_FILE.read_text("utf-8"))["features"]
    features.sort(key=lambda feature: feature["properties"]["community_area"])
    polygons = [_in_metres(shapely.from_geojson(json.dumps(feature["geometry"]))) for feature in features]
    borders = tuple(shapely.boundary(polygons))
    shapely.prepare(borders)
    numbers = np.array([feature["properties"]["community_area"] for feature in features], dtype="int16")
    return Shapes(numbers, shapely.STRtree(polygons), borders)


def shapes_digest() -> str:
    """Return a digest that changes when the shapes, the rule or the library that applies it do."""
    digest = hashlib.sha256(f"shapely {shapely.geos_version_string} near {NEAR_METRES}\n".encode())
    digest.update(SHAPES_FILE.read_bytes())
    return digest.hexdigest()


def estimate(points: pd.DataFrame) -> pd.DataFrame:
    """Return the community area of each point, in the points' order and under their index.

    points: `latitude` and `longitude`, degrees. Returns `community_area` (null: in none, and none within 20 m),
    `metres_to_border` (to the border of that area, whichever side; null where the area is), and
    `neighbouring_area` (the nearest other area, if within 20 m). A point on a border is in the lower number's area.
    """
    shapes = read_shapes()
    metres = shapely.points(points[["longitude", "latitude"]].to_numpy(dtype="float64") * METRES_A_DEGREE)
    place = _within(shapes, metres)
    place[place < 0] = _nearest(shapes.polygons, metres[place < 0])
    far = _distance(shapes.borders, metres, place)
    neighbour = np.full(len(metres), -1)
    is_near = far <= NEAR_METRES
    neighbour[is_near] = _neighbour(shapes, metres[is_near], place[is_near])
    return pd.DataFrame(
        {
            "community_area": _number(shapes, place),
            "metres_to_border": far.round(1),
            "neighbouring_area": _number(shapes, neighbour),
        },
        index=points.index,
    )


def _in_metres(polygon: Any) -> Any:
    return shapely.transform(polygon, lambda degrees: degrees * METRES_A_DEGREE)


def _within(shapes: Shapes, metres: Any) -> Ints:
    """Return the place in the list of the area that covers each point, -1 where none does."""
    point, polygon = shapes.polygons.query(metres, predicate="intersects")
    place = np.full(len(metres), len(shapes.numbers))
    np.minimum.at(place, point, polygon)
    return np.where(place < len(shapes.numbers), place, -1)


def _nearest(polygons: shapely.STRtree, metres: Any) -> Ints:
    """Return the place of the area within 20 m of each point, -1 where none is."""
    point, polygon = polygons.query_nearest(metres, max_distance=NEAR_METRES, all_matches=False)
    place = np.full(len(metres), -1)
    place[point] = polygon
    return place


def _distance(borders: Sequence[shapely.Geometry], metres: Any, place: Ints) -> Floats:
    """Return how far each point is from the border of its own area; not a number where it has none."""
    far = np.full(len(metres), np.nan)
    for area in np.unique(place[place >= 0]):
        is_here = place == area
        far[is_here] = shapely.distance(borders[area], metres[is_here])
    return far


def _neighbour(shapes: Shapes, metres: Any, place: Ints) -> Ints:
    """Return the place of the nearest area within 20 m that is not the point's own, -1 where there is none."""
    point, polygon = shapes.polygons.query(metres, predicate="dwithin", distance=NEAR_METRES)
    is_other = polygon != place[point]
    point, polygon = point[is_other], polygon[is_other]
    far = shapely.distance(metres[point], shapes.polygons.geometries[polygon])
    order = np.lexsort((polygon, far, point))
    first = np.unique(point[order], return_index=True)[1]
    neighbour = np.full(len(metres), -1)
    neighbour[point[order][first]] = polygon[order][first]
    return neighbour


def _number(shapes: Shapes, place: Ints) -> pd.arrays.IntegerArray:
    """Return the areas' numbers at these places of the list; null for -1."""
    return pd.arrays.IntegerArray(shapes.numbers[place], place < 0)

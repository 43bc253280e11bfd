"""The community areas that the City did not publish: estimates by point, kept beside the crimes and never in them.

What is estimated is a fact of the point, not of the row: a row that the City re-creates under a new id keeps it, one
whose coordinates change has that of its new point, and so has a row of the history. A trigger of `chicago.crimes`
leaves the points that are new (docs/decisions/0022). The rule is in `tasks.contract.community_areas`, the SQL in
`sql/community_areas/`.
"""

import io
import logging
from typing import Final

import pandas as pd
import pyarrow.csv
from sqlalchemy import Connection, text

from tasks.contract.community_areas import estimate, shapes_digest
from tasks.warehouse.copy import copy_frame
from tasks.warehouse.engine import driver_of
from tasks.warehouse.sql_files import execute

log = logging.getLogger(__name__)

_POINTS: Final = "copy (table numbered_points) to stdout (format csv, header)"


def is_current(connection: Connection) -> bool:
    """Return whether the estimates rest on today's shapes and rule."""
    return _basis(connection) == shapes_digest()


def place_points(connection: Connection) -> int:
    """Give each point of crimes without a published area its estimate, and return how many were new.

    In the connection's transaction, after `update_counts`, whose lock keeps others from changing crimes meanwhile.
    Killed at any moment, the transaction leaves the points on the list.
    """
    if not is_current(connection):
        execute(connection, "community_areas/forget", basis=shapes_digest())
    execute(connection, "community_areas/number")
    points = _read_points(connection)
    if len(points):
        copy_frame(connection, "placed_points", estimate(points).reset_index())
        log.info("points=%d placed in community areas", len(points))
    execute(connection, "community_areas/place")
    return len(points)


def _basis(connection: Connection) -> str | None:
    basis: str | None = connection.execute(text("select basis from pipeline.community_area_basis")).scalar()
    return basis


def _read_points(connection: Connection) -> pd.DataFrame:
    """Return the numbered points: `latitude` and `longitude`, under their number."""
    lines = io.BytesIO()
    with driver_of(connection).cursor().copy(_POINTS) as copy:
        for line in copy:
            lines.write(line)
    lines.seek(0)
    frame: pd.DataFrame = pyarrow.csv.read_csv(lines).to_pandas()
    return frame.astype({"latitude": "float64", "longitude": "float64"}).set_index("number")

"""The map as a component of the page: Leaflet, which lies beside this file, in a frame of its own.

What lives here: the hand-over of what is drawn, and how near a reader looks. What is drawn is in `areas`. Decision 0024
says why it is Leaflet.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import streamlit as st
from streamlit.components.v1 import declare_component

from dashboard import areas, items, palette

_FRAME: Final = declare_component("city_map", path=str(Path(__file__).with_name("leaflet_map")))
_HEIGHT: Final = 620
_KEY: Final = "city-map"


def near() -> tuple[float, float, float, float] | None:
    """Return south, west, north and east of what a reader looks at from near; None from afar."""
    seen = (st.session_state.get(_KEY) or {}).get("near")
    return tuple(seen) if seen else None


def draw(
    shapes: Sequence[Mapping[str, Any]],
    drawn: Sequence[Mapping[str, Any]],
    *,
    cells: Sequence[Sequence[Any]],
    classes: Sequence[str],
    blocks: Sequence[Sequence[Any]],
    legend: Iterable[Mapping[str, str]],
    title: str,
    focus: Sequence[Sequence[float]],
    credit: str,
    stamp: str,
) -> None:
    """Draw the map. Of areas, or of cells; blocks lie above either."""
    named = {
        "page": palette.WHITE,
        "ink": palette.INK,
        "quiet": palette.QUIET_INK,
        "line": palette.LINE,
        "land": palette.LAND,
        "water": palette.WATER,
        "blue": palette.BLUE,
        "orange": palette.ORANGE,
    }
    args = {
        "colors": named,
        "areas": drawn,
        "cells": cells,
        "classes": classes,
        "blocks": blocks,
        "legend": list(legend),
    }
    _FRAME(
        **(palette.in_dark(args) if items.is_dark() else args),
        shapes=[shape["geometry"] for shape in shapes],
        city=areas.shapes_of("boundaries/city")[0]["geometry"],
        lines=[line["geometry"] for line in areas.shapes_of("boundaries/l_lines")],
        title=title,
        focus=focus,
        credit=credit,
        stamp=stamp,
        height=_HEIGHT,
        key=_KEY,
        default=None,
    )

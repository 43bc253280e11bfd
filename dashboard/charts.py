"""The charts, as Altair specifications made of frames: no query, no Streamlit.

All is drawn from what the page holds: no tiles, no network. Colours are those of `palette`.
"""

from datetime import date
from typing import Any, Final

import altair as alt
import pandas as pd

from dashboard import palette

# For the whole process: pages are drawn by several threads, and a setting for a while would be all of theirs.
alt.data_transformers.disable_max_rows()

_DAYS: Final[list[Any]] = ["a day", "a day still filling"]
_MEANS: Final[list[Any]] = ["mean of 7 days", "mean of 28 days"]
_LINES: Final[list[Any]] = [*_DAYS, *_MEANS]
_DASHES: Final[list[Any]] = [[1, 0], [1, 0], [4, 2], [1, 0]]
_JUDGED: Final = ["outside the range", "within the range"]
_MONTHS: Final = ["whole month", "part of a month"]
_FONT: Final = "Source Sans, DejaVu Sans, sans-serif"
_MAP_PIXELS: Final = 560
_FEET_A_DEGREE: Final = 364_000


def _drawn(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the frame with its dates as text, as a specification holds them."""
    dated = [name for name in frame.columns if frame[name].map(lambda value: isinstance(value, date)).any()]
    return frame.assign(**{name: frame[name].astype(str) for name in dated})


def _finished(chart: Any, height: int) -> Any:
    return (
        chart.properties(height=height, width="container")
        .configure(font=_FONT)
        .configure_axis(labelFontSize=12, titleFontSize=12, labelColor=palette.INK, titleColor=palette.INK)
        .configure_legend(labelFontSize=12, titleFontSize=12, orient="top", labelLimit=400, titleLimit=400)
        .configure_view(stroke=None)
    )


def trend(days: pd.DataFrame) -> Any:
    """Return each day as a dot, the means of 7 and 28 days as lines, and the days still filling as hollow dots."""
    frame = _drawn(days).assign(
        line=days["is_complete"].map({True: _DAYS[0], False: _DAYS[1]}),
    )
    color = alt.Color("line:N", title=None, scale=alt.Scale(domain=_LINES, range=list(palette.TREND)))
    shape = alt.Shape(
        "line:N", title=None, scale=alt.Scale(domain=_LINES, range=["circle", "cross", "circle", "circle"])
    )
    dots = (
        alt.Chart(frame)
        .mark_point(size=22)
        .encode(
            x=alt.X("date:T", title=None),
            y=alt.Y("crimes:Q", title="Crimes a day"),
            color=color,
            shape=shape,
            tooltip=["date:T", "crimes:Q", "line:N"],
        )
    )
    if "mean_7_days" not in frame.columns:
        return _finished(dots, 320)
    lines = (
        alt.Chart(
            frame.rename(columns={"mean_7_days": _MEANS[0], "mean_28_days": _MEANS[1]}).drop(columns="line")
        )
        .transform_fold(_MEANS, as_=["line", "value"])
        .transform_filter("isValid(datum.value)")
        .mark_line(strokeWidth=2.5)
        .encode(
            x="date:T",
            y="value:Q",
            color=color,
            strokeDash=alt.StrokeDash("line:N", title=None, scale=alt.Scale(domain=_LINES, range=_DASHES)),
        )
    )
    return _finished(alt.layer(dots, lines), 320)


def city_map(places: pd.DataFrame, stations: pd.DataFrame) -> Any:
    """Return the places as marks whose colour and size say how many, with the stations as numbers."""
    located = places.dropna(subset=["latitude", "longitude"])
    is_cells = "cell_x" in located.columns
    # What is drawn or told, and nothing else: the browser takes each value by itself.
    shown = [name for name in ("block", "crimes", "violent", "arrests") if name in located.columns]
    located = located[["longitude", "latitude", *shown]]
    span = float(located["latitude"].max() - located["latitude"].min()) if len(located) > 1 else 0.01
    side = max(_MAP_PIXELS * 1000 / (max(span, 0.01) * _FEET_A_DEGREE), 3)
    position = {"longitude": "longitude:Q", "latitude": "latitude:Q"}
    color = alt.Color(
        "crimes:Q", title="Crimes", scale=alt.Scale(type="sqrt", scheme="cividis", reverse=True)
    )
    # The row itself: a text made for each of thousands of marks, of which one is looked at, takes longer than the map.
    told = alt.TooltipContent("data")
    if is_cells:
        marks = (
            alt.Chart(located)
            .mark_square(size=side**2, opacity=1, tooltip=told)
            .encode(**position, color=color)
        )
    else:
        marks = (
            alt.Chart(located)
            .mark_circle(opacity=0.8, stroke=palette.INK, strokeWidth=0.4, tooltip=told)
            .encode(
                **position,
                color=color,
                size=alt.Size("crimes:Q", title="Crimes", scale=alt.Scale(range=[10, 320])),
            )
        )
    near = stations.dropna(subset=["latitude", "longitude"])
    if not is_cells and len(located):
        near = near[
            near["latitude"].between(located["latitude"].min(), located["latitude"].max())
            & near["longitude"].between(located["longitude"].min(), located["longitude"].max())
        ]
    named = alt.Chart(near).encode(**position)
    halo = named.mark_text(fontSize=13, fontWeight="bold", stroke="white", strokeWidth=4).encode(
        text="district:N"
    )
    labels = named.mark_text(fontSize=13, fontWeight="bold", color=palette.INK).encode(
        text="district:N", tooltip=["district:N", "district_name:N"]
    )
    return _finished(alt.layer(marks, halo, labels).project(type="mercator"), _MAP_PIXELS)


def heat_map(hours: pd.DataFrame) -> Any:
    """Return hour by weekday, darker where a day of that weekday has more."""
    weekdays = list(hours.sort_values("day_of_week")["day_of_week_name"].unique())
    chart = (
        alt.Chart(_drawn(hours))
        .mark_rect()
        .encode(
            x=alt.X("hour:O", title="Hour of the day", axis=alt.Axis(labelAngle=0)),
            y=alt.Y("day_of_week_name:N", title=None, sort=weekdays),
            color=alt.Color(
                "crimes_per_day:Q",
                title="Crimes in that hour of one such day",
                scale=alt.Scale(scheme="cividis", reverse=True),
            ),
            tooltip=["day_of_week_name:N", "hour:O", "crimes_per_day:Q"],
        )
    )
    return _finished(chart, 260)


def months(frame: pd.DataFrame) -> Any:
    """Return crimes a day of each month that has a complete day; one that is not whole is paler."""
    named = _drawn(frame.dropna(subset=["crimes_per_day"])).assign(
        month=lambda f: pd.to_datetime(f["month"]).dt.strftime("%Y-%m"),
        held=lambda f: f["is_complete"].map({True: "whole month", False: "part of a month"}),
    )
    chart = (
        alt.Chart(named)
        .mark_bar()
        .encode(
            x=alt.X("month:O", title=None, axis=alt.Axis(labelOverlap=True)),
            y=alt.Y("crimes_per_day:Q", title="Crimes a day"),
            color=alt.Color(
                "held:N",
                title=None,
                scale=alt.Scale(domain=_MONTHS, range=list(palette.MONTHS)),
            ),
            tooltip=["month:O", "crimes_per_day:Q", "days:Q", "growth_pct:Q"],
        )
    )
    return _finished(chart, 260)


def holidays(frame: pd.DataFrame) -> Any:
    """Return each compared holiday against the range of an ordinary day: bar, middle, and the holiday as a mark."""
    named = _drawn(frame.dropna(subset=["expected"])).assign(
        label=lambda f: f["holiday_name"] + ", " + pd.to_datetime(f["date"]).dt.strftime("%a %d %b %Y"),
        judged=lambda f: f["is_unusual"].map({True: "outside the range", False: "within the range"}),
    )
    base = alt.Chart(named).encode(
        y=alt.Y("label:N", title=None, sort=list(named["label"]), axis=alt.Axis(labelLimit=260))
    )
    bars = base.mark_bar(height=8, color=palette.HOLIDAYS[0]).encode(
        x=alt.X(
            "expected_low:Q",
            title="Crimes that day; bar: where 19 of 20 ordinary days lie",
            scale=alt.Scale(zero=False),
        ),
        x2="expected_high:Q",
    )
    middles = base.mark_tick(color=palette.HOLIDAYS[1], thickness=2, height=14).encode(x="expected:Q")
    dots = base.mark_point(filled=True, size=90, opacity=1).encode(
        x="crimes:Q",
        shape=alt.Shape(
            "judged:N",
            title=None,
            scale=alt.Scale(domain=_JUDGED, range=["diamond", "circle"]),
        ),
        color=alt.Color(
            "judged:N",
            title=None,
            scale=alt.Scale(domain=_JUDGED, range=list(palette.HOLIDAYS[2:])),
        ),
        tooltip=["label:N", "crimes:Q", "expected:Q", "expected_low:Q", "expected_high:Q", "change_pct:Q"],
    )
    return _finished(alt.layer(bars, middles, dots), max(30 * len(named), 90))


def bars(frame: pd.DataFrame, value: str, label: str, title: str, form: str = ",.0f") -> Any:
    """Return one bar a row, in the frame's order, with its number beside it."""
    base = alt.Chart(_drawn(frame)).encode(
        y=alt.Y(f"{label}:N", title=None, sort=list(frame[label]), axis=alt.Axis(labelLimit=220)),
        x=alt.X(f"{value}:Q", title=title),
    )
    numbers = base.mark_text(align="left", dx=4, color=palette.INK).encode(
        text=alt.Text(f"{value}:Q", format=form)
    )
    return _finished(base.mark_bar(color=palette.BLUE) + numbers, max(22 * len(frame), 60))


def columns(frame: pd.DataFrame, x: str, y: str, color: str | None, x_title: str, y_title: str) -> Any:
    """Return columns over an ordered value, stacked by a second one where there is one."""
    encoded: dict[str, Any] = {
        "x": alt.X(f"{x}:O", title=x_title),
        "y": alt.Y(f"{y}:Q", title=y_title),
        "tooltip": list(frame.columns),
    }
    if color is not None:
        encoded["color"] = alt.Color(f"{color}:N", title=None, scale=alt.Scale(range=list(palette.REASONS)))
    return _finished(alt.Chart(_drawn(frame)).mark_bar(color=palette.BLUE).encode(**encoded), 260)

"""The charts, as Altair specifications made of frames: no query, no Streamlit.

All is drawn from what the page holds: no tiles, no network. Colours are those of `palette`.
"""

from dataclasses import dataclass
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
_SHAPES: Final[list[Any]] = ["circle", "cross", "stroke", "stroke"]
_MONTHLY: Final = alt.Axis(format="%b %Y", tickCount="month", labelOverlap=True, grid=False)
_JUDGED: Final = ["more than chance", "no more than chance"]
_MONTHS: Final = ["whole month", "part of a month"]
_FONT: Final = "Source Sans, DejaVu Sans, sans-serif"


@dataclass(frozen=True)
class Axis:
    """What stands along a side of a chart: a column of the frame, and its title."""

    column: str
    title: str


def _drawn(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the frame with its dates as text, as a specification holds them."""
    dated = [name for name in frame.columns if frame[name].map(lambda value: isinstance(value, date)).any()]
    return frame.assign(**{name: frame[name].astype(str) for name in dated})


def _finished(chart: Any, height: int) -> Any:
    return (
        chart.properties(height=height, width="container")
        .configure(font=_FONT)
        .configure_axis(
            labelFontSize=12,
            titleFontSize=12,
            titleFontWeight="normal",
            labelColor=palette.INK,
            titleColor=palette.INK,
            gridColor=palette.LINE,
            domainColor=palette.LINE,
            tickColor=palette.LINE,
        )
        .configure_legend(
            labelFontSize=12,
            titleFontSize=12,
            titleFontWeight="normal",
            orient="top",
            labelLimit=400,
            titleLimit=400,
            labelColor=palette.INK,
            titleColor=palette.INK,
        )
        .configure_view(stroke=None)
    )


def trend(days: pd.DataFrame) -> Any:
    """Return each day as a dot, the means of 7 and 28 days as lines, and the days still filling as crosses."""
    drawn = _drawn(days)
    scale = alt.Scale(domain=_LINES, range=list(palette.TREND))
    # In one line, a phone would cut the last one off.
    color = alt.Color("line:N", title=None, scale=scale, legend=alt.Legend(columns=2))
    layers = [_dots(drawn, color), _means(drawn, color)]
    if "usual_low" in drawn.columns and drawn["usual_low"].notna().any():
        layers.insert(0, _band(drawn))
    return _finished(alt.layer(*layers), 320)


def _band(days: pd.DataFrame) -> Any:
    """Return the range of the season, of the days that have one."""
    told = [
        _told("usual_low:Q", "Usual for the season, from", ",.0f"),
        _told("usual_high:Q", "to", ",.0f"),
    ]
    return (
        alt.Chart(days.dropna(subset=["usual_low"]))
        .mark_area(color=palette.LIGHT_BLUE, opacity=0.2)
        .encode(x="date:T", y="usual_low:Q", y2="usual_high:Q", tooltip=told)
    )


def _dots(days: pd.DataFrame, color: alt.Color) -> Any:
    filling = days["is_complete"].map({True: _DAYS[0], False: _DAYS[1]})
    scale = alt.Scale(domain=_LINES, range=_SHAPES)
    return (
        alt.Chart(days.assign(line=filling))
        .mark_point(size=22)
        .encode(
            x=alt.X("date:T", title=None, axis=_MONTHLY),
            y=alt.Y("crimes:Q", title="Crimes a day"),
            color=color,
            shape=alt.Shape("line:N", title=None, scale=scale),
            tooltip=[
                _told("date:T", "Day", "%a %-d %b %Y"),
                _told("crimes:Q", "Crimes"),
                _told("line:N", "Is"),
            ],
        )
    )


def _told(field: str, title: str, form: str = "") -> alt.Tooltip:
    """Return a line of a tooltip, in words."""
    return alt.Tooltip(field, title=title, format=form) if form else alt.Tooltip(field, title=title)


def _means(days: pd.DataFrame, color: alt.Color) -> Any:
    named = days.rename(columns={"mean_7_days": _MEANS[0], "mean_28_days": _MEANS[1]})
    dash = alt.StrokeDash("line:N", title=None, scale=alt.Scale(domain=_LINES, range=_DASHES))
    return (
        alt.Chart(named)
        .transform_fold(_MEANS, as_=["line", "value"])
        .transform_filter("isValid(datum.value)")
        .mark_line(strokeWidth=2.5)
        .encode(x="date:T", y="value:Q", color=color, strokeDash=dash)
    )


def heat_map(hours: pd.DataFrame) -> Any:
    """Return hour by weekday, stronger where a day of that weekday has more."""
    weekdays = list(hours.sort_values("day_of_week")["day_of_week_name"].unique())
    # Each third hour has a label: on a phone all of them run into each other.
    axis = alt.Axis(labelAngle=0, values=list(range(0, 24, 3)), labelExpr="datum.value + ':00'")
    chart = (
        alt.Chart(_drawn(hours))
        .mark_rect()
        .encode(
            x=alt.X("hour:O", title="Hour that begins at", axis=axis),
            y=alt.Y("day_of_week_name:N", title=None, sort=weekdays),
            color=alt.Color(
                "crimes_per_day:Q",
                title="Crimes in that hour of one such day",
                scale=alt.Scale(range=list(palette.MANY)),
            ),
            tooltip=[
                _told("day_of_week_name:N", "Day"),
                _told("hour:O", "Hour from"),
                _told("crimes_per_day:Q", "Crimes in it, on one such day", ".1f"),
            ],
        )
    )
    return _finished(chart, 260)


def months(frame: pd.DataFrame) -> Any:
    """Return crimes a day of each month that has a complete day; one that is not whole is paler."""
    named = _drawn(frame.dropna(subset=["crimes_per_day"])).assign(
        month=lambda f: pd.to_datetime(f["month"]).dt.strftime("%b %Y"),
        held=lambda f: f["is_complete"].map({True: "whole month", False: "part of a month"}),
    )
    chart = (
        alt.Chart(named)
        .mark_bar()
        .encode(
            x=alt.X("month:O", title=None, sort=None, axis=alt.Axis(labelAngle=0, labelOverlap=True)),
            y=alt.Y("crimes_per_day:Q", title="Crimes a day"),
            color=alt.Color(
                "held:N",
                title=None,
                scale=alt.Scale(domain=_MONTHS, range=list(palette.MONTHS)),
            ),
            tooltip=[
                _told("month:O", "Month"),
                _told("crimes_per_day:Q", "Crimes a day", ",.1f"),
                _told("days:Q", "Complete days"),
                _told("growth_pct:Q", "Against the month before, %", "+.1f"),
            ],
        )
    )
    return _finished(chart, 260)


def holidays(frame: pd.DataFrame) -> Any:
    """Return each compared holiday against the range of an ordinary day: bar, middle, and the holiday as a mark."""
    named = _drawn(frame.dropna(subset=["expected"])).assign(
        label=lambda f: f["holiday_name"] + ", " + pd.to_datetime(f["date"]).dt.strftime("%a %-d %b %Y"),
        judged=lambda f: (
            f["stands_out"].fillna(value=False).astype(bool).map({True: _JUDGED[0], False: _JUDGED[1]})
        ),
    )
    base = alt.Chart(named).encode(y=alt.Y("label:N", title=None, sort=list(named["label"]), axis=None))
    return _finished(alt.layer(*_ordinary(base), _judged(base), _names(base)), max(44 * len(named), 90))


def _names(base: Any) -> Any:
    """Return each name above its bar: beside it, the names would leave a phone no width for the bars."""
    return base.mark_text(align="left", dy=-15, fontSize=12, color=palette.INK).encode(
        x=alt.value(0), text="label:N"
    )


def _ordinary(base: Any) -> tuple[Any, Any]:
    """Return the range of an ordinary day as a bar, and its middle as a tick."""
    title = "Crimes that day; bar: where 19 of 20 ordinary days lie"
    bars = base.mark_bar(height=8, color=palette.HOLIDAYS[0]).encode(
        x=alt.X("expected_low:Q", title=title, scale=alt.Scale(zero=False)), x2="expected_high:Q"
    )
    middles = base.mark_tick(color=palette.HOLIDAYS[1], thickness=2, height=14).encode(x="expected:Q")
    return bars, middles


def _judged(base: Any) -> Any:
    """Return each holiday as a mark whose shape and colour say whether it is more than chance."""
    shapes, colours = ["diamond", "circle"], list(palette.HOLIDAYS[2:])
    return base.mark_point(filled=True, size=90, opacity=1).encode(
        x="crimes:Q",
        shape=alt.Shape("judged:N", title=None, scale=alt.Scale(domain=_JUDGED, range=shapes)),
        color=alt.Color("judged:N", title=None, scale=alt.Scale(domain=_JUDGED, range=colours)),
        tooltip=[
            _told("label:N", "Holiday"),
            _told("crimes:Q", "Crimes", ","),
            _told("expected:Q", "On an ordinary day", ",.0f"),
            _told("expected_low:Q", "19 of 20 ordinary days have from", ",.0f"),
            _told("expected_high:Q", "to", ",.0f"),
            _told("change_pct:Q", "Change, %", "+.1f"),
        ],
    )


def bars(frame: pd.DataFrame, value: str, label: str, title: str, form: str = ",.0f") -> Any:
    """Return one bar a row, in the frame's order, with its number beside it."""
    base = alt.Chart(_drawn(frame)).encode(
        y=alt.Y(f"{label}:N", title=None, sort=list(frame[label]), axis=alt.Axis(labelLimit=220)),
        x=alt.X(f"{value}:Q", title=title),
        tooltip=[_told(f"{label}:N", "Of"), _told(f"{value}:Q", title, form)],
    )
    numbers = base.mark_text(align="left", dx=4, color=palette.INK).encode(
        text=alt.Text(f"{value}:Q", format=form)
    )
    return _finished(base.mark_bar(color=palette.BLUE) + numbers, max(22 * len(frame), 60))


def columns(frame: pd.DataFrame, x: Axis, y: Axis, color: str | None = None) -> Any:
    """Return columns over an ordered value, stacked by a second one where there is one."""
    encoded: dict[str, Any] = {
        "x": alt.X(f"{x.column}:O", title=x.title),
        "y": alt.Y(f"{y.column}:Q", title=y.title),
        "tooltip": [_told(f"{x.column}:O", x.title), _told(f"{y.column}:Q", y.title, ",")],
    }
    if color is not None:
        encoded["color"] = alt.Color(f"{color}:N", title=None, scale=alt.Scale(range=list(palette.REASONS)))
    return _finished(alt.Chart(_drawn(frame)).mark_bar(color=palette.BLUE).encode(**encoded), 260)

"""What a page is a list of: headings, words, numbers in boxes, charts and tables, each a small value.

What lives here: the values, and how each is drawn with its source, its caveat and its downloads. What does not: which
of them a page has (dashboard/site/), and what a chart looks like (charts.py).
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, Protocol

import pandas as pd
import streamlit as st
import vl_convert

from dashboard.warehouse import Freshness, read

# A specification with its rows is some hundred KB at most.
_MAX_CHARTS: Final = 200

Frames = Callable[[pd.DataFrame], pd.DataFrame]


@dataclass(frozen=True)
class Asked:
    """What a page was asked for: of which state of the record, and its choices by the names of query parameters."""

    freshness: Freshness
    choices: Mapping[str, Any] = field(default_factory=dict)

    def read(self, query: str, names: Iterable[str] = ()) -> pd.DataFrame:
        """Return the rows of sql/dashboard/<query>.sql for the choices of these names."""
        return read(self.freshness, query, **{name: self.choices[name] for name in names})

    def text(self, template: str) -> str:
        """Return a text with the choices in their places."""
        return template.format_map(self.choices)


class Item(Protocol):
    """Something that a page shows."""

    def draw(self, asked: Asked) -> None:
        """Draw it where Streamlit is on the page."""


def draw(items: Iterable[Item], asked: Asked) -> None:
    """Draw a page's items, one below the other."""
    for item in items:
        item.draw(asked)


@dataclass(frozen=True)
class Heading:
    """A heading within a page."""

    text: str

    def draw(self, _asked: Asked) -> None:
        """Draw it."""
        st.subheader(self.text)


@dataclass(frozen=True)
class Words:
    """A paragraph, in Markdown."""

    text: str

    def draw(self, _asked: Asked) -> None:
        """Draw it."""
        st.write(self.text)


@dataclass(frozen=True)
class Box:
    """A number in a box: what it counts, the number, and how it changed."""

    label: str
    value: str
    change: str | None = None
    help: str | None = None


@dataclass(frozen=True)
class Boxes:
    """Numbers side by side."""

    boxes: Sequence[Box]

    def draw(self, _asked: Asked | None = None) -> None:
        """Draw them."""
        for column, box in zip(st.columns(len(self.boxes)), self.boxes, strict=True):
            column.metric(box.label, box.value, box.change, delta_color="off", border=True, help=box.help)


def _as_it_is(frame: pd.DataFrame) -> pd.DataFrame:
    return frame


@dataclass(frozen=True, kw_only=True)
class Figure(ABC):
    """What a chart and a table have in common.

    name: of the files to download. view: of schema chicago. caveat: what to know of it, or what makes that of the
    numbers. query: in sql/dashboard/; asks: the choices that it takes. prepare: makes the numbers of its rows. empty:
    said in its place where there are none. In name, caveat and alt a choice in braces stands for its value.
    """

    name: str
    view: str
    caveat: str | Callable[[pd.DataFrame], str]
    query: str
    asks: tuple[str, ...] = ()
    prepare: Frames = _as_it_is
    empty: str = ""

    def draw(self, asked: Asked) -> None:
        """Draw it with its source, its caveat and its downloads, or say why it is not there."""
        frame = self.prepare(asked.read(self.query, self.asks))
        if frame.empty and self.empty:
            st.info(self.empty)
        else:
            self._draw(asked, asked.text(self.name), frame)

    def about(self, asked: Asked, frame: pd.DataFrame) -> None:
        """Say which view is read, and what to know of it."""
        caveat = self.caveat(frame) if callable(self.caveat) else asked.text(self.caveat)
        about(self.view, caveat)

    @abstractmethod
    def _draw(self, asked: Asked, name: str, frame: pd.DataFrame) -> None:
        """Draw the numbers, under a name for its files."""


@dataclass(frozen=True, kw_only=True)
class Chart(Figure):
    """A chart: which drawing of charts.py, what else that takes, and the chart in words.

    drawn: the part of the numbers that is drawn; the file has all.
    """

    drawing: Callable[..., Any]
    alt: str
    given: tuple[Any, ...] = ()
    drawn: Frames = _as_it_is

    def _draw(self, asked: Asked, name: str, frame: pd.DataFrame) -> None:
        drawn = self.drawn(frame)
        st.vega_lite_chart(
            spec=_specification(self.drawing.__name__, drawn, self.given, self.drawing),
            width="stretch",
            theme=None,
            alt=asked.text(self.alt),
            key=f"chart-{name}",
        )
        self.about(asked, frame)
        left, right, _ = st.columns([1, 1, 4])
        csv(name, frame, left)
        right.download_button(
            "PNG",
            data=partial(to_png, self.drawing, drawn, *self.given),
            file_name=f"{name}.png",
            mime="image/png",
            key=f"png-{name}",
            on_click="ignore",
            help=f"The chart {name} as a picture",
        )


@dataclass(frozen=True, kw_only=True)
class Table(Figure):
    """A table. shown: how its columns are shown, as Streamlit takes it."""

    shown: Mapping[str, Any] = field(default_factory=dict)

    def _draw(self, asked: Asked, name: str, frame: pd.DataFrame) -> None:
        st.dataframe(frame, hide_index=True, width="stretch", key=f"table-{name}", **self.shown)
        self.about(asked, frame)
        csv(name, frame, st)


@st.cache_data(max_entries=_MAX_CHARTS, show_spinner=False)
def _specification(
    name: str,  # noqa: ARG001 - a part of the key, as the frame is
    frame: pd.DataFrame,
    given: tuple[Any, ...],
    _drawing: Callable[..., Any],
) -> dict[str, Any]:
    """Return a chart as Streamlit sends it: made once of what it shows, which takes longer than sending it."""
    specification: dict[str, Any] = _drawing(frame, *given).to_dict()
    rows = specification.pop("datasets", {})
    return specification | {"datasets": {key: pd.DataFrame(values) for key, values in rows.items()}}


def about(view: str, caveat: str) -> None:
    """Say which view is read, and what to know of it."""
    st.caption(f"Reads `chicago.{view}`. {caveat}")


def csv(name: str, frame: pd.DataFrame, place: Any) -> None:
    """Give a frame as a file, which is made when it is asked for."""
    place.download_button(
        "CSV",
        data=partial(to_csv, frame),
        file_name=f"{name}.csv",
        mime="text/csv",
        key=f"csv-{name}",
        on_click="ignore",
        help=f"The numbers of {name} as a table",
    )


def to_csv(frame: pd.DataFrame) -> bytes:
    """Return a frame as a file with a line of names."""
    return frame.to_csv(index=False).encode()


def to_png(drawing: Callable[..., Any], *given: Any) -> bytes:
    """Return a chart as a picture, 900 points wide, made on this machine alone."""
    specification = drawing(*given).properties(width=900).to_json()
    return bytes(vl_convert.vegalite_to_png(specification, scale=2))

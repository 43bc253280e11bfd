"""What a page is a list of: headings, words, numbers side by side, charts and tables, each a small value.

What lives here: the values, and how each is drawn with its title, how it is read, and its downloads. What does not:
which of them a page has (dashboard/site/), and what a chart looks like (charts.py).
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from html import escape
from typing import Any, Final, Protocol

import pandas as pd
import streamlit as st
import vl_convert

from dashboard import palette, shapes, tables
from dashboard.columns import COLUMNS, NOTHING, said
from dashboard.warehouse import Freshness, read

# A specification with its rows is some hundred KB at most.
_MAX_CHARTS: Final = 200
_TERMS: Final = "https://www.chicago.gov/city/en/narr/foia/data_disclaimer.html"
_THE_CITYS_WORDS: Final = (
    "Source: City of Chicago Data Portal, Crimes - One year prior to present "
    "(https://data.cityofchicago.org/d/x2n5-8w5q), modified for use from its original source, www.cityofchicago.org. "
    "The City makes no claims as to the content, accuracy, timeliness, or completeness of any of the data, which are "
    f"subject to change at any time and used at one's own risk. Terms: {_TERMS}"
)

Frames = Callable[[pd.DataFrame], pd.DataFrame]
Text = str | Callable[[pd.DataFrame], str]


def is_dark() -> bool:
    """Return whether the reader's page is dark."""
    return st.context.theme.type == "dark"


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

    def say(self, text: Text, frame: pd.DataFrame) -> str:
        """Return a text that is given, or made of the numbers."""
        return text(frame) if callable(text) else self.text(text)


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
        st.header(self.text)


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
    """Numbers side by side; on a phone, line by line."""

    boxes: Sequence[Box]

    def draw(self, _asked: Asked | None = None) -> None:
        """Draw them."""
        st.html(tables.numbers_to_html((box.label, box.value, box.change, box.help) for box in self.boxes))


def _as_it_is(frame: pd.DataFrame) -> pd.DataFrame:
    return frame


@dataclass(frozen=True, kw_only=True)
class Figure(ABC):
    """What a chart and a table have in common.

    name: of the files to download. title: what it shows, with its unit and what it is counted over, best as what was
    found. view: of schema chicago. caveat: what to know of it. query: in sql/dashboard/; asks: the choices that it
    takes. prepare: makes the numbers of its rows. empty: said in its place where there are none. Title and caveat can
    be made of the numbers. In name, title, caveat and alt a choice in braces stands for its value.
    """

    name: str
    title: Text
    view: str
    caveat: Text
    query: str
    asks: tuple[str, ...] = ()
    prepare: Frames = _as_it_is
    empty: str = ""

    def draw(self, asked: Asked) -> None:
        """Draw it under its title, with how to read it and its downloads, or say why it is not there."""
        frame = self.prepare(asked.read(self.query, self.asks))
        if frame.empty and self.empty:
            st.info(self.empty)
            return
        title, caveat = asked.say(self.title, frame), asked.say(self.caveat, frame)
        st.subheader(title, anchor=False)
        name = asked.text(self.name)
        self._draw(asked, name, frame)
        with st.container(horizontal=True, gap="medium"):
            with st.popover("Download", type="tertiary", key=f"files-{name}"):
                self._files(name, frame)
                text_file(name, _companion(asked, title, self.view, caveat, list(frame.columns)))
            how_to_read(self.view, caveat)

    @abstractmethod
    def _draw(self, asked: Asked, name: str, frame: pd.DataFrame) -> None:
        """Draw the numbers, under a name for its files."""

    def _files(self, name: str, frame: pd.DataFrame) -> None:
        """Offer the numbers as files."""
        csv(name, frame)


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
        st.vega_lite_chart(
            spec=_specification(
                self.drawing.__name__, self.drawn(frame), self.given, self.drawing, is_dark=is_dark()
            ),
            width="stretch",
            theme=None,
            alt=asked.text(self.alt),
            key=f"chart-{name}",
        )

    def _files(self, name: str, frame: pd.DataFrame) -> None:
        csv(name, frame)
        st.download_button(
            "Picture (PNG)",
            data=partial(to_png, self.drawing, self.drawn(frame), *self.given),
            file_name=f"{name}.png",
            mime="image/png",
            key=f"png-{name}",
            on_click="ignore",
        )


@dataclass(frozen=True, kw_only=True)
class Table(Figure):
    """A table: its columns, by their names in `columns.COLUMNS`; the file has all.

    is_static: stands still and is printed whole; else it scrolls and can be sorted.
    """

    columns: tuple[str, ...]
    is_static: bool = False

    def _draw(self, asked: Asked, name: str, frame: pd.DataFrame) -> None:
        if self.is_static:
            st.html(tables.to_html(frame, self.columns))
            return
        # What is no number is said as text; a number is said in words too, but sorted by its value.
        shown = frame[list(self.columns)]
        texts = [column for column in self.columns if not COLUMNS[column].is_number]
        shown = shown.assign(**{column: [said(column, value) for value in shown[column]] for column in texts})
        formats: Any = {column: partial(said, column) for column in self.columns if column not in texts}
        st.dataframe(
            shown.style.format(formats),
            hide_index=True,
            width="stretch",
            placeholder=NOTHING,
            key=f"table-{name}",
            alt=asked.say(self.title, frame),
            column_config={column: _explained(column) for column in self.columns},
        )


def _explained(name: str) -> Any:
    """Return a column's head for Streamlit's table, with what it means under the pointer."""
    column = COLUMNS[name]
    return st.column_config.Column(
        column.head, help=column.meaning, alignment="right" if column.is_number else "left"
    )


@st.cache_data(max_entries=_MAX_CHARTS, show_spinner=False)
def _specification(
    name: str,  # noqa: ARG001 - a part of the key, as the frame is
    frame: pd.DataFrame,
    given: tuple[Any, ...],
    _drawing: Callable[..., Any],
    *,
    is_dark: bool,
) -> dict[str, Any]:
    """Return a chart as Streamlit sends it: made once of what it shows, which takes longer than sending it."""
    specification: dict[str, Any] = _drawing(frame, *given).to_dict()
    rows = specification.pop("datasets", {})
    specification["background"] = "transparent"
    if is_dark:
        specification = palette.in_dark(specification)
    return specification | {"datasets": {key: pd.DataFrame(values) for key, values in rows.items()}}


def how_to_read(view: str, caveat: str) -> None:
    """Say what to know of numbers, and which view they are from, folded away until it is asked for."""
    st.html(
        f'<details class="how"><summary>How to read this</summary><p>{escape(caveat)}</p>'
        f"<p>From the view <code>chicago.{escape(view)}</code>.</p></details>"
    )


def _companion(asked: Asked, title: str, view: str, caveat: str, names: Sequence[str]) -> str:
    """Return what goes along with a file of numbers: what they are, of which days, from where, and each column."""
    days = shapes.held(asked.read("held"))
    columns = [
        f"  {name}: {COLUMNS[name].head}. {COLUMNS[name].meaning}" if name in COLUMNS else f"  {name}"
        for name in names
    ]
    return "\n\n".join(
        [
            title,
            f"{caveat}\nView: chicago.{view}. Each column's comment is in the data dictionary.",
            f"{shapes.days_held(days)} {shapes.record_state(asked.freshness)}",
            "Columns\n" + "\n".join(columns),
            _THE_CITYS_WORDS,
        ]
    )


def csv(name: str, frame: pd.DataFrame) -> None:
    """Give a frame as a file, which is made when it is asked for."""
    st.download_button(
        "Numbers (CSV)",
        data=partial(to_csv, frame),
        file_name=f"{name}.csv",
        mime="text/csv",
        key=f"csv-{name}",
        on_click="ignore",
    )


def text_file(name: str, text: str) -> None:
    """Give what goes along with a file."""
    st.download_button(
        "About these numbers (text)",
        data=text,
        file_name=f"{name}.txt",
        mime="text/plain",
        key=f"txt-{name}",
        on_click="ignore",
    )


def to_csv(frame: pd.DataFrame) -> bytes:
    """Return a frame as a file with a line of names."""
    return frame.to_csv(index=False).encode()


def to_png(drawing: Callable[..., Any], *given: Any) -> bytes:
    """Return a chart as a picture, 900 points wide, made on this machine alone."""
    specification = drawing(*given).properties(width=900).to_json()
    return bytes(vl_convert.vegalite_to_png(specification, scale=2))

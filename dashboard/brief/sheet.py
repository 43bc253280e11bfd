"""A sheet: items of the pages as HTML that stands by itself, style and pictures in it. No query of its own.

What an item is, what it asks and what it says are dashboard/items.py and the pages'; here is how it stands on paper.
"""

import re
from base64 import b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any, Final

import vl_convert

from dashboard import palette, shapes, tables
from dashboard.items import Asked, Boxes, Chart, Heading, Item, Table, Words
from dashboard.parts import TERMS

_STYLE: Final = Path(__file__).with_name("sheet.css").read_text("utf-8")
_CHART_PIXELS: Final = (720, 96)
_MOST_LINES: Final = 6
_INVENTED: Final = "The stand-in city of make demo: every crime here is invented."
_PRELIMINARY: Final = (
    "As reported to the Chicago Police Department, preliminary, and changed since where the City changed it; places "
    f"are blocks, never addresses. Data of the City of Chicago, modified for this use, without any warranty: {TERMS}"
)


@dataclass(frozen=True)
class Abreast:
    """Items in two columns."""

    left: Sequence[Chart | Table]
    right: Sequence[Chart | Table]


def to_html(
    title: str, week: str, items: Sequence[Item | Abreast], notes: Iterable[str], asked: Asked
) -> str:
    """Return a sheet of its own: title, state of the record, items, and what to know of them."""
    said = [shapes.record_state(asked.freshness)]
    if asked.freshness.is_stale:
        said.append(f"These numbers may be out of date: {asked.freshness.stale_because}.")
    invented = f'<p class="invented">{_INVENTED}</p>' if asked.freshness.is_demo else ""
    body = "".join(_item(item, asked) for item in items)
    known = "".join(f"<p>{escape(note)}</p>" for note in [*notes, _PRELIMINARY])
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}, {week}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{palette.variables(is_dark=False)}\n{_STYLE}</style></head><body>"
        f"<header><h1>{escape(title)}<span>Weekly brief, {week}</span></h1>"
        f'{invented}<p class="quiet">{escape(" ".join(said))}</p></header>'
        f"<main>{body}</main><footer>{known}</footer></body></html>\n"
    )


def _item(item: Item | Abreast, asked: Asked) -> str:
    if isinstance(item, Boxes):
        # What a number means is under the pointer on a page; on paper it stands in the notes.
        return tables.numbers_to_html((box.label, box.value, box.change, None) for box in item.boxes)
    if isinstance(item, Heading):
        return f"<h2>{escape(item.text)}</h2>"
    if isinstance(item, Words):
        return _words(item.text)
    if isinstance(item, Chart | Table):
        return _figure(item, asked)
    if isinstance(item, Abreast):
        sides = ("".join(_figure(each, asked) for each in side) for side in (item.left, item.right))
        return '<div class="abreast">' + "".join(f"<div>{side}</div>" for side in sides) + "</div>"
    raise TypeError(f"{type(item).__name__} has no place on a sheet")


def _words(text: str) -> str:
    """Return a paragraph, or a list where each line begins with a dash."""
    lines = text.splitlines()
    if len(lines) > _MOST_LINES:
        lines = [*lines[:_MOST_LINES], f"- and {len(lines) - _MOST_LINES} more, on the dashboard's page"]
    if all(line.startswith("- ") for line in lines):
        return "<ul>" + "".join(f"<li>{escape(line[2:])}</li>" for line in lines) + "</ul>"
    return "".join(f"<p>{escape(line)}</p>" for line in lines)


def _figure(figure: Chart | Table, asked: Asked) -> str:
    frame = figure.prepare(asked.read(figure.query, figure.asks))
    if frame.empty and figure.empty:
        return f"<section><p>{escape(figure.empty)}</p></section>"
    title = f"<h2>{escape(asked.say(figure.title, frame))}</h2>"
    if isinstance(figure, Table):
        return f"<section>{title}{tables.to_html(frame, figure.columns)}</section>"
    alt = escape(asked.text(figure.alt))
    return f'<section class="wide">{title}<img alt="{alt}" src="{_picture(figure, frame)}"></section>'


def _picture(chart: Chart, frame: Any) -> str:
    """Return a chart as an address that holds the picture itself."""
    width, height = _CHART_PIXELS
    drawn = chart.drawing(chart.drawn(frame), *chart.given).properties(width=width, height=height)
    svg = vl_convert.vegalite_to_svg(drawn.to_json())
    # A font of the page's own, which the paper's maker does not have, would leave texts as wide as they are not.
    named = re.sub(r"Source Sans, ", "", svg)
    return "data:image/svg+xml;base64," + b64encode(named.encode()).decode()

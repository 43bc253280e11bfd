"""Tables and numbers as HTML that stands still: for the page, for paper and for mail. No query, no Streamlit.

A table on the page that is longer than a sheet is Streamlit's, which scrolls and sorts; its values are said in the same
words (`columns`).
"""

from collections.abc import Iterable, Sequence
from html import escape

import pandas as pd

from dashboard.columns import COLUMNS, said


def to_html(frame: pd.DataFrame, names: Sequence[str], caption: str = "") -> str:
    """Return some columns of a frame as a table, with what each means under its head."""
    heads = "".join(_head(name) for name in names)
    rows = "".join(
        "<tr>" + "".join(_cell(name, row[name]) for name in names) + "</tr>" for _, row in frame.iterrows()
    )
    about = f"<caption>{escape(caption)}</caption>" if caption else ""
    return (
        f'<div class="table" tabindex="0" role="region" aria-label="{escape(caption or "Table")}"><table>{about}'
        f"<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _kind(name: str) -> str:
    return ' class="number"' if COLUMNS[name].is_number else ""


def _head(name: str) -> str:
    column = COLUMNS[name]
    return f'<th scope="col"{_kind(name)}><abbr title="{escape(column.meaning)}">{escape(column.head)}</abbr></th>'


def _cell(name: str, value: object) -> str:
    return f"<td{_kind(name)}>{escape(said(name, value))}</td>"


def numbers_to_html(numbers: Iterable[tuple[str, str, str | None, str | None]]) -> str:
    """Return numbers side by side, each `(label, number, how it changed, what it means)`."""
    return '<dl class="numbers">' + "".join(_number(*one) for one in numbers) + "</dl>"


def _number(label: str, value: str, change: str | None, meaning: str | None) -> str:
    title = f' title="{escape(meaning)}"' if meaning else ""
    changed = f'<dd class="change">{escape(change)}</dd>' if change else ""
    return f'<div{title}><dt>{escape(label)}</dt><dd class="value">{escape(value)}</dd>{changed}</div>'

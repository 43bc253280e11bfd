"""What the pages share: filters that live in the address, charts with their source and downloads, tables, the head.

Draws with Streamlit; knows no query.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

import pandas as pd
import streamlit as st
import vl_convert

from dashboard import palette
from dashboard.warehouse import Freshness

TERMS: Final = "https://www.chicago.gov/city/en/narr/foia/data_disclaimer.html"
STILL_FILLING: Final = (
    "The last three weeks are still filling: 96 % of a day's rows are published after 21 days."
)
# A specification with its rows is some hundred KB at most.
_MOST_CHARTS: Final = 200
_STYLE: Final = f"""
<style>
  a:focus-visible, button:focus-visible, [tabindex]:focus-visible {{
    outline: 3px solid {palette.ORANGE} !important; outline-offset: 2px;
  }}
  [data-testid="stCaptionContainer"], [data-testid="stCaptionContainer"] * {{ color: {palette.QUIET_INK} !important; }}
  [data-testid="stCaptionContainer"] {{ opacity: 1 !important; }}
  @media print {{
    [data-testid="stSidebar"], [data-testid="stHeader"], [data-testid="stToolbar"], .stDownloadButton,
    .stSelectbox, [data-testid="stElementToolbar"] {{ display: none !important; }}
    [data-testid="stMain"] {{ overflow: visible !important; position: static !important; }}
    .stVegaLiteChart, [data-testid="stMetric"], table {{ break-inside: avoid; }}
  }}
</style>
"""


def style() -> None:
    """Put in what themes cannot say: focus that is seen, and what a printed page leaves out."""
    st.html(_STYLE)


def head(title: str, freshness: Freshness) -> None:
    """Write a page's title and how far its numbers can be trusted."""
    st.title(title)
    if freshness.is_demo:
        st.info(
            "This is the stand-in city of `make demo`: invented crimes, no real ones.",
            icon=":material/science:",
        )
    if freshness.load_state == "unfinished":
        st.warning(
            f"A load is under way or broke off: {freshness.unfinished_windows} windows are still to come. "
            "Maps and wards count what has come so far; all other numbers are those of the run before.",
            icon=":material/hourglass_top:",
        )
    elif freshness.is_stale:
        st.warning(f"These numbers may be out of date: {freshness.stale_because}.", icon=":material/warning:")


def choose(label: str, name: str, options: Mapping[str, str], default: str) -> str:
    """Return what is chosen of `{value in the address: text}`; the address follows, and decides at first."""
    given = st.query_params.get(name, default)
    values = list(options)
    index = values.index(given) if given in options else values.index(default)
    picked = st.selectbox(
        label, values, index=index, format_func=lambda value: options[value], key=f"choice-{name}"
    )
    remember(name, picked, default)
    return str(picked)


def remember(name: str, value: str, default: str) -> None:
    """Write a choice into the address; what is the default is left out."""
    if value != default:
        st.query_params[name] = value
    elif name in st.query_params:
        del st.query_params[name]


def chart(
    name: str,
    make: Callable[..., Any],
    frame: pd.DataFrame,
    source: str,
    caveat: str,
    alt: str,
    *,
    more: tuple[Any, ...] = (),
    numbers: pd.DataFrame | None = None,
) -> None:
    """Draw the chart that `make` of dashboard/charts.py makes of the frame, with what it reads, and its downloads.

    `more` is what else the chart is made of; `numbers` the table to download where it is more than what is drawn.
    """
    st.vega_lite_chart(
        spec=_specification(make.__name__, frame, more, make),
        width="stretch",
        theme=None,
        alt=alt,
        key=f"chart-{name}",
    )
    about(source, caveat)
    left, right, _ = st.columns([1, 1, 4])
    csv(name, frame if numbers is None else numbers, left)
    right.download_button(
        "PNG",
        data=partial(to_png, make, frame, *more),
        file_name=f"{name}.png",
        mime="image/png",
        key=f"png-{name}",
        on_click="ignore",
        help=f"The chart {name} as a picture",
    )


@st.cache_data(max_entries=_MOST_CHARTS, show_spinner=False)
def _specification(
    name: str,  # noqa: ARG001 - a part of the key, as the frame is
    frame: pd.DataFrame,
    more: tuple[Any, ...],
    _make: Callable[..., Any],
) -> dict[str, Any]:
    """Return a chart as Streamlit sends it: made once of what it shows, which takes longer than sending it."""
    specification: dict[str, Any] = _make(frame, *more).to_dict()
    rows = specification.pop("datasets", {})
    return specification | {"datasets": {key: pd.DataFrame(values) for key, values in rows.items()}}


def table(name: str, frame: pd.DataFrame, source: str, caveat: str, **shown: Any) -> None:
    """Draw a table with what it reads, its caveat, and its download."""
    st.dataframe(frame, hide_index=True, width="stretch", key=f"table-{name}", **shown)
    about(source, caveat)
    csv(name, frame, st)


def about(source: str, caveat: str) -> None:
    """Say which view is read, and what to know of it."""
    st.caption(f"Reads `chicago.{source}`. {caveat}")


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


def to_png(make: Callable[..., Any], *given: Any) -> bytes:
    """Return a chart as a picture, 900 points wide, made on this machine alone."""
    specification = make(*given).properties(width=900).to_json()
    return bytes(vl_convert.vegalite_to_png(specification, scale=2))

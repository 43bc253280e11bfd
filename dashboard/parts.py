"""What pages share beside their items: the head, the style, and choices that live in the address. Knows no query."""

from collections.abc import Mapping
from typing import Final

import streamlit as st

from dashboard import palette
from dashboard.warehouse import Freshness

TERMS: Final = "https://www.chicago.gov/city/en/narr/foia/data_disclaimer.html"
STILL_FILLING: Final = (
    "The last three weeks are still filling: 96 % of a day's rows are published after 21 days."
)
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
    """Return what is chosen of `{value in the address: text}`.

    The address alone holds the choice: a pick is written there, and a link or the browser's way back is followed.
    """
    given = st.query_params.get(name, default)
    if given not in options:
        st.warning(
            f"{label}: the address asks for {given!r}, which there is not. Shown is {options[default]}."
        )
        given = default
    key = f"choice-{name}"
    st.session_state[key] = given
    st.selectbox(
        label,
        list(options),
        format_func=lambda value: options[value],
        key=key,
        on_change=lambda: remember(name, st.session_state[key], default),
    )
    return given


def remember(name: str, value: str, default: str) -> None:
    """Write a choice into the address; what is the default is left out."""
    if value != default:
        st.query_params[name] = value
    elif name in st.query_params:
        del st.query_params[name]

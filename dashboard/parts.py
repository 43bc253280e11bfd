"""What pages share beside their items: the head, the style, and choices that live in the address. Knows no query."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import pandas as pd
import streamlit as st

from dashboard import items, palette, shapes
from dashboard.warehouse import Freshness

TERMS: Final = "https://www.chicago.gov/city/en/narr/foia/data_disclaimer.html"
SITE: Final = "Chicago crime"
STILL_FILLING: Final = (
    "The last three weeks are still filling: 96% of a day's rows are published after 21 days."
)
CROSSES: Final = (
    "They are crosses here, and no part of a mean. The newest day is not drawn: the City has published a few hours of "
    "it."
)
_STYLE: Final = Path(__file__).with_name("style.css").read_text("utf-8")


def style() -> None:
    """Put in what themes cannot say, in the colours of the reader's theme."""
    st.html(f"<style>{palette.variables(is_dark=items.is_dark())}\n{_STYLE}</style>")


# Streamlit leaves the list of pages open over the page that was chosen from it. Run anew where the page changes.
_CLOSE: Final = """<script>{ /* {page} */
const list = document.querySelector('[data-testid="stSidebar"]');
if (innerWidth < 768 && list && list.getBoundingClientRect().right > 0)
  document.querySelector('[data-testid="stSidebarCollapseButton"] button')?.click();
}</script>"""


# A page's colours are drawn for one theme, so it is loaded anew where the machine turns dark or light: its address has
# all choices. Paper is light for as long as it is printed, which is no dusk.
_FOLLOW_DUSK: Final = """<script>if (!window.duskIsFollowed) {
  window.duskIsFollowed = true;
  const dark = matchMedia("(prefers-color-scheme: dark)"), atFirst = dark.matches;
  dark.addEventListener("change", () => setTimeout(() => {
    if (dark.matches !== atFirst && !matchMedia("print").matches) location.reload();
  }, 300));
}</script>"""


def follow_dusk() -> None:
    """Load the page anew where the reader's machine turns dark or light under it."""
    st.html(_FOLLOW_DUSK, unsafe_allow_javascript=True)


def close_the_menu_of_a_phone(page: str) -> None:
    """Close the list of pages once a page was chosen, where it covers the page."""
    st.html(_CLOSE.replace("{page}", page), unsafe_allow_javascript=True)


def head(title: str, freshness: Freshness) -> None:
    """Write a page's title, here and on the browser's tab, how new its numbers are, and whether to trust them."""
    st.set_page_config(page_title=f"{title} · {SITE}")
    st.title(title, anchor=False)
    st.html(f'<p class="quiet">{shapes.record_state(freshness)}</p>')
    if freshness.is_demo:
        st.html(
            '<p class="invented">The stand-in city of <code>make demo</code>: every crime here is invented.</p>'
        )
    if freshness.load_state == "unfinished":
        st.warning(
            f"A load is under way or broke off: {freshness.unfinished_windows} windows are still to come. "
            "Maps and wards count what has come so far; all other numbers are those of the run before.",
            icon=":material/hourglass_top:",
        )
    elif freshness.is_stale:
        st.warning(f"These numbers may be out of date: {freshness.stale_because}.", icon=":material/warning:")


def foot(text: str) -> None:
    """Put a text and the sheet's number at the foot of each printed sheet."""
    said = text.replace("\\", "").replace('"', "'").replace("<", "")
    small = f"font: 7.5pt sans-serif; color: {palette.QUIET_INK};"
    st.html(
        f'<style>@media print {{ @page {{ @bottom-left {{ content: "{said}"; width: 85%; {small} }} '
        f'@bottom-right {{ content: counter(page) " of " counter(pages); {small} }} }} }}</style>'
    )


def head_above(freshness: Freshness) -> Callable[[str], None]:
    """Return what writes a page's head here, above the choices that its title depends on."""
    top = st.container()

    def write(title: str) -> None:
        with top:
            head(title, freshness)

    return write


def numbered(number: Any, name: str) -> str:
    """Return a district as a box offers it, `8 · Chicago Lawn`: 8 typed finds it, and not 18 first."""
    return f"{number} · {name.removesuffix(f' ({number})')}"


def choose_district(districts: pd.DataFrame) -> tuple[int, str]:
    """Return number and name of the district that is chosen.

    districts: a row each, with `district` and `district_name`.
    """
    names = {
        str(int(number)): shapes.place(name, number)
        for number, name in zip(districts["district"], districts["district_name"], strict=True)
    }
    options = {number: numbered(number, name) for number, name in names.items()}
    chosen = choose("Police district", "district", options, next(iter(options)))
    return int(chosen), names[chosen]


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

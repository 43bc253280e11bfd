"""The dashboard's frame: the list of pages, and what stands in their place when there is nothing to show.

Run by Streamlit (`make dashboard`). A page is a module of dashboard/site/ with a function `show`; it is given how new
the record is and which days are held.
"""

import logging
from collections.abc import Callable
from pathlib import Path

import streamlit as st

from dashboard import parts, shapes
from dashboard.site import (
    city_map,
    community_areas,
    district,
    districts,
    overview,
    quality,
    revisions,
    staffing,
    wards,
    when,
)
from dashboard.warehouse import (
    Freshness,
    NoWarehouseError,
    PipelineError,
    TooManyRightsError,
    read,
    read_freshness,
)

log = logging.getLogger(__name__)
Page = Callable[[Freshness, shapes.Held], None]


def main() -> None:
    """Draw the page that the address names."""
    st.set_page_config(
        page_title=parts.SITE, page_icon=str(Path(__file__).with_name("icon.png")), layout="wide"
    )
    parts.style()
    pages = [
        st.Page(_guarded(overview.show), title="Overview", url_path="home", default=True),
        st.Page(_guarded(city_map.show), title="Map", url_path="map"),
        st.Page(_guarded(when.show), title="When", url_path="when"),
        st.Page(_guarded(districts.show), title="Districts and beats", url_path="districts"),
        st.Page(_guarded(district.show), title="One district, to print", url_path="district"),
        st.Page(_guarded(staffing.show), title="Staffing", url_path="staffing"),
        st.Page(_guarded(wards.show), title="Wards", url_path="wards"),
        st.Page(_guarded(community_areas.show), title="Community areas", url_path="areas"),
        st.Page(_guarded(revisions.show), title="Revisions", url_path="revisions"),
        st.Page(_guarded(quality.show), title="Data quality", url_path="quality"),
        # The first page has the address of the site alone; people write its name as that of any other.
        st.Page(_guarded(overview.show), title="Overview", url_path="overview", visibility="hidden"),
    ]
    chosen = st.navigation(pages)
    parts.follow_dusk()
    parts.close_the_menu_of_a_phone(chosen.url_path)
    chosen.run()
    st.divider()
    st.caption(
        "As reported to the Chicago Police Department, preliminary, and changed since where the City changed it; "
        f"places are blocks, never addresses. The data are the City's, under its [terms of use]({parts.TERMS}), "
        "and come without any warranty."
    )


def _guarded(show: Page) -> Callable[[], None]:
    """Return a page that says what to do where it cannot be drawn."""

    def page() -> None:
        try:
            freshness = read_freshness()
            days = shapes.held(read(freshness, "held"))
            if days is None:
                _nothing_yet(freshness)
            else:
                show(freshness, days)
        except NoWarehouseError as error:
            st.title("Nothing to show yet")
            st.info(str(error))
        except TooManyRightsError as error:
            log.warning("page not drawn: %s", error)
            st.title("This login may do too much")
            st.error(str(error))
        except PipelineError as error:
            log.warning("page not drawn: %s", error)
            st.title("The numbers cannot be read now")
            st.error(str(error))
            st.button("Try again")

    page.__name__ = show.__module__.rpartition(".")[2]
    return page


def _nothing_yet(freshness: Freshness) -> None:
    st.title("Nothing to show yet")
    if freshness.load_state == "unfinished":
        st.info(
            f"The first load is under way, or broke off: {freshness.unfinished_windows} windows are still to come. "
            "The pages fill when it has ended; a run that broke off goes on with the next one."
        )
    else:
        st.info("The warehouse holds no crime yet. The next run loads them: `make run`, or `make demo`.")
    st.button("Try again")


main()

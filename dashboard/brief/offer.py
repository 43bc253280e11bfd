"""The brief of one place, offered on its page as a file to print: the same sheet as the week's."""

import importlib.util
from collections.abc import Callable
from ctypes.util import find_library
from functools import cache

import streamlit as st

from dashboard.brief.contents import Brief
from dashboard.brief.write import pdf_maker


@cache
def _has_pdf() -> bool:
    """Return whether a PDF can be made, without loading what makes it: that takes a second."""
    return importlib.util.find_spec("weasyprint") is not None and find_library("pango-1.0") is not None


def offer(name: str, make: Callable[[], Brief]) -> None:
    """Offer a brief as PDF, or as HTML where no PDF can be made; it is made when it is asked for."""

    def file() -> bytes:
        html = make().html
        to_pdf = pdf_maker() if _has_pdf() else None
        return to_pdf(html) if to_pdf else html.encode()

    suffix, mime = ("pdf", "application/pdf") if _has_pdf() else ("html", "text/html")
    st.download_button(
        f"This week on one page ({suffix.upper()})",
        data=file,
        file_name=f"{name}.{suffix}",
        mime=mime,
        key=f"brief-{name}",
        on_click="ignore",
        type="tertiary",
        icon=":material/print:",
    )

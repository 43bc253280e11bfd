"""Writing the briefs: which places, as HTML and where it can be made as PDF, to a folder or to S3, and a list of them.

One folder a week, named by the newest day that is published whole; a week that is written again is replaced.
"""

import logging
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from html import escape
from typing import Any, Final

import pandas as pd

from dashboard import findings, shapes
from dashboard.brief.contents import Brief, district_brief, ward_brief
from dashboard.items import Asked
from dashboard.warehouse import Freshness, PipelineError, read_freshness_for_files
from tasks.cloud.folders import Partials, open_folder
from tasks.errors import LoadError, UsageError

log = logging.getLogger(__name__)

USUAL_FOLDER: Final = "briefs"
INDEX: Final = "index.html"


@dataclass(frozen=True)
class Wanted:
    """Of which districts and wards; none named: all of both."""

    districts: Collection[int] = ()
    wards: Collection[int] = ()

    @property
    def is_all(self) -> bool:
        """Return whether no place was named."""
        return not self.districts and not self.wards


@dataclass(frozen=True)
class Written:
    """What was written: where, of which week, and of each place its title, files and findings."""

    folder: str
    week: str
    briefs: tuple[Brief, ...]
    has_pdf: bool


def write_briefs(destination: str, wanted: Wanted) -> Written:
    """Write the briefs below a folder or `s3://bucket/prefix`, and return what was written.

    Raises `PipelineError` where nothing can be read or written, `UsageError` for a place that there is not.
    """
    freshness = read_freshness_for_files()
    asked = Asked(freshness, {"family": "city"})
    days = shapes.held(asked.read("held"))
    newest = findings.newest_week(asked)
    if days is None or newest is None:
        raise LoadError("there is no week to write of yet: the next run loads it (make run, or make demo)")
    week = findings.span(newest)
    briefs = tuple(_briefs(freshness, days, wanted, week))
    folder = f"{destination.rstrip('/')}/{pd.Timestamp(newest['last_date']):%Y-%m-%d}"
    to_pdf = pdf_maker()
    files, place = open_folder(folder, "brief")
    try:
        with Partials(files, place) as partials:
            for brief in briefs:
                _put(partials, f"{brief.name}.html", brief.html.encode())
                if to_pdf is not None:
                    _put(partials, f"{brief.name}.pdf", to_pdf(brief.html))
                log.info("brief=%s", brief.name)
            written = Written(folder, week, briefs, to_pdf is not None)
            # A few briefs that a person asked for leave the week's list as it is.
            if wanted.is_all:
                _put(partials, INDEX, to_index(written).encode())
            partials.publish()
    except OSError as error:
        raise LoadError(f"the brief to {folder} failed: {error}") from error
    return written


def _put(partials: Partials, name: str, content: bytes) -> None:
    with partials.open(name) as sink:
        sink.write(content)


def _briefs(freshness: Freshness, days: shapes.Held, wanted: Wanted, week: str) -> Iterator[Brief]:
    asked = Asked(freshness)
    districts = asked.read("districts").dropna(subset=["district"])
    # District 31 is not in the city.
    districts = districts[districts["address"].notna()]
    wards = asked.read("wards").dropna(subset=["ward"])
    for number in _chosen("district", wanted.districts, districts["district"], is_all=wanted.is_all):
        yield district_brief(freshness, days, districts[districts["district"] == number].iloc[0], week)
    for ward in _chosen("ward", wanted.wards, wards["ward"], is_all=wanted.is_all):
        yield ward_brief(freshness, days, wards, ward, week)


def _chosen(what: str, asked: Collection[int], held: "pd.Series[Any]", *, is_all: bool) -> list[int]:
    known = [int(number) for number in held]
    if is_all:
        return known
    missing = sorted(set(asked) - set(known))
    if missing:
        raise UsageError(f"there is no {what} {missing[0]}; known are {', '.join(map(str, known))}")
    return list(asked)


def pdf_maker() -> Callable[[str], bytes] | None:
    """Return what makes a PDF of HTML, or None where WeasyPrint's libraries are not installed."""
    try:
        from weasyprint import HTML  # noqa: PLC0415 - it loads libraries of the system, which not each machine has
        from weasyprint.urls import URLFetcher  # noqa: PLC0415
    except (ImportError, OSError) as error:
        log.warning(
            "no PDF: WeasyPrint cannot be loaded (%s); the HTML prints as well", str(error).split("\n")[0]
        )
        return None
    for name in ("weasyprint", "fontTools"):
        # They name each thing that they leave out of a picture.
        logging.getLogger(name).setLevel(logging.ERROR)
    # A sheet holds all that it shows, and asks nobody for anything.
    fetcher = URLFetcher(allowed_protocols={"data"}, fail_on_errors=True)
    return lambda html: bytes(HTML(string=html, url_fetcher=fetcher).write_pdf())


def to_index(written: Written) -> str:
    """Return the list of a week's briefs, those with something out of the ordinary first."""
    ordered = sorted(written.briefs, key=lambda brief: not brief.finding.startswith("- "))
    rows = "".join(
        f'<li><a href="{brief.name}.html">{escape(brief.title)}</a>'
        + (f' (<a href="{brief.name}.pdf">PDF</a>)' if written.has_pdf else "")
        + f" {escape(' '.join(line.removeprefix('- ') for line in brief.finding.splitlines()))}</li>"
        for brief in ordered
    )
    title = f"Weekly briefs, {written.week}"
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        "<style>body { font: 16px/1.5 sans-serif; max-width: 60rem; margin: 2rem auto; }</style></head>"
        f"<body><h1>{title}</h1><ul>{rows}</ul></body></html>\n"
    )


__all__ = [
    "INDEX",
    "USUAL_FOLDER",
    "PipelineError",
    "Wanted",
    "Written",
    "pdf_maker",
    "to_index",
    "write_briefs",
]

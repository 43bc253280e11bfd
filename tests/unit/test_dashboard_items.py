"""Pages as lists: what each item names is there, and each says what to know of it."""

import importlib
import pkgutil
import re
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

import dashboard.site
from dashboard import shapes
from dashboard.columns import COLUMNS
from dashboard.items import Chart, Figure, Table
from dashboard.site import city_map, district, overview, staffing, wards, when
from tasks.contract.reference import read_bundled

PROJECT = Path(__file__).resolve().parents[2]
FIGURES = [
    (module.name, item)
    for module in pkgutil.iter_modules(dashboard.site.__path__)
    for value in vars(importlib.import_module(f"dashboard.site.{module.name}")).values()
    for item in (value if isinstance(value, tuple) else (value,))
    if isinstance(item, Figure)
]
HELD = shapes.Held(date(2024, 1, 1), date(2024, 4, 1), date(2024, 1, 2), date(2024, 3, 11))
ALL_DAYS = dict.fromkeys(("kind", "violent", "district", "ward", "time_of_day")) | {
    "first_date": HELD.first,
    "last_date": HELD.last,
    "layer": "cell",
}


def test_the_pages_have_figures():
    assert {name for name, _ in FIGURES} >= {
        "when",
        "districts",
        "district",
        "wards",
        "revisions",
        "staffing",
        "quality",
    }


COLUMNS_OF_CHANGES = ["family", "member", "compared_with", "dispersion"]
MADE = [
    ("when", when._holidays(when._if_any_day)),
    ("overview", overview._trend(pd.DataFrame(columns=COLUMNS_OF_CHANGES))),
    ("district", district.beats_compared(8)),
    ("wards", wards.like_it(27)),
]
SOURCES = [
    ({}, "map_totals"),
    ({"kind": "THEFT"}, "map_kinds"),
    ({"time_of_day": "night"}, "map_cells"),
    ({"layer": "beat"}, "map_areas_counted"),
    ({"layer": "ward", "ward": 27}, "map_areas"),
    ({"layer": "area"}, "map_community_areas"),
]


@pytest.mark.parametrize(("more", "query"), SOURCES)
def test_the_map_has_a_source_for_whatever_is_asked_and_it_takes_what_is_chosen(more, query):
    source = city_map._source(HELD, ALL_DAYS | more)
    assert source.query == query
    text = (PROJECT / "sql" / "dashboard" / f"{query}.sql").read_text("utf-8")
    assert all(f":{name}" in text for name in source.asks)
    assert source.view in re.findall(r"(?:from|join) chicago\.(\w+)", text)


@pytest.mark.parametrize(("page", "figure"), FIGURES + MADE, ids=lambda value: getattr(value, "name", value))
def test_a_figure_names_a_query_a_view_and_what_to_know_of_it(page, figure):
    query = (PROJECT / "sql" / "dashboard" / f"{figure.query}.sql").read_text("utf-8")
    assert all(f":{name}" in query for name in figure.asks)
    assert f"{page}.py" in query
    known = {path.stem for path in (PROJECT / "sql" / "views").glob("*.sql")} | {"crime_history"}
    assert figure.view in known
    assert figure.view in re.findall(r"(?:from|join) chicago\.(\w+)", query)
    assert callable(figure.caveat) or figure.caveat.strip().endswith(".")
    assert callable(figure.title) or figure.title
    if isinstance(figure, Table):
        assert set(figure.columns) <= set(COLUMNS)
    if isinstance(figure, Chart):
        assert figure.drawing.__module__ == "dashboard.charts"
        assert figure.alt


def test_no_two_figures_of_a_page_are_downloaded_under_one_name():
    figures = {id(figure): (page, figure.name) for page, figure in FIGURES}
    assert len(set(figures.values())) == len(figures)


def test_the_watches_of_a_table_are_those_of_the_list():
    watches = read_bundled("watches").sort_values("watch")
    assert tuple(watches["watch_name"]) == staffing._WATCHES
    for watch in watches.itertuples():
        hours = f"{watch.starts_at_hour:02}:00 to {watch.ends_at_hour:02}:00"
        assert hours in COLUMNS[watch.watch_name].meaning


@pytest.mark.parametrize(
    ("below", "found"),
    [
        ((True, True, False), "Third watch"),
        ((True, False, False), "Second watch or third watch"),
        ((False, False, False), "Not told apart"),
    ],
)
def test_a_beat_has_most_in_the_watches_that_chance_leaves_it(below, found):
    means = (0.5, 0.9, 1.04)
    watches = pd.DataFrame(
        {
            "beat": "1834",
            "watch_name": list(staffing._WATCHES),
            "crimes_per_day": means,
            "crimes_per_day_low": [mean - 0.2 for mean in means],
            "crimes_per_day_high": [mean + 0.2 for mean in means],
            "is_below_most": below,
        }
    )
    (row,) = staffing._by_beat(watches).to_dict("records")
    assert row["third_watch_crimes_per_day"] == 1.04, "a file has numbers"
    assert row["busiest_watch"] == found
    assert row["Third watch"] == "1.0 (0.8 to 1.2)"
    assert staffing._told_apart(pd.DataFrame([row])).startswith(
        "Beats, and crimes a day in each watch: "
        + ("in 1 of 1 one watch has most" if found == "Third watch" else "no beat has one watch with most")
    )

"""Pages as lists: what each item names is there, and each says what to know of it."""

import importlib
import pkgutil
from pathlib import Path

import pytest

import dashboard.site
from dashboard.items import Chart, Figure

PROJECT = Path(__file__).resolve().parents[2]
FIGURES = [
    (module.name, item)
    for module in pkgutil.iter_modules(dashboard.site.__path__)
    for value in vars(importlib.import_module(f"dashboard.site.{module.name}")).values()
    for item in (value if isinstance(value, tuple) else (value,))
    if isinstance(item, Figure)
]


def test_the_pages_have_figures():
    assert {name for name, _ in FIGURES} >= {
        "overview",
        "when",
        "districts",
        "district",
        "wards",
        "revisions",
        "quality",
    }


@pytest.mark.parametrize(("page", "figure"), FIGURES, ids=lambda value: getattr(value, "name", value))
def test_a_figure_names_a_query_a_view_and_what_to_know_of_it(page, figure):
    query = (PROJECT / "sql" / "dashboard" / f"{figure.query}.sql").read_text("utf-8")
    assert all(f":{name}" in query for name in figure.asks)
    assert f"{page}.py" in query
    known = {path.stem for path in (PROJECT / "sql" / "views").glob("*.sql")} | {"crime_history"}
    assert figure.view in known
    assert callable(figure.caveat) or figure.caveat.endswith(".")
    if isinstance(figure, Chart):
        assert figure.drawing.__module__ == "dashboard.charts"
        assert figure.alt


def test_no_two_figures_of_a_page_are_downloaded_under_one_name():
    figures = {id(figure): (page, figure.name) for page, figure in FIGURES}
    assert len(set(figures.values())) == len(figures)

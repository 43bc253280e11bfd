"""What a page of the dashboard costs: in Chromium, and each of its queries alone. `make bench-dashboard`.

The rows are those of bench/views.py, made in the database. A visit is timed from the click on a page's name in the list
until the server has answered with all of the page, and until every chart is drawn too, which the browser does on the
same cores: first with an empty cache of the dashboard (a run has just ended), then again. Opening is timed in the same
way, for a shared address in a new tab, Streamlit's own page included. Medians, and in brackets the longest. For each
query, whether its plan reads the whole table of crimes.
"""

import argparse
import os
import platform
import re
import socket
import statistics
import subprocess
import sys
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import psycopg
from playwright.sync_api import sync_playwright
from psycopg import sql
from sqlalchemy import text

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

from bench.views import LAST_DAY, Bench  # noqa: E402
from tasks.local import services as local_services  # noqa: E402
from tasks.warehouse.sql_files import statements  # noqa: E402
from tasks.warehouse.views import deploy_views  # noqa: E402
from tests.browser import FLAGS, found_browser, wait_for_server  # noqa: E402

LOOKS = 7
COMPLETE = LAST_DAY - timedelta(days=20)
# A page's name in the list, its address, and what is chosen in it.
PAGES = {
    "Overview": ("", "Is it getting worse?"),
    "Map": ("map", "Map"),
    "When": ("when", "When"),
    "Districts and beats": ("districts", "Districts and beats"),
    "One district, to print": ("district?district=8", "District "),
    "Staffing": ("staffing?district=8", "Staffing"),
    "Wards": ("wards?ward=27", "Wards"),
    "Community areas": ("areas", "Community areas"),
    "Revisions": ("revisions", "Revisions"),
    "Data quality": ("quality", "Data quality"),
}
MORE_ADDRESSES = {
    "Map, beats, all days": "map?layer=beat&period=all",
    "Map, community areas by residents": "map?layer=area&show=rate",
    "Map, cells, all days": "map?layer=cell&period=all",
    "Map, cells, all days, one kind": "map?layer=cell&period=all&kind=BATTERY",
    "Map, cells, 364 days, violent, evening": "map?layer=cell&period=364&violent=yes&time=evening",
}
# A page is answered when its title is shown, the server has finished, and nothing is left of the page before.
ANSWERED = """title => {
    const app = document.querySelector('[data-testid=stApp]');
    const heads = [...document.querySelectorAll('[data-testid=stMain] h1')];
    return app && app.dataset.testScriptState === 'notRunning'
        && heads.length === 1 && heads[0].innerText.trim().startsWith(title)
        && !document.querySelector('[data-stale=true]');
}"""
DRAWN = """() => [...document.querySelectorAll('[data-testid=stVegaLiteChart]')]
    .every(chart => chart.querySelector('canvas, svg'))
    && [...document.querySelectorAll('iframe')].every(map => map.contentDocument?.documentElement?.dataset.drawn)"""
HEAD = ["Page", "first: answered, s", "drawn, s", "again: answered, s", "drawn, s", "opened in a new tab, s"]
ASKED = {
    "first_date": COMPLETE - timedelta(days=27),
    "last_date": COMPLETE,
    "kind": None,
    "violent": None,
    "district": None,
    "ward": None,
    "time_of_day": None,
    "basis": "actual",
    "layer": "district",
    "compared_with": "previous",
    "area": 25,
    "family": "ward",
    "since": COMPLETE - timedelta(days=363),
    "until": COMPLETE,
    "south": 41.87,
    "west": -87.65,
    "north": 41.89,
    "east": -87.62,
}
A_YEAR = {"first_date": COMPLETE - timedelta(days=363)}
TWO_YEARS = {"first_date": LAST_DAY - timedelta(days=730), "last_date": LAST_DAY}
# The queries with a page's parameters: of each query the widest that any page asks.
QUERIES = {
    "map_cells": [{}, A_YEAR, {**TWO_YEARS, "time_of_day": "evening"}],
    "map_areas": [{"layer": "district"}, {**A_YEAR, "layer": "beat"}, {**TWO_YEARS, "layer": "ward"}],
    "map_areas_counted": [{"layer": "beat"}],
    "map_community_areas": [{}, TWO_YEARS],
    "map_blocks": [{}, TWO_YEARS],
    "map_kinds": [{"kind": "BATTERY"}, {"violent": True}],
    "days": [{"first_date": LAST_DAY - timedelta(days=730)}, {"first_date": date(2001, 1, 1)}],
    "ward_days": [{"ward": 27, "first_date": LAST_DAY - timedelta(days=400), "last_date": LAST_DAY}],
    "ward_kinds": [{"ward": 27}],
    "ward_blocks": [{"ward": 27}],
    "ward_kinds_by_year": [{"ward": 27}],
    "district_days": [{"district": 8, "first_date": LAST_DAY - timedelta(days=391)}],
    "district_kinds": [{}, {"district": 8}],
    "beats": [{}, {"district": 8}],
}


def said(seconds):
    """Return the median and the longest, for the table."""
    return f"{statistics.median(seconds):.2f} ({max(seconds):.2f})"


def wait_for(tab, title, began):
    """Return the seconds from a beginning until a page is answered, and until it is drawn."""
    tab.wait_for_function(ANSWERED, arg=title, timeout=60_000)
    answered = time.perf_counter() - began
    tab.wait_for_function(DRAWN, timeout=60_000)
    return answered, time.perf_counter() - began


def start_server(database):
    """Return Streamlit's process and its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "dashboard", "--server.port", str(port)],
        cwd=PROJECT,
        env={**os.environ, "ENV_FILE": "", "DATABASE_NAME": database},
        stdout=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    wait_for_server(url)
    return server, url


class Looker:
    """A browser on the dashboard, with a stopwatch."""

    def __init__(self, browser, url, bench):
        self.context = browser.new_context(viewport={"width": 1280, "height": 900})
        self.url = url
        self.bench = bench

    def forget(self):
        """Pretend that another run has ended, after which the dashboard asks everything again."""
        self.bench.connection.execute("update pipeline.runs set started_at = clock_timestamp()")

    def open(self, path, page=None):
        """Return the seconds of a page by its address, in a new tab unless one is given."""
        tab = page or self.context.new_page()
        began = time.perf_counter()
        tab.goto(f"{self.url}/{path}")
        wait_for(tab, "", began)
        seconds = time.perf_counter() - began
        if page is None:
            tab.close()
        return seconds

    def clicks(self, forget):
        """Return the seconds until each page is answered, and drawn, by its name; one after another in one tab."""
        tab = self.context.new_page()
        self.open("quality", tab)
        found = {}
        for name, (_, title) in PAGES.items():
            if forget:
                self.forget()
            link = tab.get_by_test_id("stSidebarNavLink").get_by_text(name, exact=True)
            began = time.perf_counter()
            link.click()
            found[name] = wait_for(tab, title, began)
        tab.close()
        return found


def look(bench, url):
    """Return the table of visits: a page, and its seconds at first, again, and opened."""
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=found_browser(), args=FLAGS)
        looker = Looker(browser, url, bench)
        looker.clicks(forget=True)  # the very first makes the browser compile Streamlit's scripts
        first = [looker.clicks(forget=True) for _ in range(LOOKS)]
        again = [looker.clicks(forget=False) for _ in range(LOOKS)]
        rows = {
            name: [
                *(said(seconds) for seconds in zip(*(times[name] for times in first), strict=True)),
                *(said(seconds) for seconds in zip(*(times[name] for times in again), strict=True)),
                said([looker.open(path) for _ in range(LOOKS)]),
            ]
            for name, (path, _) in PAGES.items()
        }
        for name, path in MORE_ADDRESSES.items():
            anew = []
            for _ in range(LOOKS):
                looker.forget()
                anew.append(looker.open(path))
            rows[f"{name} (opened, nothing kept)"] = ["", "", "", "", said(anew)]
        browser.close()
    return rows


def ask(bench):
    """Return the table of queries: name, what is asked, milliseconds, and whether crimes are read whole."""
    rows = {}
    for file in sorted((PROJECT / "sql" / "dashboard").glob("*.sql")):
        for asked in QUERIES.get(file.stem, [{}]):
            (statement,) = statements(f"dashboard/{file.stem}")
            named = {**ASKED, **asked}
            given = {key: named[key] for key in statement.compile().params}
            with bench.engine.connect() as connection:
                connection.execute(text("set jit = off"))
                plan = "\n".join(connection.execute(text(f"explain {statement}"), given).scalars())
                times = []
                for _ in range(LOOKS):
                    began = time.perf_counter()
                    connection.execute(statement, given).all()
                    times.append(1000 * (time.perf_counter() - began))
            name = file.stem + "".join(f", {key} {value}" for key, value in asked.items())
            rows[name] = [
                f"{statistics.median(times):,.1f} ({max(times):,.1f})",
                "yes" if re.search(r"Seq Scan on crimes\b(?!_)", plan) else "no",
            ]
    return rows


def table(head, rows):
    """Print a table of Markdown."""
    print("\n| " + " | ".join(head) + " |\n|" + "---|" * len(head))
    for name, cells in rows.items():
        print("| " + " | ".join([name, *cells]) + " |")


def measure(postgres, rows):
    """Print the tables of one size; its database is dropped at the end."""
    name = f"bench_dashboard_{os.getpid()}_{rows}"
    local_services.ensure_database(postgres, name)
    bench = Bench(postgres.conninfo(name), rows)
    server = None
    try:
        began = time.perf_counter()
        bench.build()
        bench.connection.execute(
            "insert into pipeline.runs (run_id, mode, kind, status, started_at, planned_at, ended_at)"
            " values (gen_random_uuid(), 'auto', 'backfill', 'done', now(), now(), now())"
        )
        deploy_views(bench.engine)
        bench.connection.execute("vacuum analyze")
        print(f"\n**{rows:,} rows** (made in {time.perf_counter() - began:,.0f} s)", flush=True)
        table(["Query", "ms", "reads crimes whole"], ask(bench))
        server, url = start_server(name)
        table(HEAD, look(bench, url))
        print(f"\nLoad of the machine after it: {os.getloadavg()[0]:.1f}", flush=True)
    finally:
        if server is not None:
            server.terminate()
            server.wait()
        bench.close()
        with psycopg.connect(postgres.conninfo("postgres"), autocommit=True) as connection:
            connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


def main(project=PROJECT):
    """Measure each size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="*", default=[250_000])
    sizes = parser.parse_args().rows
    if found_browser() is None:
        sys.exit(
            "There is no Chromium on this machine: apt-get install chromium, or name one by BROWSER_PROGRAM."
        )
    postgres = local_services.ensure_postgres(project)
    print(
        f"{datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, {os.cpu_count()} cores (load {os.getloadavg()[0]:.1f}),"
        f" Python {platform.python_version()}"
    )
    for rows in sizes:
        measure(postgres, rows)


if __name__ == "__main__":
    main()

"""Benchmarks run: they are started by hand, so that nobody would see for weeks that a migration broke one."""

import re

from bench import dashboard, views


def test_the_benchmark_of_the_views_reads_each_of_them(postgres):
    figures = views.measure(postgres, 2_000)
    asked = {name.split(" (")[0] for name in figures}
    assert {file.name for file in views.read_view_files()} <= asked


def test_the_benchmark_of_the_dashboard_asks_each_of_its_queries(postgres, database):
    bench = views.Bench(postgres.conninfo(database), 2_000)
    try:
        bench.build()
        views.deploy_views(bench.engine)
        bench.live_a_day()
        assert bench.connection.execute("select count(*) from chicago.crime_history").fetchone() == (40,)
        asked = dashboard.ask(bench)
    finally:
        bench.close()
    files = {file.stem for file in (dashboard.PROJECT / "sql" / "dashboard").glob("*.sql")}
    assert files == {name.split(",")[0] for name in asked}


def test_the_benchmark_of_the_dashboard_looks_at_each_page_and_knows_its_title():
    """It waited for a title that a page had no longer, and nobody saw."""
    folder = dashboard.PROJECT / "dashboard"
    listed = re.findall(r'title="([^"]+)", url_path="(?!overview")', (folder / "app.py").read_text("utf-8"))
    assert list(dashboard.PAGES) == listed
    pages = "".join(page.read_text("utf-8") for page in (folder / "site").glob("*.py"))
    for _, title in dashboard.PAGES.values():
        assert re.search(rf'head\(f?"{re.escape(title)}', pages), title

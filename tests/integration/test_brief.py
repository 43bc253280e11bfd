"""The weekly brief: its files read back, its numbers against SQL, S3, and its deployment's flow on a real server.

One city of 440 days for the module; the briefs are made in this process, as the pages are.
"""

import os

import pytest
import requests
from moto.server import ThreadedMotoServer
from prefect.settings import PREFECT_API_URL, temporary_settings
from pyarrow.fs import FileSelector, S3FileSystem

from tasks.errors import UsageError
from tests.integration.views_support import generated_city, placed_city, read_in_this_process

ROLE = "brief_analyst"
OF_DISTRICT = "chicago.nowcast_periods where family = 'district' and place = '8'"
PRINTS = pytest.mark.skipif(
    os.system("ldconfig -p | grep -q libpangoft2-1.0") != 0 and not os.environ.get("REQUIRE_BROWSER"),
    reason="WeasyPrint draws with Pango (apt-get install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0)",
)


@pytest.fixture(scope="module")
def ask(postgres, template):
    """Give ways to ask a warehouse of 440 days, which the briefs of this process read."""
    crimes = generated_city(8, "2023-01-02", days=440, per_day=30)
    # The owner: a run's own login, which the dashboard refuses, may write a brief.
    with (
        placed_city(postgres, template, crimes, ROLE) as name,
        read_in_this_process(postgres, name, postgres.user) as connection,
    ):
        yield lambda query: connection.exec_driver_sql(query).scalar_one()


def text_of(path):
    """Return a PDF's number of pages, the size of the first in points, and its text as one line."""
    from pypdf import PdfReader

    pages = PdfReader(path).pages
    text = " ".join(page.extract_text() for page in pages)
    return len(pages), (pages[0].mediabox.width, pages[0].mediabox.height), " ".join(text.split())


@PRINTS
def test_a_brief_is_one_letter_sheet_with_the_numbers_of_the_views_and_what_to_know_of_them(ask, tmp_path):
    from dashboard.brief.write import Wanted, write_briefs

    written = write_briefs(str(tmp_path), Wanted(districts=[8, 11], wards=[27]))
    names = ["district-08", "district-11", "ward-27"]
    assert [brief.name for brief in written.briefs] == names
    assert sorted(path.name for path in tmp_path.glob("*/*")) == sorted(
        f"{name}.{suffix}" for name in names for suffix in ("html", "pdf")
    )
    week = ask("select max(last_date)::text from chicago.nowcast_periods where period = 'newest_7'")
    for name, queries in {
        "district-08": (
            "select last_year from chicago.crimes_by_district where district = 8",
            f"select crimes from {OF_DISTRICT} and period = 'newest_28'",
            f"select nowcast from {OF_DISTRICT} and period = 'newest_7'",
        ),
        "ward-27": (
            "select year_to_date from chicago.ward_crimes_summary where ward = 27",
            "select low from chicago.nowcast_periods where family = 'ward' and place = '27' and period = 'newest_28'",
        ),
    }.items():
        pages, size, text = text_of(tmp_path / week / f"{name}.pdf")
        assert (pages, size) == (1, (612.0, 792.0))
        for query in queries:
            assert f"{ask(query):,}" in text
        for word in (
            "Weekly brief",
            "Out of the ordinary here",
            "so far",
            "in the end",
            "It does not say why.",
        ):
            assert word in text
        html = (tmp_path / week / f"{name}.html").read_text("utf-8")
        assert "http" not in html.replace(
            "https://www.chicago.gov/city/en/narr/foia/data_disclaimer.html", ""
        ).replace("http-equiv", "")


def test_all_places_are_written_and_listed_and_one_that_there_is_not_is_named(ask, tmp_path, monkeypatch):
    from dashboard.brief import sheet, write
    from dashboard.brief.__main__ import main

    # Seventy pictures and PDFs say no more than three.
    monkeypatch.setattr(write, "pdf_maker", lambda: None)
    monkeypatch.setattr(sheet, "_picture", lambda _chart, _frame: "data:,")
    with pytest.raises(UsageError, match="there is no ward 99; known are 1, 2, 3"):
        write.write_briefs(str(tmp_path), write.Wanted(wards=[99]))
    assert main(["--to", str(tmp_path), "--district", "99"]) == 2
    assert list(tmp_path.glob("*/*")) == []
    written = write.write_briefs(str(tmp_path), write.Wanted())
    listed = (tmp_path / next(tmp_path.glob("*")).name / "index.html").read_text("utf-8")
    assert len(written.briefs) == 22 + 50
    assert all(f'href="{brief.name}.html"' in listed for brief in written.briefs)


def test_the_flow_writes_to_s3_and_leaves_an_artifact_that_says_where(ask, prefect_server, monkeypatch):
    from dashboard.brief import write
    from dashboard.brief.flow import weekly_brief

    monkeypatch.setattr(write, "pdf_maker", lambda: None)
    server = ThreadedMotoServer(port=0)
    server.start()
    endpoint = f"http://127.0.0.1:{server._server.server_port}"
    for name, value in {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    try:
        files = S3FileSystem(
            endpoint_override=endpoint, access_key="key", secret_key="secret", allow_bucket_creation=True
        )
        files.create_dir("kept")
        with temporary_settings({PREFECT_API_URL: prefect_server.api_url}):
            state = weekly_brief("s3://kept/exports/briefs", districts=[8], wards=[27], return_state=True)
        assert state.is_completed()
        found = [
            info.path for info in files.get_file_info(FileSelector("kept", recursive=True)) if info.is_file
        ]
    finally:
        server.stop()
    assert [path.rpartition("/")[2] for path in sorted(found)] == ["district-08.html", "ward-27.html"]
    run = str(state.state_details.flow_run_id)
    where = {"artifacts": {"flow_run_id": {"any_": [run]}}}
    left = requests.post(f"{prefect_server.api_url}/artifacts/filter", json=where, timeout=30).json()
    pages = {artifact["key"]: artifact for artifact in left}
    assert set(pages) == {"weekly-brief", "weekly-brief-files"}
    assert "s3://kept/exports/briefs/2024-03-" in pages["weekly-brief"]["data"]
    assert pages["weekly-brief"]["description"].startswith("Weekly briefs, ")

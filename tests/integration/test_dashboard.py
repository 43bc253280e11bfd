"""The dashboard in a real browser, over a real PostgreSQL with the analyst's role: Chromium, driven by Playwright.

One city, one Streamlit server and one browser for the module. Every page is watched: an error of the console, a request
to another machine or an exception on the page fails the test. Without Chromium the tests are skipped; with
REQUIRE_BROWSER they fail.
"""

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pandas as pd
import psycopg
import pytest

from tests.browser import FLAGS, Visit, found_browser, wait_for_server
from tests.integration.views_support import generated_city, placed_city
from tests.required import skip_or_fail

PROJECT = Path(__file__).resolve().parents[2]
ROLE = "dashboard_analyst"
REVISED = """
insert into chicago.crime_history
select (jsonb_populate_record(null::chicago.crime_history, to_jsonb(crimes) || jsonb_build_object(
    'crime_id', 'old-' || crime_id, 'arrest', not arrest, 'primary_description', 'ASSAULT', 'retired_at', now(),
    'reason', case when number <= 30 then 'revised' else 'withdrawn' end,
    'replaced_by', case when number <= 30 then crime_id end,
    'run_id', gen_random_uuid()))).*
from (select *, row_number() over (order by crime_id) as number from chicago.crimes where arrest limit 40) as crimes
"""


class Site:
    """The server's address, and ways to ask its database as its owner."""

    def __init__(self, url, conninfo):
        self.url = url
        self.conninfo = conninfo

    def query(self, statement, *parameters):
        with psycopg.connect(self.conninfo, autocommit=True) as connection:
            cursor = connection.execute(statement, parameters or None)
            return cursor.fetchall() if cursor.description else []

    def value(self, statement, *parameters):
        return self.query(statement, *parameters)[0][0]


@pytest.fixture(scope="module")
def site(postgres, template):
    """Give the dashboard over a city of 440 days and of the analyst's role."""
    crimes = generated_city(8, "2023-01-02", days=440, per_day=60)
    with placed_city(postgres, template, crimes, ROLE) as name:
        with psycopg.connect(postgres.conninfo(name)) as connection:
            connection.execute(REVISED)
            connection.execute("refresh materialized view chicago.crime_revisions")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        own = {key: value for key, value in os.environ.items() if not key.startswith(("DB_", "PREFECT_"))}
        settings = {
            "ENV_FILE": "",
            "SERVER_NAME": str(postgres.socket_dir),
            "DB_USERNAME": ROLE,
            "DATABASE_NAME": name,
        }
        server = subprocess.Popen(
            [sys.executable, "-m", "dashboard", "--server.port", str(port)],
            cwd=PROJECT,
            env={**own, **settings, "DB_SSLMODE": "disable"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        url = f"http://127.0.0.1:{port}"
        wait_for_server(url)
        yield Site(url, postgres.conninfo(name))
        server.kill()  # asked to end, it waits some seconds for its browser
        server.wait()


@pytest.fixture(scope="module")
def browser():
    """Give Chromium."""
    program = found_browser()
    if program is None:
        skip_or_fail(
            "REQUIRE_BROWSER",
            "there is no Chromium on this machine (apt-get install chromium, or BROWSER_PROGRAM)",
        )
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=program, args=FLAGS)
        yield opened.new_context(viewport=DESK, accept_downloads=True)
        opened.close()


@pytest.fixture(scope="module")
def tab(site, browser):
    """Give the one tab of all tests: to load Streamlit's page takes longer than what most of them look at."""
    page = browser.new_page()
    page.set_default_timeout(60_000)
    return Visit(page, site.url)


@pytest.fixture
def visit(tab):
    """Give the tab, in which nothing may have gone wrong at the end of a test."""
    tab.faults.clear()
    yield tab
    assert tab.page.locator('[data-testid="stException"]').count() == 0
    assert tab.faults == []


def shown(number):
    return f"{number:,}"


DESK = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}
ADDRESSES = (
    "",
    "overview",
    "map",
    "when",
    "districts",
    "district?district=8",
    "staffing?district=8",
    "wards?ward=27",
    "areas?area=25",
    "revisions",
    "quality",
)
PAGES = {
    "Overview": "select last_28_days from chicago.city_last_28_days where counted = 'violent'",
    "Map": "select count(*) from chicago.crimes where district between 1 and 25 and date_of_occurrence::date between"
    " (select first_date from chicago.city_last_28_days limit 1) and (select last_date from chicago.city_last_28_days"
    " limit 1)",
    "Revisions": "select count(*) from chicago.crime_history where reason = 'withdrawn'",
    "Data quality": "select count from chicago.data_quality where \"check\" = 'crimes'",
}


# The hours' file is of one population: complete days, at a known time.
KNOWN_TIMES = """
select count(*) from chicago.crimes_enriched join chicago.daily_crimes using (date)
where daily_crimes.is_complete and not is_placeholder_time
"""


def sees_number(visit, number):
    assert number
    visit.sees(re.compile(rf"(?<![\d,]){shown(number)}(?![\d,])"))


@pytest.mark.parametrize("name", PAGES)
def test_a_number_on_the_page_is_that_of_a_query(site, visit, name):
    visit.turn_to(name)
    sees_number(visit, site.value(PAGES[name]))


def test_when_and_districts_give_the_rows_of_their_views_and_their_filters_are_in_the_address(site, visit):
    for name, file, count, label, typed, address in (
        (
            "When",
            "crimes_by_weekday_and_hour",
            lambda frame: ((frame["crimes_per_day"] * frame["days"]).sum(), KNOWN_TIMES),
            "Which day",
            "the City is closed",
            "basis=observed",
        ),
        (
            "Districts and beats",
            "districts",
            lambda frame: (frame["crimes"].sum(), "select count(*) from chicago.crimes"),
            "Rank by",
            "Share of crimes",
            "measure=arrest_rate",
        ),
    ):
        visit.turn_to(name)
        frame = pd.read_csv(download(visit, "CSV", file))
        counted, expected = count(frame)
        assert counted == pytest.approx(site.value(expected), abs=0.5)
        visit.choose(label, typed)
        visit.page.wait_for_url(f"**{address}*")


def test_a_district_and_a_ward_are_chosen_by_the_address_and_on_the_page(site, visit):
    for path, label, typed, address, query in (
        (
            "district?district=8",
            "Police district",
            "Harrison",
            "district=11",
            "select last_year_violent from chicago.crimes_by_district where district =",
        ),
        (
            "wards?ward=27",
            "Ward",
            "5,",
            "ward=5",
            "select year_to_date from chicago.ward_crimes_summary where ward =",
        ),
    ):
        visit.go(path)
        sees_number(visit, site.value(f"{query} {path.partition('=')[2]}"))
        visit.choose(label, typed)
        visit.page.wait_for_url(f"**{address}*")
        sees_number(visit, site.value(f"{query} {address.partition('=')[2]}"))


def download(visit, kind, name):
    button = visit.page.locator(f".st-key-{kind.lower()}-{name} button").first
    if not button.is_visible():
        visit.page.locator(f".st-key-files-{name} button").first.click()
    with visit.page.expect_download() as waited:
        button.click()
    return waited.value.path()


def test_each_filter_of_the_map_changes_its_number_and_the_address(site, visit):
    visit.go("map?layer=cell&ward=any")
    where = ["latitude is not null"]
    for label, typed, address, condition in (
        ("When", "all days", "period=all", "true"),
        ("Kind of crime", "battery", "kind=BATTERY", "primary_type = 'BATTERY'"),
        ("Violent", "violent only", "violent=yes", "is_violent"),
        ("Time of day", "evening", "time=evening", "time_of_day = 'evening'"),
        ("Police district", "Chicago Lawn", "district=8", "district = 8"),
        ("Ward", "ward 27", "ward=27", "ward = 27"),
    ):
        visit.choose(label, typed)
        where.append(condition)
        expected = site.value(f"select count(*) from chicago.crimes_enriched where {' and '.join(where)}")
        visit.page.get_by_text(f"{shown(expected)} crimes on the map").wait_for()
        assert address in visit.page.url
    shared = visit.page.url
    visit.page.goto("about:blank")
    visit.go(shared.removeprefix(site.url + "/"))
    visit.sees(f"{shown(expected)} crimes on the map")


def test_dates_of_ones_choice_are_in_the_address(site, visit):
    visit.go("map?layer=cell&period=dates&from=2023-06-01&to=2023-06-30")
    expected = site.value(
        "select count(*) from chicago.crimes where latitude is not null"
        " and date_of_occurrence >= '2023-06-01' and date_of_occurrence < '2023-07-01'"
    )
    visit.sees(f"{shown(expected)} crimes on the map: from 1 June 2023 to 30 June 2023")


def test_an_address_that_asks_for_what_is_not_there_shows_the_ordinary_page(visit):
    visit.go("map?district=99&kind=';drop&period=dates&from=yesterday")
    visit.sees("crimes on the map")
    visit.sees("Police district: the address asks for '99', which there is not. Shown is whole city.")
    visit.sees("First day: the address asks for 'yesterday', which is no date.")
    visit.go("district?district=9999")
    visit.sees("Police district: the address asks for '9999', which there is not. Shown is 1 · Central.")


def test_a_first_day_after_the_last_is_said_and_the_days_between_are_shown(site, visit):
    expected = site.value(
        "select count(*) from chicago.crimes where latitude is not null"
        " and date_of_occurrence >= '2023-06-01' and date_of_occurrence < '2023-07-01'"
    )
    visit.go("map?layer=cell&period=dates&from=2023-06-30&to=2023-06-01")
    visit.sees("The first day, 30 June 2023, is after the last, 1 June 2023")
    visit.sees(f"{shown(expected)} crimes on the map: from 1 June 2023 to 30 June 2023")


def test_the_browsers_way_back_takes_back_one_choice(visit):
    from playwright.sync_api import expect

    visit.go("districts")
    visit.choose("Rank by", "Violent")
    visit.page.wait_for_url("**measure=last_year_violent*")
    visit.choose("Rank by", "Property")
    visit.page.wait_for_url("**measure=last_year_property*")
    visit.page.go_back()
    visit.page.wait_for_url("**measure=last_year_violent*")
    shown_choice = visit.page.get_by_role("combobox", name="Rank by")
    expect(shown_choice).to_have_value("Violent crimes of the last year")
    visit.settle()
    assert "measure=last_year_violent" in visit.page.url
    visit.page.go_back()
    expect(shown_choice).to_have_value("Crimes of the last year")
    assert "measure" not in visit.page.url


def test_a_chart_is_downloaded_as_a_picture_and_as_its_numbers(site, visit):
    visit.turn_to("Overview")
    visit.choose("Show", "all days")
    visit.page.wait_for_url("**span=all*")
    numbers = pd.read_csv(download(visit, "CSV", "crimes_by_day"))
    assert numbers["crimes"].sum() == site.value("select count(*) from chicago.crimes")
    picture = Path(download(visit, "PNG", "crimes_by_day")).read_bytes()
    assert picture.startswith(b"\x89PNG")
    assert len(picture) > 10_000


@pytest.fixture(scope="module")
def phone(site, browser):
    """Give a phone's tab: of its own, as Streamlit remembers where the menu was closed."""
    own = browser.browser.new_context(viewport=PHONE)
    page = own.new_page()
    page.set_default_timeout(60_000)
    visit = Visit(page, site.url)
    visit.go("quality")
    yield visit
    own.close()
    assert visit.faults == []


def fits(visit):
    main = visit.page.locator('[data-testid="stMain"]')
    return main.evaluate("element => element.scrollWidth <= element.clientWidth")


def is_open(visit):
    """Return whether the list of pages covers anything."""
    box = visit.page.get_by_test_id("stSidebar").bounding_box()
    return box is not None and box["x"] + box["width"] > 0


def test_a_phone_shows_each_page_without_scrolling_sideways_and_under_a_closed_menu(phone):
    for address in ADDRESSES:
        phone.go(address)
        assert fits(phone), address
        assert not is_open(phone), address
    phone.page.get_by_test_id("stExpandSidebarButton").click()
    phone.page.get_by_test_id("stSidebarNavLink").get_by_text("When", exact=True).click()
    phone.page.wait_for_url("**/when")
    phone.settle()
    assert not is_open(phone)


def test_on_a_phone_numbers_are_lines_and_each_chart_has_a_width(phone):
    phone.go("")
    assert phone.page.locator(".numbers").first.bounding_box()["height"] < PHONE["height"] / 2
    phone.go("when")
    for chart in phone.page.get_by_test_id("stVegaLiteChart").all():
        assert chart.bounding_box()["width"] > 300


def test_a_keyboard_reaches_the_pages(visit):
    visit.turn_to("Map")
    visit.page.get_by_role("link", name="Overview").focus()
    for _ in range(20):
        visit.page.keyboard.press("Tab")
        if visit.page.evaluate("document.activeElement.innerText") == "Revisions":
            break
    visit.page.keyboard.press("Enter")
    visit.page.wait_for_url("**/revisions")


IS_DARK = """() => {
    const light = color => Math.max(...color.match(/[0-9]+/g).slice(0, 3));
    const page = document.querySelector('[data-testid="stApp"]'), words = document.querySelector('p.quiet');
    return page && words && light(getComputedStyle(page).backgroundColor) < 64
        && light(getComputedStyle(words).color) > 128;
}"""


# What is well is checked all the same, and not described node by node.
ONLY_VIOLATIONS = {"resultTypes": ["violations"]}


def serious(visit, options):
    """Return what axe finds that keeps somebody from reading the page."""
    from axe_playwright_python.sync_playwright import Axe

    return [
        (visit.page.url, one["id"], [node["html"][:160] for node in one["nodes"]][:3])
        for one in Axe().run(visit.page, options=options | ONLY_VIOLATIONS).response["violations"]
        if one["impact"] in {"serious", "critical"}
    ]


def test_each_page_has_its_own_title_says_how_new_it_is_and_axe_finds_nothing_serious_by_light_and_dark(
    visit,
):
    found, titles = [], set()
    for address in ADDRESSES:
        visit.go(address)
        titles.add(visit.page.title())
        assert visit.page.title().endswith(" · Chicago crime")
        assert visit.page.locator("p.quiet").first.inner_text().startswith("Crimes to ")
        found += serious(visit, {})
        # The page turns dark under its reader, as it does at dusk.
        visit.page.emulate_media(color_scheme="dark")
        visit.page.wait_for_function(IS_DARK)
        visit.settle()
        found += serious(visit, {"runOnly": ["color-contrast"]})
        visit.page.goto("about:blank")
        visit.page.emulate_media(color_scheme="light")
    assert found == []
    assert len(titles) == len(ADDRESSES) - 1  # the first page has two addresses


def drawn_map(visit, stamp):
    """Return the map's frame, once it has drawn this layer and measure."""
    frame = visit.page.frame_locator("iframe")
    frame.locator(f'html[data-drawn="{stamp}"]').wait_for(state="attached")
    return frame


def test_the_shape_under_the_pointer_says_its_name_and_numbers_and_a_click_opens_its_page(site, visit):
    visit.go("map")
    counted = site.value(
        "select count(*) from chicago.crimes_enriched where district = 8 and date between"
        " (select first_date from chicago.city_last_28_days limit 1) and"
        " (select last_date from chicago.city_last_28_days limit 1)"
    )
    district = drawn_map(visit, "district count").locator('path[data-area="8"]')
    district.hover()
    words = visit.page.frame_locator("iframe").locator(".leaflet-tooltip").inner_text()
    assert words.startswith("Chicago Lawn (8)")
    assert f"{counted:,} crimes" in words
    assert "a year per 1,000 residents, which are estimated" in words
    assert "against the 28 days before" in words
    assert "more than chance" in words
    district.click()
    visit.page.wait_for_url("**/district?district=8")
    visit.sees("District Chicago Lawn (8)")


def test_each_layer_is_drawn_a_change_within_chance_is_hatched_and_near_there_are_blocks(site, visit):
    for layer, shapes in (("district", 22), ("beat", 274), ("ward", 50), ("area", 77), ("cell", 0)):
        visit.go(f"map?layer={layer}")
        frame = drawn_map(visit, f"{layer} count")
        assert frame.locator("path[data-area]").count() == shapes
    visit.go("map?show=month")
    frame = drawn_map(visit, "district month")
    judged = site.value(
        "select count(*) from chicago.recent_changes where family = 'district' and compared_with = 'previous'"
        " and not is_unusual and member <> '31'"
    )
    assert frame.locator('path[data-area][fill="url(#hatch)"]').count() == judged
    visit.go("map?layer=ward&show=rate")
    visit.sees("Nobody publishes how many people live in a ward or a beat")
    visit.go("map?layer=cell&ward=27&period=all")
    drawn_map(visit, "cell count")
    map_itself = visit.page.frame_locator("iframe")
    visit.page.locator("iframe").hover()
    # A step at a time, no nearer than need be: at the nearest there may be no block in sight.
    while not map_itself.locator('html[data-near="true"]').count():
        visit.page.mouse.wheel(0, -120)
        visit.page.wait_for_timeout(600)
    map_itself.locator('html[data-blocks]:not([data-blocks="0"])').wait_for(state="attached")


def test_a_district_prints_whole_on_two_sheets_with_the_state_of_the_data_at_the_foot(site, visit, tmp_path):
    from pypdf import PdfReader

    visit.go("district?district=8")
    paper = tmp_path / "district.pdf"
    visit.page.emulate_media(media="print")
    visit.settle()  # the paper's width is another, at which the charts are drawn anew
    visit.page.pdf(path=paper, format="Letter", prefer_css_page_size=True)
    visit.page.emulate_media(media="screen")
    sheets = [page.extract_text() for page in PdfReader(paper).pages]
    assert len(sheets) == 2
    beats = [
        row[0] for row in site.query("select beat from chicago.violent_crimes_by_beat where district = 8")
    ]
    assert beats
    assert all(re.search(rf"^{beat} \d", "\n".join(sheets), re.MULTILINE) for beat in beats)
    for number, sheet in enumerate(sheets, 1):
        assert f"{number} of 2" in sheet
        assert "Days held: 2 January 2023" in re.sub(r"\s+", " ", sheet)
        assert len(sheet) > 500
    assert "mean of 28 days" in sheets[0]


def test_the_first_page_answers_in_a_sentence_and_leads_to_what_is_out_of_the_ordinary(site, visit):
    visit.go("")
    answer = visit.page.locator("p.answer").inner_text()
    worse = site.query(
        "select is_unusual, corrected_change_pct > 0 from chicago.recent_changes"
        " where family = 'city' and member = 'crimes' and compared_with = 'last_year'"
    )[0]
    begins = {
        (True, True): "Yes: ",
        (True, False): "No, it is ",
        (False, True): "Not that the numbers can tell: ",
    }
    assert answer.startswith(begins.get(worse, "Not that the numbers can tell: "))
    assert visit.page.locator(".numbers > div").count() == 5
    expected = site.value(
        "select nowcast from chicago.nowcast_periods"
        " where family = 'city' and place = 'crimes' and period = 'complete_28'"
    )
    sees_number(visit, expected)
    unusual = site.value("select count(*) from chicago.recent_changes where is_unusual")
    links = visit.page.locator(".findings a")
    assert links.count() == min(unusual, 10)
    if unusual:
        page = links.first.get_attribute("href")
        links.first.click()
        visit.page.wait_for_url(f"**/{page.partition('?')[0]}*")
    else:
        visit.sees("Nothing out of the ordinary.")


def test_hours_of_a_district_and_its_watches_are_those_of_the_views(site, visit):
    visit.go("staffing?district=8")
    hours = pd.read_csv(download(visit, "CSV", "district_8_hours"))
    counted = site.value(
        "select sum(crimes) from chicago.crimes_by_district_and_hour where district = 8 and hour is not null"
    )
    assert hours["crimes"].sum() == counted
    assert hours["crimes_spread"].notna().any()
    watch = site.value(
        "select round(expected_crimes) from chicago.crimes_by_district_and_watch"
        " where district = 8 and watch = 1 and day_of_week = 1"
    )
    first = visit.page.locator("tr", has_text="First watch").first.locator("td").nth(1)
    assert first.inner_text().startswith(f"{watch:.0f}")


def test_a_ward_gives_its_week_on_one_page(visit):
    from pypdf import PdfReader

    visit.go("wards?ward=27")
    # The first PDF of a server loads what makes it, which takes seconds.
    with visit.page.expect_download(timeout=60_000) as waited:
        visit.page.locator(".st-key-brief-ward-27 button").click()
    if waited.value.suggested_filename.endswith(".pdf"):
        assert len(PdfReader(waited.value.path()).pages) == 1


def test_the_way_back_from_a_ward_shows_the_ward_before_and_its_address(visit):
    visit.go("wards?ward=27")
    visit.choose("Ward", "5,")
    visit.page.wait_for_url("**ward=5*")
    visit.sees("Ward 5,")
    visit.page.go_back()
    visit.page.wait_for_url("**ward=27*")
    visit.page.get_by_role("heading", name=re.compile(r"^Ward 27,")).wait_for()


def test_a_load_under_way_an_empty_and_a_broken_warehouse_say_so(site, visit):
    run = site.value(
        "insert into pipeline.runs (run_id, mode, kind, status, started_at, planned_at)"
        " values (gen_random_uuid(), 'auto', 'backfill', 'running', now(), now()) returning run_id"
    )
    site.query("insert into pipeline.windows (run_id, kind, status) values (%s, 'undated', 'pending')", run)
    visit.turn_to("Data quality")
    visit.sees("A load is under way or broke off: 1 windows are still to come.")
    site.query("alter materialized view chicago.daily_crimes rename to away")
    site.query("create view chicago.daily_crimes as select * from chicago.away where false")
    site.query(f"grant select on chicago.daily_crimes to {ROLE}")
    site.query(
        "update pipeline.runs set started_at = now()"
    )  # another state of the last run: nothing kept is shown
    visit.turn_to("Data quality")
    visit.sees("The first load is under way, or broke off: 1 windows are still to come.")
    site.query("drop view chicago.daily_crimes")
    site.query("update pipeline.runs set started_at = now()")
    visit.turn_to("Data quality")
    visit.sees("This warehouse has no views, or those of an older version.")
    site.query("alter materialized view chicago.away rename to daily_crimes")
    site.query("delete from pipeline.windows")
    site.query("delete from pipeline.runs")
    with psycopg.connect(site.conninfo) as connection:
        name = connection.info.dbname
    elsewhere = Site(site.url, psycopg.conninfo.make_conninfo(site.conninfo, dbname="postgres"))
    elsewhere.query(f'alter database "{name}" allow_connections false')
    try:
        elsewhere.query("select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", name)
        visit.turn_to("Data quality")
        visit.sees("The numbers cannot be read now")
    finally:
        elsewhere.query(f'alter database "{name}" allow_connections true')
    visit.page.get_by_role("button", name="Try again").click()
    visit.page.get_by_role("heading", name="Data quality").wait_for()

"""Pages over more than two years of crimes, drawn by Streamlit's own test of a script, without a browser."""

import pytest
import streamlit
from streamlit.testing.v1 import AppTest

from dashboard.items import Chart
from tests.integration.views_support import generated_city, placed_city, read_in_this_process

ROLE = "analyst_of_years"
DAYS = 1100


@pytest.fixture(scope="module")
def years(postgres, template):
    """Give ways to ask a warehouse of three years, which the pages of this process read as the analyst."""
    crimes = generated_city(8, "2022-02-01", days=DAYS, per_day=6)
    with (
        placed_city(postgres, template, crimes, ROLE) as name,
        read_in_this_process(postgres, name, ROLE) as connection,
    ):
        yield lambda query: connection.exec_driver_sql(query).all()


def draw(page):
    import importlib

    from dashboard import shapes
    from dashboard.warehouse import read, read_freshness

    freshness = read_freshness()
    importlib.import_module(f"dashboard.site.{page}").show(freshness, shapes.held(read(freshness, "held")))


def drawn(page, **address):
    """Return a page of this address."""
    test = AppTest.from_function(draw, args=(page,), default_timeout=60)
    for name, value in address.items():
        test.query_params[name] = value
    test.run()
    assert not test.exception
    return test


def said(test):
    notes = " ".join(part.proto.body for part in test.get("html"))
    return " ".join(part.value for part in (*test.markdown, *test.caption, *test.info)) + notes


def test_the_map_says_that_single_crimes_are_of_two_years_and_counts_those(years):
    ((first, last),) = years("select max(date) - 730, max(date) from chicago.daily_crimes")
    ((located,),) = years(
        "select count(*) from chicago.crimes_enriched where latitude is not null and time_of_day = 'evening'"
        f" and date >= '{first}'"
    )
    text = said(drawn("city_map", layer="cell", period="all", time="evening"))
    assert "Single crimes are shown of two years at most" in text
    assert (
        f"**{located:,} crimes on the map**: evening, 18 to 23, from {first:%-d %B %Y} to {last:%-d %B %Y}"
        in text
    )


def test_the_map_of_all_days_is_not_cut(years):
    ((located,),) = years("select sum(crimes) from chicago.crime_map_totals where latitude is not null")
    text = said(drawn("city_map", layer="cell", period="all"))
    assert "two years at most" not in text
    assert f"**{located:,} crimes on the map**: from 1 February 2022" in text


def test_holidays_of_more_than_two_years_are_chosen_by_year(years):
    newest = drawn("when")
    assert next(box for box in newest.selectbox if box.label == "Holidays of").value == "newest"
    of_2023 = drawn("when", year="2023")
    box = next(box for box in of_2023.selectbox if box.label == "Holidays of")
    assert (box.value, box.options) == ("2023", ["the last two years", "2025", "2024", "2023", "2022"])
    ((left,),) = years(
        "select count(*) from chicago.crimes_by_holiday_date"
        " where basis = 'actual' and expected is null and extract(year from date) = 2023"
    )
    assert left == 0
    assert "Not compared yet" not in said(of_2023)


def test_a_trend_of_more_days_than_can_be_told_apart_is_thinned_and_says_so(years):
    text = said(drawn("overview", span="all"))
    assert "One day in 2 is drawn; the CSV has all." in text
    assert "One day in" not in said(drawn("overview"))


@pytest.mark.parametrize(("page", "address"), [("district", {"district": "8"}), ("wards", {"ward": "27"})])
def test_a_place_is_shown_for_a_year_and_28_days(years, page, address, monkeypatch):
    ((first,),) = years("select max(date) - 391 from chicago.daily_crimes where is_complete")
    days = []
    draw_chart = Chart._draw

    def seen(chart, asked, name, frame):
        if name.endswith("_by_day"):
            days.append(frame["date"].min())
        draw_chart(chart, asked, name, frame)

    monkeypatch.setattr(Chart, "_draw", seen)
    drawn(page, **address)
    assert days == [first]


def test_a_cell_whose_first_crime_is_new_is_on_the_map_before_it_is_counted(years):
    """Centres are counted by a run's last step; the single crimes are there before."""
    ((last,),) = years("select max(date) from chicago.daily_crimes where is_complete")
    years(
        "insert into chicago.crimes select (jsonb_populate_record(null::chicago.crimes, to_jsonb(crimes)"
        f" || jsonb_build_object('crime_id', 'new', 'date_of_occurrence', '{last}', 'x_coordinate', 1100500,"
        " 'y_coordinate', 1900500, 'latitude', 41.88, 'longitude', -87.85))).* from chicago.crimes limit 1"
        " returning crime_id"
    )
    streamlit.cache_data.clear()
    places = drawn("city_map", layer="cell").dataframe[0].value
    (new,) = places[places["cell"] == "1100 E, 1900 N"].to_dict("records")
    assert new["crimes"] == 1

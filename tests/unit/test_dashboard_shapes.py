"""What the pages of the dashboard say of their numbers."""

from datetime import date

import pandas as pd

from dashboard import charts, shapes

HELD = shapes.Held(date(2024, 1, 1), date(2024, 4, 1), date(2024, 1, 2), date(2024, 3, 11))


def test_what_is_not_held_says_so_and_no_number():
    assert shapes.number(None) == shapes.number(float("nan")) == shapes.share(None) == "not held yet"
    assert shapes.change(float("nan")) is None
    assert (shapes.number(12345), shapes.share(0.1234), shapes.change(-2.66)) == (
        "12,345",
        "12.3%",
        "-2.7%",
    )


def test_the_days_held_are_the_first_and_last_and_the_complete_ones_among_them():
    names = ["first_date", "last_date", "first_complete_date", "last_complete_date"]
    found = [date(2024, 1, 1), date(2024, 1, 3), date(2024, 1, 2), date(2024, 1, 2)]
    assert shapes.held(pd.DataFrame([found], columns=names)) == shapes.Held(*found)
    assert shapes.held(pd.DataFrame([[None] * 4], columns=names)) is None
    assert shapes.held(pd.DataFrame([[*found[:2], None, None]], columns=names)).last_complete is None


def test_a_long_period_is_cut_to_its_newest_days():
    assert shapes.newest(date(2001, 1, 1), date(2026, 1, 1)) == date(2024, 1, 2)
    assert shapes.newest(date(2025, 1, 1), date(2026, 1, 1)) == date(2025, 1, 1)


def test_of_more_days_than_can_be_told_apart_some_are_drawn_the_newest_among_them_and_all_weekdays():
    days = pd.DataFrame({"date": pd.date_range("2001-01-01", periods=6500)})
    drawn, step = shapes.thinned(days)
    assert step == 8
    assert drawn["date"].iloc[-1] == days["date"].iloc[-1]
    assert set(drawn["date"].dt.day_of_week) == set(range(7))
    assert shapes.thinned(days.tail(1000))[1] == 1
    assert shapes.thinned(days.iloc[:0])[0].empty


def test_a_period_ends_with_the_last_complete_day_and_begins_where_we_hold_something():
    assert shapes.period(HELD, "28") == (date(2024, 2, 13), date(2024, 3, 11))
    assert shapes.period(HELD, "364") == (date(2024, 1, 2), date(2024, 3, 11))
    assert shapes.periods(HELD)["364"] == "last 70 complete days, all we hold"
    assert shapes.periods(HELD)["28"] == "last 28 complete days"
    assert shapes.period(HELD, "all") == (date(2024, 1, 1), date(2024, 4, 1))
    assert shapes.period(HELD, "dates", date(2024, 2, 1)) == (date(2024, 2, 1), date(2024, 4, 1))


def test_the_comparison_with_a_year_before_is_there_when_all_its_days_are():
    # The newest 28 complete days end 21 days before the load; the 28 days 364 days before them begin with the first
    # complete one: 2 January 2024 + 391 days is 27 January 2025.
    assert shapes.year_comparison_from(HELD) == date(2025, 2, 17)
    assert shapes.year_comparison_from(shapes.Held(HELD.first, HELD.last, None, None)) is None


def test_a_change_says_whether_chance_explains_it_and_nothing_where_that_is_not_known():
    assert shapes.judged_change(-2.66, False) == "-2.7%, no more than chance"
    assert shapes.judged_change(15.2, True) == "+15.2%, beyond chance"
    assert shapes.judged_change(15.2, None) == shapes.judged_change(15.2, float("nan")) == "+15.2%"
    assert shapes.judged_change(None, True) is None


def test_a_kind_stands_out_when_it_is_well_above_the_city_beyond_chance_and_there_are_enough_of_it():
    kinds = pd.DataFrame(
        {
            "crimes": [99, 100, 500, 500, 500, 500],
            "location_quotient": [3.0, 2.0, 1.01, 0.9, 1.3, 1.2],
            "is_unusual": [True, True, True, True, False, None],
        }
    )
    assert shapes.standing_out(kinds)["location_quotient"].tolist() == [2.0]


def test_means_are_of_complete_days_alone_and_a_part_of_a_day_is_not_drawn():
    days = pd.DataFrame(
        {"crimes": [*range(1, 31), 2], "is_complete": [*[True] * 29, False, False], "date": range(31)}
    )
    means = shapes.with_means(days)
    assert means["mean_7_days"].iloc[6] == 4
    assert means["mean_28_days"].iloc[28] == 15.5
    assert means["mean_7_days"].iloc[29:].isna().all()
    assert shapes.without_part_of_a_day(days)["date"].max() == 29
    assert len(shapes.without_part_of_a_day(days.iloc[:29])) == 29


def test_a_district_is_said_by_its_name_and_one_that_has_none_is_not_called_unknown():
    assert shapes.place("Chicago Lawn", 8) == "Chicago Lawn (8)"
    assert shapes.place("unknown", 31) == "District 31, outside the city"
    assert shapes.place("unknown", None) == "District unknown"


def test_a_chart_is_a_specification_of_its_numbers_alone():
    frame = pd.DataFrame({"was": ["THEFT", "ARSON"], "crimes": [3, 1]})
    made = charts.bars(frame, "crimes", "was", "Crimes").to_dict()
    (values,) = made["datasets"].values()
    assert values == frame.to_dict("records")
    assert "url" not in made.get("data", {})

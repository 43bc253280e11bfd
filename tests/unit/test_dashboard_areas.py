"""The map's shapes, their colours and their words; and values as people write them."""

from datetime import date

import pandas as pd
import pytest

from dashboard import areas, columns, palette, tables

DISTRICTS = pd.DataFrame(
    {
        "area": ["8", "1", "31", None],
        "crimes": [1333, 951, 2, 1],
        "violent": [154, 103, 0, 1],
        "arrests": [158, 122, 0, 0],
        "change": [-0.1, 12.0, None, None],
        "change_low_pct": [-10.3, 5.0, None, None],
        "change_high_pct": [13.0, 20.0, None, None],
        "is_unusual": [False, True, None, None],
        "against": "against the 28 days before",
    }
)
NAMES = {"8": "Chicago Lawn (8)", "1": "Central (1)"}


@pytest.mark.parametrize(("layer", "count"), [("district", 22), ("beat", 274), ("ward", 50), ("area", 77)])
def test_each_layer_has_its_shapes_without_the_district_that_is_outside_the_city(layer, count):
    drawn = areas.drawn_areas(layer, pd.DataFrame({"crimes": []}), "count", {})
    assert len({area["id"] for area in drawn}) == len(drawn) == count
    assert all(area["lines"] == ["No crime of those asked for."] for area in drawn)


def test_an_area_says_its_name_numbers_rate_and_change_in_words():
    residents = pd.DataFrame(
        {"area": ["8"], "residents": [250_000], "is_residents_estimated": [True], "caveat": [None]}
    )
    known = areas.with_rates(areas.on_the_map("district", DISTRICTS), residents, days=28)
    drawn = {
        area["id"]: area for area in areas.drawn_areas("district", known.set_index("area"), "month", NAMES)
    }
    assert drawn["8"]["name"] == "Chicago Lawn (8)"
    assert drawn["8"]["lines"] == [
        "1,333 crimes, 154 violent, 158 with an arrest",
        "69.3 a year per 1,000 residents, which are estimated",
        "All crimes against the 28 days before: -0.1% (range -10.3% to +13.0%): no more than chance",
    ]


def test_a_change_within_chance_is_hatched_and_one_beyond_it_says_which_way():
    drawn = {
        area["id"]: area["colour"]
        for area in areas.drawn_areas("district", DISTRICTS.set_index("area"), "month", NAMES)
    }
    assert (drawn["8"], drawn["1"], drawn["2"]) == ("hatch", palette.ORANGE, palette.LAND)
    assert areas.change_colour(-12.0, True) == palette.BLUE
    assert {line["colour"] for line in areas.CHANGES} >= {"hatch", palette.ORANGE, palette.BLUE}


def test_few_is_pale_many_is_strong_and_the_legend_says_from_where_to_where():
    counts = pd.Series(range(1, 101))
    legend = areas.legend(counts, "crimes")
    assert [line["colour"] for line in legend] == list(palette.MANY)
    assert legend[0]["text"].startswith("1 to ")
    assert legend[-1]["text"].endswith(" to 100")
    assert areas.legend(pd.Series([], dtype=float), "crimes") == []
    assert areas.legend(pd.Series([7]), "crimes") == [{"colour": palette.MANY[0], "text": "7 to 7"}]


def test_a_cell_is_a_square_of_a_thousand_feet():
    cells = pd.DataFrame(
        {"latitude": [41.88, None], "longitude": [-87.63, None], "crimes": [5, 3], "violent": [1, None]}
    )
    ((south, west, north, east, shade, words),) = areas.drawn_cells(cells)
    assert (north - south) * 364_567 == pytest.approx(1000, abs=8)
    assert (east - west) * 364_567 * 0.7445 == pytest.approx(1000, abs=8)
    assert (shade, words) == (0, "5 crimes, 1 violent")


def test_values_are_written_as_people_write_them():
    written = {
        ("crimes", 16560): "16,560",
        ("arrest_rate", 0.1263): "12.6%",
        ("corrected_change_pct", -3.24): "-3.2%",
        ("crimes", None): "–",  # noqa: RUF001
        ("is_unusual", False): "no more than chance",
        ("primary_type", "MOTOR VEHICLE THEFT"): "Motor vehicle theft",
        ("date", date(2026, 11, 7)): "7 November 2026",
    }
    assert {key: columns.said(*key) for key in written} == written


def test_a_table_that_stands_still_has_a_meaning_under_each_head_and_escapes_what_it_says():
    html = tables.to_html(pd.DataFrame({"place": ["<b>8</b>"], "crimes": [16560.0]}), ("place", "crimes"))
    assert '<abbr title="Crimes on the record; of a homicide, its victims.">Crimes</abbr>' in html
    assert '<td class="number">16,560</td>' in html
    assert "&lt;b&gt;8&lt;/b&gt;" in html

"""The colours of the dashboard, as people see them who see fewer, and as text and marks on what they stand on."""

import re
import tomllib
from itertools import combinations
from pathlib import Path

import pytest
from coloraide import Color

from dashboard import palette

PROJECT = Path(__file__).resolve().parents[2]
# CIEDE2000: 2 is just seen when both lie side by side, 10 at a glance; twice that, for dots and thin lines apart.
LEAST_DISTANCE = 20
# WCAG 2.1, levels AA: text (1.4.3), and marks that say something (1.4.11).
LEAST_OF_TEXT, LEAST_OF_MARKS = 4.5, 3
PAIRS = [
    pytest.param(one, other, id=f"{chart} {one} {other}")
    for chart, colours in palette.CHARTS.items()
    for one, other in combinations(colours, 2)
]


def seen(colour, vision):
    """Return a colour as eyes see it that lack one kind of cones wholly; `all` lack none."""
    return Color(colour) if vision == "all" else Color(colour).filter(vision, 1)


def contrast(one, other):
    return Color(one).contrast(other, method="wcag21")


@pytest.mark.parametrize("vision", ["all", "protan", "deutan", "tritan"])
@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_colours_of_one_chart_are_told_apart_by_any_kind_of_colour_vision(one, other, vision):
    for first, second in ((one, other), (palette.DARK[one], palette.DARK[other])):
        assert seen(first, vision).delta_e(seen(second, vision), method="2000") >= LEAST_DISTANCE


@pytest.mark.parametrize("background", palette.BACKGROUNDS)
@pytest.mark.parametrize("text", palette.TEXTS)
def test_text_is_read_on_whatever_it_stands_on(text, background):
    assert contrast(text, background) >= LEAST_OF_TEXT


@pytest.mark.parametrize("background", palette.DARK_BACKGROUNDS)
@pytest.mark.parametrize("text", palette.TEXTS)
def test_text_is_read_by_dark(text, background):
    assert contrast(palette.DARK[text], background) >= LEAST_OF_TEXT


@pytest.mark.parametrize("colour", sorted({colour for chart in palette.CHARTS.values() for colour in chart}))
def test_marks_are_seen_on_the_page(colour):
    assert contrast(colour, palette.WHITE) >= LEAST_OF_MARKS
    assert contrast(palette.DARK[colour], palette.DARK[palette.WHITE]) >= LEAST_OF_MARKS


@pytest.mark.parametrize("drawn", [lambda colours: colours, palette.in_dark], ids=["light", "dark"])
def test_what_is_more_is_further_from_the_page(drawn):
    page, *shades = drawn([palette.WHITE, *palette.MANY])
    strength = [contrast(shade, page) for shade in shades]
    assert strength == sorted(strength)


def test_red_and_green_of_one_lightness_would_fail():
    pair = ("#b06000", "#5a8a00")
    assert seen(pair[0], "all").delta_e(seen(pair[1], "all"), method="2000") > LEAST_DISTANCE
    assert seen(pair[0], "deutan").delta_e(seen(pair[1], "deutan"), method="2000") < LEAST_DISTANCE


def test_no_colour_is_outside_the_palette():
    for file in (PROJECT / "dashboard").rglob("*.py"):
        if file.name != "palette.py":
            assert not re.findall(r"#[0-9a-fA-F]{6}\b", file.read_text("utf-8")), file.name
    theme = tomllib.loads((PROJECT / ".streamlit" / "config.toml").read_text("utf-8"))["theme"]
    light = {value for name, value in theme["light"].items() if name.endswith("Color")}
    assert light <= {*palette.TEXTS, *palette.BACKGROUNDS}
    dark = {value for name, value in theme["dark"].items() if name.endswith("Color")}
    assert dark <= {*palette.DARK.values(), *palette.DARK_BACKGROUNDS}
    assert not re.findall(r"#[0-9a-fA-F]{6}\b", (PROJECT / "dashboard" / "style.css").read_text("utf-8"))

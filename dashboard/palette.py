"""The dashboard's colours, by light and by dark, and which of them stand side by side: no drawing.

One accent, blue: what is more is a darker blue by light, and a lighter one by dark. Orange says that something rose, or
is not whole. What a colour says is also said by a shape, a dash, a hatch or a text, and a test sees each pair as others
see it. The page's own colours are in .streamlit/config.toml.
"""

from typing import Any, Final

WHITE: Final = "#ffffff"
INK: Final = "#1a1a1a"
QUIET_INK: Final = "#4a4a4a"
BLUE: Final = "#00527a"
LIGHT_BLUE: Final = "#2492e0"
ORANGE: Final = "#b85000"
GREY: Final = "#6b6b6b"
PALE_GREY: Final = "#8a8a8a"
LINE: Final = "#d5d9df"
LAND: Final = "#f7f8fa"
WATER: Final = "#e6eef5"
# Few to many.
MANY: Final = ("#e3eef7", "#b3d3ea", "#6fb0da", "#2f82b8", "#00527a")

# What stands for each colour by dark. The order of MANY stays: few is what lies near the page's own colour.
DARK: Final = {
    WHITE: "#0e1117",
    INK: "#fff6e0",
    QUIET_INK: "#c3c7cf",
    BLUE: "#b5dcff",
    LIGHT_BLUE: "#3d86c6",
    ORANGE: "#f0932b",
    GREY: "#a0a0a0",
    PALE_GREY: "#8d8d8d",
    LINE: "#3a404b",
    LAND: "#1b2029",
    WATER: "#0e1117",
    MANY[0]: "#17304a",
    MANY[1]: "#1f4f7c",
    MANY[2]: "#3276ae",
    MANY[3]: "#6aa9dc",
}

# Texts, by what they stand on: the page, the list of pages, and Streamlit's boxes for news, warnings and errors.
BACKGROUNDS: Final = (WHITE, "#f0f2f6", "#e9f3fd", "#fffce7", "#ffecec")
DARK_BACKGROUNDS: Final = (DARK[WHITE], "#1c212b")
TEXTS: Final = (INK, QUIET_INK, BLUE)

# Marks, chart by chart: each of a chart stands beside each other one of it, on the page.
TREND: Final = (
    PALE_GREY,
    ORANGE,
    LIGHT_BLUE,
    BLUE,
)  # a day, one still filling, the mean of 7 days, that of 28
MONTHS: Final = (BLUE, LIGHT_BLUE)  # whole, a part
HOLIDAYS: Final = (LIGHT_BLUE, BLUE, ORANGE, INK)  # the range, its middle, a day outside, a day within
REASONS: Final = (BLUE, ORANGE, GREY)
CHARTS: Final = {"trend": TREND, "months": MONTHS, "holidays": HOLIDAYS, "columns": REASONS}


def in_dark(drawn: Any) -> Any:
    """Return a chart's specification, or any part of it, with each colour as it is by dark."""
    if isinstance(drawn, dict):
        return {key: in_dark(value) for key, value in drawn.items()}
    if isinstance(drawn, list):
        return [in_dark(value) for value in drawn]
    return DARK.get(drawn, drawn) if isinstance(drawn, str) else drawn


def variables(*, is_dark: bool) -> str:
    """Return the colours that dashboard/style.css names, as CSS."""
    named = {
        "page": WHITE,
        "ink": INK,
        "quiet-ink": QUIET_INK,
        "accent": BLUE,
        "line": LINE,
        "land": LAND,
        "water": WATER,
        "orange": ORANGE,
    }
    own = {name: DARK[colour] if is_dark else colour for name, colour in named.items()}
    # Paper is white whatever the page was: a chart that was drawn by dark is turned round.
    own |= {"paper-ink": INK, "paper-filter": "invert(1) hue-rotate(180deg)" if is_dark else "none"}
    return ":root {" + " ".join(f"--{name}: {colour};" for name, colour in own.items()) + "}"

"""The dashboard's colours, and which of them stand side by side: no drawing. A test sees each pair as others see it.

Counts are of cividis, made for every kind of colour vision; its pale end says few, and the number is in the table
beside it. What a colour says is also said by a shape, a dash or a text. The page's own are in .streamlit/config.toml.
"""

from typing import Final

WHITE: Final = "#ffffff"
INK: Final = "#1a1a1a"
QUIET_INK: Final = "#4a4a4a"
BLUE: Final = "#00527a"
LIGHT_BLUE: Final = "#2492e0"
ORANGE: Final = "#b85000"
GREY: Final = "#6b6b6b"
PALE_GREY: Final = "#8a8a8a"

# Texts, by what they stand on: the page, the list of pages, and Streamlit's boxes for news, warnings and errors.
BACKGROUNDS: Final = (WHITE, "#f0f2f6", "#e9f3fd", "#fffce7", "#ffecec")
TEXTS: Final = (INK, QUIET_INK, BLUE)

# Marks, chart by chart: each of a chart stands beside each other one of it, on white.
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

"""What a brief has: of a district or a ward, the items of its page that answer "what of this week?", on one sheet.

Queries, numbers and words are those of dashboard/site/.
"""

from dataclasses import dataclass, replace

import pandas as pd

from dashboard import findings, parts, shapes
from dashboard.brief import sheet
from dashboard.brief.sheet import Abreast
from dashboard.items import Asked, Item, Table
from dashboard.site import district as districts
from dashboard.site import wards
from dashboard.warehouse import Freshness

_NOTES = (findings.HOW_EXPECTED, findings.HOW_JUDGED, f"Trend: {parts.STILL_FILLING} {parts.CROSSES}")


@dataclass(frozen=True)
class Brief:
    """A sheet, the name of its file, and what a list of briefs says of it."""

    name: str
    title: str
    html: str
    finding: str


def district_brief(freshness: Freshness, days: shapes.Held, row: pd.Series, week: str) -> Brief:
    """Return the brief of a police district. row: of sql/dashboard/districts.sql; week: its newest seven days."""
    number = int(row["district"])
    asked = Asked(freshness, districts.choices_of(number, days))
    compared = _with(
        districts.beats_compared(number), ("beat", "crimes", "corrected_change_pct", "is_unusual")
    )
    violent = _with(districts.BEATS, ("beat", "violent_crimes", "homicides", "robberies", "rank"))
    kinds = _with(districts.KINDS, ("primary_description", "crimes", "location_quotient", "arrest_rate"))
    items: list[Item | Abreast] = [
        *districts.head_items(asked, row),
        districts.DAYS,
        districts.WATCHES,
        Abreast([_short(kinds, 5), _short(violent, 6)], [_short(compared, 12)]),
    ]
    title = f"District {shapes.place(row['district_name'], number)}"
    notes = (*_NOTES, f"Watches: {districts.WATCHES.caveat}")
    return Brief(
        f"district-{number:02d}",
        title,
        sheet.to_html(title, week, items, notes, asked),
        findings.said_here(asked.read("changes"), district=number),
    )


def ward_brief(freshness: Freshness, days: shapes.Held, known: pd.DataFrame, ward: int, week: str) -> Brief:
    """Return the brief of a ward. known: the rows of sql/dashboard/wards.sql of all wards."""
    asked = Asked(freshness, wards.choices_of(ward, days))
    blocks, kinds, like_it = wards.year_items(ward, days)
    items: list[Item | Abreast] = [
        *wards.head_items(asked, known),
        wards.DAYS,
        Abreast([_short(kinds, 7)], [_short(blocks, 7)]),
        Abreast(
            [_with(like_it, ("ward", "last_year", "last_year_violent", "year_to_date"))], [wards.DOMESTIC]
        ),
    ]
    alderman = known.loc[known["ward"] == ward, "alderman"].iloc[0]
    of_whom = "" if pd.isna(alderman) else f" ({alderman})"
    title = f"Ward {ward}{of_whom}"
    notes = (*_NOTES, f"Blocks: {wards.BLOCKS.caveat}", f"Domestic crimes: {wards.DOMESTIC.caveat}")
    return Brief(
        f"ward-{ward:02d}",
        title,
        sheet.to_html(title, week, items, notes, asked),
        findings.said_here(asked.read("changes"), ward=ward),
    )


def _with(table: Table, columns: tuple[str, ...]) -> Table:
    return replace(table, columns=columns)


def _short(table: Table, rows: int) -> Table:
    """Return a table with as many rows as have room on a sheet; the page has all."""
    return replace(table, prepare=lambda frame: table.prepare(frame).head(rows))

"""Data quality: rejected rows, unknown groups, points and times, and the last audit."""

from typing import Final

from dashboard import items, parts, shapes
from dashboard.items import Asked, Box, Boxes, Table, Words
from dashboard.warehouse import Freshness

_CHECKS: Final = Table(
    name="data_quality",
    title="What was checked, and how many rows it concerns",
    view="data_quality",
    caveat="Shares are of the crimes; of the rejected, of all rows held; of the audit, of the City's rows.",
    query="quality",
    columns=("check", "count", "share_of_rows", "explanation"),
    prepare=lambda frame: frame.rename(columns={"share": "share_of_rows"}),
    is_static=True,
)


def show(freshness: Freshness, days: shapes.Held) -> None:
    """Draw the page."""
    parts.head("Data quality", freshness)
    asked = Asked(freshness)
    checks = asked.read(_CHECKS.query).set_index("check")
    audit = checks.loc["last audit"]
    boxes = [
        Box("Crimes held", shapes.number(checks.loc["crimes", "count"])),
        Box("Rows rejected", shapes.number(checks.loc["rejected rows", "count"])),
        Box("Rows that differ from the City's", shapes.number(audit["count"])),
    ]
    held = f"{shapes.days_held(days)} {parts.STILL_FILLING}"
    words = [Words(f"**Last audit.** {audit['explanation']}"), Words(held)]
    items.draw([Boxes(boxes), *words, _CHECKS], asked)

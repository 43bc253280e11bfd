"""Revisions: what the City reclassified or withdrew, and how late arrests come."""

from typing import Final

import pandas as pd
import streamlit as st

from dashboard import charts, items, parts, shapes
from dashboard.charts import Axis
from dashboard.items import Asked, Box, Boxes, Chart, Table, Words
from dashboard.warehouse import Freshness


def _most_changed(columns: pd.DataFrame) -> str:
    most = columns.iloc[0]
    return f"Most often changed: {most['column_name']}, by {shapes.number(most['revisions'])} revisions"


_RETIRED: Final = Chart(
    name="revised_and_withdrawn",
    title="Rows revised and withdrawn, by the day on which we learned of it",
    view="crime_history",
    caveat="Of rows that we held: what the City changed before our first load is not here.",
    query="retired",
    drawing=charts.columns,
    alt="Rows revised and withdrawn by day",
    given=(Axis("learned_on", "Day on which we learned of it"), Axis("crimes", "Rows"), "reason"),
)
_ITEMS: Final = (
    _RETIRED,
    Chart(
        name="changed_columns",
        title=_most_changed,
        view="crime_revisions",
        caveat="A revision can change several columns.",
        query="changed_columns",
        empty="No column was changed: what was revised is in the history.",
        drawing=charts.bars,
        alt="Columns by how many revisions changed them",
        given=("revisions", "column_name", "Revisions that changed it"),
    ),
    Table(
        name="reclassified",
        title="Crimes that were given another kind, most frequent first",
        columns=("was", "is_now", "crimes"),
        view="crime_revisions",
        caveat="Kinds as published, before and after.",
        query="reclassified",
        empty="No crime was given another kind.",
    ),
    Chart(
        name="late_arrests",
        title="Arrests that came after the crime was published, by days after the crime",
        view="late_arrests",
        caveat="Days until we learned of it. Crimes first seen with an arrest are not here.",
        query="late_arrests",
        empty="No arrest was published after its crime since our first load.",
        drawing=charts.columns,
        alt="Arrests by how many days after the crime they were published",
        given=(Axis("days_after", "Days after the crime"), Axis("arrests", "Arrests")),
    ),
)


def show(freshness: Freshness, days: shapes.Held) -> None:  # noqa: ARG001 - each page is given the same
    """Draw the page."""
    parts.head("Revisions", freshness)
    asked = Asked(freshness)
    Words("The City changes its record after it was published. We keep every row as we held it.").draw(asked)
    retired = asked.read(_RETIRED.query)
    if retired.empty:
        st.info(
            "Nothing was revised or withdrawn since our first load. The runs of the next days will find some."
        )
        return
    sums = retired.groupby("reason")["crimes"].sum()
    revised, withdrawn = (shapes.number(sums.get(reason, 0)) for reason in ("revised", "withdrawn"))
    items.draw([Boxes([Box("Rows revised", revised), Box("Rows withdrawn", withdrawn)]), *_ITEMS], asked)

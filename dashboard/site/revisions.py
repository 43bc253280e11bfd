"""Revisions, as a reporter would ask: what was changed or withdrawn, what comes late, and how to cite a number."""

from typing import Final

import pandas as pd
import streamlit as st

from dashboard import charts, columns, items, parts, shapes
from dashboard.charts import Axis
from dashboard.items import Asked, Box, Boxes, Chart, Table, Words
from dashboard.warehouse import Freshness


def _most_changed(changed: pd.DataFrame) -> str:
    most = changed.iloc[0]
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


def _by_age(lateness: pd.DataFrame) -> pd.DataFrame:
    """Return a kind a row and an age a column: which share of it is published by then."""
    if lateness.empty:
        return lateness
    wide = lateness.pivot_table(index="primary_type", columns="age_days", values="published_share")
    ages = [int(age) for age in wide.columns]
    return (
        wide.set_axis([f"after_{age}" for age in ages], axis="columns").reset_index().sort_values("after_9")
    )


def _latest_of_all(wide: pd.DataFrame) -> str:
    first = wide.iloc[0]
    return (
        f"What is late: {columns.kind(first['primary_type'])} comes latest, "
        f"{columns.share(first['after_9'])} of a day after 9 days"
    )


_LATENESS: Final = Table(
    name="published_by_age",
    title=_latest_of_all,
    view="reporting_delay",
    caveat="Which share of a day's crimes is published so many days after it, of what will be held 45 days later. "
    "Learned from the loads of the last 84 days, or from a fortnight of 2023 until 60 days of first-seen times are "
    "held. Kinds with few late arrivals are one group. It says nothing of when a crime is reported to the police.",
    query="lateness",
    prepare=_by_age,
    columns=("primary_type", "after_9", "after_14", "after_21", "after_30", "after_45"),
    is_static=True,
    empty="How late crimes are published is not known yet: the next run learns it.",
)


def _how_to_cite(freshness: Freshness, days: shapes.Held) -> str:
    loaded = shapes.instant(freshness.source_loaded_at, "an unknown time")
    last_run = shapes.instant(freshness.last_run_at, "the last run's")
    until = shapes.day(days.last_complete) if days.last_complete else "none"
    return (
        "**How to cite a number.** Name the City as the source, the dataset, the state of the record and the days: "
        f"*City of Chicago Data Portal, Crimes - One year prior to present, as published on {loaded}; complete days "
        f"to {until}.* Say that the numbers are preliminary and change. `chicago.crimes_as_of` gives any number again "
        f"as it was at an instant, such as {last_run}. A change that is no more than chance is no news, nor is a rank."
    )


def show(freshness: Freshness, days: shapes.Held) -> None:
    """Draw the page."""
    parts.head("Revisions", freshness)
    asked = Asked(freshness)
    if freshness.last_run_at is not None:
        Words(_how_to_cite(freshness, days)).draw(asked)
    _LATENESS.draw(asked)
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

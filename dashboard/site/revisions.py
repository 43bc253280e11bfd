"""Revisions: what the City reclassified or withdrew, and how late arrests come."""

import streamlit as st

from dashboard import charts, parts, shapes
from dashboard.warehouse import Freshness, read


def show(freshness: Freshness, days: shapes.Held) -> None:  # noqa: ARG001 - each page is given the same
    """Draw the page."""
    parts.head("Revisions", freshness)
    st.write("The City changes its record after it was published. We keep every row as we held it.")
    retired = read(freshness, "retired")
    if retired.empty:
        st.info(
            "Nothing was revised or withdrawn since our first load. The runs of the next days will find some."
        )
        return
    sums = retired.groupby("reason")["crimes"].sum()
    boxes = st.columns(2)
    boxes[0].metric("Rows revised", shapes.number(sums.get("revised", 0)), border=True)
    boxes[1].metric("Rows withdrawn", shapes.number(sums.get("withdrawn", 0)), border=True)
    parts.chart(
        "revised_and_withdrawn",
        charts.columns,
        retired,
        "crime_history",
        "Of rows that we held: what the City changed before our first load is not here.",
        "Rows revised and withdrawn by day",
        more=("learned_on", "crimes", "reason", "Day on which we learned of it", "Rows"),
    )
    st.subheader("What was changed")
    changed = read(freshness, "changed_columns")
    if not changed.empty:
        parts.chart(
            "changed_columns",
            charts.bars,
            changed,
            "crime_revisions",
            "A revision can change several columns.",
            "Columns by how many revisions changed them",
            more=("revisions", "column_name", "Revisions that changed it"),
        )
    st.subheader("What was reclassified")
    reclassified = read(freshness, "reclassified")
    if reclassified.empty:
        st.info("No crime was given another kind.")
    else:
        parts.table("reclassified", reclassified, "crime_revisions", "Kinds as published, before and after.")
    st.subheader("How late arrests come")
    arrests = read(freshness, "late_arrests")
    if arrests.empty:
        st.info("No arrest was published after its crime since our first load.")
    else:
        parts.chart(
            "late_arrests",
            charts.columns,
            arrests,
            "late_arrests",
            "Days until we learned of it. Crimes first seen with an arrest are not here.",
            "Arrests by how many days after the crime they were published",
            more=("days_after", "arrests", None, "Days after the crime", "Arrests"),
        )

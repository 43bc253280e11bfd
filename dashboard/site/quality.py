"""Data quality: rejected rows, unknown groups, points and times, and the last audit."""

import streamlit as st

from dashboard import parts, shapes
from dashboard.warehouse import Freshness, read


def show(freshness: Freshness, days: shapes.Held) -> None:
    """Draw the page."""
    parts.head("Data quality", freshness)
    checks = read(freshness, "quality").set_index("check")
    audit = checks.loc["last audit"]
    boxes = st.columns(3)
    boxes[0].metric("Crimes held", shapes.number(checks.loc["crimes", "count"]), border=True)
    boxes[1].metric("Rows rejected", shapes.number(checks.loc["rejected rows", "count"]), border=True)
    boxes[2].metric("Rows that differ from the City's", shapes.number(audit["count"]), border=True)
    st.write(f"**Last audit.** {audit['explanation']}")
    st.write(f"Days held: {days.first:%-d %B %Y} to {days.last:%-d %B %Y}. {parts.STILL_FILLING}")
    parts.table(
        "data_quality",
        checks.reset_index().assign(share=lambda frame: 100 * frame["share"]),
        "data_quality",
        "Shares are of the crimes, in percent; of the rejected, of all rows held; of the audit, of the City's rows.",
        column_config={
            "share": st.column_config.NumberColumn("share, %", format="%.2f"),
            "explanation": st.column_config.TextColumn(width="large"),
        },
    )

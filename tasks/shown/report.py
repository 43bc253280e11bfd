"""The report of a run: what it did, what we hold now, and the first answers; read from the ledger and the views."""

import logging
import os
import platform
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from tasks.warehouse.engine import first_line
from tasks.warehouse.source_columns import read_drift
from tasks.warehouse.sql_files import execute

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class RunReport:
    """One run in figures.

    windows, rows as in the ledger; rejected: rows that are in quarantine since this run. source_rows, our_rows: of the
    last comparison (None: there was none). newest_crime, span_start: Chicago wall clock. Instants: started_at,
    newest_update. stamps_ahead: rows with a stamp beyond the database's clock. outside_rows: of ours, before the span
    that was compared; unexplained_rows: of them, too young to have aged out. answers: one line each. drift: columns of
    the source that are not as we know them, a line each.
    """

    run_id: UUID
    kind: str
    status: str
    message: str | None
    started_at: datetime
    seconds: float
    windows_done: int
    windows_failed: int
    windows_mended: int
    inserted: int
    rekeyed: int
    updated: int
    unchanged: int
    rejected: int
    retired: int
    repaired: int
    bad_coordinates: int
    revised: int
    withdrawn: int
    proof: str | None
    equal: bool | None
    source_rows: int | None
    our_rows: int | None
    crimes: int
    rejected_held: int
    history: int
    newest_crime: datetime | None
    newest_update: datetime | None
    stamps_ahead: int
    answers: tuple[str, ...]
    span_start: datetime | None = None
    outside_rows: int = 0
    unexplained_rows: int = 0
    drift: tuple[str, ...] = ()


def read_report(engine: Engine, run_id: UUID) -> RunReport:
    """Return the report of a run."""
    with engine.connect() as connection:
        run = execute(connection, "shown/run", run_id=run_id).one()
        held = execute(connection, "shown/held").one()
        audit = execute(connection, "shown/last_audit_of_run", run_id=run_id).one_or_none()
        answers = _answers(connection)
        drift = read_drift(connection)
    return RunReport(
        **run._asdict(),
        **held._asdict(),
        **(audit._asdict() if audit else {"equal": None, "source_rows": None, "our_rows": None}),
        answers=tuple(answers),
        drift=tuple(str(each) for each in drift),
    )


def read_run_of_this_process(engine: Engine) -> UUID | None:
    """Return the newest run that this process opened, or None when it opened none."""
    with engine.connect() as connection:
        if connection.execute(text("select to_regclass('pipeline.runs')")).scalar() is None:
            return None
        run_id: UUID | None = execute(
            connection, "shown/run_of_process", host=platform.node(), process_id=os.getpid()
        ).scalar()
    return run_id


def to_lines(report: RunReport) -> list[str]:
    """Return the report as lines of text for a person."""
    changed = (
        f"{report.inserted:,} new, {report.updated + report.rekeyed:,} renewed, {report.retired:,} gone "
        f"({report.revised:,} revised, {report.withdrawn:,} withdrawn), {report.rejected:,} rejected"
    )
    if report.repaired:
        changed += f", {report.repaired:,} repaired (held otherwise than published, in the same version)"
    if report.bad_coordinates:
        changed += f", {report.bad_coordinates:,} with a point outside the city (now null)"
    windows = f"{report.windows_done} done" + (
        f", {report.windows_failed} failed" if report.windows_failed else ""
    )
    if report.windows_mended:
        windows += f", {report.windows_mended} synced again by the audit"
    lines = [
        f"{report.kind} {report.status} in {report.seconds:.1f} s",
        f"windows    {windows}",
        f"rows       {changed}",
        f"held       {report.crimes:,} crimes, {report.rejected_held:,} in quarantine, {report.history:,} in history",
        f"proof      {_proof(report)}",
        *_outside(report),
        f"newest     crime of {report.newest_crime:%Y-%m-%d %H:%M} Chicago, "
        f"published {report.newest_update:%Y-%m-%d %H:%M} UTC"
        if report.newest_crime and report.newest_update
        else "newest     nothing is held yet",
    ]
    if report.stamps_ahead:
        lines.append(f"stamps     {stamps_ahead_line(report.stamps_ahead)}")
    lines += [f"answer     {answer}" for answer in report.answers]
    lines += [f"drift      {said}" for said in report.drift]
    if report.message:
        lines.append(f"why        {report.message}")
    return lines


def _proof(report: RunReport) -> str:
    if report.equal is None:
        return "none: the source was not compared with what we hold"
    # What the source has left may well be equal: then it is no proof all the same.
    verdict = "equal" if report.equal else "NOT proven" if report.unexplained_rows else "NOT equal"
    how = {
        "census": "every row id and version compared",
        "fingerprint": "sums of every month compared, and every row of the months that were due",
        "unmoved": "the source has not moved since it was proven",
    }
    return f"{verdict}: the source holds {report.source_rows:,} rows, we hold {report.our_rows:,}" + (
        f" ({how[report.proof]})" if report.proof in how else ""
    )


def _outside(report: RunReport) -> list[str]:
    """Return the line that says what the proof is not of; none where it is of all that we hold."""
    if not report.outside_rows or report.span_start is None:
        return []
    early = f"; {report.unexplained_rows:,} are too young for it" if report.unexplained_rows else ""
    return [f"outside    {outside_line(report.outside_rows, report.span_start)}{early}"]


def outside_line(rows: int, span_start: datetime) -> str:
    """Return how many of our rows no proof is of, and why."""
    return (
        f"{rows:,} rows are outside of the proof: they occurred before {span_start:%Y-%m-%d %H:%M}, where the source "
        "begins, and have aged out of it"
    )


def stamps_ahead_line(rows: int) -> str:
    """Return how many rows have stamps that count for nothing."""
    return (
        f"{rows:,} rows have a stamp of the source beyond the database's now: stored as published, and left out of "
        "watermark, freshness and completeness"
    )


def _answers(connection: Connection) -> list[str]:
    """Return the first answers, a line each; none where the views do not exist yet."""
    lines = []
    for sentence, statement in _ANSWERS.items():
        try:
            with connection.begin_nested():
                row = execute(connection, statement).one_or_none()
        except DBAPIError as error:
            log.debug("no answer to %r: %s", sentence, first_line(error))
            continue
        if row is not None and all(value is not None for value in row):
            lines.append(sentence.format(**row._asdict()))
    return lines


# A sentence for a person, and the statement whose one row fills it.
_ANSWERS: Final = {
    "most crimes a day in {month_title}: {crimes_per_day} ({verdict})": "shown/answer_busiest_month",
    "{days} holidays have {holiday} crimes a day, their weekdays around them {expected}: {verdict}": (
        "shown/answer_holidays"
    ),
    "28 days to {last_date} against the 28 before: {verdict}": "shown/answer_changes",
    "most crimes in district {district} ({district_name}): {last_year:,} in {last_year_days} days": (
        "shown/answer_district_with_most_crimes"
    ),
    "most arrests over those expected of its kinds of crime in district {district} ({district_name}): "
    "{ratio} times ({ratio_low} to {ratio_high})": "shown/answer_district_with_most_arrests",
    "most crimes in ward {ward} ({alderman}): {last_year:,} in {last_year_days} days, most often "
    "{last_year_most_common_crime}": "shown/answer_ward_with_most_crimes",
}


def as_dict(found: RunReport) -> dict[str, Any]:
    """Return the report as plain values, for JSON."""
    return {name: getattr(found, name) for name in RunReport.__dataclass_fields__}

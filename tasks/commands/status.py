"""Status: what we hold, what the source holds, how old both are, and whether a person has to act.

Judged from the database and the source, never from Prefect. "The City has not published" and "we have not run" are
told apart.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Engine

from tasks.datasets import SourceState
from tasks.errors import SourceError
from tasks.proof.outside import NOTHING_OUTSIDE, Outside, read_outside
from tasks.shown.report import outside_line, stamps_ahead_line
from tasks.source.whole_read import SteadySource
from tasks.sync.read import read_scope
from tasks.warehouse import counts, ledger
from tasks.warehouse.clock import suspected_clock
from tasks.warehouse.migrations import read_schema_state, schema_problem
from tasks.warehouse.source_columns import read_drift
from tasks.warehouse.sql_files import execute

# A daily run and half a day of grace; the alarm in the cloud waits as long.
MAX_SILENCE: Final = timedelta(hours=36)


@dataclass(frozen=True)
class Status:
    """The lines to print, and one line for each problem; without problems all is well."""

    lines: tuple[str, ...]
    problems: tuple[str, ...]


def read_status(engine: Engine, source: SteadySource, now: datetime, freshness_days: float) -> Status:
    """Return how things stand at `now`, an instant."""
    with engine.connect() as connection:
        problem = schema_problem(read_schema_state(connection))
        if problem is not None:
            return Status((), (problem,))
        ledger.check_dataset(connection, source.portal.profile.dataset)
        facts = execute(connection, "shown/status").one()
        state = ledger.read_state(connection)
        # Named, and no problem while its values pass: a status that is red for a word would be muted.
        drift = [f"drift      {each}" for each in read_drift(connection)]
    try:
        theirs, outside = _ask(engine, source)
    except SourceError as error:
        return Status(
            (*_held(facts, state, now), *drift),
            (f"the source cannot be asked: {error}", *_ours(facts, state, None, now)),
        )
    lines = (*_held(facts, state, now), *_source(theirs, outside, now), *drift)
    problems = (
        *_theirs(theirs, now, freshness_days),
        *_odd(theirs, outside, facts.database_now, now),
        *_ours(facts, state, theirs, now),
    )
    return Status(lines, problems)


def _ask(engine: Engine, source: SteadySource) -> tuple[SourceState, Outside]:
    """Ask the source for its state, and tell from it what of ours is outside of a proof."""
    state = source.state()
    if state.oldest_occurrence is None:
        return state, NOTHING_OUTSIDE
    scope = read_scope(engine, source, state)
    return state, read_outside(engine, source.portal.profile, scope, state)


def with_recount(status: Status, engine: Engine) -> Status:
    """Return a status with what counting all crimes anew says of the counts, and what to do where they differ."""
    differences = counts.recount(engine)
    if not differences:
        return replace(
            status, lines=(*status.lines, "counts     all counted anew: what is stored is the same")
        )
    action = "have all counted anew: delete from pipeline.counts_state, and run (docs/runbook.md)"
    return replace(status, problems=(*status.problems, *differences, action))


def _held(facts: Any, state: str, now: datetime) -> list[str]:
    lines = [
        (
            f"held       {facts.crimes:,} crimes, {facts.rejected:,} in quarantine; "
            f"newest stamp {_moment(facts.newest_update, now)}"
        ),
        f"state      {state}" + (f", {facts.open_windows} windows open" if state == "unfinished" else ""),
    ]
    if facts.last_status:
        lines.append(
            f"last run   {facts.last_kind} {facts.last_status}, begun {_moment(facts.last_started, now)}"
        )
    if facts.checked_at:
        verdict = "equal" if facts.equal else "NOT equal"
        lines.append(f"last audit {verdict} by {facts.proof}, {_moment(facts.checked_at, now)}")
    return lines


def _source(theirs: SourceState, outside: Outside, now: datetime) -> list[str]:
    lines = [f"source     {theirs.row_count:,} rows; newest stamp {_moment(theirs.newest_update, now)}"]
    if outside.rows and outside.start is not None:
        lines.append(f"outside    {outside_line(outside.rows, outside.start)}")
    if theirs.stamps_ahead:
        lines.append(f"stamps     {stamps_ahead_line(theirs.stamps_ahead)}")
    return lines


def _odd(theirs: SourceState, outside: Outside, database_now: datetime, now: datetime) -> list[str]:
    """Return what a person has to look at of the source's span and stamps."""
    found = [outside.problem(), suspected_clock(theirs.stamps_ahead, database_now, now)]
    return [problem for problem in found if problem is not None]


def _theirs(theirs: SourceState, now: datetime, freshness_days: float) -> list[str]:
    if theirs.newest_update is None or now - theirs.newest_update <= timedelta(days=freshness_days):
        return []
    age = (now - theirs.newest_update) / timedelta(days=1)
    return [f"the City has not published for {age:.1f} days (FRESHNESS_DAYS is {freshness_days:g})"]


def _ours(facts: Any, state: str, theirs: SourceState | None, now: datetime) -> list[str]:
    problems = []
    if state != "current":
        problems.append(f"the warehouse is {state}: a run is needed (python flows/main.py)")
    if facts.last_status in {"failed", "dead", "stopped"}:
        problems.append(f"the last run is {facts.last_status}: {facts.last_message or 'it left no message'}")
    if facts.checked_at and not facts.equal:
        problems.append(
            "the last audit found rows that have left the source too early"
            if facts.unexplained_rows
            else "the last audit found rows that differ"
        )
    is_behind = theirs is not None and (theirs.last_modified, theirs.newest_update) != (
        facts.audited_modified,
        facts.audited_update,
    )
    if (
        state == "current"
        and is_behind
        and (facts.last_equal is None or now - facts.last_equal > MAX_SILENCE)
    ):
        problems.append(
            f"we have not run: the source has moved, and we were last proven equal {_moment(facts.last_equal, now)}"
        )
    return problems


def _moment(moment: datetime | None, now: datetime) -> str:
    if moment is None:
        return "never"
    if moment > now:
        # The City's clock is, or ours is behind.
        return f"{moment:%Y-%m-%d %H:%M} UTC, ahead of our clock"
    hours = (now - moment) / timedelta(hours=1)
    age = f"{hours:.1f} hours" if hours < 48 else f"{hours / 24:.1f} days"
    return f"{moment:%Y-%m-%d %H:%M} UTC, {age} ago"


def to_lines(status: Status) -> list[str]:
    """Return all lines of a status, what is wrong last."""
    verdict = [f"problem    {problem}" for problem in status.problems] or [
        "good       current, and proven equal"
    ]
    return [*status.lines, *verdict]

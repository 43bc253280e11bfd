"""The command `check-source`: for the first contact with a portal, all that a run asks of it, asked once.

It reads the portal and nothing else: it needs no database, starts no Prefect, and stores nothing. What is said of each
answer is a line; where a run would fail, the line is a problem that says what to do.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Final
from urllib.parse import unquote_plus

from tasks.contract.crimes import to_crimes, to_raw_frame
from tasks.contract.drift import KnownColumns, SourceColumn, check_drift, check_values, drift_of
from tasks.datasets import LISTS
from tasks.errors import ContractError, PipelineError, SourceError
from tasks.settings import Settings
from tasks.source import soql
from tasks.source.portal import IDS_OF_ONE_REQUEST, Portal, RefusedError, Row
from tasks.source.whole_read import ReadAgainError, SteadySource, WholeRead, read_ids_still_held, read_rows
from tasks.sync.read import ALL_FIELDS, read_columns
from tasks.sync.reference_lists import read_list
from tasks.windows import FIRST_OF_RECORD, UNDATED, Window, midnight

# The portal refuses the query, and perhaps no other; or it refuses us.
_OF_A_QUERY: Final = r"HTTP 400"
_OF_US: Final = r"HTTP (401|403)"
# Two of these are a thousand rows, and one page follows another by its key.
PAGE_ROWS: Final = 500
PAGES: Final = 2
MAX_REASONS_SAID: Final = 10
# The longest window that is worth a wait: a run of the daily job reads weeks.
MAX_DAYS: Final = 7
_ACTIONS: Final = (
    (
        _OF_US,
        "Mend APP_TOKEN in .env, or leave it empty: without one, calls are throttled and not refused.",
    ),
    (
        r"HTTP (3\d\d|404|410)",
        "What was asked for is not there. Open the dataset's page in a browser; mend PORTAL_URL or CRIMES_DATASET.",
    ),
    (
        _OF_A_QUERY,
        "The portal refuses what a run asks. A column that it names is gone or renamed: map it in tasks/datasets.py.",
    ),
    (
        r"HTTP 429|asks to wait",
        "The portal throttles us. Set APP_TOKEN, or wait and try again.",
    ),
    (
        r"HTTP 200",
        "Something else answered: maintenance, a login page, a proxy. Open PORTAL_URL in a browser, and mend it.",
    ),
    (
        r"did not answer",
        "Look whether this machine reaches PORTAL_URL: its name, the network, a firewall, HTTPS_PROXY.",
    ),
    (r"sends fewer than", "Set PORTAL_PAGE_ROWS to as many as it sends at a time."),
    (
        r"not heed|do not move on|a filter by keys|never whole",
        "The portal, or a cache before it, is being loaded, or answers something else. Try again in some minutes.",
    ),
    (r"", "Try again in some minutes; if it stays, look at the dataset's page."),
)


@dataclass(frozen=True)
class Finding:
    """One line: what it is of, and what was found. A run would fail by a problem, and not by a warning."""

    of: str
    said: str

    @property
    def is_problem(self) -> bool:
        """Return whether a run would fail by it."""
        return self.of == "problem"

    def __str__(self) -> str:
        """Return the line as it is printed."""
        return f"{self.of:<10} {self.said}"


@dataclass(frozen=True)
class _Asked:
    """What is asked: the source as a run reads it, and the same in small pages. rows: that came, by their key.

    columns: as they were stated. said: problems, each of which is said once.
    """

    source: SteadySource
    small: Portal
    settings: Settings
    rows: dict[str, Row]
    columns: list[SourceColumn]
    said: set[str]

    def keep(self, rows: Sequence[Row]) -> None:
        self.rows.update((str(row[self.source.portal.profile.key]), row) for row in rows)


_Step = Callable[[_Asked], Iterator[Finding]]


def check_source(portal: Portal, settings: Settings) -> Iterator[Finding]:
    """Yield what a run would find at a portal, line by line, the verdict last. Raises nothing that the portal does."""
    token = "with APP_TOKEN" if portal.options.app_token else "without APP_TOKEN: calls may be throttled"
    yield Finding("portal", f"{portal.options.url}, {token}")
    problems, warnings = 0, 0
    with Portal(replace(portal.options, page_rows=PAGE_ROWS), portal.profile) as small:
        asked = _Asked(SteadySource(portal), small, settings, {}, [], set())
        for finding in _findings(asked):
            problems += finding.is_problem
            warnings += finding.of == "warning"
            yield finding
    verdict = (
        f"{problems} problem{'' if problems == 1 else 's'}: a run would fail"
        if problems
        else f"a run finds all that it needs{', with the warnings above' if warnings else ''}"
    )
    yield Finding("failed" if problems else "good", verdict)


def _findings(asked: _Asked) -> Iterator[Finding]:
    profile = asked.source.portal.profile
    yield Finding("dataset", f"{profile.dataset}, {profile.title}")
    steps: list[_Step] = [_state, _newest_window, _census, _ids, _increment, _undated]
    if profile.proof == "fingerprint":
        steps.append(_sums)
    try:
        yield from _pages(asked)
    except PipelineError as error:
        yield from _problem(asked, error)
        is_of_the_query = isinstance(error, ContractError) or re.search(_OF_A_QUERY, str(error))
        if not is_of_the_query and (not isinstance(error, RefusedError) or re.search(_OF_US, str(error))):
            # What does not answer, or refuses us, would do so for each other question, and each would be waited for.
            return
        steps = steps if is_of_the_query else []
    for step in (*steps, _judged):
        try:
            yield from step(asked)
        except PipelineError as error:
            yield from _problem(asked, error)
    for name in LISTS:
        yield from _list(asked, name)


def _problem(asked: _Asked, error: PipelineError) -> Iterator[Finding]:
    """Yield what is wrong, what was asked, and what to do; nothing where it was said already."""
    said, request = _parts(error)
    if said in asked.said:
        return
    asked.said.add(said)
    yield Finding("problem", said)
    yield from request
    if not isinstance(error, ContractError):
        yield Finding("do", _action(error))


def _parts(error: PipelineError) -> tuple[str, list[Finding]]:
    """Return an error's words without the request, and that as a line that can be read."""
    found = re.search(r" \((https?://\S+)\)", str(error))
    if found is None:
        return str(error), []
    said = str(error).replace(found[0], "")
    return said, [Finding("asked", unquote_plus(found[1]))]


def _action(error: Exception) -> str:
    return next(action for pattern, action in _ACTIONS if re.search(pattern, str(error)))


def _pages(asked: _Asked) -> Iterator[Finding]:
    """Ask for pages by key, with all columns: is it there, and in which shape."""
    profile = asked.small.profile
    with closing(asked.small.fetch_pages(None, ALL_FIELDS)) as pages:
        answers = list(islice(pages, PAGES))
    rows = [row for answer in answers for row in answer.rows]
    stated = answers[0].fields
    asked.keep(rows)
    if len(asked.rows) != len(rows):
        raise SourceError("pages overlap: the portal does not heed the order, or the filter by the last key")
    yield Finding("pages", f"{len(answers)} by {profile.key}: {_rows(len(rows))}, none twice")
    check_drift(profile, stated, set().union(*rows), len(rows))
    asked.columns.extend(read_columns(asked.small, WholeRead(rows, stated)))
    yield from _said_of(profile, stated, asked.columns)


def _said_of(
    known: KnownColumns, stated: dict[str, str], columns: Sequence[SourceColumn]
) -> Iterator[Finding]:
    mapped = sum(field.name in stated for field in known.fields)
    drift = [line for column in columns if (line := drift_of(known, column))]
    shape = f"{len(stated)} stated, {mapped} of them mapped; {_as_known(drift)}"
    yield Finding("columns", shape if stated else "not stated (no X-SODA2-Fields): judged by the rows alone")
    for line in drift:
        yield Finding("drift", line)


def _state(asked: _Asked) -> Iterator[Finding]:
    """Ask for the source's state, as each read does before and after."""
    state = asked.source.state()
    if state.oldest_occurrence is None or state.newest_occurrence is None:
        raise SourceError("it holds no row, or a date in none")
    yield Finding(
        "rows",
        f"{state.row_count:,}, of {_minute(state.oldest_occurrence)} to {_minute(state.newest_occurrence)} Chicago",
    )
    newest = f"newest stamp {_minute(state.newest_update)} UTC" if state.newest_update else "no newest stamp"
    modified = state.last_modified or "not said, so that no run can be spared as unmoved"
    yield Finding("published", f"{newest}; Last-Modified {modified}")
    expected = min(state.row_count, PAGES * PAGE_ROWS)
    if len(asked.rows) < expected:
        raise SourceError(
            f"{_rows(len(asked.rows))} came in pages of {PAGE_ROWS} where {expected:,} were to come: the portal sends "
            "fewer than it is asked for"
        )


def _newest_window(asked: _Asked) -> Iterator[Finding]:
    """Read the newest days as a run reads a window: whole, and counted under the same filter."""
    portal, newest = asked.source.portal, asked.source.last_seen().newest_occurrence
    if newest is None:
        return
    days = timedelta(days=min(asked.settings.window_days or MAX_DAYS, MAX_DAYS) - 1)
    first = midnight(max(newest, FIRST_OF_RECORD).date()) - days
    # No end: a year that was typed wrong has none that a calendar could name.
    window = Window("occurrence", first, None)
    where = soql.in_window(portal.profile, window)
    whole, _ = asked.source.read(f"window {window}", lambda: read_rows(portal, where, ALL_FIELDS))
    asked.keep(whole.rows)
    # Both are Chicago's wall clock, which sorts as text.
    older = sum(str(row.get(portal.profile.occurrence)) < first.isoformat() for row in whole.rows)
    if older:
        raise SourceError(f"window {window}: {_rows(older)} of before: the filter is not heeded")
    yield Finding("window", f"{window}: {_rows(len(whole.rows))}, as many as the source counts")
    check_drift(portal.profile, whole.fields, set().union(*whole.rows), len(whole.rows))


def _census(asked: _Asked) -> Iterator[Finding]:
    """Ask for the columns of a census alone, of a page of rows."""
    profile = asked.small.profile
    with closing(asked.small.fetch_pages(None, soql.census_columns(profile))) as pages:
        rows = next(pages).rows
    bare = sum(profile.version not in row for row in rows)
    if bare:
        raise SourceError(
            f"{bare} of {len(rows)} rows came without {profile.version}, which the census compares"
        )
    yield Finding("census", f"{_rows(len(rows))} by {soql.census_columns(profile)}")


def _ids(asked: _Asked) -> Iterator[Finding]:
    """Ask which of some rows the source still has, by a filter on their keys."""
    ids = list(asked.rows)[:IDS_OF_ONE_REQUEST]
    if not ids:
        return
    try:
        held = read_ids_still_held(asked.source.portal, ids)
    except ReadAgainError as error:
        raise SourceError(f"a filter by keys: {error}") from error
    if held != set(ids):
        raise SourceError(f"a filter by keys: of {len(ids)} rows that it has just sent, it has {len(held)}")
    yield Finding(
        "keys", f"asked for {_rows(len(ids))} by {asked.source.portal.profile.key} in (...), all came"
    )


def _increment(asked: _Asked) -> Iterator[Finding]:
    """Ask for what has moved, as a daily run does."""
    portal, newest = asked.source.portal, asked.source.last_seen().newest_update
    if newest is None:
        return
    since = newest - timedelta(minutes=asked.settings.overlap_minutes)
    where = soql.in_window(portal.profile, Window("incremental", since=since))
    count = portal.fetch_count(where)
    with closing(asked.small.fetch_pages(where, ALL_FIELDS)) as pages:
        rows = next(pages).rows
    strangers = sum(str(row.get(portal.profile.updated)) < f"{since:%Y-%m-%dT%H:%M:%S}" for row in rows)
    if strangers or len(rows) != min(count, PAGE_ROWS):
        raise SourceError(
            f"since {_minute(since)} UTC: {_rows(len(rows))} came of {count:,}, {strangers} of them older: "
            "the filter is not heeded"
        )
    yield Finding("increment", f"since {_minute(since)} UTC: {_rows(count)}")


def _undated(asked: _Asked) -> Iterator[Finding]:
    """Count the rows without a time, which are a window of their own."""
    portal = asked.source.portal
    count = portal.fetch_count(soql.in_window(portal.profile, UNDATED))
    yield Finding("undated", f"{_rows(count)} without a time")


def _sums(asked: _Asked) -> Iterator[Finding]:
    """Ask for the sums by which the whole history is proven: all months, and the days of the newest one."""
    portal = asked.source.portal
    months = portal.fetch_fingerprints("month")
    counted = sum(month.rows for month in months.values())
    rows = asked.source.state().row_count
    if counted != rows:
        raise SourceError(f"the sums of the months are of {counted:,} rows, and the source counts {rows:,}")
    first = midnight(max((month for month in months if month is not None), default=FIRST_OF_RECORD.date()))
    where = soql.in_window(portal.profile, Window("occurrence", first, None))
    days = portal.fetch_fingerprints("day", where)
    yield Finding("sums", f"{len(months)} months and {len(days)} days, of {counted:,} rows")


def _judged(asked: _Asked) -> Iterator[Finding]:
    """Judge the rows that came by the contract; nothing is stored of them."""
    profile, limit = asked.source.portal.profile, asked.settings.max_reject_share
    rows = list(asked.rows.values())
    if not rows:
        return
    raw = to_raw_frame(rows, profile)
    judged = to_crimes(raw, profile)
    rejected = len(judged.rejected)
    yield Finding(
        "judged",
        f"{_rows(len(rows))}: {len(judged.accepted):,} pass ({judged.bad_coordinates:,} with a point outside the "
        f"city), {rejected:,} would wait in quarantine",
    )
    reasons = Counter(reason for row in judged.rejected["reasons"] for reason in row)
    for reason, count in reasons.most_common(MAX_REASONS_SAID):
        yield Finding("reason", f"{reason} ({count:,})")
    check_values(
        profile,
        asked.columns,
        {str(name): int(n) for name, n in raw.count().items()},
        judged.rejected["reasons"],
    )
    if any(drift_of(profile, column) for column in asked.columns):
        yield Finding("drift", "a run names what is said above and loads on, since the values pass")
    if rejected > max(limit * len(rows), 1):
        raise ContractError(
            f"{rejected:,} of {len(rows):,} rows break the contract, more than MAX_REJECT_SHARE {limit:g}, which stops "
            "a window. If the rows are right, mend tasks/contract/crimes.py; if they are to wait, raise it."
        )


def _list(asked: _Asked, name: str) -> Iterator[Finding]:
    profile = LISTS[name]
    try:
        frame, columns = read_list(asked.source.portal, name)
    except (SourceError, ContractError) as error:
        said, request = _parts(error)
        yield Finding("warning", f"{name}: {said}")
        yield from request
        yield Finding("do", "Nothing today: a run goes on with the list that it has, or the bundled one.")
        return
    drift = [line for column in columns if (line := drift_of(profile, column))]
    shape = f"{len(columns)} columns stated, {_as_known(drift)}"
    yield Finding("list", f"{name} ({profile.dataset}): {_rows(len(frame))}, {shape}")
    for line in drift:
        yield Finding("drift", f"{line}; the list is taken, since its values pass")


def _as_known(drift: Sequence[str]) -> str:
    return f"{len(drift)} not as known" if drift else "all as known"


def _rows(count: int) -> str:
    return f"{count:,} row{'' if count == 1 else 's'}"


def _minute(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"

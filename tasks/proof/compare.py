"""Compare: the source's rows against ours, as the dataset's profile says: by census, or by fingerprint first.

A census is every id and version. By fingerprint, the sums of every month are compared, then those of every day of the
months that differ; the days that differ are compared by census, and with them some months each run, those last proven
the longest ago. That census is read month by month, so that memory does not grow with the dataset.

Of either, some days of each run are compared by content too (contents.py), those whose turn it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Final
from uuid import UUID

from sqlalchemy import Engine

from tasks.datasets import Proof, SourceState
from tasks.proof import census
from tasks.proof.census import Comparison, Span
from tasks.proof.census_read import read_census, read_span
from tasks.proof.contents import NO_DAYS, Damage, find_damage
from tasks.proof.fingerprints import differing_periods, months_due, read_fingerprints
from tasks.proof.outside import NOTHING_OUTSIDE, Outside, read_outside
from tasks.request import Request
from tasks.source import soql
from tasks.source.fingerprint import Fingerprints
from tasks.source.whole_read import ReadAgainError, SteadySource
from tasks.sync.read import read_scope
from tasks.sync.scope import Scope
from tasks.warehouse.audits import read_days_due, read_proven_months
from tasks.warehouse.sql_files import execute
from tasks.windows import CHICAGO, FIRST_OF_RECORD, Window, day_windows, midnight

_MAX_MONTH_DAYS: Final = 31


@dataclass(frozen=True)
class Compared:
    """One comparison, and what was compared.

    outside: of our rows, those that were not. proven_months: found equal by census; compared_days: by content.
    """

    comparison: Comparison
    state: SourceState
    span: Span
    proof: Proof
    outside: Outside
    proven_months: tuple[date, ...] = ()
    compared_days: tuple[date, ...] = ()


@dataclass
class Comparer:
    """The comparisons of one audit: it remembers which months and days have had their turn.

    census_months: how many months of a dataset proven by fingerprint a run compares row by row.
    content_days: how many days are compared column by column.
    """

    engine: Engine
    source: SteadySource
    run_id: UUID
    request: Request
    census_months: int
    content_days: int
    _due: list[date] | None = field(default=None, init=False)
    _days_due: list[date] | None = field(default=None, init=False)

    def compare(self) -> Compared:
        """Compare once, in one state of the source."""
        profile, request = self.source.portal.profile, self.request
        if profile.proof == "fingerprint" and request.is_whole:
            ((comparison, months), damage), state = self.source.read(
                "the fingerprints", lambda: (self._by_fingerprint(), self._damage())
            )
            self._due = [month for month in self._due or () if month not in months]
            span = Span(self._scope(state))
            compared = Compared(comparison, state, span, "fingerprint", NOTHING_OUTSIDE, months)
        else:
            (comparison, damage), state = self.source.read(
                "the census", lambda: (self._by_census(), self._damage())
            )
            span = Span(self._scope(state), request.start, request.end)
            outside = (
                read_outside(self.engine, profile, span.scope, state) if request.is_whole else NOTHING_OUTSIDE
            )
            compared = Compared(comparison, state, span, "census", outside)
        return self._with_damage(self._with_orphans(compared), damage)

    def find_damage(self) -> Damage:
        """Compare by content alone, the days whose turn it is."""
        if not self._read_days_due():
            return NO_DAYS
        damage, _ = self.source.read("the contents", self._damage)
        return damage

    def _damage(self) -> Damage:
        return find_damage(self.engine, self.run_id, self.source.portal, self._read_days_due())

    def _read_days_due(self) -> list[date]:
        """Return the days to compare by content; of a range, which was synced as a whole, there are none."""
        if self._days_due is None:
            state = self.source.last_seen()
            self._days_due = []
            if self.request.is_whole and state.newest_update is not None:
                # An occurrence before the City's record or after its newest stamp is an error of typing.
                first = midnight(max(self._scope(state).start, FIRST_OF_RECORD).date())
                last = midnight(state.newest_update.astimezone(CHICAGO).date())
                self._days_due = read_days_due(self.engine, self.run_id, (first, last), self.content_days)
        return self._days_due

    def _with_orphans(self, compared: Compared) -> Compared:
        """Return the comparison with the rows that wait for a newer one of their key which is here no more."""
        if not (self.source.portal.profile.has_stable_keys and self.request.is_whole):
            return compared
        with self.engine.connect() as connection:
            days = list(execute(connection, "proof/orphaned_twins").scalars())
        found = compared.comparison
        comparison = replace(
            found,
            outdated=found.outdated + len(days),
            differing_days=tuple(sorted({*found.differing_days, *(day for day in days if day is not None)})),
            undated_differs=found.undated_differs or None in days,
        )
        return replace(compared, comparison=comparison)

    def _with_damage(self, compared: Compared, damage: Damage) -> Compared:
        """Return the comparison with what contents say; days that are as published have had their turn."""
        self._days_due = list(damage.damaged_days)
        found = compared.comparison
        days = tuple(sorted({*found.differing_days, *damage.damaged_days}))
        comparison = replace(found, damaged=found.damaged + damage.rows, differing_days=days)
        return replace(compared, comparison=comparison, compared_days=damage.equal_days)

    def _by_census(self) -> Comparison:
        profile, request = self.source.portal.profile, self.request
        scope = self._scope(self.source.last_seen())
        if profile.proof == "census":
            return self._census_of(Span(scope, request.start, request.end))
        # A range of a dataset that may be large: a month at a time.
        theirs = self.source.portal.fetch_fingerprints(
            "month", soql.in_window(profile, Window("occurrence", request.start, request.end))
        )
        ours = read_fingerprints(self.engine, profile, "month", request.start or datetime.min, request.end)
        months = sorted(month for month in {*theirs, *ours} if month is not None)
        return census.add_up([self._census_of(_month_span(scope, month, request)) for month in months])

    def _by_fingerprint(self) -> tuple[Comparison, tuple[date, ...]]:
        """Return the comparison, and the months that the census proved equal."""
        state = self.source.last_seen()
        scope = self._scope(state)
        theirs = self.source.portal.fetch_fingerprints("month")
        ours = read_fingerprints(self.engine, self.source.portal.profile, "month")
        source_rows = sum(month.rows for month in theirs.values())
        if source_rows != state.row_count:
            raise ReadAgainError(
                f"its months have {source_rows} rows in all, where the source counts {state.row_count}"
            )
        due = self._months_due(theirs, ours)
        months = {month: self._census_of(_month_span(scope, month)) for month in due}
        windows = self._differing_days(
            [month for month in differing_periods(theirs, ours) if month not in due]
        )
        parts = [self._census_of(Span(scope, window.start, window.end)) for window in windows]
        if theirs.get(None) != ours.get(None):
            parts.append(self._census_of(Span(scope, is_undated=True)))
        found = census.add_up([*months.values(), *parts])
        comparison = replace(
            found, source_rows=source_rows, our_rows=sum(month.rows for month in ours.values())
        )
        return comparison, tuple(month for month, part in months.items() if part.equal)

    def _months_due(self, theirs: Fingerprints, ours: Fingerprints) -> list[date]:
        if self._due is None:
            months = [month for month in {*theirs, *ours} if month is not None]
            self._due = months_due(months, read_proven_months(self.engine), self.census_months)
        return self._due

    def _differing_days(self, months: Sequence[date]) -> list[Window]:
        """Return the days of these months whose fingerprints differ; neighbouring days of a month are one window."""
        portal = self.source.portal
        windows: list[Window] = []
        for month in months:
            window = _month_window(month)
            theirs = portal.fetch_fingerprints("day", soql.in_window(portal.profile, window))
            ours = read_fingerprints(self.engine, portal.profile, "day", window.start, window.end)
            windows += day_windows(differing_periods(theirs, ours), _MAX_MONTH_DAYS)
        return windows

    def _census_of(self, span: Span) -> Comparison:
        """Compare every row of a span, read whole."""
        portal = self.source.portal
        profile = portal.profile
        if span.is_undated:
            theirs = read_span(portal, soql.without_time(profile))
        elif span.is_whole:
            theirs = read_census(portal, self.source.last_seen())
        else:
            window = Window("occurrence", span.range_start, span.range_end)
            theirs = read_span(portal, soql.in_window(profile, window))
        return census.compare(self.engine, self.run_id, profile, theirs, span)

    def _scope(self, state: SourceState) -> Scope:
        return read_scope(self.engine, self.source, state)


def _month_window(month: date) -> Window:
    is_last = (month.year, month.month) == (date.max.year, date.max.month)
    after = None if is_last else date(month.year + month.month // 12, month.month % 12 + 1, 1)
    return Window("occurrence", midnight(month), None if after is None else midnight(after))


def _month_span(scope: Scope, month: date, asked: Request | None = None) -> Span:
    """Return the span of a month, or of the part of it that was asked for."""
    window = _month_window(month)
    starts = [window.start, asked.start if asked else None]
    ends = [window.end, asked.end if asked else None]
    return Span(
        scope,
        max(start for start in starts if start is not None),
        min((end for end in ends if end is not None), default=None),
    )

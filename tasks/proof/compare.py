"""Compare: what the source holds against what we hold, as a dataset's profile says: by census, or by fingerprint first.

A census is every id and version. By fingerprint, sums of every month are compared, then of every day of the months that
differ, and the census is of the days that differ then; beside them, of some months each run, those that were proven so
the longest ago. A census is read month by month there, so that memory does not grow with the dataset.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Final

import pandas as pd
from sqlalchemy import Engine

from tasks.contract.crimes import to_census_frame
from tasks.datasets import Proof, SourceState
from tasks.proof import census
from tasks.proof.census import Comparison, Span
from tasks.proof.fingerprints import differing_periods, months_due, read_fingerprints
from tasks.request import Request
from tasks.source import soql
from tasks.source.fingerprint import Fingerprints
from tasks.source.whole_read import ReadAgainError, SteadySource, read_pages
from tasks.sync.read import read_scope
from tasks.sync.scope import Scope
from tasks.warehouse.audits import read_proven_months
from tasks.windows import Window, day_windows, midnight

_MAX_MONTH_DAYS: Final = 31


@dataclass(frozen=True)
class Compared:
    """One comparison, and of what. proven_months: months that were found equal by census."""

    comparison: Comparison
    state: SourceState
    span: Span
    proof: Proof
    proven_months: tuple[date, ...] = ()


@dataclass
class Comparer:
    """The comparisons of one audit: it remembers which months have had their turn.

    census_months: how many months are compared row by row in a run, of a dataset that is proven by fingerprint.
    """

    engine: Engine
    source: SteadySource
    request: Request
    census_months: int
    _due: list[date] | None = field(default=None, init=False)

    def compare(self) -> Compared:
        """Compare once, in one state of the source."""
        profile, request = self.source.portal.profile, self.request
        if profile.proof == "fingerprint" and request.is_whole:
            (comparison, months), state = self.source.read("the fingerprints", self._by_fingerprint)
            self._due = [month for month in self._due or () if month not in months]
            return Compared(comparison, state, Span(self._scope(state)), "fingerprint", months)
        comparison, state = self.source.read("the census", self._by_census)
        return Compared(comparison, state, Span(self._scope(state), request.start, request.end), "census")

    def _by_census(self) -> Comparison:
        profile, request = self.source.portal.profile, self.request
        scope = self._scope(self.source.last_seen())
        if profile.proof == "census":
            return self._census_of(Span(scope, request.start, request.end))
        # A range of a dataset that may be large: a month at a time.
        theirs = self.source.portal.fetch_fingerprints(
            "month", soql.in_window(profile, Window("occurrence", request.start, request.end))
        )
        ours = read_fingerprints(self.engine, "month", request.start or datetime.min, request.end)
        months = sorted(month for month in {*theirs, *ours} if month is not None)
        return census.add_up([self._census_of(_month_span(scope, month, request)) for month in months])

    def _by_fingerprint(self) -> tuple[Comparison, tuple[date, ...]]:
        """Return the comparison, and the months that the census proved equal."""
        state = self.source.last_seen()
        scope = self._scope(state)
        theirs = self.source.portal.fetch_fingerprints("month")
        ours = read_fingerprints(self.engine, "month")
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
        windows: list[Window] = []
        for month in months:
            window = _month_window(month)
            theirs = self.source.portal.fetch_fingerprints(
                "day", soql.in_window(self.source.portal.profile, window)
            )
            ours = read_fingerprints(self.engine, "day", window.start, window.end)
            windows += day_windows(differing_periods(theirs, ours), _MAX_MONTH_DAYS)
        return windows

    def _census_of(self, span: Span) -> Comparison:
        """Compare every row of a span, read whole."""
        portal = self.source.portal
        profile = portal.profile
        if span.is_undated:
            where = soql.without_time(profile)
        elif span.is_whole:
            where = None
        else:
            where = soql.in_window(profile, Window("occurrence", span.range_start, span.range_end))
        # Page by page: a census of all rows is not held as rows.
        select = soql.census_columns(profile)
        pages = read_pages(portal, where, select, lambda page: to_census_frame(page.rows, profile))
        return census.compare(self.engine, profile, pd.concat(pages, ignore_index=True), span)

    def _scope(self, state: SourceState) -> Scope:
        return read_scope(self.engine, self.source, state)


def _month_window(month: date) -> Window:
    is_last = (month.year, month.month) == (date.max.year, date.max.month)
    after = None if is_last else date(month.year + month.month // 12, month.month % 12 + 1, 1)
    return Window("occurrence", midnight(month), None if after is None else midnight(after))


def _month_span(scope: Scope, month: date, asked: Request | None = None) -> Span:
    """Return the span of a month, or of that part of it that was asked for."""
    window = _month_window(month)
    starts = [window.start, asked.start if asked else None]
    ends = [window.end, asked.end if asked else None]
    return Span(
        scope,
        max(start for start in starts if start is not None),
        min((end for end in ends if end is not None), default=None),
    )

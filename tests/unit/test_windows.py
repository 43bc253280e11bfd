"""Windows cover a span once and whole, and their text is taken back as what it was."""

from collections import Counter
from datetime import UTC, date, datetime, time, timedelta, timezone
from functools import partial
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.windows import (
    FIRST_OF_RECORD as BEGAN,
)
from tasks.windows import (
    MOST_DAYS_BY_ROWS,
    ROWS_OF_A_WINDOW,
    UNDATED,
    Window,
    day_windows,
    midnight,
    occurrence_windows,
    parse_window,
    span_windows,
    windows_by_rows,
)

END_OF_TIME = datetime(9999, 12, 31, 23, 59, 59, 999999)
RECENT = st.datetimes(datetime(2022, 1, 1), datetime(2026, 12, 31))
ZONES = st.builds(timezone, st.integers(-14 * 60, 14 * 60).map(lambda minutes: timedelta(minutes=minutes)))
INSTANTS = st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC) | ZONES)
DAYS = st.dates(date(2001, 1, 1), date(2026, 12, 31))
# What a month may have: nothing, a few, what the City has, a year's in one month.
ROWS = st.just(0) | st.integers(1, 50) | st.integers(10_000, 45_000) | st.integers(45_000, 500_000)
weekly = partial(occurrence_windows, window_days=7)


def holds(window, moment):
    """Say whether a window of occurrence holds a moment, as the filter on the source does."""
    return (window.start is None or window.start <= moment) and (window.end is None or moment < window.end)


def assert_no_gap_and_no_overlap(windows):
    for one, after in pairwise(windows):
        assert one.end == after.start
    assert all(None in {window.start, window.end} or window.start < window.end for window in windows)


@given(RECENT, st.timedeltas(timedelta(0), timedelta(days=500)), st.integers(1, 366))
def test_windows_cover_a_span_without_gap_or_overlap(start, length, window_days):
    windows = list(occurrence_windows(start, start + length, window_days))
    assert_no_gap_and_no_overlap(windows)
    assert bool(windows) == bool(length)
    if windows:
        assert (windows[0].start, windows[-1].end) == (start, start + length)
        assert all(window.end - window.start == timedelta(days=window_days) for window in windows[:-1])
        assert windows[-1].end - windows[-1].start <= timedelta(days=window_days)


def days_of(window):
    return (window.end - window.start) // timedelta(days=1)


def months_of(start, end):
    """Return how many days of a span each of its months has, by the month's first day."""
    days = (start.date() + timedelta(days=number) for number in range((end - start).days))
    return Counter(day.replace(day=1) for day in days)


def expected_rows(window, rows_by_month, days_by_month):
    """Return how many rows a window has where each month's are spread evenly over its days."""
    months = months_of(window.start, window.end)
    return sum(rows_by_month.get(month, 0) * days / days_by_month[month] for month, days in months.items())


@settings(deadline=None)
@given(DAYS, st.integers(0, 1_000), st.data())
def test_windows_by_rows_cover_a_span_exactly_and_are_neither_too_large_nor_too_small(first, length, data):
    start = midnight(first)
    end = start + timedelta(days=length)
    days_by_month = months_of(start, end)
    rows = {month: data.draw(ROWS) for month in days_by_month if data.draw(st.booleans())}
    windows = list(windows_by_rows(start, end, rows))
    assert_no_gap_and_no_overlap(windows)
    assert bool(windows) == bool(length)
    assert all(window.start.time() == window.end.time() == time.min for window in windows)
    assert all(1 <= days_of(window) <= MOST_DAYS_BY_ROWS for window in windows)
    for window in windows:
        # A day is never divided, whatever it has.
        assert days_of(window) == 1 or expected_rows(window, rows, days_by_month) <= ROWS_OF_A_WINDOW + 1
    for one, after in pairwise(windows):
        following = Window("occurrence", after.start, after.start + timedelta(days=1))
        larger = expected_rows(one, rows, days_by_month) + expected_rows(following, rows, days_by_month)
        assert days_of(one) == MOST_DAYS_BY_ROWS or larger > ROWS_OF_A_WINDOW - 1
    if windows:
        assert (windows[0].start, windows[-1].end) == (start, end)


@pytest.mark.parametrize(("a_day", "days"), [(1_330, 9), (876, 13), (570, 21), (388, 30), (380, 31), (0, 31)])
def test_a_window_has_as_many_days_as_its_years_are_thin(a_day, days):
    """2002 has 1,330 crimes a day, 2021 has 570: weeks of the one have twice the rows of weeks of the other."""
    start, end = datetime(2002, 1, 1), datetime(2004, 1, 1)
    rows = {month: a_day * in_month for month, in_month in months_of(start, end).items()}
    windows = list(windows_by_rows(start, end, rows))
    assert {days_of(window) for window in windows[:-1]} == {days}


def test_a_year_that_is_thinner_has_longer_windows_from_its_first_day_on():
    rows = {date(2020, month, 1): 40_000 for month in range(1, 7)} | {
        date(2020, month, 1): 12_000 for month in range(7, 13)
    }
    windows = list(windows_by_rows(datetime(2020, 1, 1), datetime(2021, 1, 1), rows))
    dense = [window for window in windows if window.end <= datetime(2020, 7, 1)]
    thin = [window for window in windows if window.start >= datetime(2020, 7, 1)]
    assert {days_of(window) for window in dense} <= {8, 9}
    assert {days_of(window) for window in thin[:-1]} <= {30, 31}


def test_a_month_that_has_only_begun_is_as_dense_as_its_days_so_far():
    rows = {date(2021, 5, 1): 570 * 31, date(2021, 6, 1): 570 * 10}
    windows = list(
        windows_by_rows(datetime(2021, 5, 22), datetime(2021, 6, 11), rows | {date(2021, 5, 1): 570 * 10})
    )
    assert windows == [Window("occurrence", datetime(2021, 5, 22), datetime(2021, 6, 11))]


def by_rows_of(occurrences):
    """Return the division of a span by the rows of these occurrences, as the source counts them by month."""
    counts = Counter(moment.date().replace(day=1) for moment in occurrences)
    return partial(windows_by_rows, rows_by_month=counts)


@settings(deadline=None)
@given(st.lists(st.datetimes(), min_size=1, max_size=8), RECENT)
def test_every_occurrence_is_in_exactly_one_window_by_rows_too(occurrences, loaded):
    horizon = midnight(loaded.date()) + timedelta(days=1)
    windows = span_windows(min(occurrences), max(occurrences), BEGAN, horizon, by_rows_of(occurrences))
    assert_no_gap_and_no_overlap(windows)
    for moment in occurrences:
        assert sum(holds(window, moment) for window in windows) == 1
    assert all(days_of(window) <= MOST_DAYS_BY_ROWS for window in windows if window.start and window.end)


def test_absurd_years_have_two_windows_of_their_own_by_rows_too():
    occurrences = [datetime(1915, 3, 1, 12), datetime(2024, 1, 3), datetime(2099, 1, 1, 8)]
    horizon = datetime(2024, 1, 15)
    by_rows = span_windows(min(occurrences), max(occurrences), BEGAN, horizon, by_rows_of(occurrences))
    by_days = span_windows(min(occurrences), max(occurrences), BEGAN, horizon, weekly)
    assert (by_rows[0], by_rows[-1]) == (by_days[0], by_days[-1])
    assert (by_rows[0], by_rows[-1]) == (
        Window("occurrence", None, BEGAN),
        Window("occurrence", horizon, None),
    )


@given(st.lists(st.datetimes(), min_size=1, max_size=8), RECENT, st.integers(7, 366))
def test_every_occurrence_of_a_span_is_in_exactly_one_window(occurrences, loaded, window_days):
    """Whatever year was typed, the first and the last that there are included."""
    horizon = midnight(loaded.date()) + timedelta(days=1)
    windows = span_windows(
        min(occurrences),
        max(occurrences),
        BEGAN,
        horizon,
        partial(occurrence_windows, window_days=window_days),
    )
    assert_no_gap_and_no_overlap(windows)
    for moment in occurrences:
        assert sum(holds(window, moment) for window in windows) == 1


@pytest.mark.parametrize("moment", [datetime(2024, 1, 6), datetime(2024, 1, 6, 23, 59, 59, 999999)])
def test_a_source_of_one_row_has_one_window(moment):
    """B10: oldest and newest are the same instant, and that is no empty span."""
    horizon = datetime(2024, 1, 15)
    assert span_windows(moment, moment, BEGAN, horizon, weekly) == [
        Window("occurrence", datetime(2024, 1, 6), datetime(2024, 1, 7))
    ]


def test_a_year_of_weekly_windows_begins_at_midnight_and_ends_with_the_newest_day():
    windows = span_windows(
        datetime(2023, 1, 7, 5, 2), datetime(2024, 1, 6), BEGAN, datetime(2024, 1, 15), weekly
    )
    assert len(windows) == 53
    assert windows[0] == Window("occurrence", datetime(2023, 1, 7), datetime(2023, 1, 14))
    assert windows[-1] == Window("occurrence", datetime(2024, 1, 6), datetime(2024, 1, 7))


@pytest.mark.parametrize("typed", [datetime(2999, 6, 1, 12), END_OF_TIME, datetime(2024, 1, 15)])
def test_an_occurrence_after_the_load_adds_one_window_without_an_end(typed):
    oldest, horizon = datetime(2024, 1, 1, 8), datetime(2024, 1, 15)
    assert span_windows(oldest, typed, BEGAN, horizon, weekly) == [
        Window("occurrence", datetime(2024, 1, 1), datetime(2024, 1, 8)),
        Window("occurrence", datetime(2024, 1, 8), horizon),
        Window("occurrence", horizon, None),
    ]


@pytest.mark.parametrize("typed", [datetime(24, 1, 2, 10), datetime(1, 1, 1), datetime(2000, 12, 31, 23)])
def test_an_occurrence_before_the_record_began_adds_one_window_without_a_start(typed):
    windows = span_windows(typed, datetime(2001, 1, 10), BEGAN, datetime(2024, 1, 15), weekly)
    assert windows[0] == Window("occurrence", None, BEGAN)
    assert len(windows) == 1 + 2


def test_a_source_that_ends_on_its_day_of_load_has_no_window_without_an_end():
    newest, horizon = datetime(2024, 1, 14, 23, 59), datetime(2024, 1, 15)
    assert span_windows(newest, newest, BEGAN, horizon, weekly)[-1].end == horizon


@given(
    st.just(UNDATED)
    | st.builds(Window, st.just("incremental"), since=INSTANTS)
    | st.builds(Window, st.just("occurrence"), st.none() | st.datetimes(), st.none() | st.datetimes())
)
def test_a_window_prints_as_text_that_is_taken_back(window):
    assert parse_window(str(window)) == window


def test_windows_print_as_a_person_writes_them():
    since = datetime(2024, 1, 14, 8, 2, 21, 256000, tzinfo=UTC)
    assert str(Window("occurrence", datetime(2024, 1, 1), datetime(2024, 1, 8))) == "2024-01-01..2024-01-08"
    assert str(Window("occurrence", datetime(2024, 1, 15), None)) == "2024-01-15..later"
    assert str(Window("incremental", since=since)) == "since 2024-01-14T08:02:21.256000+00:00"
    assert str(UNDATED) == "undated"


def test_an_instant_at_midnight_keeps_its_zone_in_the_text():
    window = Window("incremental", since=datetime(2024, 1, 14, tzinfo=UTC))
    assert parse_window(str(window)).since.tzinfo is not None


@pytest.mark.parametrize("text", ["", "2024-01-01", "since ", "since yesterday", "..", "2024-01-01..soon"])
def test_text_that_is_no_window_is_refused(text):
    with pytest.raises(ValueError):  # noqa: PT011 (some are Python's own words)
        parse_window(text)


@given(st.lists(st.dates(date(2024, 1, 1), date(2024, 3, 1)) | st.dates()), st.integers(1, 31))
def test_repair_windows_cover_exactly_the_days_that_differ(days, most_days):
    windows = day_windows(days, most_days)
    assert all(window.kind == "repair" for window in windows)
    covered = []
    for window in windows:
        end = window.end or END_OF_TIME
        length = (end - window.start) // timedelta(days=1) + (window.end is None)
        assert 1 <= length <= most_days
        covered += [window.start.date() + timedelta(days=day) for day in range(length)]
    assert covered == sorted(set(days))


def test_neighbouring_days_share_a_window_up_to_the_most():
    days = [date(2024, 1, day) for day in (3, 1, 2, 4, 9, 9)]
    assert day_windows(days, 3) == [
        Window("repair", datetime(2024, 1, 1), datetime(2024, 1, 4)),
        Window("repair", datetime(2024, 1, 4), datetime(2024, 1, 5)),
        Window("repair", datetime(2024, 1, 9), datetime(2024, 1, 10)),
    ]


def test_no_day_differs_and_there_is_no_window():
    assert day_windows([], 7) == []

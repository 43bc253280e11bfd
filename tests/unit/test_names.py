"""What a run, a window and a moment are called where a person reads them."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest

from tasks.shown.artifacts import RunDetails, to_markdown
from tasks.shown.names import moment, outcome, run_name, window_name
from tasks.shown.report import RunReport
from tasks.windows import UNDATED, Window

SINCE = Window("incremental", since=datetime(2026, 11, 28, 8, 3, 22, 123456, tzinfo=UTC))
FOUND = RunReport(
    run_id=UUID(int=1), kind="incremental", status="done", message=None,
    started_at=datetime(2026, 11, 28, 12, tzinfo=UTC), seconds=9.6,
    windows_done=1, windows_failed=0, windows_mended=0,
    inserted=725, rekeyed=0, updated=3, unchanged=9, rejected=0, retired=0, repaired=0, bad_coordinates=0,
    revised=0, withdrawn=0, proof="census", equal=True, source_rows=9, our_rows=9, crimes=9, rejected_held=0,
    history=0, newest_crime=None, newest_update=None, stamps_ahead=0, answers=(),
)  # fmt: skip


def occurred(start, end):
    return Window(
        "occurrence",
        None if start is None else datetime.fromisoformat(start),
        None if end is None else datetime.fromisoformat(end),
    )


@pytest.mark.parametrize(
    ("window", "name"),
    [
        (SINCE, "since 28 Nov 08:03 UTC"),
        (UNDATED, "without a date"),
        (occurred("2026-01-05", "2026-01-12"), "5 to 11 Jan 2026"),
        (occurred("2026-01-26", "2026-02-02"), "26 Jan to 1 Feb 2026"),
        (occurred("2025-12-29", "2026-01-05"), "29 Dec 2025 to 4 Jan 2026"),
        (occurred("2026-01-05", "2026-01-06"), "5 Jan 2026"),
        (occurred("2026-01-05", "2026-01-05T12:00"), "5 Jan 2026"),
        (occurred(None, "2001-01-01"), "until 31 Dec 2000"),
        (occurred("2026-11-28", None), "from 28 Nov 2026"),
        (occurred(None, None), "of all days"),
    ],
)
def test_a_window_is_named_by_its_days_in_words(window, name):
    assert window_name(window) == name


def test_a_run_is_named_by_its_kind_and_its_span():
    weeks = [occurred("2025-11-17", "2025-11-24"), occurred("2025-11-24", "2025-11-26"), UNDATED]
    assert run_name("backfill", weeks) == "backfill 17 to 25 Nov 2025"
    assert run_name("backfill", [*weeks, occurred("2025-11-26", None)]) == "backfill from 17 Nov 2025"
    assert run_name("incremental", [SINCE]) == "incremental since 28 Nov 08:03 UTC"
    assert run_name("unmoved", []) == "unmoved"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({}, "equal, 725 new"),
        ({"retired": 32, "repaired": 1, "rejected": 2}, "equal, 725 new, 32 gone, 1 repaired, 2 rejected"),
        ({"inserted": 0}, "equal, nothing new"),
        ({"equal": None}, "not compared, 725 new"),
        ({"status": "unequal", "equal": False}, "unequal, 725 new"),
        ({"status": "failed", "windows_failed": 2, "windows_done": 51}, "failed, 2 of 53 windows, 725 new"),
        ({"status": "failed", "inserted": 0}, "failed"),
    ],
)
def test_how_a_run_ended_is_said_in_a_line(changed, said):
    assert outcome(replace(FOUND, **changed)) == said


def test_a_moment_is_said_to_the_minute_and_with_its_clock():
    assert moment(datetime(2026, 11, 28, 11, 3, 22, 123456, tzinfo=UTC)) == "28 Nov 2026 11:03 UTC"
    assert moment(datetime(2026, 11, 20)) == "20 Nov 2026 00:00 Chicago"


def test_windows_like_most_others_are_a_sentence_and_only_those_that_differ_have_bars():
    rows = {f"week {number}": 4_700 + number for number in range(51)} | {"first": 900, "last": 7_000}
    windows = tuple({"window": name, "source": count} for name, count in rows.items())
    page = to_markdown(FOUND, RunDetails(windows, {}, {}, {}))
    assert "51 of 53 windows have 4,700 to 4,750 rows of the source." in page
    bars = page.split("These differ:")[1].split("```")[1].splitlines()[1:]
    assert [line.split()[:2] for line in bars] == [["first", "900"], ["last", "7,000"]]
    alike = to_markdown(FOUND, RunDetails(windows[:3], {}, {}, {}))
    assert "3 of 3 windows have 4,700 to 4,702 rows of the source." in alike
    assert "These differ" not in alike

"""A portal that is far away: what waits for it, waits side by side; what a read proves stays as it is."""

import itertools
import json
import threading
import time
from collections import Counter
from datetime import date, timedelta

import pytest

from demo.portal_faults import Fault
from demo.shapes import ONE_YEAR
from tasks import load as load_step
from tasks.run import connections
from tasks.source import portal
from tasks.warehouse.slots import Slots, slots_within
from tests.chaos import oracle
from tests.integration.conftest import crime

pytestmark = pytest.mark.usefixtures("views_left")

CRIMES = ONE_YEAR.id
WEEKS = 12
FIRST = date(2023, 10, 2)
IN_TIME = 60
CENSUS = ":id,:version,date_of_occurrence"


@pytest.fixture
def twelve_weeks(world, monkeypatch):
    """A source of twelve weeks, two rows each, at a portal that counts as far."""
    monkeypatch.setattr(portal, "FAR_SECONDS", 0)
    rows = [
        crime(f"JH{week:03}{number:03}", f"{FIRST + timedelta(days=7 * week)}T1{number}:00:00.000")
        for week in range(WEEKS)
        for number in range(2)
    ]
    world.store.insert(CRIMES, rows, at=world.now())
    return world


class Loads:
    """The loads of a run: each is kept from ending until so many windows were asked for."""

    def __init__(self, world, monkeypatch, until):
        self.until, self.changed = until, threading.Condition()
        self.asked, self.now, self.most, self.seen_at_first_end = set(), 0, 0, None
        self.load = load_step.load_window
        monkeypatch.setattr(load_step, "load_window", self.kept)
        world.portal.before_answer = self.look

    def look(self, seen):
        if ":*" in seen.params.get("$select", ""):
            with self.changed:
                self.asked.add(seen.params["$where"])
                self.changed.notify_all()

    def kept(self, *arguments):
        with self.changed:
            self.now += 1
            self.most = max(self.most, self.now)
            assert self.changed.wait_for(lambda: len(self.asked) >= self.until, IN_TIME)
        # Whoever would read one more has the time for it.
        time.sleep(0.3)
        with self.changed:
            self.seen_at_first_end = self.seen_at_first_end or len(self.asked)
        try:
            return self.load(*arguments)
        finally:
            with self.changed:
                self.now -= 1


@pytest.mark.parametrize("through_prefect", [False, True])
def test_as_many_windows_as_are_worked_on_are_read_ahead_of_their_turn(
    twelve_weeks, monkeypatch, through_prefect
):
    """They wait with their rows: `max_concurrency` windows are past their read, and as many again are open."""
    loads = Loads(twelve_weeks, monkeypatch, until=4)
    assert twelve_weeks.run(max_concurrency=2, through_prefect=through_prefect).is_completed()
    assert (loads.seen_at_first_end, loads.most) == (4, 2)
    assert len(loads.asked) == WEEKS
    twelve_weeks.assert_holds_source()
    oracle.assert_ledger_is_closed(twelve_weeks.query)


def test_from_a_portal_that_answers_at_once_no_window_is_read_ahead(twelve_weeks, monkeypatch):
    monkeypatch.setattr(portal, "FAR_SECONDS", 5)
    loads = Loads(twelve_weeks, monkeypatch, until=2)
    assert twelve_weeks.run(max_concurrency=2).is_completed()
    assert (loads.seen_at_first_end, loads.most) == (2, 2)


def test_a_portal_is_far_if_even_its_quickest_answer_took_long(world):
    source = connections.source()
    assert source.portal.is_far, "nothing is known yet"
    world.portal.faults.add(Fault("slow", match="row_count", seconds=0.2))
    source.state()
    assert source.portal.is_far
    # One of several, since whatever else the machine does makes one slow.
    for _ in range(5):
        source.state()
    assert not source.portal.is_far


def test_one_window_at_a_time_is_read_when_the_one_before_is_stored(twelve_weeks, monkeypatch):
    """Who asks for one at a time, because the portal throttles or to see them in order, has no other read."""
    loads = Loads(twelve_weeks, monkeypatch, until=1)
    assert twelve_weeks.run(max_concurrency=1).is_completed()
    assert (loads.seen_at_first_end, loads.most) == (1, 1)


@pytest.mark.parametrize(("limit", "ahead"), [(4, 0), (6, 0), (7, 1), (8, 2), (20, 2)])
def test_windows_are_read_ahead_as_far_as_there_are_connections(world, monkeypatch, limit, ahead):
    role = f"few_{world.value('select current_database()')}"
    world.query(f"create role {role} login connection limit {limit}")
    monkeypatch.setenv("DB_USERNAME", role)
    try:
        engine = connections.warehouse()
        # Beside the two windows: the lists and the progress; the lock has its connection already.
        assert slots_within(engine, 2) == Slots(2, ahead)
        assert slots_within(engine, 1) == Slots(1, 0)
        assert slots_within(engine, 2, reads_ahead=False) == Slots(2, 0)
        if limit == 20:
            assert slots_within(engine, 2, fan_out=1) == Slots(2, 0)
    finally:
        connections.close()
        world.query(f"drop role {role}")


def test_windows_whose_reads_fail_take_no_turn_and_the_others_are_stored(twelve_weeks, monkeypatch):
    """As many fail as there are turns: one that kept its turn would leave none for the others."""
    monkeypatch.setenv("PORTAL_PATIENCE_SECONDS", "0")
    for weeks in (2, 3):
        begin = f">= '{FIRST + timedelta(weeks=weeks)}T"
        twelve_weeks.portal.faults.add(Fault("html_200", match=rf"select=:\*,\*.*{begin}", times=None))
    assert twelve_weeks.run(max_concurrency=2).is_failed()
    assert twelve_weeks.query("select status, count(*)::int from pipeline.windows group by 1 order by 1") == [
        ("done", WEEKS - 2),
        ("failed", 2),
    ]
    twelve_weeks.portal.faults.clear()
    assert twelve_weeks.run(max_concurrency=2).is_completed()
    twelve_weeks.assert_holds_source()


@pytest.mark.parametrize(("token", "most"), [("a-token", 8), (None, 4)])
def test_with_a_token_every_open_window_has_its_two_requests_and_without_one_those_worked_on(
    twelve_weeks, monkeypatch, token, most
):
    """Without a token the portal's bound is shared by all who have the address."""
    if token:
        monkeypatch.setenv("APP_TOKEN", token)
    changed, now, peak = threading.Condition(), [0], [0]
    answer = twelve_weeks.portal.answer

    def counted(seen):
        is_of_a_window = "date_of_occurrence >=" in seen.params.get("$where", "")
        with changed:
            now[0] += 1
            peak[0] = max(peak[0], now[0])
            changed.notify_all()
            if is_of_a_window and peak[0] < most:
                changed.wait_for(lambda: peak[0] >= most, 5)
        time.sleep(0.05)
        with changed:
            now[0] -= 1
        return answer(seen)

    monkeypatch.setattr(twelve_weeks.portal, "answer", counted)
    assert twelve_weeks.run(max_concurrency=2).is_completed()
    assert peak == [most]


def test_each_window_that_waits_for_the_portal_has_a_thread(twelve_weeks, monkeypatch):
    """asyncio's own pool has four threads more than the machine has cores: fewer than eight windows need."""
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    # What Python asks from 3.13 on.
    monkeypatch.setattr("os.process_cpu_count", lambda: 1, raising=False)
    monkeypatch.setenv("APP_TOKEN", "a-token")
    together = threading.Barrier(WEEKS)

    def meet(seen):
        if ":*" in seen.params.get("$select", ""):
            together.wait(IN_TIME)

    twelve_weeks.portal.before_answer = meet
    assert twelve_weeks.run(max_concurrency=6).is_completed()


# The census, in parts of time.


def censuses(portal):
    """Return the filters of the pages of the census, each with how often it was asked for."""
    return Counter(
        seen.params.get("$where") for seen in portal.requests if seen.params.get("$select") == CENSUS
    )


@pytest.fixture
def pages_of_ten(twelve_weeks, monkeypatch):
    """The twelve weeks, loaded, of a portal that is asked for pages of ten rows."""
    monkeypatch.setenv("PORTAL_PAGE_ROWS", "10")
    return twelve_weeks


def last_audits(world):
    return world.query(
        "select source_rows, missing_rows, surplus_rows, outdated_rows, equal from pipeline.audits order by round"
    )


def test_a_census_is_read_in_parts_that_do_not_wait_for_each_other(pages_of_ten):
    """Together they are every row once, those without a time too."""
    world, together, came = pages_of_ten, threading.Barrier(3), itertools.count(1)

    def meet(seen):
        if seen.params.get("$select") == CENSUS and next(came) <= 3:
            together.wait(IN_TIME)

    world.store.insert(CRIMES, [crime("JH999999", None)], at=world.now())
    world.portal.before_answer = meet
    assert world.run().is_completed()
    asked = censuses(world.portal)
    assert len(asked) > 3
    assert set(asked.values()) == {1}
    assert "date_of_occurrence is null" in asked
    assert last_audits(world) == [(2 * WEEKS + 1, 0, 0, 0, True)]


def test_a_census_of_one_page_is_one_request(twelve_weeks):
    assert twelve_weeks.run().is_completed()
    assert censuses(twelve_weeks.portal) == {None: 1}


def test_a_source_that_moves_between_two_parts_is_read_again(pages_of_ten):
    """A row that goes from a part not yet read to one that was: every part is whole, and a row is missing."""
    world, moved = pages_of_ten, []

    def move(seen):
        if seen.params.get("$select") == CENSUS and "is null" in seen.params.get("$where", "") and not moved:
            moved.append(True)
            (newest,) = world.query(
                "select crime_id from chicago.crimes order by date_of_occurrence desc limit 1"
            )
            with world.store.change(CRIMES, at=world.now()) as change:
                change.recreate([newest[0]], {"date_of_occurrence": f"{FIRST}T08:00:00.000"})

    world.portal.before_answer = move
    world.run()
    assert moved
    asked = censuses(world.portal)
    assert asked["date_of_occurrence is null"] >= 2
    world.assert_holds_source()
    assert last_audits(world)[-1][-1] is True


def test_two_parts_that_have_one_id_are_no_census_and_all_pages_are_read(pages_of_ten, monkeypatch):
    """Each part is whole, and so is their sum: a row stands for another."""
    world, first = pages_of_ten, []
    answer = world.portal.answer

    def twice(seen):
        found = answer(seen)
        if seen.params.get("$select") != CENSUS or ":id >" in seen.params.get("$where", ":id >"):
            return found
        rows = json.loads(found.body)
        if rows and not first:
            first.append(rows[0][":id"])
        elif rows and len(first) == 1:
            first.append(rows[0][":id"])
            rows[0][":id"] = first[0]
        return type(found).of_json(200, rows, **{k: v for k, v in found.headers.items() if k[0] == "X"})

    monkeypatch.setattr(world.portal, "answer", twice)
    assert world.run().is_completed()
    assert len(first) == 2
    asked = censuses(world.portal)
    assert asked[None] == 1
    assert last_audits(world) == [(2 * WEEKS, 0, 0, 0, True)]
    world.assert_holds_source()


@pytest.mark.parametrize("kind", ["rows_lost", "rows_repeated", "empty_200", "cut_body", "cut_body_declared"])
def test_a_part_that_is_not_whole_is_read_again(pages_of_ten, kind):
    world = pages_of_ten
    world.portal.faults.add(Fault(kind, match=rf"select={CENSUS}.*date_of_occurrence >= '2023-10-0"))
    assert world.run().is_completed()
    assert len(world.portal.faults.met) == 1
    assert last_audits(world) == [(2 * WEEKS, 0, 0, 0, True)]


def test_what_differs_is_found_in_every_part(pages_of_ten):
    world = pages_of_ten
    assert world.run().is_completed()
    ids = [one for (one,) in world.query("select crime_id from chicago.crimes order by date_of_occurrence")]
    with world.store.change(CRIMES, at=world.now()) as change:
        change.withdraw([ids[1], ids[12], ids[-1]])
    assert world.run().is_completed()
    assert [reason for _, reason in world.history()] == ["withdrawn"] * 3
    world.assert_holds_source()


def test_a_list_and_its_count_are_asked_for_side_by_side(world):
    """A list is counted, and its count waits for nothing."""
    together = threading.Barrier(2)
    lists = ("z8bn-74gv", "htai-wnw4", "c7ck-438e")

    def meet(seen):
        if any(name in seen.path for name in lists):
            together.wait(IN_TIME)

    world.store.insert(CRIMES, [crime("JH000001")], at=world.now())
    world.portal.before_answer = meet
    assert world.run().is_completed()
    assert world.value("select count(*)::int from pipeline.reference_loads where loaded_from = 'portal'") > 0

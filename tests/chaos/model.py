"""A model of the source as a state machine: whatever the City may do between and during runs, and runs that die.

Each example is a city of a few cases and a warehouse of its own. Some rules change the source in the ways in which the
City does; others run the real command line against it, to the end, to a kill at a chosen point, or into a window that
fails. After each the oracle compares.
"""

import itertools
import threading
from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, precondition, rule  # noqa: F401

from demo.portal_faults import Fault
from demo.shapes import ONE_YEAR
from demo.store import to_stamp
from tests.chaos import child, foreign, oracle
from tests.integration.conftest import FIRST_LOAD, crime

CRIMES = ONE_YEAR.id
CASES = [f"JH00000{number}" for number in range(5)]
# Five weeks: in one week and in different ones, at the first and the last instant of a window, and two of one minute.
MOMENTS = [
    "2023-12-11T00:00:00.000",
    "2023-12-13T13:05:00.000",
    "2023-12-17T23:59:59.000",
    "2023-12-18T00:00:00.000",
    "2023-12-27T08:30:00.000",
    "2023-12-27T08:30:00.000",
    "2024-01-03T22:00:00.000",
    "2024-01-08T12:00:00.000",
]
WEEKS = sorted({moment[:10] for moment in MOMENTS})
# A year that no calendar has, and one that is long past.
ODD_MOMENTS = ["20205-01-05T10:00:00.000", "1926-01-05T10:00:00.000"]
AHEAD = datetime(2099, 1, 1, tzinfo=UTC)
SETTINGS = {
    "PORTAL_PAGE_ROWS": "5",
    "MAX_INCREMENTAL_ROWS": "12",
    "MAX_REJECT_SHARE": "1",
    "MAX_RETIRE_SHARE": "1",
    "MAX_CONCURRENCY": "2",
    "APP_TOKEN": "a-token",
}

PATIENCE = "PORTAL_PATIENCE_SECONDS"
# Answers that are broken once or several times, and then right.
HEALING = ["status", "accepted_202", "html_200", "json_object_200", "cut_body", "reset", "no_content_type"]

# None leaves a field out: such a row has no date, or is one that the contract rejects.
contents = st.fixed_dictionaries(
    {
        "when": st.sampled_from([*MOMENTS, None]),
        "iucr": st.sampled_from(["0110", "0820"]),
        "arrest": st.sampled_from(["Y", "N", "N", "U"]),
        "location_description": st.sampled_from(["STREET", foreign.CAFE]),
    }
)
new_rows = st.lists(st.tuples(st.sampled_from(CASES), contents), min_size=1, max_size=6)
changes = st.one_of(
    st.just({}),
    contents.map(
        lambda made: {
            "date_of_occurrence": made["when"],
            "_iucr": made["iucr"],
            "arrest": made["arrest"],
            "_location_description": made["location_description"],
        }
    ),
    st.sampled_from([{"arrest": "Y"}, {"arrest": "N"}, {"_iucr": "0110"}]),
)
stamps = st.sampled_from(["now", "now", "equal", "old"])
picks = st.lists(st.integers(0, 200), min_size=1, max_size=4)
deaths = st.builds(child.Death, st.sampled_from(child.POINTS), st.integers(1, 60))
modes = st.sampled_from(["auto", "auto", "auto", "reconcile", "backfill"])
settings_of_others = st.lists(st.sampled_from(sorted(foreign.SETTINGS)), min_size=1, max_size=5, unique=True)


class SourceAndWarehouse(RuleBasedStateMachine):
    """A source that lives, and a warehouse that has to follow."""

    def __init__(self, world, tally):
        super().__init__()
        self.world, self.tally = world, tally
        self.world.environment = {**world.environment, **SETTINGS}
        self.ever = {}
        self.aged_out = None
        self.stretch = oracle.Stretch()
        self.held = oracle.look(world.query)
        self.moving = []
        self.asked = itertools.count()
        self.tally["sequences"] += 1

    # ----- what the City does

    def _source(self):
        return {row[":id"]: row for row in self.world.store.rows(CRIMES)}

    def _picked(self, numbers):
        ids = sorted(self._source())
        return sorted({ids[number % len(ids)] for number in numbers}) if ids else []

    def _note(self, ids, into, *, is_murky=False):
        source = self._source()
        self.ever |= {key: row["case_"] for key, row in source.items()}
        cases = {self.ever[key] for key in ids}
        into |= cases
        if is_murky:
            self.stretch.murky |= cases
        # Where the source begins before what has aged out of it, rows of that age seem to be withdrawn.
        first = oracle.oldest(source)
        if self.aged_out is not None and first is not None and first < self.aged_out:
            self.stretch.murky |= set(self.ever.values())

    def _stamp(self, kind):
        if kind == "now":
            return None
        if kind == "ahead":
            return to_stamp(AHEAD)
        stamps = [row[":updated_at"] for row in self._source().values()]
        newest = max((stamp for stamp in stamps if stamp < to_stamp(AHEAD)), default=None)
        return newest if kind == "equal" else to_stamp(FIRST_LOAD - timedelta(days=9))

    def _insert(self, rows, stamp="now", *, is_murky=False):
        made = [crime(case, **values) for case, values in rows]
        ids = self.world.store.insert(CRIMES, made, at=self.world.now(), updated_at=self._stamp(stamp))
        self._note(ids, self.stretch.inserted, is_murky=is_murky or stamp == "old")

    def _recreate(self, numbers, changed, stamp="now", *, is_murky=False):
        ids = self._picked(numbers)
        if not ids:
            return
        self._note(ids, set(), is_murky=is_murky or stamp == "old")
        dropped = {name for name, value in changed.items() if value is None}
        with self.world.store.change(CRIMES, at=self.world.now()) as change:
            old = change.rows(f'":id" in ({", ".join("?" * len(ids))})', ids)
            change.withdraw(ids)
            change.insert(
                [
                    {
                        name: value
                        for name, value in {**row, **changed}.items()
                        if not name.startswith(":") and name not in dropped
                    }
                    for row in old
                ],
                updated_at=self._stamp(stamp),
            )
        self._note([], set())

    def _withdraw(self, numbers, *, is_murky=False):
        ids = self._picked(numbers)
        if ids:
            self._note(ids, self.stretch.withdrawn, is_murky=is_murky)
            self.world.store.withdraw(CRIMES, ids, at=self.world.now())

    @initialize(rows=new_rows)
    def begin(self, rows):
        self._insert(rows)

    @rule(rows=new_rows, stamp=stamps)
    def insert(self, rows, stamp):
        self._insert(rows, stamp)

    @rule(numbers=picks, changed=changes, stamp=stamps)
    def recreate(self, numbers, changed, stamp):
        self._recreate(numbers, changed, stamp)

    @rule(case=st.sampled_from(CASES), content=contents, when=st.sampled_from(ODD_MOMENTS))
    def insert_of_an_odd_year(self, case, content, when):
        self.tally["odd values"] += 1
        self._insert([(case, {**content, "when": when})])

    @rule(rows=new_rows)
    def insert_with_stamps_of_2099(self, rows):
        self.tally["odd values"] += 1
        self._insert(rows, "ahead")

    @rule(numbers=picks)
    def withdraw(self, numbers):
        self._withdraw(numbers)

    @rule(week=st.sampled_from(WEEKS[1:3]))
    def age_out(self, week):
        self.aged_out = max(self.aged_out or datetime.min, datetime.fromisoformat(week))
        self.world.store.age_out(CRIMES, datetime.fromisoformat(week), at=self.world.now())

    @rule()
    def recreate_all(self):
        self.world.store.recreate_all(CRIMES, at=self.world.now())
        self._note([], set())

    @rule()
    def touch_all(self):
        self.world.store.touch_all(CRIMES, at=self.world.now())

    @rule(
        request=st.integers(1, 30),
        change=st.one_of(
            st.tuples(st.just("insert"), new_rows),
            st.tuples(st.just("recreate"), st.tuples(picks, changes)),
            st.tuples(st.just("withdraw"), picks),
        ),
    )
    def change_in_the_middle_of_the_next_run(self, request, change):
        if len(self.moving) < 2:
            self.moving.append((request, change))

    # ----- runs

    @rule(mode=modes, death=st.none() | deaths)
    def run(self, mode, death):
        self._run(["--mode", mode], death=death)

    @rule(mode=modes, death=deaths)
    def run_that_dies(self, mode, death):
        self._run(["--mode", mode], death=death)

    @rule(mode=modes, week=st.sampled_from(WEEKS))
    def run_with_a_window_that_fails(self, mode, week):
        # Requests for rows of the week that begins then, or by stamp, are always refused in the same way.
        fault = Fault("status", status=500, times=None, match=rf"select=:\*,\*.*(>= '{week}|:updated_at >=)")
        self.world.portal.faults.add(fault)
        try:
            self._run(["--mode", mode], **{PATIENCE: "0.05"})
        finally:
            self.world.portal.faults.clear()

    @rule(mode=modes, kind=st.sampled_from(HEALING), times=st.sampled_from([1, 4]), skip=st.integers(0, 12))
    def run_with_broken_answers_that_heal(self, mode, kind, times, skip):
        self.world.portal.faults.add(Fault(kind, times=times, skip=skip, status=503))
        try:
            self._run(["--mode", mode])
            self.tally["faults"] += len(self.world.portal.faults.met)
        finally:
            self.world.portal.faults.clear()
            self.world.portal.faults.met.clear()

    @rule(mode=modes, rows=st.integers(1, 4), death=st.none() | deaths)
    def run_with_pages_cut_short(self, mode, rows, death):
        self.world.portal.faults.add(Fault("limit_lowered", times=None, rows=rows))
        try:
            self._run(["--mode", mode], death=death)
            self.tally["runs with pages cut short"] += 1
        finally:
            self.world.portal.faults.clear()
            self.world.portal.faults.met.clear()

    @rule(mode=modes, teller=st.sampled_from(foreign.TELLERS), names=settings_of_others)
    def run_with_settings_of_others(self, mode, teller, names):
        told = foreign.tell(self.world, teller, names)
        try:
            self._run(["--mode", mode], **told)
            self.tally["runs with settings of others"] += 1
        finally:
            foreign.forget(self.world)

    @rule(bounds=st.tuples(st.sampled_from(WEEKS), st.integers(1, 20)))
    def run_over_a_range(self, bounds):
        start = datetime.fromisoformat(bounds[0])
        end = start + timedelta(days=bounds[1])
        self._run(["--start", f"{start:%Y-%m-%d}", "--end", f"{end:%Y-%m-%d}"], start=start, end=end)

    def _run(self, arguments, *, death=None, start=None, end=None, **environment):
        stood_still = not self.moving
        self._let_it_move()
        before, was_dateless = self.held, not any(map(oracle.occurred, self._source().values()))
        self._doubt_reasons()
        code = child.run(
            arguments, {**self.world.environment, **environment}, death=death, output=self.world.output
        )
        self.world.portal.before_answer = None
        self.moving = []
        self.held = oracle.look(self.world.query)
        self.tally["runs"] += 1
        self.tally["kills"] += code == -9
        self.tally["failed"] += code == 1
        oracle.assert_history_tells(before, self.held, self.stretch, stood_still=stood_still, ever=self.ever)
        if code == 0:
            self._is_right(start, end)
        elif code == 1:
            # A source without a row, or without a date, is not believed; a fault that stays is not ignored.
            assert PATIENCE in environment or (was_dateless and stood_still) or not stood_still, (
                self.world.said()
            )
        else:
            assert code == -9, self.world.said()

    def _doubt_reasons(self):
        """Doubt why rows left where those that aged out cannot be told from withdrawn ones by their dates.

        While a row has a wrong year, the last proof alone tells them apart. And a row with a stamp of the future is
        judged by when it was loaded: that is years after the city of this model lived, so its date looks wrong.
        """
        held = any(oracle.is_misdated(row[oracle.OCCURRED]) for row in self.held.crimes.values())
        is_ahead = self.aged_out is not None and any(
            row[oracle.UPDATED] >= AHEAD for row in self.held.crimes.values()
        )
        if held or is_ahead or oracle.has_misdated(self._source()):
            self.stretch.murky |= set(self.ever.values())

    def _is_right(self, start, end):
        source = self._source()
        if start is None:
            oracle.assert_equals_source(self.held, source)
            oracle.assert_reasons_are_right(self.held, self.stretch, self.ever)
            self.stretch = oracle.Stretch()
        else:
            oracle.assert_equals_source(self.held, source, start=start, end=end)
        oracle.assert_ledger_is_closed(self.world.query)

    def _let_it_move(self):
        """Make the change that was set for the middle of the run, at its request."""
        left = sorted(self.moving, key=lambda told: told[0])
        seen, one_at_a_time = itertools.count(1), threading.Lock()

        def move(_seen):
            with one_at_a_time:
                number = next(seen)
                while left and left[0][0] <= number:
                    self._move(*left.pop(0)[1])

        self.world.portal.before_answer = move if left else None

    def _move(self, kind, told):
        self.tally["moves"] += 1
        if kind == "insert":
            self._insert(told, is_murky=True)
        elif kind == "recreate":
            self._recreate(*told, is_murky=True)
        else:
            self._withdraw(told, is_murky=True)

    def teardown(self):
        """Whatever happened, after one more run all is well."""
        try:
            if self._source():
                self.moving = []
                self._run([])
                self.tally["ended equal"] += 1
        finally:
            self.world.close()

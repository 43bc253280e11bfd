"""Runs that are killed at any moment, and started again: each ends equal to the oracle, with nothing done by hand.

A small city lives on from day to day. Each day's run meets a SIGKILL or a SIGTERM: after some time, or while the
database is seen at some work (a COPY, a commit, a merge, the ledger, a refresh). The next run has to repair it all.
Or it meets an outage: Prefect's server dies, or the network to the database goes dark for some seconds. Then the run
itself has to end equal. On some days the source has odd values, its pages are cut short, or somebody has set what a
session would inherit; and once it begins later than is explained.
"""

import random
import re
import signal
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Literal, get_args

import psycopg

from demo.city import City, as_of, load_of
from demo.portal_faults import Fault
from demo.shapes import ONE_YEAR
from tasks import silence
from tests.chaos import child, foreign, oracle
from tests.integration.conftest import crime
from tests.integration.networks import Relay, going_dark

CRIMES = ONE_YEAR.id
CITY = City(rows=900, days=45)
FIRST_DAY = date(2024, 1, 14)
# What the database is doing when the signal comes; the start of a statement, as pg_stat_activity shows it.
MOMENTS = {
    "in a COPY": "copy %",
    "at a commit": "commit%",
    "in the comparison": "create temporary table%",
    "in the merge": "insert into chicago.crimes%",
    "at the ledger": "update pipeline.windows%",
    "in the refresh": "refresh materialized view%",
    "in the audit": "with ours as%",
}
# How long a run takes at most, with Prefect and without.
MAX_RUN_SECONDS = {True: 6.0, False: 1.5}
# What a container gets between SIGTERM and SIGKILL.
GRACE_SECONDS = 30
# How long the network is dark, and how long a run has to end after an outage.
SILENCE_SECONDS, DARK_SECONDS = 2, 5
OUTAGE_SECONDS = 120
# The case numbers of rows that the city does not know.
ODD_CASE = "JZ"
LOST_DAYS = 10


@dataclass(frozen=True)
class Kill:
    """A signal, and when it comes: a moment's name, or seconds after the start."""

    signal: signal.Signals
    moment: str | float
    with_prefect: bool = True


Outgoing = Literal["Prefect's server killed", "dark network"]


@dataclass(frozen=True)
class Outage:
    """What goes away in mid-run, and when: Prefect's server for good, the database's network for some seconds."""

    what: Outgoing
    moment: str | float


def shorten_silence() -> None:
    """Have the run's process give up a silent network after two seconds instead of a minute."""
    silence.LIBPQ |= {
        "keepalives_idle": 1,
        "keepalives_interval": 1,
        "tcp_user_timeout": SILENCE_SECONDS * 1000,
    }


def draw_outage(rng: random.Random) -> Outage:
    """Draw an outage."""
    return Outage(rng.choice(get_args(Outgoing)), rng.choice(list(MOMENTS)))


def draw_kill(rng: random.Random) -> Kill:
    """Draw a kill: one in four is a SIGTERM, half come at a moment of the database's work."""
    sent = signal.SIGTERM if rng.random() < 0.25 else signal.SIGKILL
    # It is Prefect's handler that turns SIGTERM into an exception.
    with_prefect = sent == signal.SIGTERM or rng.random() < 0.3
    longest = MAX_RUN_SECONDS[with_prefect]
    when = rng.choice(list(MOMENTS)) if rng.random() < 0.5 else rng.uniform(0.05, longest)
    return Kill(sent, when, with_prefect)


def build_city(store):
    """Fill a store with the city as of its first day."""
    CITY.build(store, FIRST_DAY)


class Siege:
    """A city, a warehouse that follows it, and kills. `tally` counts what was met.

    kill_prefect: kills Prefect's server itself, and starts another when it is called again; without it, as in tests
    that share a server, a relay to it is cut, which is what a run sees of that.
    """

    def __init__(self, world, tally, kill_prefect=None):
        self.world, self.tally, self.kill_prefect = world, tally, kill_prefect
        self.world.environment = {**world.environment, "APP_TOKEN": "a-token", "MAX_CONCURRENCY": "2"}
        self.ever, self.odd = {}, set()
        self.held = oracle.look(world.query)
        self.stretch = oracle.Stretch()

    def kill(self, kill, rng):
        """Let a day go by, meet the run with a kill, and let the next run mend it."""
        self._live_on(rng)
        told = self._make_odd(rng)
        mode = rng.choice(["auto", "auto", "reconcile"])
        process = child.start(
            ["--mode", mode],
            self.world.environment | told,
            with_prefect=kill.with_prefect,
            output=self.world.output,
        )
        where = self._wait(process, kill)
        if process.is_alive():
            process.kill() if kill.signal == signal.SIGKILL else process.terminate()
        process.join(GRACE_SECONDS)
        assert process.exitcode is not None, f"{GRACE_SECONDS} s after {kill} it still ran"
        self.tally["kills"] += process.exitcode != 0
        self.tally[f"{kill.signal.name} {where}"] += 1
        if kill.signal == signal.SIGTERM and process.exitcode:
            self._was_stopped_in_order()
        self._look()
        # The repair is the same with and without Prefect, and faster without.
        code = child.run([], self.world.environment | told, output=self.world.output)
        assert code == 0, self.world.said()
        self.world.portal.faults.clear()
        foreign.forget(self.world)
        self._is_equal()

    def begin_later(self):
        """Let the source lose ten days at its old end: the run fails and nothing leaves, until it is accepted."""
        self._take_odd_away()
        start = oracle.oldest(self._source())
        self.world.store.age_out(CRIMES, start + timedelta(days=LOST_DAYS), at=self._at())
        before = self.held
        code = child.run([], self.world.environment, output=self.world.output)
        assert code == 1, self.world.said()
        assert "neither its retention nor the last proof explains" in self.world.said()
        self._look()
        assert before.crimes.keys() - self.held.crimes.keys() <= self.odd, "what left too early stays here"
        code = child.run(["--accept-span"], self.world.environment, output=self.world.output)
        assert code == 0, self.world.said()
        self._is_equal()
        self.tally["begins later"] += 1

    def suffer(self, outage, rng):
        """Let a day go by, and meet the run with an outage: it ends equal by itself."""
        self._live_on(rng)
        with self._to_go_away(outage) as (environment, go_away):
            process = child.start(
                ["--mode", rng.choice(["auto", "reconcile"])],
                self.world.environment | environment,
                with_prefect=True,
                output=self.world.output,
                prepare=shorten_silence,
            )
            where = self._wait(process, outage)
            if process.is_alive():
                go_away()
            process.join(OUTAGE_SECONDS)
            assert process.exitcode == 0, f"{outage}: {process.exitcode}: {self.world.said()}"
        self.tally[f"{outage.what} {where}"] += 1
        self._is_equal()

    @contextmanager
    def _to_go_away(self, outage):
        """Give what a run's environment has to say, so that its server can go away, and what makes it go."""
        if outage.what == "dark network":
            socket_path = Path(self.world.environment["SERVER_NAME"]) / ".s.PGSQL.5432"
            with going_dark(socket_path, SILENCE_SECONDS) as front:
                light = threading.Timer(DARK_SECONDS, front.light)

                def darken():
                    front.darken()
                    light.start()

                yield {"SERVER_NAME": front.host, "PORT": str(front.port)}, darken
                if light.ident:
                    light.join()
            return
        if self.kill_prefect is not None:
            yield {"PREFECT_CLIENT_MAX_RETRIES": "1"}, self.kill_prefect
            self.kill_prefect()
            return
        relay = Relay(int(re.search(r":(\d+)/", self.world.prefect_api)[1]))
        url = f"http://127.0.0.1:{relay.port}/api"
        yield {"PREFECT_API_URL": url, "PREFECT_CLIENT_MAX_RETRIES": "1"}, relay.cut
        relay.cut()

    def _live_on(self, rng):
        self._take_odd_away()
        if self.held.crimes and rng.random() < 0.1:
            # No other row leaves on such a day: while a year is wrong, the last proof alone tells what has aged out.
            self._bring_odd(rng, "1926-01-05T10:00:00.000")
        elif self.held.crimes:
            CITY.live_on(self.world.store)
            if rng.random() < 0.1:
                self.world.store.recreate_all(CRIMES, at=self._at())
            if rng.random() < 0.2:
                self._bring_odd(rng, rng.choice(["20205-01-05T10:00:00.000", "2024-01-03T10:00:00.000"]))

    def _at(self):
        return load_of(CITY.seed, as_of(self.world.store)).updated_at

    def _bring_odd(self, rng, when):
        """Publish a row of an odd date, or one with a stamp of 2099."""
        is_ahead = when.startswith("2024") or rng.random() < 0.3
        self.odd |= set(
            self.world.store.insert(
                CRIMES,
                [crime(f"{ODD_CASE}{rng.randrange(100):06}", when, location_description=foreign.CAFE)],
                at=self._at(),
                updated_at="2099-01-01T00:00:00.000Z" if is_ahead else None,
            )
        )
        self.tally["odd values"] += 1

    def _take_odd_away(self):
        ids = [key for key, row in self._source().items() if row["case_"].startswith(ODD_CASE)]
        self.odd |= set(ids)
        if ids:
            self.world.store.withdraw(CRIMES, ids, at=self._at())

    def _make_odd(self, rng):
        """Cut the portal's pages short on some days, and have somebody set what a session would inherit on others.

        Returns what a run's environment has to say for it.
        """
        if rng.random() < 0.15:
            self.world.portal.faults.add(Fault("limit_lowered", times=None, rows=rng.choice([100, 250])))
            self.tally["days with pages cut short"] += 1
        if rng.random() < 0.3:
            self.tally["days with settings of others"] += 1
            names = rng.sample(sorted(foreign.SETTINGS), rng.randint(1, 6))
            return foreign.tell(self.world, rng.choice(foreign.TELLERS), names)
        return {}

    def _is_equal(self):
        self._look()
        oracle.assert_equals_source(self.held, self._source())
        oracle.assert_reasons_are_right(self.held, self.stretch, self.ever)
        self.stretch = oracle.Stretch()
        self._nothing_is_left()
        self.tally["ended equal"] += 1

    def _source(self):
        return {row[":id"]: row for row in self.world.store.rows(CRIMES)}

    def _wait(self, process, kill):
        """Wait for the kill's moment; return where the run was, or that it had ended."""
        if isinstance(kill.moment, float):
            process.join(kill.moment)
            return "at some time" if process.is_alive() else "after the end"
        with psycopg.connect(self.world.conninfo, autocommit=True) as connection:
            while process.is_alive():
                seen = connection.execute(
                    "select 1 from pg_stat_activity where application_name = 'chicago-crime' and state = 'active'"
                    " and datname = current_database() and ltrim(query, %s) ilike %s",
                    (" \n", MOMENTS[kill.moment]),
                ).fetchone()
                if seen:
                    return kill.moment
                time.sleep(0.0005)
        return "after the end"

    def _was_stopped_in_order(self):
        """A run that got SIGTERM is recorded as stopped, unless it had not begun, or had ended another way."""
        last = self.world.query("select status from pipeline.runs order by started_at desc limit 1")
        assert last in ([], [("stopped",)], [("done",)]), f"{last} after SIGTERM: {self.world.said()}"

    def _look(self):
        before, self.held = self.held, oracle.look(self.world.query)
        self.ever |= {key: row["case_"] for key, row in self._source().items()}
        # The city re-creates, withdraws and inserts as it likes; what it did to which case is not tracked here.
        self.stretch.murky |= set(self.ever.values())
        oracle.assert_history_tells(before, self.held, self.stretch, stood_still=True, ever=self.ever)

    def _nothing_is_left(self):
        query = self.world.query
        oracle.assert_ledger_is_closed(query)
        deadline = time.monotonic() + 10
        sessions = (
            "select pid, query from pg_stat_activity"
            " where application_name = 'chicago-crime' and datname = current_database()"
        )
        while (left := query(sessions)) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert left == [], "sessions that outlive their run"
        oracle.assert_no_lock_is_held(query)

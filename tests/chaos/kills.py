"""Runs that are killed at any moment, and started again: each ends equal to the oracle, with nothing done by hand.

A small city lives on from day to day. Each day's run meets a SIGKILL or a SIGTERM: after some time, or while the
database is seen at some work (a COPY, a commit, a merge, the ledger, a refresh). The next run has to repair it all.
Or it meets an outage: Prefect's server dies, or the network to the database goes dark for some seconds, where this
machine allows a network namespace. Then the run itself has to end equal.
"""

import random
import re
import signal
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal

import psycopg

from demo.city import City, as_of, load_of
from demo.shapes import ONE_YEAR
from tasks import silence
from tests.chaos import child, oracle
from tests.integration.networks import DarkFront, Relay, why_no_dark_network

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
MAX_RUN_SECONDS = 6.0
# What a container gets between SIGTERM and SIGKILL.
GRACE_SECONDS = 30
# How long the network is dark, and how long a run has to end after an outage.
SILENCE_SECONDS, DARK_SECONDS = 2, 5
OUTAGE_SECONDS = 120


@dataclass(frozen=True)
class Kill:
    """A signal, and when it comes: a moment's name, or seconds after the start."""

    signal: signal.Signals
    moment: str | float


@dataclass(frozen=True)
class Outage:
    """What goes away in mid-run, and when: Prefect's server for good, the database's network for some seconds."""

    what: Literal["Prefect's server killed", "dark network"]
    moment: str | float


def shorten_silence() -> None:
    """Have the run's process give up a silent network after two seconds instead of a minute."""
    silence.LIBPQ |= {
        "keepalives_idle": 1,
        "keepalives_interval": 1,
        "tcp_user_timeout": SILENCE_SECONDS * 1000,
    }


def draw_outage(rng: random.Random) -> Outage:
    """Draw an outage; a dark network only where this machine allows one."""
    kinds = ["Prefect's server killed"] + ([] if why_no_dark_network() else ["dark network"])
    return Outage(rng.choice(kinds), rng.choice(list(MOMENTS)))


def draw_kill(rng: random.Random) -> Kill:
    """Draw a kill: one in four is a SIGTERM, half come at a moment of the database's work."""
    when = rng.choice(list(MOMENTS)) if rng.random() < 0.5 else rng.uniform(0.05, MAX_RUN_SECONDS)
    return Kill(signal.SIGTERM if rng.random() < 0.25 else signal.SIGKILL, when)


def build_city(store):
    """Fill a store with the city as of its first day."""
    CITY.build(store, FIRST_DAY)


class Siege:
    """A city, a warehouse that follows it, and kills. `tally` counts what was met."""

    def __init__(self, world, tally):
        self.world, self.tally = world, tally
        self.world.environment = {**world.environment, "APP_TOKEN": "a-token", "MAX_CONCURRENCY": "2"}
        self.ever = {}
        self.held = oracle.look(world.query)
        self.stretch = oracle.Stretch()

    def kill(self, kill, rng):
        """Let a day go by, meet the run with a kill, and let the next run mend it."""
        self._live_on(rng)
        mode = rng.choice(["auto", "auto", "reconcile"])
        process = child.start(
            ["--mode", mode], self.world.environment, with_prefect=True, output=self.world.output
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
        code = child.run([], self.world.environment, output=self.world.output)
        assert code == 0, self.world.said()
        self._is_equal()

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
            with DarkFront(socket_path, SILENCE_SECONDS) as front:
                light = threading.Timer(DARK_SECONDS, front.light)

                def darken():
                    front.darken()
                    light.start()

                yield {"SERVER_NAME": front.host, "PORT": str(front.port)}, darken
                if light.ident:
                    light.join()
            return
        relay = Relay(int(re.search(r":(\d+)/", self.world.prefect_api)[1]))
        url = f"http://127.0.0.1:{relay.port}/api"
        yield {"PREFECT_API_URL": url, "PREFECT_CLIENT_MAX_RETRIES": "1"}, relay.cut
        relay.cut()

    def _live_on(self, rng):
        if self.held.crimes:
            CITY.live_on(self.world.store)
            if rng.random() < 0.1:
                self.world.store.recreate_all(
                    CRIMES, at=load_of(CITY.seed, as_of(self.world.store)).updated_at
                )

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

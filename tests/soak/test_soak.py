"""The soak in small: a few days in CI, and what its judgement finds."""

from dataclasses import replace
from datetime import timedelta

import pytest

from demo.city import City
from tests.chaos import child
from tests.chaos.worlds import open_world
from tests.integration.conftest import postgres, prefect_server, template  # noqa: F401
from tests.soak import days
from tests.soak.days import Ended, Soak
from tests.soak.judge import ALLOWED_ROWS, judge
from tests.soak.sizes import IDLE_RUNS, measure_warehouse

SMALL = City(rows=300, days=40)


class ForkedSoak(Soak):
    """A soak whose runs are forked from a process that has imported all, and go without Prefect: a second each."""

    def run(self, arguments, fault="none"):
        code = child.run(arguments, self.world.environment, output=self.world.output)
        return Ended(code, 0.0, 0.0, 0.0, self.world.output.read_text())


@pytest.fixture
def soak(postgres, template, prefect_server, monkeypatch, tmp_path):  # noqa: F811
    """Give a soak of a small city."""
    monkeypatch.setattr(days, "CITY", SMALL)
    monkeypatch.setattr(days, "FAULTS", ("broken answers", "none"))
    monkeypatch.setattr(days, "RECONCILE_EVERY_DAYS", 3)
    world = open_world(
        postgres,
        template,
        prefect_server.api_url,
        city=lambda store: SMALL.build(store, days.FIRST_DAY - timedelta(days=1)),
    )
    world.environment |= {"APP_TOKEN": "a-token"}
    yield ForkedSoak(world, tmp_path, seed=3)
    world.close()


def test_days_go_by_and_the_ledger_keeps_what_it_is_told_to(soak):
    """A twin of `make soak`: two days are kept; the first load's windows go when another load of the whole is in."""
    rows = []
    for number in range(6):
        if number > 2:
            # Two days, and half of the one before: a day clears near its end, what it keeps was written before that.
            kept = days.time.time() - (soak.began[number - 2] + soak.began[number - 3]) / 2
            soak.world.environment["LEDGER_DAYS"] = str(kept / 86_400)
        soak.live(number)
        rows.append(measure_warehouse(soak)["rows"])
    windows = [found["pipeline.windows"] for found in rows]
    assert windows[0] >= 5
    assert windows[5] <= windows[2]
    # Each day has one comparison at least; those of the days before are gone, but for the ones that decide.
    made = soak.world.value("select max(audit_id) from pipeline.audits")
    assert 3 <= rows[5]["pipeline.audits"] < made
    assert rows[5][IDLE_RUNS] <= 5
    first = soak.world.value("select run_id from pipeline.runs where kind = 'backfill'")
    assert soak.world.value("select count(*) from pipeline.windows where run_id = %s", first) == 0


HALF = 30


def verdict(*series):
    (found,) = judge({"pipeline.windows": list(series)})
    return found


def test_what_grows_by_a_row_a_day_is_found_and_what_swings_is_not():
    assert verdict(*range(60)).is_growing
    assert verdict(*(1000 + 10 * day for day in range(60))).is_growing
    # Kept for a fortnight, with a reconcile each week.
    assert not verdict(*(17 * (1 + (day // 7) % 2) + 14 for day in range(60))).is_growing
    # It has come to its height before the second half.
    assert not verdict(*(min(day, 14) * 20 for day in range(60))).is_growing
    assert not verdict(*(ALLOWED_ROWS * day / HALF / 1.1 for day in range(60))).is_growing
    assert not verdict(*(60 - day for day in range(60))).is_growing


def test_a_measure_of_its_own_has_a_limit_of_its_own():
    flow_runs = {"open flow runs": [float(day // 6) for day in range(60)]}
    (found,) = judge(flow_runs)
    assert found.is_growing, "one that is left open each week is no fault more or less"
    assert "GROWS  open flow runs" in str(found)
    assert not replace(found, growth=found.allowed).is_growing


def test_a_table_of_the_ledger_may_take_a_step_of_pages_and_no_more():
    page = 8192
    (step,) = judge({"bytes of audits": [page * (10 if day < 45 else 40) for day in range(60)]})
    assert not step.is_growing
    (leak,) = judge({"bytes of audits": [page * (10 + 3 * day) for day in range(60)]})
    assert leak.is_growing


def test_one_day_of_a_late_vacuum_is_no_growth_and_more_each_day_is():
    dead = [3000 + 100 * (day % 5) for day in range(60)]
    (late,) = judge({"dead": [*dead[:55], 90_000, *dead[56:]]})
    assert not late.is_growing
    (more,) = judge({"dead": [rows + 100 * day for day, rows in enumerate(dead)]})
    assert more.is_growing

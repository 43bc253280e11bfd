"""`make chaos`: the model and the kills for as long as one likes; prints its seed, and goes on where it was stopped.

`python -m tests.chaos [--minutes 30] [--seed N] [--state FILE]`. With a state file (default .local/chaos.json) a run
that was stopped goes on with its seed and its counts, until its minutes are over; a finished one starts over. A failure
prints the steps that led to it, and the seed and batch that show it again.
"""

import argparse
import json
import random
import secrets
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import hypothesis.core
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from demo.shapes import HISTORY
from tasks.local import prefect_server
from tasks.local import services as local_services
from tests.chaos.kills import Siege, build_city, draw_kill, draw_outage
from tests.chaos.model import SourceAndWarehouse
from tests.chaos.twins import Twins
from tests.chaos.worlds import open_world
from tests.integration.conftest import FIRST_LOAD, let_forget, make_template
from tests.memory import forget

SEQUENCES_OF_A_BATCH = 5
STEPS_OF_A_SEQUENCE = 20
KILLS_OF_A_BATCH = 30
OUTAGES_OF_A_BATCH = 2
KILLS_AMONG_TWINS_OF_A_BATCH = 12


def main(arguments=None):
    """Run, and return the exit code: 0 when all ended equal."""
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--state", type=Path, default=Path(".local/chaos.json"))
    asked = parser.parse_args(arguments)
    state = _resumed(asked)
    tally = Counter(state["tally"])
    print(
        f"seed {state['seed']}, batch {state['batch']}, {asked.minutes - state['minutes']:.1f} minutes to go"
    )
    with tempfile.TemporaryDirectory(prefix="chaos-") as folder:
        project = Path(folder) / "services"
        project.mkdir()
        try:
            _besiege(project, state, tally, asked)
        finally:
            local_services.stop(project)
            forget(project)
    asked.state.unlink(missing_ok=True)
    print(f"all equal: {_told(tally)}")
    return 0


def _besiege(project, state, tally, asked):
    postgres = local_services.ensure_postgres(project)
    let_forget(postgres, project)
    prefect = Prefect(project, postgres)
    template = make_template(postgres)
    while state["minutes"] < asked.minutes:
        began = time.monotonic()
        seed = state["seed"] * 1_000_003 + state["batch"]
        try:
            _one_batch(seed, postgres, template, prefect, tally)
        except BaseException:
            print(f"FAILED in batch {state['batch']}: --seed {state['seed']}; so far {_told(tally)}")
            raise
        state["batch"] += 1
        state["minutes"] += (time.monotonic() - began) / 60
        state["tally"] = dict(tally)
        asked.state.parent.mkdir(parents=True, exist_ok=True)
        asked.state.write_text(json.dumps(state))
        print(f"{state['minutes']:5.1f} min  {_told(tally)}", flush=True)


class Prefect:
    """The server of Prefect, which can be killed, and is another one afterwards."""

    def __init__(self, project, postgres):
        self.project, self.postgres = project, postgres
        self.api = local_services.ensure_prefect_server(project, postgres).api_url

    def kill_or_start(self):
        """Kill it in mid-run; called again when the run is over, start another."""
        process = prefect_server.prefect_daemon(self.project).process()
        if process is not None:
            process.kill()
            prefect_server.prefect_daemon(self.project).wait_until_ended(10)
            return
        again = local_services.ensure_prefect_server(self.project, self.postgres).api_url
        assert again == self.api, "the server has another port now"


def _one_batch(seed, postgres, template, prefect, tally):
    hypothesis.core.global_force_seed = seed
    run_state_machine_as_test(
        lambda: SourceAndWarehouse(open_world(postgres, template, prefect.api), tally),
        settings=settings(
            max_examples=SEQUENCES_OF_A_BATCH,
            stateful_step_count=STEPS_OF_A_SEQUENCE,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate],
        ),
    )
    rng = random.Random(seed)
    world = open_world(postgres, template, prefect.api, city=build_city)
    try:
        siege = Siege(world, tally, prefect.kill_or_start)
        for _ in range(KILLS_OF_A_BATCH):
            siege.kill(draw_kill(rng), rng)
        for _ in range(OUTAGES_OF_A_BATCH):
            siege.suffer(draw_outage(rng), rng)
        siege.begin_later()
    finally:
        world.close()
    world = open_world(
        postgres, template, prefect.api, city=lambda store: store.create(HISTORY, at=FIRST_LOAD)
    )
    try:
        twins = Twins(world, tally)
        for _ in range(KILLS_AMONG_TWINS_OF_A_BATCH):
            twins.kill(rng)
    finally:
        world.close()


def _resumed(asked):
    if asked.seed is None and asked.state.exists():
        return json.loads(asked.state.read_text())
    seed = secrets.randbelow(1_000_000) if asked.seed is None else asked.seed
    return {"seed": seed, "batch": 0, "minutes": 0.0, "tally": {}}


def _told(tally):
    return ", ".join(f"{count} {name}" for name, count in sorted(tally.items()))


if __name__ == "__main__":
    sys.exit(main())

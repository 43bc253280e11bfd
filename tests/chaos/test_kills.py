"""B24: kills at any moment; ten here, and any number with `make chaos`."""

import random
import signal
from collections import Counter

from demo.shapes import HISTORY
from tests.chaos.kills import MOMENTS, Kill, Outage, Siege, build_city, draw_kill
from tests.chaos.twins import Twins
from tests.chaos.worlds import open_world
from tests.integration.conftest import FIRST_LOAD


def test_a_run_that_is_killed_anywhere_is_mended_by_the_next(postgres, template, prefect_server):
    rng, tally = random.Random(11), Counter()
    world = open_world(postgres, template, prefect_server.api_url, city=build_city)
    try:
        siege = Siege(world, tally)
        kills = [Kill(signal.SIGKILL, moment) for moment in MOMENTS] + [Kill(signal.SIGTERM, "in the merge")]
        for kill in [*kills, *(draw_kill(rng) for _ in range(10 - len(kills)))]:
            siege.kill(kill, rng)
        siege.suffer(Outage("Prefect's server killed", "at a commit"), rng)
        siege.begin_later()
    finally:
        world.close()
    assert tally["ended equal"] == 12
    assert tally["kills"] >= 6
    assert tally["days with settings of others"] > 0


def test_a_history_with_two_rows_of_one_id_is_mended_wherever_a_run_dies(postgres, template, prefect_server):
    rng, tally = random.Random(12), Counter()
    world = open_world(
        postgres, template, prefect_server.api_url, city=lambda store: store.create(HISTORY, at=FIRST_LOAD)
    )
    try:
        twins = Twins(world, tally)
        for _ in range(3):
            twins.kill(rng)
    finally:
        world.close()
    assert tally["ended equal"] == 3
    assert tally["kills"] > 0

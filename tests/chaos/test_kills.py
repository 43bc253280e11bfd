"""B24: kills at any moment; ten here, and any number with `make chaos`."""

import random
import signal
from collections import Counter

from tests.chaos.kills import MOMENTS, Kill, Outage, Siege, build_city, draw_kill
from tests.chaos.worlds import open_world


def test_a_run_that_is_killed_anywhere_is_mended_by_the_next(postgres, template, prefect_server):
    rng, tally = random.Random(11), Counter()
    world = open_world(postgres, template, prefect_server.api_url, city=build_city)
    try:
        siege = Siege(world, tally)
        kills = [Kill(signal.SIGKILL, moment) for moment in MOMENTS] + [Kill(signal.SIGTERM, "in the merge")]
        for kill in [*kills, *(draw_kill(rng) for _ in range(10 - len(kills)))]:
            siege.kill(kill, rng)
        siege.suffer(Outage("Prefect's server killed", "at a commit"), rng)
    finally:
        world.close()
    assert tally["ended equal"] == 11
    assert tally["kills"] >= 6

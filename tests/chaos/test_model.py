"""Whatever the source does and wherever runs die: tables and history equal the oracle's after each good run."""

import os
from collections import Counter

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.chaos.model import SourceAndWarehouse
from tests.chaos.worlds import open_world

SHORT = settings(
    max_examples=int(os.environ.get("CHAOS_EXAMPLES", "6")),
    stateful_step_count=14,
    deadline=None,
    derandomize="CHAOS_EXAMPLES" not in os.environ,
    database=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.generate],
)


def test_a_source_that_lives_and_runs_that_die_end_equal(postgres, template, prefect_server):
    """B06, B07, B09, B10, B19, B20, B24 in every mixture that the model comes to."""
    tally = Counter()

    def make():
        return SourceAndWarehouse(open_world(postgres, template, prefect_server.api_url), tally)

    run_state_machine_as_test(make, settings=SHORT)
    assert tally["runs"] > 10
    assert tally["kills"] > 0
    assert tally["ended equal"] > 0

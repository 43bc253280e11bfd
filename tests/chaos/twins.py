"""The whole history, where rows keep their id and are edited, and where one id can stand on two rows; and kills.

Each day some rows are new, edited or gone, and an id is given to a second row, of the same month or another. The run is
killed, and the next one has to hold each row of the source once: the newest of an id under it, others in quarantine.
"""

import random
from collections import Counter, defaultdict

from demo.shapes import HISTORY
from tests.chaos import child, oracle
from tests.integration.test_whole_history import row

CRIMES = HISTORY.id
MONTHS = ["2019-01", "2019-02", "2019-03", "2019-04"]
SETTINGS = {
    "CRIMES_DATASET": CRIMES,
    "PORTAL_PAGE_ROWS": "7",
    "MAX_CONCURRENCY": "2",
    "APP_TOKEN": "a-token",
    "MAX_REJECT_SHARE": "1",
    "MAX_RETIRE_SHARE": "1",
}


class Twins:
    """A history of some months with twins, a warehouse that follows it, and kills."""

    def __init__(self, world, tally):
        self.world, self.tally = world, tally
        self.world.environment = {**world.environment, **SETTINGS}
        self.last = 0

    def kill(self, rng):
        """Let a day go by, kill the run at some point of its work, and let the next one mend it."""
        self._live_on(rng)
        death = child.Death(rng.choice(child.POINTS), rng.randint(1, 40))
        mode = rng.choice(["auto", "auto", "reconcile"])
        code = child.run(["--mode", mode], self.world.environment, death=death, output=self.world.output)
        assert code in {0, -9}, self.world.said()
        self.tally["kills"] += code == -9
        code = child.run([], self.world.environment, output=self.world.output)
        assert code == 0, self.world.said()
        self._each_is_held_once()
        oracle.assert_ledger_is_closed(self.world.query)
        self.tally["ended equal"] += 1

    def _live_on(self, rng):
        self._insert(*(self._new(rng) for _ in range(rng.randint(3, 8))))
        rows = self.world.store.rows(CRIMES)
        for one in rng.sample(rows, min(3, len(rows))):
            self.world.store.edit(CRIMES, one[":id"], {"arrest": rng.random() < 0.5}, at=self.world.now())
        twin = rng.choice(self.world.store.rows(CRIMES))
        self._insert(row(twin["id"], _when(rng), arrest=True))
        self.tally["twins"] += 1
        rows = self.world.store.rows(CRIMES)
        if len(rows) > 20:
            gone = [one[":id"] for one in rng.sample(rows, 3)]
            self.world.store.withdraw(CRIMES, gone, at=self.world.now())

    def _new(self, rng):
        self.last += 1
        return row(self.last, _when(rng))

    def _insert(self, *rows):
        self.world.store.insert(CRIMES, rows, at=self.world.now())

    def _each_is_held_once(self):
        by_id = defaultdict(list)
        for one in self.world.store.rows(CRIMES):
            by_id[str(one["id"])].append((one[":updated_at"], one[":version"]))
        newest = {key: max(stamped)[1] for key, stamped in by_id.items()}
        others = Counter(version for stamped in by_id.values() for _, version in sorted(stamped)[:-1])
        assert dict(self.world.query("select crime_id, version from chicago.crimes")) == newest
        aside = self.world.query("select version from pipeline.rejected_rows")
        assert Counter(version for (version,) in aside) == others


def _when(rng: random.Random):
    return f"{rng.choice(MONTHS)}-{rng.randint(1, 28):02}T10:00:00.000"

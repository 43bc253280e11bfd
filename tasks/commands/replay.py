"""The command `replay`: judge the quarantine again by today's contract; what is accepted now becomes a crime."""

import asyncio
import time
from collections import Counter
from datetime import datetime

import pandas as pd
from sqlalchemy import Engine

from tasks.contract.crimes import Transformed, to_raw_frame
from tasks.datasets import DatasetProfile
from tasks.run.lifecycle import Run
from tasks.sync.apply import load_window, read_rejected
from tasks.sync.guards import Guards
from tasks.sync.judge import judge
from tasks.sync.read import Extracted
from tasks.sync.scope import Scope
from tasks.sync.window import plain, sync_window
from tasks.warehouse import ledger
from tasks.warehouse.faults import named_faults
from tasks.warehouse.ledger import WindowCounts
from tasks.windows import Window

REPLAY = Window("replay")


def replay_quarantine(engine: Engine, profile: DatasetProfile, run: Run) -> list[str]:
    """Judge all rejected rows again, in one transaction; return what became of them, a line each."""
    with named_faults(engine, "the replay"), ledger.run_transaction(engine, run.run_id) as connection:
        ledger.write_plan(connection, run.run_id, "replay", [REPLAY], None)

    def load(
        window: Window, extracted: Extracted, transformed: Transformed
    ) -> tuple[WindowCounts, Transformed]:
        guards = Guards(None, None)
        counts = load_window(engine, profile, run.run_id, window, extracted, transformed, guards)
        return counts, transformed

    counts, transformed = asyncio.run(
        sync_window(
            REPLAY,
            plain(lambda _window: _read_quarantine(engine, profile)),
            plain(lambda extracted: judge(extracted, profile)),
            plain(load),
        )
    )
    reasons = Counter(reason for row in transformed.rejected["reasons"] for reason in row)
    return [
        f"{counts.source_rows} rows were in quarantine: {counts.inserted} are accepted now, {counts.rejected} stay",
        *(f"  {count} x {reason}" for reason, count in reasons.most_common()),
    ]


def _read_quarantine(engine: Engine, profile: DatasetProfile) -> Extracted:
    """Return the rows in quarantine as if they had just been read; none of our rows are in their scope."""
    began = time.monotonic()
    with named_faults(engine, "the replay"):
        raw = to_raw_frame(read_rejected(engine, profile), profile)
    nothing = pd.DataFrame({"crime_id": []}, dtype="object")
    return Extracted(raw, nothing, Scope(datetime.max, None), 0, began, time.monotonic() - began)

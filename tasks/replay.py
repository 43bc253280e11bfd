"""Replay: judge the quarantine again by today's contract; what it accepts now becomes a crime and leaves it."""

import time
from collections import Counter
from datetime import datetime

from sqlalchemy import Engine

from tasks.claim import Claim
from tasks.contract.crimes import to_crimes, to_raw_frame
from tasks.datasets import DatasetProfile
from tasks.warehouse import ledger
from tasks.warehouse.faults import named_faults
from tasks.warehouse.scope import Scope
from tasks.warehouse.sync import Guards, SyncInput, read_rejected, sync_window
from tasks.windows import Window

REPLAY = Window("replay")


def replay_quarantine(engine: Engine, profile: DatasetProfile, claim: Claim) -> list[str]:
    """Judge all rejected rows again, in one transaction; return what became of them, a line each."""
    began = time.monotonic()
    with named_faults(engine, "the replay"):
        transformed = to_crimes(to_raw_frame(read_rejected(engine), profile), profile)
        with engine.begin() as connection:
            ledger.write_plan(connection, claim.run_id, "replay", [REPLAY], None)
        given = SyncInput(REPLAY, transformed, (), Scope(datetime.max, None), 0)
        counts = sync_window(engine, claim.run_id, profile, given, Guards(None, None), began)
    reasons = Counter(reason for row in transformed.rejected["reasons"] for reason in row)
    return [
        f"{counts.source_rows} rows were in quarantine: {counts.inserted} are accepted now, {counts.rejected} stay",
        *(f"  {count} x {reason}" for reason, count in reasons.most_common()),
    ]

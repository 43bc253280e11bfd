"""The step `transform`: the rows of one window held to the contract (tasks/sync/judge.py)."""

import asyncio

from prefect import task
from prefect.cache_policies import NO_CACHE

from tasks.contract.crimes import Transformed
from tasks.run import connections
from tasks.sync.judge import judge
from tasks.sync.read import Extracted


@task(name="transform", cache_policy=NO_CACHE)
async def transform(extracted: Extracted) -> Transformed:
    """Return the rows of a window as accepted or rejected."""
    return await asyncio.to_thread(judge, extracted, connections.profile())

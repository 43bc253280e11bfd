"""The step `transform`: the rows of one window held to the contract (tasks/contract/crimes.py)."""

import asyncio

from prefect import task
from prefect.cache_policies import NO_CACHE

from tasks.contract.crimes import Transformed, to_crimes
from tasks.run import connections
from tasks.sync.read import Extracted


@task(name="transform", cache_policy=NO_CACHE)
async def transform(extracted: Extracted) -> Transformed:
    """Return the rows of a window as accepted or rejected."""
    return await asyncio.to_thread(to_crimes, extracted.raw, connections.profile())

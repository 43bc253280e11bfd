"""What all tasks have in common."""

import importlib
import pkgutil

from prefect import Task
from prefect.cache_policies import NO_CACHE

import tasks


def test_no_task_is_answered_from_a_cache():
    """B25: with results kept, a second call with the same arguments would not be done at all."""
    modules = [
        importlib.import_module(f"tasks.{module.name}") for module in pkgutil.iter_modules(tasks.__path__)
    ]
    found = {
        value.name: value for module in modules for value in vars(module).values() if isinstance(value, Task)
    }
    assert {"extract", "transform", "load", "audit", "refresh_views", "clear_old"} <= set(found)
    assert {
        name for name, task in found.items() if task.cache_policy != NO_CACHE or task.persist_result
    } == set()

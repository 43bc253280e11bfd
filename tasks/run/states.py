"""States: what Prefect's states say, as errors of this project.

A state passed to a task would be unpacked by Prefect, so a flow turns it into an error or None first.
"""

from typing import Any

from prefect import State

from tasks.errors import LoadError, PipelineError
from tasks.warehouse.engine import first_line


async def error_of(what: str, state: State[Any]) -> PipelineError | None:
    """Return why a step or a window did not succeed, None where it did."""
    if state.is_completed():
        return None
    error = await state.aresult(raise_on_failure=False)
    if isinstance(error, BaseException):
        return named_error(what, error)
    return LoadError(f"{what}: {state.message or state.name or 'it ended without a word'}")


def named_error(what: str, error: BaseException) -> PipelineError:
    """Return an error as one of this project's, which says where it came from."""
    if isinstance(error, PipelineError):
        return error
    return LoadError(f"{what}: {type(error).__name__}: {first_line(error)}")

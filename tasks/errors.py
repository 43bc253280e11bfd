"""Every error this project raises on purpose.

A message names the thing that is wrong, the cause, and the next action. `main.py` prints it as one line and
turns the class into an exit code. The errors live here so that every room can raise them and none imports another.
"""

from tasks.masked import masked


class PipelineError(Exception):
    """Something went wrong that a person has to know of; the base of every kind below. It says no secret."""

    def __init__(self, message: str) -> None:
        super().__init__(masked(message))


class ConfigError(PipelineError):
    """A setting is missing or wrong. Nothing was started; exit code 2."""


class SourceError(PipelineError):
    """The portal failed: unreachable, refused, or answered something that is not what was asked for."""


class ContractError(PipelineError):
    """The portal's data broke our contract: drift of its columns, or too many bad rows."""


class LoadError(PipelineError):
    """Our side failed: the warehouse, the ledger, a guard, or the audit."""


class UnequalError(LoadError):
    """After all rounds the audit still finds rows that differ."""


class UsageError(PipelineError):
    """The command was given something that makes no sense; exit code 2."""

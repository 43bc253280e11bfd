"""Requests: what a run is asked to do, checked before anything is started. Pure."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, get_args

from tasks.errors import UsageError
from tasks.settings import (
    MAX_FAN_OUT,
    MAX_WINDOW_DAYS,
    MAX_WINDOWS_IN_FLIGHT,
    WINDOW_DAYS,
    WINDOWS_BY_ROWS_IN_FLIGHT,
    WINDOWS_IN_FLIGHT,
    Settings,
)
from tasks.windows import midnight

Mode = Literal["auto", "backfill", "incremental", "reconcile"]


@dataclass(frozen=True)
class Request:
    """What a run was asked to do. start, end: Chicago wall clock, end excluded; None: the whole span.

    max_concurrency: windows at a time, of all its flow runs together. read_ahead: how many are read beside these, and
    wait for their turn. fan_out: further flow runs that share its windows. accept_span: the source may begin later
    than is explained. by_rows: a window has as many days as have so many rows, and `window_days` are those of a repair.
    """

    mode: Mode | Literal["replay"]
    start: datetime | None
    end: datetime | None
    window_days: int
    max_concurrency: int
    accept_retirements: bool
    fan_out: int
    accept_span: bool = False
    by_rows: bool = False
    read_ahead: int = 0

    @property
    def windows_of_each(self) -> int:
        """Return how many windows at a time each of its flow runs works on."""
        return max(self.max_concurrency // (self.fan_out + 1), 1)

    @property
    def is_whole(self) -> bool:
        """Return whether the whole span is asked for."""
        return self.start is None and self.end is None


def make_request(
    settings: Settings,
    mode: Mode,
    start: date | None,
    end: date | None,
    window_days: int | None,
    max_concurrency: int | None,
    *,
    accept_retirements: bool,
    accept_span: bool = False,
    fan_out: int = 0,
) -> Request:
    """Return the request, with the settings' values where none was given. Raises `UsageError` for nonsense.

    start, end: Chicago dates, end excluded.
    """
    if mode not in get_args(Mode):
        raise UsageError(f"mode {mode!r} is unknown; it is one of {', '.join(get_args(Mode))}")
    if start and end and not start < end:
        raise UsageError(f"start {start} is not before end {end}; the end is excluded")
    if accept_span and (start or end):
        raise UsageError("a span is accepted by a run over all of it, which takes no start or end")
    if mode == "incremental" and (start or end):
        raise UsageError("an incremental run follows the watermark and takes no start or end")
    by_rows = window_days is None and settings.windows_by_rows
    further = _within("fan_out", fan_out, 0, MAX_FAN_OUT, least=0)
    # Memory is a process's: where several share the windows, each has one or two of all four.
    usual = WINDOWS_BY_ROWS_IN_FLIGHT if by_rows and not further else WINDOWS_IN_FLIGHT
    windows = _within(
        "max_concurrency", max_concurrency, settings.max_concurrency or usual, MAX_WINDOWS_IN_FLIGHT
    )
    if further >= windows:
        raise UsageError(
            f"fan_out is {further} and max_concurrency {windows}: the {further + 1} flow runs work on no more windows "
            f"than that together, and each on one at least. Give --max-concurrency {further + 1}, or more"
        )
    return Request(
        mode=mode,
        start=midnight(start) if start else None,
        end=midnight(end) if end else None,
        window_days=_within("window_days", window_days, settings.window_days or WINDOW_DAYS, MAX_WINDOW_DAYS),
        max_concurrency=windows,
        accept_retirements=accept_retirements,
        fan_out=further,
        accept_span=accept_span,
        by_rows=by_rows,
    )


def _within(name: str, asked: int | None, otherwise: int, most: int, least: int = 1) -> int:
    value = otherwise if asked is None else asked
    if not least <= value <= most:
        raise UsageError(f"{name} is {value}; it has to be {least} to {most}")
    return value

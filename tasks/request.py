"""Requests: what a run is asked to do, checked before anything is started. Pure."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, get_args

from tasks.errors import UsageError
from tasks.settings import MAX_FAN_OUT, MAX_WINDOW_DAYS, MAX_WINDOWS_IN_FLIGHT, Settings
from tasks.windows import midnight

Mode = Literal["auto", "backfill", "incremental", "reconcile"]


@dataclass(frozen=True)
class Request:
    """What a run was asked to do. start, end: Chicago wall clock, end excluded; None: the whole span.

    max_concurrency: windows at a time, of all its flow runs together. read_ahead: how many are read beside these, and
    wait for their turn. fan_out: further flow runs that share its windows. accept_span: the source may begin later
    than is explained.
    """

    mode: Mode | Literal["replay"]
    start: datetime | None
    end: datetime | None
    window_days: int
    max_concurrency: int
    accept_retirements: bool
    fan_out: int
    accept_span: bool = False
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
    windows = _within("max_concurrency", max_concurrency, settings.max_concurrency, MAX_WINDOWS_IN_FLIGHT)
    further = _within("fan_out", fan_out, 0, MAX_FAN_OUT, least=0)
    if further >= windows:
        raise UsageError(
            f"fan_out is {further} and max_concurrency {windows}: the {further + 1} flow runs work on no more windows "
            f"than that together, and each on one at least. Give --max-concurrency {further + 1}, or more"
        )
    return Request(
        mode=mode,
        start=midnight(start) if start else None,
        end=midnight(end) if end else None,
        window_days=_within("window_days", window_days, settings.window_days, MAX_WINDOW_DAYS),
        max_concurrency=windows,
        accept_retirements=accept_retirements,
        fan_out=further,
        accept_span=accept_span,
    )


def _within(name: str, asked: int | None, otherwise: int, most: int, least: int = 1) -> int:
    value = otherwise if asked is None else asked
    if not least <= value <= most:
        raise UsageError(f"{name} is {value}; it has to be {least} to {most}")
    return value

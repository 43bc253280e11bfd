"""The end of a run's process: a signal to stop is never lost, and what hangs does not outlive it for long.

What lives here: noticing the signal, ending the run's work in order, and after that, or after the run, ending the
process whatever still waits. A thread that reads from a host that vanished cannot be ended from Python, and the
interpreter waits for its threads; what is committed stays, so ending the process there is safe. What does not live
here: what the ledger says of a stopped run (lifecycle.py). Mirrors
https://docs.python.org/3/library/signal.html#signal.set_wakeup_fd.
"""

import asyncio
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Final

from tasks.masked import masked
from tasks.settings import PROJECT_FOLDER

# A container gets 30 s between SIGTERM and SIGKILL where nobody asked for more.
STOP_SECONDS: Final = 20.0
# The signal's own exception has this long to arrive; asyncio drops one that is raised in a callback.
_NOTICED_SECONDS: Final = 2.0
# Prefect sends its last lines and events while the process ends: a second, where its server answers.
EXIT_SECONDS: Final = 15.0
_HURRIED_EXIT_SECONDS: Final = 1.0
_FAILED: Final = 1
_SIGNALS: Final = frozenset({signal.SIGTERM, signal.SIGINT})


class _Stop:
    """A run that is watched for a signal to stop."""

    def __init__(self, loop: asyncio.AbstractEventLoop, run: asyncio.Task[Any]) -> None:
        self._loop, self._run = loop, run
        self._received, self._wakeup = socket.socketpair()
        self._wakeup.settimeout(0)
        self._is_over = threading.Event()

    def watch(self) -> int:
        """Watch from now on; return what was told of signals before."""
        threading.Thread(target=self._watch, name="stop", daemon=True).start()
        return signal.set_wakeup_fd(self._wakeup.fileno(), warn_on_full_buffer=False)

    def end(self, before: int) -> None:
        """Watch no more for a signal; one that came still ends the process."""
        self._is_over.set()
        signal.set_wakeup_fd(before)
        self._wakeup.close()

    def _watch(self) -> None:
        with self._received:
            while received := self._received.recv(1):
                if received[0] in _SIGNALS:
                    self._stop()
                    return

    def _stop(self) -> None:
        began = time.monotonic()
        if not self._is_over.wait(_NOTICED_SECONDS):
            # It may be in the middle of closing; then this finds nothing to end.
            self._loop.call_soon_threadsafe(self._run.cancel)
        said = "stopped by force; what is committed stays, and the next run goes on from there."
        _end_after(began + STOP_SECONDS - time.monotonic(), _FAILED, said)


@contextmanager
def stopped_by_signals() -> Iterator[None]:
    """Let SIGTERM and Ctrl-C end the asyncio task that is in the body, and the process soon after, whatever hangs.

    The signal's handler stays as it is: Prefect's turns it into an exception. Off the main thread nothing is watched:
    signals are not for it.
    """
    task = asyncio.current_task()
    if threading.current_thread() is not threading.main_thread() or task is None:
        yield
        return
    stop = _Stop(asyncio.get_running_loop(), task)
    before = stop.watch()
    try:
        yield
    finally:
        stop.end(before)


def end_process(code: int, *, hurries: bool) -> None:
    """End the process with this code, after `EXIT_SECONDS` also where something of it still waits.

    hurries: whom it would wait for is known to be gone.
    """
    seconds = _HURRIED_EXIT_SECONDS if hurries else EXIT_SECONDS
    threading.Thread(target=_end_after, args=(seconds, code), daemon=True).start()
    sys.exit(code)


def _end_after(seconds: float, code: int, said: str = "") -> None:
    time.sleep(max(seconds, 0))
    if said:
        waits = ", ".join(what_waits()) or "nothing of ours"
        sys.stderr.write(masked(f"main.py: {said} Still waiting: {waits}.\n"))
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def what_waits() -> list[str]:
    """Return where in this project each thread is that the interpreter waits for, innermost call first."""
    frames = sys._current_frames()  # noqa: SLF001 - the only way to see another thread
    waiting = [thread for thread in threading.enumerate() if not thread.daemon]
    places = [_place(frames.get(thread.ident or 0)) for thread in waiting]
    return sorted({place for place in places if place})


def _place(frame: FrameType | None) -> str | None:
    while frame is not None:
        file = frame.f_code.co_filename
        if file.startswith(f"{PROJECT_FOLDER}{os.sep}") and "site-packages" not in file:
            return f"{frame.f_code.co_name} ({os.path.relpath(file, PROJECT_FOLDER)}:{frame.f_lineno})"
        frame = frame.f_back
    return None

"""A program that outlives the run that started it: start it, know whether it lives, end it.

What lives here: detaching, the log file, and the two files by which a later run knows the program again.
What does not: what the program is, and how one knows that it is ready.

A pid in a file proves nothing: after a kill or a restart of the machine the number belongs to someone else.
So the program inherits a lock (`NAME.alive`) that the kernel drops when the last process that holds it has
ended; whoever can take the lock knows that nothing of the program is left. The program writes its own pid
before it becomes the program, so a run that is killed at any moment never leaves one behind that the next
run cannot find.

Public page: https://man7.org/linux/man-pages/man2/flock.2.html
"""

import fcntl
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from tasks.errors import LoadError
from tasks.local.account import Account

POLL_SECONDS = 0.02
PID_SECONDS = 5.0
"""The time a started program has to write its pid: it is the first thing it does."""
LOG_TAIL_LINES = 8
MAX_LOG_BYTES = 10_000_000
"""A log that is larger than this is cut when the next run looks at the program, so that no disk is filled by it."""

# The outer shell puts the program into the background and ends, so that init adopts it: no zombie, nothing
# to reap. The inner one writes its pid to what is its standard output for that moment, the pid file, and
# then becomes the program.
_DETACH = '"$@" &'
_WRITE_PID = 'echo "$$"; exec "$@" >&2'


@dataclass(frozen=True)
class Daemon:
    """One program of one project folder.

    `command_marks` are arguments that its command line has; a process without them is never taken for it.
    """

    name: str
    title: str
    folder: Path
    account: Account
    command_marks: tuple[str, ...]

    @property
    def log_file(self) -> Path:
        """Return where its output goes; that of the start before is `NAME.previous.log`."""
        return self.folder / f"{self.name}.log"

    @property
    def pid_file(self) -> Path:
        """Return the file with the pid that the program wrote itself; believed only while it lives."""
        return self.folder / f"{self.name}.pid"

    @property
    def alive_file(self) -> Path:
        """Return the file whose lock the program holds as long as it or a child of it lives."""
        return self.folder / f"{self.name}.alive"

    def is_alive(self) -> bool:
        """Tell whether the program, or a child that it left behind, still runs."""
        try:
            descriptor = os.open(self.alive_file, os.O_RDONLY)
        except FileNotFoundError:
            return False
        try:
            # Shared, so that two processes that check at the same time do not take each other for the program.
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
        return False

    def process(self) -> psutil.Process | None:
        """Return its process; None when it does not run, or when the pid is another program's."""
        deadline = time.monotonic() + PID_SECONDS
        while self.is_alive():
            pid = _read_pid(self.pid_file)
            if pid is not None:
                return self._recognised(pid)
            if time.monotonic() > deadline:
                return None
            time.sleep(POLL_SECONDS)
        return None

    def spawn(self, command: Sequence[str | Path], environment: Mapping[str, str]) -> None:
        """Start the program and do not wait for it.

        It is detached: own session, no inherited files, working folder `/`.
        """
        if self.log_file.exists():
            self.log_file.replace(self.folder / f"{self.name}.previous.log")
        with (
            _opened(self.alive_file) as alive,
            _opened(self.pid_file) as pid,
            _opened(self.log_file) as log,
        ):
            fcntl.flock(alive, fcntl.LOCK_EX)
            os.truncate(pid, 0)
            subprocess.run(  # noqa: S603 - our own programs, and no shell reads the arguments
                ["/bin/sh", "-c", _DETACH, "sh", "/bin/sh", "-c", _WRITE_PID, "sh", *command],
                check=True,
                stdin=subprocess.DEVNULL,
                stdout=pid,
                stderr=log,
                cwd="/",
                env=dict(environment),
                start_new_session=True,
                pass_fds=[alive],
                umask=0o077,
                **self.account.run_as(),
            )

    def end(self, *signals: tuple[signal.Signals, float]) -> int | None:
        """Send each signal and wait its seconds for the program to end.

        Returns the pid that ended, None if it did not run. Raises LoadError when it still runs after the
        last one.
        """
        if not self.is_alive():
            return None
        process = self.process()
        for number, seconds in signals:
            if process is not None:
                _send(process, number)
            if self.wait_until_ended(seconds):
                return process.pid if process is not None else None
        named = "a process that it left behind" if process is None else f"process {process.pid}"
        raise LoadError(
            f"{self.title} did not end: {named} still holds {self.alive_file}. "
            f"See {self.log_file}; find the holder with `fuser {self.alive_file}` and end it, then run again."
        )

    def wait_until_ended(self, seconds: float) -> bool:
        """Tell whether the program and all its children have ended within the time."""
        deadline = time.monotonic() + seconds
        while self.is_alive():
            if time.monotonic() > deadline:
                return False
            time.sleep(POLL_SECONDS)
        return True

    def cut_log(self) -> None:
        """Cut the log of a program that runs if it has grown large; its end is in `NAME.previous.log` then."""
        with suppress(FileNotFoundError):
            if self.log_file.stat().st_size <= MAX_LOG_BYTES:
                return
            with self.log_file.open("rb") as log:
                log.seek(-MAX_LOG_BYTES // 10, os.SEEK_END)
                said = log.read()
            previous = self.folder / f"{self.name}.previous.log"
            unfinished = previous.with_suffix(".unfinished")
            unfinished.write_bytes(said)
            unfinished.replace(previous)
            # The program appends: what it says next is the first line.
            os.truncate(self.log_file, 0)

    def log_tail(self) -> str:
        """Return the last lines of the log, for an error message."""
        lines = self.log_text().splitlines()
        return "\n".join([line for line in lines if line.strip()][-LOG_TAIL_LINES:])

    def log_text(self) -> str:
        """Return the log since the program was started; what it said first may stand far above its end."""
        try:
            return self.log_file.read_text(errors="replace")
        except OSError:
            return ""

    def _recognised(self, pid: int) -> psutil.Process | None:
        try:
            process = psutil.Process(pid)
            arguments = process.cmdline()
            owner = process.uids().effective
        except psutil.Error:
            return None
        ours = owner == self.account.uid and all(mark in arguments for mark in self.command_marks)
        return process if ours else None


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _read_pid(path: Path) -> int | None:
    try:
        text = path.read_text()
    except FileNotFoundError:
        return None
    return int(text) if text.endswith("\n") and text.strip().isdigit() else None


def _send(process: psutil.Process, number: signal.Signals) -> None:
    try:
        process.send_signal(number)  # refuses a pid that was reused since it was recognised
    except psutil.NoSuchProcess:
        return

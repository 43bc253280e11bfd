"""Where a session's time went: by module, and by what worked; printed at its end.

What lives here: a plugin of pytest that adds up what its reports say. What does not: a limit; who reads it cuts.
Public page: https://docs.pytest.org/en/stable/reference/reference.html#hooks
"""

import os
import time
from collections import defaultdict
from dataclasses import dataclass, field

import psutil
import pytest

MODULES_SHOWN = 40
# A module's line is only shown where it is worth a look.
LEAST_SECONDS = 1.0


def cpu_seconds():
    """Return the CPU seconds of this process and of the children that it has waited for."""
    return sum(os.times()[:4])


def cpu_seconds_of(process):
    """Return the CPU seconds of another process, of the children that ended and of those that run."""
    seconds = 0.0
    for each in [process, *process.children(recursive=True)]:
        seconds += sum(each.cpu_times()[:4])
    return seconds


@dataclass
class Module:
    """The seconds of one module's tests: by phase, and of the CPU."""

    tests: int = 0
    phases: dict = field(default_factory=lambda: dict.fromkeys(("setup", "call", "teardown"), 0.0))
    cpu: float = 0.0

    @property
    def seconds(self):
        return sum(self.phases.values())

    def add(self, report):
        self.tests += report.when == "call"
        self.phases[report.when] += report.duration
        self.cpu += getattr(report, "cpu_seconds", 0.0)


class Spent:
    """Adds up the reports of a session. `services` are processes beside the tests, by name."""

    def __init__(self):
        self.modules = defaultdict(Module)
        self.services = {}
        self.began = time.monotonic()
        self.last = cpu_seconds()

    def pytest_collection_finish(self):
        """Count from here: what the imports took is no test's."""
        self.last = cpu_seconds()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self):
        """In the process of the test: note on its report what the CPU did since the one before."""
        report = yield
        before, self.last = self.last, cpu_seconds()
        report.cpu_seconds = self.last - before
        return report

    def pytest_runtest_logreport(self, report):
        self.modules[report.nodeid.partition("::")[0]].add(report)

    def look_at(self, name, process):
        """Note what a service has used of the CPU; it is about to be ended."""
        if process is not None:
            try:
                self.services[name] = cpu_seconds_of(process)
            except psutil.Error:
                return

    def pytest_terminal_summary(self, terminalreporter):
        if not self.modules or terminalreporter.config.option.collectonly:
            return
        terminalreporter.section("where the time went, in seconds")
        for line in self.lines():
            terminalreporter.write_line(line)

    def lines(self):
        """Return the table: the modules that took longest, the others together, and the services."""
        modules = sorted(self.modules.items(), key=lambda item: -item[1].seconds)
        shown = [item for item in modules[:MODULES_SHOWN] if item[1].seconds >= LEAST_SECONDS]
        rest = [module for _, module in modules[len(shown) :]]
        yield f"{'tests':>6}{'set-up':>8}{'call':>8}{'end':>8}{'all':>8}{'CPU':>8}  module"
        for name, module in shown:
            yield _line(module, name.removeprefix("tests/"))
        if rest:
            yield _line(_together(rest), f"{len(rest)} more")
        yield _line(_together(self.modules.values()), "all")
        took = time.monotonic() - self.began
        services = "".join(f", {name} {seconds:.0f}" for name, seconds in self.services.items())
        yield f"It took {took:.0f} s. CPU beside the tests and what they waited for{services or ': not seen'}."


def _together(modules):
    whole = Module()
    for module in modules:
        whole.tests += module.tests
        whole.cpu += module.cpu
        for phase, seconds in module.phases.items():
            whole.phases[phase] += seconds
    return whole


def _line(module, name):
    setup, call, teardown = module.phases.values()
    return f"{module.tests:>6}{setup:>8.1f}{call:>8.1f}{teardown:>8.1f}{module.seconds:>8.1f}{module.cpu:>8.1f}  {name}"

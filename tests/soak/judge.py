"""The judgement: of each measure, whether it grew in the second half of the days, other than by the data.

A line is laid through the second half: its slope is the median of those between any two days (Theil-Sen), so that the
one day on which autovacuum came late decides nothing. What is kept for a stated time has come to its height by then, so
that a line that rises by more than the tolerance over this half is growth without an end. Sizes that go by the data are
divided by its rows first.
"""

import statistics
from dataclasses import dataclass

from scipy.stats import theilslopes

TOLERANCE = 0.10
# Measure: how much it may grow in the second half whatever its height: a page here and there, or one fault more.
ALLOWED = {
    "bytes a row of data": 25,
    "catalogue_bytes": 1024 * 1024,
    "dead": 2000,
    "prefect_bytes": 1024 * 1024,
    "log_files": 2,
    "log_bytes": 256 * 1024,
    # A run that was killed is closed by the next one.
    "open flow runs": 3,
    "memory_mb": 15,
    "cpu_seconds": 0.5,
}
ALLOWED_ROWS = 20
# Of each table of the ledger: PostgreSQL extends a file by as many as 64 pages of 8 kB where several write to it, and
# each row that is written anew stays until the next vacuum.
LEDGER_TABLE = "bytes of "
ALLOWED_BYTES_OF_A_TABLE = 512 * 1024


@dataclass(frozen=True)
class Verdict:
    """What the second half says of a measure. growth: by how much its line rises from first to last day."""

    name: str
    mean: float
    growth: float
    allowed: float

    @property
    def is_growing(self):
        """Return whether it grows without an end."""
        return self.growth > self.allowed

    def __str__(self):
        word = "GROWS" if self.is_growing else "stays"
        grown = f"{self.growth:>+13,.1f} over the half (allowed {self.allowed:,.1f})"
        return f"{word}  {self.name:<40} mean {self.mean:>14,.1f}, {grown}"


def series_of(days):
    """Return each measure by day, and each table's rows. days: (day, sizes) of each."""
    sizes = [found for _, found in days]
    series = {name: [getattr(found, name) for found in sizes] for name in ALLOWED if hasattr(sizes[0], name)}
    series["bytes a row of data"] = [found.data_bytes / found.data for found in sizes]
    series["memory_mb"] = [day.last.memory_mb for day, _ in days]
    series["cpu_seconds"] = [day.last.cpu_seconds for day, _ in days]
    tables = {
        f"{LEDGER_TABLE}{name}": [found.ledger_tables[name] for found in sizes]
        for name in sizes[0].ledger_tables
    }
    return series | tables | {name: [found.rows[name] for found in sizes] for name in sizes[0].rows}


def judge(series):
    """Return the verdict on each measure."""
    return [_judged(name, values[len(values) // 2 :]) for name, values in series.items()]


def _judged(name, half):
    mean = statistics.fmean(half)
    slope = float(theilslopes(half).slope)
    least = ALLOWED_BYTES_OF_A_TABLE if name.startswith(LEDGER_TABLE) else ALLOWED_ROWS
    return Verdict(name, mean, slope * (len(half) - 1), max(TOLERANCE * mean, ALLOWED.get(name, least)))

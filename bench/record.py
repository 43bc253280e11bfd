"""What the benchmark of the job has measured, kept: its table, its ratios, and which of them moved since.

Every figure of every round is kept (`bench/job.json`), so that medians, spreads and ratios follow from it. A ratio is
that of two loaders in one round, which had the same machine in the same minutes. It has moved where its rounds of now
and those of then have no value in common, and its median is another one. No measuring here (job.py).
"""

import json
import re
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.measure import PROJECT, Measured

FILE = PROJECT / "bench" / "job.json"
TABLES, README = PROJECT / "docs" / "benchmarks.md", PROJECT / "README.md"
PHRASE = re.compile(r"a first backfill takes \d+ s \(dlt \d+ s\)")
BEGIN, END = "<!-- by make bench-job -->\n", "<!-- to here -->\n"

OURS = "pipeline"
EMPTY = "an empty flow"
BACKFILL = "first backfill of a year"
# With three rounds on either side, no value in common comes by chance once in ten.
MIN_ROUNDS, MIN_CHANGE = 3, 0.05
# The ratios that stand for the job, in the order of the table's last columns.
PAIRS = ((OURS, "dlt"), ("without Prefect", "plain, COPY"))


@dataclass(frozen=True)
class Spread:
    """A figure of several rounds: the median, the lowest and the highest."""

    median: float
    lowest: float
    highest: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        """Return the spread of at least one value."""
        return cls(statistics.median(values), min(values), max(values))

    def said(self, digits: int) -> str:
        """Return it as text: the median, with the range where there is one."""
        low, high = f"{self.lowest:.{digits}f}", f"{self.highest:.{digits}f}"
        return f"{self.median:.{digits}f}" + (f" ({low} to {high})" if low != high else "")

    def is_apart_from(self, other: "Spread") -> bool:
        """Say whether the two ranges have nothing in common."""
        return self.lowest > other.highest or self.highest < other.lowest


@dataclass(frozen=True)
class Record:
    """One benchmark: when and on what, rows, and of each case and loader what each round measured.

    limits: seconds of a binary COPY of the same rows in each round.
    """

    day: str
    machine: str
    versions: str
    rows: int
    cases: dict[str, dict[str, list[Measured]]]
    limits: list[float]

    @classmethod
    def read(cls, file: Path = FILE) -> "Record":
        """Read what was kept."""
        kept = json.loads(file.read_text(encoding="utf-8"))
        cases = {
            case: {loader: [Measured(**run) for run in runs] for loader, runs in loaders.items()}
            for case, loaders in kept.pop("cases").items()
        }
        return cls(**kept, cases=cases)

    def write(self, file: Path = FILE) -> None:
        """Keep it."""
        file.write_text(json.dumps(asdict(self), indent=1) + "\n", encoding="utf-8")

    @property
    def rounds(self) -> int:
        """Return how many rounds there were."""
        return len(next(iter(self.cases[BACKFILL].values())))

    @property
    def loaders(self) -> list[str]:
        """Return the loaders, in the order of the table."""
        return list(self.cases[BACKFILL])

    def ratio(self, case: str, loader: str, other: str) -> Spread | None:
        """Return a loader's time by another's in the same round; None where one of them did not run."""
        runs, others = self.cases[case].get(loader), self.cases[case].get(other)
        if not runs or not others:
            return None
        return Spread.of([one.wall / two.wall for one, two in zip(runs, others, strict=True)])

    def ratios(self) -> dict[str, Spread]:
        """Return each ratio of our time to another's by its name, `first backfill of a year, pipeline / dlt`."""
        found = {
            f"{case}, {one} / {two}": self.ratio(case, one, two)
            for case in self.cases
            for one, two in [*PAIRS, *((OURS, other) for other in self.loaders if other not in (OURS, "dlt"))]
            if case != EMPTY
        }
        return {name: ratio for name, ratio in found.items() if ratio is not None}


def moved(now: Record, then: Record) -> list[str]:
    """Return in words which ratios have moved, those that became worse first; or why that cannot be said."""
    if now.rows != then.rows or min(now.rounds, then.rounds) < MIN_ROUNDS:
        return [
            (
                f"Not held against the last release: it takes {MIN_ROUNDS} rounds of the same rows on both sides"
                f" ({then.rounds} of {then.rows:,} then, {now.rounds} of {now.rows:,} now)."
            )
        ]
    before, found, compared = then.ratios(), [], 0
    for name, ratio in now.ratios().items():
        if name not in before:
            continue
        compared += 1
        change = ratio.median / before[name].median - 1
        if ratio.is_apart_from(before[name]) and abs(change) >= MIN_CHANGE:
            words = f"{abs(change):.0%} {'worse' if change > 0 else 'better'}: {name}"
            found.append((change, f"{words}: {before[name].said(2)} then, {ratio.said(2)} now"))
    return [
        (
            f"Of {compared} ratios, {len(found)} moved by {MIN_CHANGE:.0%} or more, with no round in common with"
            " the last release's; chance alone parts the rounds of one in ten."
        ),
        *(words for _, words in sorted(found, reverse=True)),
    ]


def table(record: Record) -> Iterator[str]:
    """Give the lines of the tables, as Markdown: seconds with the ratios, then processor time, then memory."""
    loaders = record.loaders
    pairs = [(one, two) for one, two in PAIRS if one in loaders and two in loaders]
    heads = [f"{one} / {two}" for one, two in pairs]
    rounds = "one round, so no spread"
    if record.rounds > 1:
        rounds = f"{record.rounds} rounds: medians, with the fastest and slowest"
    yield f"{record.day}, {record.machine}, {record.versions}, {record.rows:,} rows, {rounds}."
    yield from ("", _row("Wall s", *loaders, *heads), _row(*["---"] * (1 + len(loaders) + len(heads))))
    for case, measured in record.cases.items():
        walls = [_said([run.wall for run in measured.get(loader, ())], 1) for loader in loaders]
        if case == EMPTY:
            walls[0] = _said([run.wall for runs in measured.values() for run in runs], 1)
        ratios = [None if case == EMPTY else record.ratio(case, *pair) for pair in pairs]
        yield _row(_capital(case), *walls, *(ratio.said(2) if ratio else "" for ratio in ratios))
    for what, of, digits in (
        ("Processor s of the process", lambda run: run.cpu, 1),
        ("Peak memory of the process, MB", lambda run: run.memory, 0),
    ):
        yield from ("", _row(what, *loaders), _row(*["---"] * (1 + len(loaders))))
        for case, measured in record.cases.items():
            if case != EMPTY:
                said = [_said([of(run) for run in measured.get(loader, ())], digits) for loader in loaders]
                yield _row(_capital(case), *said)
    if record.limits:
        limit = Spread.of(record.limits).said(1)
        yield from ("", f"The lower limit, a binary COPY of the same rows into an empty table: {limit} s.")
    ghosts = {
        loader: [run.ghosts for loaders in record.cases.values() for run in loaders.get(loader, ())]
        for loader in record.loaders
    }
    most = "; ".join(f"{loader} up to {max(found):,}" for loader, found in ghosts.items() if any(found))
    yield from ("", f"Ids that only a loader's table holds at the end of a case: {most or 'none'}.")


def phrase(record: Record) -> str:
    """Return what the README says of a first backfill."""
    ours, theirs = (
        statistics.median(run.wall for run in record.cases[BACKFILL][name]) for name in (OURS, "dlt")
    )
    return f"a first backfill takes {ours:.0f} s (dlt {theirs:.0f} s)"


def pages(record: Record) -> dict[Path, str]:
    """Return the pages with what the record says: the tables between their two marks, and the README's phrase."""
    before, rest = TABLES.read_text(encoding="utf-8").split(BEGIN)
    tables = "\n".join(table(record))
    told = PHRASE.sub(phrase(record), README.read_text(encoding="utf-8"))
    return {TABLES: f"{before}{BEGIN}\n{tables}\n\n{END}{rest.split(END)[1]}", README: told}


def _said(values: Sequence[float], digits: int) -> str:
    return Spread.of(values).said(digits) if values else ""


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]

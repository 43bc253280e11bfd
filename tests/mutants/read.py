"""Mutants: small patches, each of which takes one guard away. What they are and which there have to be.

A file `NAME.patch` is a unified diff below a head: what it takes away, the cases and guards that it is of, and the
tests that must then fail. How they are run is in `__main__`.
"""

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
FOLDER = Path(__file__).resolve().parent

# What goes wrong for people who run this kind of job: B01 to B26 of the list of public reports.
CASES = tuple(f"B{number:02}" for number in range(1, 27))

# What stands between a fault and a wrong table. Each has a patch that takes it away.
GUARDS = (
    "pages have a total order",
    "pages move on",
    "every request has a limit",
    "every request has a timeout",
    "redirects are refused",
    "the token is not repeated",
    "no password of the machine is sent",
    "a token does not travel in clear",
    "what passes is asked for again",
    "a refusal is final",
    "an answer is JSON rows",
    "a read is as many ids as the source counts",
    "parts of a census have each id once",
    "the source's state is the same before and after a read",
    "only ids that were asked for are taken",
    "drift stops a window",
    "values of another type stop a window",
    "a word stops nothing while its values pass",
    "columns are the same on every page of a read",
    "an emptied source stops a run",
    "a source emptied in the middle of a run stops it",
    "mass retirement stops a window",
    "a repair is no stricter than the week",
    "a share of rejects stops a window",
    "what no text can hold is set aside",
    "one writer",
    "a run that lost its place writes nothing",
    "each transaction of a run is fenced",
    "stamps of the ledger never go back",
    "a change is counted wholly or not yet",
    "a point that was corrected is placed anew",
    "a swap does not add up",
    "a crime that came and went leaves nothing",
    "counts by period follow the days",
    "sums by hour know what they were",
    "sums by hour follow the days",
    "a watch has all its days",
    "windows read ahead wait for their turn",
    "counts by period add up to the counts by day",
    "a curve that does not fit gives no number",
    "sixty days before a curve is learned",
    "one window at a time compares and commits",
    "a window that is done is not done again",
    "dead runs are marked",
    "an unfinished load is resumed",
    "the watermark waits for all windows",
    "a range sets no watermark",
    "a resume keeps the first watermark",
    "what aged out is in no scope",
    "what aged out is in no window",
    "the audit sees what is gone",
    "withdrawn is settled by whole runs only",
    "unmoved needs a Last-Modified",
    "what changed rows takes the proof away",
    "a change of any column is a change",
    "a warehouse holds one dataset",
    "faults that pass are done again",
    "a failover drops the pool",
    "a failed window fails the run",
    "nothing is answered from cache",
    "a view of others survives, or stops the deployment",
    "what stands on a view is never dropped",
    "a name that is taken is not replaced",
    "rights survive a deployment",
    "hostile text is text",
    "names are quoted part by part",
    "a session inherits nothing",
    "a session that a pooler lends is refused",
    "text is stored in one encoding",
    "content is proven too",
    "the source does not choose the span of its proof",
    "a stamp of the future leads nothing",
    "one odd date ends no run",
    "two rows of one id are held apart",
    "the crime of an id whose kept row left the source is found among those that wait",
    "how far the source reached back is asked of the proofs that had a row with a time",
    "a row whose time cannot be read is in the window where the source orders it",
    "a short page is the last where the count says so",
    "a silent network is given up",
    "a signal to stop is never lost",
    "a run goes on without Prefect's server",
    "windows are as many as there are connections for",
    "counts are not written without triggers",
    "what a run has called done outlives a crash",
    "what decides is never cleared",
    "what is over is closed in Prefect",
    "no secret changes a powerful role",
)


@dataclass(frozen=True)
class Mutant:
    """One patch: what it takes away, the cases and guards that it is of, and the tests that must then fail."""

    name: str
    takes_away: str
    cases: tuple[str, ...]
    guards: tuple[str, ...]
    tests: tuple[str, ...]

    @property
    def path(self) -> Path:
        return FOLDER / f"{self.name}.patch"


def read_mutants() -> list[Mutant]:
    """Return all mutants, by name."""
    return [_read(path) for path in sorted(FOLDER.glob("*.patch"))]


def apply(mutant: Mutant, tree: Path, *options: str) -> str:
    """Apply a patch to a tree (`--check`: only try, `--reverse`: take it back); return why it does not apply, or ""."""
    done = subprocess.run(
        ["git", "apply", *options, str(mutant.path)],
        cwd=tree, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return "" if done.returncode == 0 else done.stderr.strip() or f"git apply ended with {done.returncode}"


def _read(path: Path) -> Mutant:
    head = path.read_text("utf-8").split("\n--- ", 1)[0]
    said: dict[str, list[str]] = {}
    for line in head.splitlines():
        if found := re.fullmatch(r"(Takes away|Case|Guard|Test): (.+)", line):
            said.setdefault(found[1], []).append(found[2])
    (takes_away,) = said["Takes away"]
    return Mutant(
        path.stem,
        takes_away,
        tuple(said.get("Case", ())),
        tuple(said.get("Guard", ())),
        tuple(said["Test"]),
    )

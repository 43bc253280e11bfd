"""What has to be true of a warehouse after whatever happened to it: an oracle in plain Python.

It shares no code with the loader. It looks at the warehouse before and after a run, knows what the source holds and
what the source was told to do meanwhile, and says what is wrong.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import datetime

from tests.oracle import COLUMNS, expected_row

# The columns that two rows of a case have in common when one is the other under a new id.
_SYSTEM = {"crime_id", "created_at", "updated_at", "version"}
_CONTENT = [place for place, name in enumerate(COLUMNS) if name not in _SYSTEM]
_FIRST_YEAR = 2001
_CASE = COLUMNS.index("case_number")
OCCURRED, UPDATED = COLUMNS.index("date_of_occurrence"), COLUMNS.index("updated_at")


@dataclass(frozen=True)
class Left:
    """A row of the history: (crime_id, instant it left) is its key in `Held.history`."""

    row: tuple
    reason: str | None
    replaced_by: str | None
    loaded_at: datetime
    run_id: object


@dataclass(frozen=True)
class Held:
    """All that a warehouse holds at a moment, by id. loaded_at: for crimes and quarantined rows alike.

    published: what the quarantined rows say, without the source's system fields.
    """

    crimes: dict[str, tuple]
    rejected: dict[str, tuple]
    history: dict[tuple, Left]
    loaded_at: dict[str, datetime]
    published: dict[str, str]


def look(query):
    """Return what a warehouse holds. query: runs a statement and returns tuples."""
    columns = ", ".join(COLUMNS)
    width = len(COLUMNS)
    crimes = query(f"select {columns}, loaded_at from chicago.crimes")
    rejected = query(
        "select crime_id, case_number, date_of_occurrence, raw, first_seen_at from pipeline.rejected_rows"
    )
    history = query(
        f"select {columns}, retired_at, reason, replaced_by, loaded_at, run_id from chicago.crime_history"
    )
    return Held(
        crimes={row[0]: row[:width] for row in crimes},
        rejected={row[0]: row[1:3] for row in rejected},
        history={(row[0], row[width]): Left(row[:width], *row[width + 1 :]) for row in history},
        loaded_at={row[0]: row[-1] for row in [*crimes, *rejected]},
        published={
            row[0]: repr(sorted(field for field in row[3].items() if not field[0].startswith(":")))
            for row in rejected
        },
    )


def is_good(published):
    """Return whether the contract accepts a row of the kinds that the model's source makes."""
    return occurred(published) is not None and published.get("arrest") in {"Y", "N"}


def occurred(published):
    """Return when a published row occurred, Chicago wall clock, or None: also of a date that no calendar has."""
    text = published.get("date_of_occurrence")
    return datetime.fromisoformat(text) if text and text.index("-") == len("2024") else None


def is_misdated(moment):
    """Return whether a row that occurred then has a wrong year: it cannot age out, and tells nothing of the others."""
    return moment is not None and moment.year < _FIRST_YEAR


def has_misdated(source):
    """Return whether the source has a row of a wrong year."""
    return any(is_misdated(occurred(row)) for row in source.values())


def oldest(source):
    """Return the source's oldest occurrence that is not of a wrong year, or None."""
    moments = (moment for moment in map(occurred, source.values()) if moment and not is_misdated(moment))
    return min(moments, default=None)


def content(row):
    """Return a stored row without what the source's system fields say of it."""
    return tuple(row[place] for place in _CONTENT)


def assert_equals_source(held, source, *, start=None, end=None):
    """Every row of the source (of an occurrence range) is held as published, and no others but those aged out."""
    scope = {
        key: row
        for key, row in source.items()
        if (start is None and end is None)
        or (occurred(row) and (start or datetime.min) <= occurred(row) < (end or datetime.max))
    }
    good = {key: expected_row(row) for key, row in scope.items() if is_good(row)}
    missing = good.keys() - held.crimes.keys()
    assert not missing, f"rows of the source are not in crimes: {sorted(missing)}"
    wrong = {key: (held.crimes[key], row) for key, row in good.items() if held.crimes[key] != row}
    assert not wrong, f"rows differ from what is published: {wrong}"
    bad = scope.keys() - good.keys()
    assert bad <= held.rejected.keys(), f"not in quarantine: {sorted(bad - held.rejected.keys())}"
    assert not held.crimes.keys() & held.rejected.keys(), "a row is both a crime and in quarantine"
    span = oldest(source)
    for key in (held.crimes.keys() | held.rejected.keys()) - source.keys():
        moment = held.crimes[key][OCCURRED] if key in held.crimes else held.rejected[key][1]
        in_scope = (start is None and end is None) or (
            moment and (start or datetime.min) <= moment < (end or datetime.max)
        )
        has_aged_out = moment is not None and (span is None or (moment < span and not is_misdated(moment)))
        assert has_aged_out or not in_scope, f"the source has not got {key} of {moment}, and we hold it"


def assert_ledger_is_closed(query):
    """No run and no window is open, the counts of each window add up, and the last audit was equal."""
    assert query("select run_id from pipeline.runs where status = 'running'") == []
    assert query("select window_id from pipeline.windows where status = 'running'") == []
    unbalanced = query(
        "select window_id from pipeline.windows where status = 'done' and source_rows"
        " <> inserted + rekeyed + updated + unchanged + rejected"
    )
    assert unbalanced == []
    assert query("select equal from pipeline.audits order by audit_id desc limit 1") == [(True,)]


def assert_no_lock_is_held(query):
    """No session holds the writer's lock or a window's turn."""
    locks = (
        "select pid from pg_locks where locktype = 'advisory' and database = "
        "(select oid from pg_database where datname = current_database())"
    )
    assert query(locks) == []


@dataclass
class Stretch:
    """What the source was told to do, by case, since reasons were last settled; and what it ever held."""

    inserted: set = field(default_factory=set)
    withdrawn: set = field(default_factory=set)
    murky: set = field(default_factory=set)
    come: dict = field(default_factory=dict)
    gone: set = field(default_factory=set)


def assert_history_tells(before, after, stretch, *, stood_still, ever):
    """Rows that left `crimes` between two looks are in the history, once each; and no others are.

    stood_still: the source did not change while the run read; else versions that we never saw may have come and gone.
    ever: ids that the source ever held. Notes the rows that came and went in `stretch`.
    """
    lost = before.history.keys() - after.history.keys()
    assert not lost, f"rows of the history are gone: {lost}"
    same_rejects = _note_rejects(before, after, stretch, stood_still=stood_still)
    for key, left in before.history.items():
        now = after.history[key]
        assert now.row == left.row, "a row of the history was changed"
        has_left_quarantine = left.replaced_by in before.rejected and left.replaced_by not in _known(after)
        if has_left_quarantine and now.replaced_by not in same_rejects:
            stretch.gone.add(key)  # The row that replaced it is nowhere: its reason is settled again.
        else:
            assert left.reason in {None, now.reason}, f"a settled reason was changed: {key}"
    gone, come = before.crimes.keys() - after.crimes.keys(), after.crimes.keys() - before.crimes.keys()
    gone_contents = Counter(content(before.crimes[key]) for key in gone)
    come_contents = Counter(content(after.crimes[key]) for key in come)
    rekeyed = gone_contents & come_contents
    expected = gone_contents - rekeyed
    new = {key: left for key, left in after.history.items() if key not in before.history}
    told = Counter(content(left.row) for left in new.values())
    assert not expected - told, f"rows left without an entry in the history: {expected - told}"
    if stood_still:
        assert told == expected, f"the history tells of rows that did not leave: {told - expected}"
        _assert_rekeyed_rows_kept_their_instant(before, after, gone, come, gone_contents, come_contents)
    assert all(key in ever for key, _ in new), "the history tells of a row that the source never held"
    stretch.gone |= new.keys()
    left_over = Counter(rekeyed)
    for key in sorted(come, key=lambda key: after.loaded_at[key]):
        # Any of several equal twins may count as the re-keyed one; those that kept an older instant come first.
        if left_over[content(after.crimes[key])]:
            left_over[content(after.crimes[key])] -= 1
        else:
            stretch.come[key] = (after.crimes[key][_CASE], after.loaded_at[key])


def _known(held):
    """Return the ids of all rows that a warehouse knows."""
    return held.crimes.keys() | held.rejected.keys() | {key for key, _ in held.history}


def _note_rejects(before, after, stretch, *, stood_still):
    """Note in `stretch` what entered and left the quarantine; return the new ids of rows that were in it before.

    Such a row keeps its content and the instant at which it was first seen.
    """
    gone, come = before.rejected.keys() - _known(after), after.rejected.keys() - before.rejected.keys()
    same = defaultdict(list)
    for key in sorted(gone):
        same[before.published[key], before.loaded_at[key]].append(key)
    old_ids = {}
    for key in sorted(come):
        if same[after.published[key], after.loaded_at[key]]:
            old_ids[key] = same[after.published[key], after.loaded_at[key]].pop()
    for key in sorted(come):
        if key not in old_ids:
            stretch.come[key] = (after.rejected[key][0], after.loaded_at[key])
        elif old_ids[key] in stretch.come:
            stretch.come[key] = stretch.come[old_ids[key]]
    for key in gone:
        stretch.come.pop(key, None)
    if stood_still:
        is_clear = {key for key in gone | come if _case_of(key, before, after) not in stretch.murky}
        expected = Counter(before.published[key] for key in gone & is_clear) & Counter(
            after.published[key] for key in come & is_clear
        )
        kept = Counter(after.published[key] for key in old_ids.keys() & is_clear)
        assert kept == expected, (
            f"rejected rows that were published again unchanged count as new: {expected - kept}"
        )
    return old_ids.keys()


def _case_of(key, before, after):
    return (before.rejected.get(key) or after.rejected[key])[0]


def _assert_rekeyed_rows_kept_their_instant(before, after, gone, come, gone_contents, come_contents):
    kept = defaultdict(Counter)
    for key in come:
        kept[content(after.crimes[key])][after.loaded_at[key]] += 1
    for value in gone_contents & come_contents:
        if gone_contents[value] <= come_contents[value]:
            instants = Counter(before.loaded_at[key] for key in gone if content(before.crimes[key]) == value)
            assert not instants - kept[value], f"a re-keyed row lost its loaded_at: {value}"


def assert_reasons_are_right(held, stretch, ever):
    """Settled: each row that left is revised by a row of its case, one to one, or withdrawn."""
    successors, known = Counter(), _known(held)
    for (key, _), left in held.history.items():
        assert left.reason in {"revised", "withdrawn"}, f"{key} has reason {left.reason}"
        assert (left.replaced_by is not None) == (left.reason == "revised")
        if left.replaced_by:
            successors[left.replaced_by] += 1
            assert left.replaced_by in known, f"{key} was replaced by {left.replaced_by}, which is nowhere"
            assert ever[left.replaced_by] == left.row[_CASE], f"{key} was replaced by a row of another case"
    doubled = [key for key, times in successors.items() if times > 1]
    assert not doubled, f"rows that replaced several at once: {doubled}"
    by_case = defaultdict(list)
    for key in stretch.gone:
        by_case[held.history[key].row[_CASE]].append(held.history[key])
    for case, left in by_case.items():
        if case in stretch.murky:
            continue
        revised = sum(row.reason == "revised" for row in left)
        if case not in stretch.withdrawn:
            assert revised == len(left), (
                f"{case}: nothing was withdrawn, and {len(left) - revised} are said to be"
            )
        elif case not in stretch.inserted:
            most = _most_pairs(left, [loaded for of, loaded in stretch.come.values() if of == case])
            assert revised == most, (
                f"{case}: {revised} are revised of {len(left)}, where {most} have a newer row"
            )


def _most_pairs(left, come):
    """Return how many rows that left can have a row of their own that came later: the latest choose first."""
    come, pairs = sorted(come), 0
    for row in sorted(left, key=lambda row: row.loaded_at, reverse=True):
        if come and come[-1] > row.loaded_at:
            come.pop()
            pairs += 1
    return pairs

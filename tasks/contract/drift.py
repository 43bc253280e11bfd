"""Drift: the source's columns are not those that we know. Pure. Values decide, not words (docs/decisions/0018).

A column that is gone stops a read. A new one, and one that is stated with another type, are named, and stop nothing
while the values pass. JSON leaves nulls out, so an absent field proves nothing; the headers X-SODA2-Fields and
X-SODA2-Types do, and where they are missing, a required field that no row has, or a new name in place of a known one.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

import orjson

from tasks.datasets import DatasetProfile, Field, ListProfile
from tasks.errors import ContractError

# What the source may make us keep and say of it: a column of a dataset has a short name, and there are few of them.
MAX_NEW_COLUMNS: Final = 50
MAX_NAME_CHARACTERS: Final = 100
MAX_SAMPLE_VALUES: Final = 5
MAX_SAMPLE_CHARACTERS: Final = 60
# Reasons that are no matter of the type: the value can be read, and is not one that we store.
_OF_ANY_TYPE: Final = ("not within ", "has a character that cannot be stored")
# SODA's own names for what is the same to us.
_SAME_TYPE = {
    "boolean": "checkbox",
    "calendar_date": "floating_timestamp",
    "double": "number",
    "money": "number",
    "url": "text",
}
# System fields have several spellings of their types across versions of the API.
_OF_THE_SYSTEM = frozenset({"fixed_timestamp", "row_identifier", "row_version"})


# What is declared of the columns of a dataset: of crimes, or of a list.
KnownColumns = DatasetProfile | ListProfile


@dataclass(frozen=True)
class SourceColumn:
    """A column of the source. type: as stated, "" where none is. sample: some values of a column that is new to us."""

    name: str
    type: str
    sample: tuple[str, ...] = ()


def check_drift(known: KnownColumns, stated: Mapping[str, str], seen: Iterable[str], row_count: int) -> None:
    """Raise `ContractError` naming every change where a column is gone or renamed, or the key has another type.

    stated: field to SODA type by the answer's headers, empty without them. seen: fields of the rows that came.
    """
    names = set(stated) | set(seen)
    new = [name for name in sorted(names) if not _is_known(known, name)]
    gone = [f"{field.name!r} is gone" for field in known.fields if stated and field.name not in stated]
    # Without headers a name that nobody knows can be that of a column which is in no row any more.
    gone += [
        f"{field.name!r} is in no row"
        for field in known.fields
        if not stated and row_count and (field.required or new) and field.name not in names
    ]
    retyped = [field for field in known.fields if _is_retyped(field.type, stated.get(field.name, ""))]
    # Pages and sums are asked for by the key as a number.
    unasked = [field for field in retyped if field.name == known.key and field.type == "number"]
    if gone or unasked:
        said = [f"{_printable(name, MAX_NAME_CHARACTERS)!r} is new" for name in new[:MAX_NEW_COLUMNS]]
        said += [*gone, *(_became(field, stated[field.name]) for field in retyped)]
        raise _stopped(known, said)


def check_values(
    known: KnownColumns,
    columns: Sequence[SourceColumn],
    values: Mapping[str, int],
    reasons: Iterable[Sequence[str]],
) -> None:
    """Raise `ContractError` naming every column that is stated with another type and whose values do not pass.

    values: how many values each of our columns has. reasons: of each rejected row. A value out of range is no matter of
    its type, unless no value is within: else it waits in quarantine, as ever.
    """
    retyped = retyped_fields(known, columns)
    said = [reason for row in reasons for reason in row] if retyped else []
    failed = []
    for field, stated in retyped:
        about = [
            reason.removeprefix(f"{field.column}: ")
            for reason in said
            if reason.startswith(f"{field.column}: ")
        ]
        of_its_type = [reason for reason in about if not reason.startswith(_OF_ANY_TYPE)]
        if of_its_type or (about and len(about) >= values[field.column]):
            failed.append(
                f"{_became(field, stated)}, and {len(about)} of its values do not pass ({about[0]})"
            )
    if failed:
        raise _stopped(known, failed)


def check_objects(
    known: KnownColumns, columns: Sequence[SourceColumn], rows: Sequence[Mapping[str, Any]]
) -> None:
    """Raise `ContractError` where a column is stated with another type and has objects or lists for values.

    A column of text has no other rule that they would break.
    """
    failed = [
        f"{_became(field, stated)}, and its values are objects"
        for field, stated in retyped_fields(known, columns)
        if any(isinstance(row.get(field.name), dict | list) for row in rows)
    ]
    if failed:
        raise _stopped(known, failed)


def refuse_emptied(known: KnownColumns, emptied: Sequence[tuple[Field, str]]) -> None:
    """Raise `ContractError` for columns that are stated with another type and have no value in all of the source."""
    if emptied:
        raise _stopped(
            known,
            [f"{_became(field, stated)}, and no row of the source has a value" for field, stated in emptied],
        )


def to_columns(
    known: KnownColumns,
    stated: Mapping[str, str],
    rows: Sequence[Mapping[str, Any]],
    masked: Callable[[str], str] = str,
) -> tuple[SourceColumn, ...]:
    """Return the columns of a read: all that the headers state, and new ones that are in rows alone; with samples.

    masked: takes out of a text what nobody may see. Names, types and values are bounded, and can be printed and stored.
    """
    new = sorted(name for name in set(stated).union(*rows) if not _is_known(known, name))[:MAX_NEW_COLUMNS]
    kept = sorted(name for name in stated if _is_known(known, name))

    def shown(value: str, most: int) -> str:
        return _printable(masked(value), most)

    return tuple(
        SourceColumn(
            name=shown(name, MAX_NAME_CHARACTERS),
            type=shown(stated.get(name, ""), MAX_NAME_CHARACTERS),
            sample=tuple(
                islice((shown(text, MAX_SAMPLE_CHARACTERS) for text in _texts(rows, name)), MAX_SAMPLE_VALUES)
            )
            if name in new
            else (),
        )
        for name in (*kept, *new)
    )


def retyped_fields(known: KnownColumns, columns: Sequence[SourceColumn]) -> list[tuple[Field, str]]:
    """Return each known field that is stated with another type, and that type."""
    stated = {column.name: column.type for column in columns}
    return [
        (field, stated[field.name])
        for field in known.fields
        if _is_retyped(field.type, stated.get(field.name, ""))
    ]


def drift_of(known: KnownColumns, column: SourceColumn) -> str | None:
    """Return what is to be said of a column: that it is new, or of another type; None where it is as we know it."""
    for field in known.fields:
        if field.name == column.name:
            return _became(field, column.type) if _is_retyped(field.type, column.type) else None
    if _is_known(known, column.name):
        return None
    kind = f" ({column.type})" if column.type else ""
    sample = f", such as {', '.join(repr(value) for value in column.sample)}" if column.sample else ""
    return f"{column.name!r} is new{kind}{sample}"


def _texts(rows: Sequence[Mapping[str, Any]], name: str) -> Iterator[str]:
    """Yield the different values of a field as text, in order of the rows."""
    values = (row[name] for row in rows if row.get(name) is not None)
    texts = (value if isinstance(value, str) else _json(value) for value in values)
    return iter(dict.fromkeys(texts))


def _printable(text: str, most: int) -> str:
    """Return a text of the source so that it can be printed on a line and stored, and is no longer than `most`."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)[:most]


def _json(value: Any) -> str:
    try:
        return orjson.dumps(value).decode()
    except TypeError:
        return str(value)


def _stopped(known: KnownColumns, said: Sequence[str]) -> ContractError:
    return ContractError(
        f"the columns of {known.dataset} have changed: {'; '.join(said)}. Nothing was stored. "
        "Look at the dataset's page, then map or ignore the field, or take up its type, in tasks/datasets.py."
    )


def _became(field: Field, stated: str) -> str:
    return f"{field.name!r} became {_printable(stated, MAX_NAME_CHARACTERS)}, it was {field.type}"


def _is_known(known: KnownColumns, name: str) -> bool:
    return (
        any(field.name == name for field in known.fields)
        or name in known.ignored
        or name.startswith(known.ignored_prefixes)
    )


def _is_retyped(expected: str, stated: str) -> bool:
    if not stated or expected in _OF_THE_SYSTEM:
        return False
    return _SAME_TYPE.get(stated, stated) != expected

"""Drift: every field of the source is mapped, ignored by name, or an error that names it. Pure.

JSON leaves nulls out, so an absent field proves nothing; the headers X-SODA2-Fields and X-SODA2-Types do. Without
them, a required field that no row has is drift, and so is an unknown name.
"""

from collections.abc import Iterable, Mapping

from tasks.datasets import DatasetProfile
from tasks.errors import ContractError

# SODA's names for types that are the same to us.
_SAME_TYPE = {
    "boolean": "checkbox",
    "calendar_date": "floating_timestamp",
    "double": "number",
    "money": "number",
    "url": "text",
}


def check_drift(
    profile: DatasetProfile, stated: Mapping[str, str], seen: Iterable[str], row_count: int
) -> None:
    """Raise `ContractError` naming every field that was added, removed, renamed or given another type.

    stated: field to SODA type by the answer's headers, empty without them. seen: fields of the rows that came.
    """
    names = set(stated) | set(seen)
    problems = [f"{name!r} is new" for name in sorted(names) if not _is_known(profile, name)]
    for field in profile.fields:
        if stated and field.name not in stated:
            problems.append(f"{field.name!r} is gone")
        elif not stated and row_count and field.required and field.name not in names:
            problems.append(f"{field.name!r} is in no row")
        elif _is_retyped(field.type, stated.get(field.name, "")):
            problems.append(f"{field.name!r} became {stated[field.name]}, it was {field.type}")
    if problems:
        raise ContractError(
            f"the columns of {profile.dataset} have changed: {'; '.join(problems)}. Nothing was stored. "
            "Look at the dataset's page, then map or ignore the field in tasks/datasets.py."
        )


def _is_known(profile: DatasetProfile, name: str) -> bool:
    return (
        name in profile.columns_by_field
        or name in profile.ignored
        or name.startswith(profile.ignored_prefixes)
    )


def _is_retyped(expected: str, stated: str) -> bool:
    # System fields have several spellings of their types across versions of the API.
    if not stated or expected in {"fixed_timestamp", "row_identifier", "row_version"}:
        return False
    return _SAME_TYPE.get(stated, stated) != expected

"""Rows that share a key: found while a page is read, confirmed by the source, and told apart by their stamps.

A server that repeats a row sends one row twice; the source's own answer about the key tells that from two rows.
"""

import logging
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from tasks.contract.twins import published_key, twin_key
from tasks.source.portal import IDS_OF_ONE_REQUEST, Portal, Row

log = logging.getLogger(__name__)

# More keys of a page that come twice are no errors of single rows: the pages are broken, which the count tells.
MAX_TWINS: Final = 1000


def name_twins(portal: Portal, rows: Sequence[Row], suspected: Iterable[str] = ()) -> None:
    """Give each row that shares its key with others of the source the key that it is held under, in place.

    suspected: keys, as published, whose other rows may lie outside of these.
    """
    key, suspected = portal.profile.key, set(suspected)
    if not suspected and len({row[key] for row in rows}) == len(rows):
        return
    came = Counter(published_key(row[key]) for row in rows)
    asked = sorted({name for name, times in came.items() if times > 1} | suspected)
    if not asked or len(asked) > MAX_TWINS:
        return
    # Rows of one version, or of none that is said, are one row that came twice.
    versions = {
        name: known
        for name, known in _versions(portal, asked).items()
        if len(known) >= max(came[name], 2) and len({*known} - {""}) == len(known)
    }
    if versions:
        log.warning(
            "twins=%d: %s; the newest is kept, the others are rejected", len(versions), _brief(versions)
        )
        _rename(portal, rows, versions)


def _rename(portal: Portal, rows: Sequence[Row], versions: Mapping[str, Sequence[str]]) -> None:
    key, version = portal.profile.key, portal.profile.version
    taken: defaultdict[str, set[int]] = defaultdict(set)
    for row in rows:
        name = published_key(row[key])
        free = [place for place in range(len(versions.get(name, ()))) if place not in taken[name]]
        # A row that was asked for by its key alone may be any of them.
        same = [place for place in free if row.get(version, versions[name][place]) == versions[name][place]]
        if same:
            taken[name].add(same[0])
            row[key] = twin_key(name, same[0])


def _versions(portal: Portal, keys: Sequence[str]) -> dict[str, list[str]]:
    """Ask the source for the rows of each key; return their versions, the newest stamp first."""
    profile = portal.profile
    found: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
    for first in range(0, len(keys), IDS_OF_ONE_REQUEST):
        for row in portal.fetch_rows_of(
            keys[first : first + IDS_OF_ONE_REQUEST], f"{profile.key},{profile.version},{profile.updated}"
        ):
            stamped = str(row.get(profile.updated) or ""), str(row.get(profile.version) or "")
            found[str(row.get(profile.key))].append(stamped)
    return {name: [version for _, version in sorted(known, reverse=True)] for name, known in found.items()}


def _brief(versions: Mapping[str, Sequence[str]]) -> str:
    shown = [f"{name} on {len(known)} rows" for name, known in sorted(versions.items())[:5]]
    return ", ".join(shown) + (" and more" if len(versions) > 5 else "")

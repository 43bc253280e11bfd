"""Twins: rows of the source that share a key. Pure; which of them is the newest is asked in tasks/source.

The newest keeps the key and is judged as any row. The others are held under it with a mark and a number, which the
contract rejects: so each row of the source is held once, and the key names one crime.
"""

import re
from typing import Final

_MARK: Final = "#"
# As Arrow, and as the database, read it.
TWIN_PATTERN: Final = r"#[0-9]+$"


def twin_key(key: str, place: int) -> str:
    """Return under which key a row is held. place: 0 is the newest of those that share it."""
    return key if place == 0 else f"{key}{_MARK}{place + 1}"


def published_key(key: str) -> str:
    """Return the key as the source has it, of one that rows are held under."""
    return re.sub(TWIN_PATTERN, "", key)

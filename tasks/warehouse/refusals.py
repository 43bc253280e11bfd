"""Refusals: a server that is there and takes no session now, known by its words.

A refused connection has no SQLSTATE in psycopg, only what the server says, which is English unless its lc_messages says
else. Mirrors https://www.postgresql.org/docs/current/runtime-config-connection.html#GUC-MAX-CONNECTIONS.
"""

from typing import Final

import psycopg

MAX_TRIES: Final = 6
# 2, 4, 8, 16 and 32 s between the tries: about as long as a managed database takes to fail over.
FIRST_WAIT_SECONDS: Final = 2
NO_SLOT: Final = "53300"
CANNOT_CONNECT_NOW: Final = "57P03"
# What a run has open beside one connection for each window: for its lock, the lists, and its progress.
BESIDE_WINDOWS: Final = 3
NO_SLOT_ACTION: Final = (
    f"A run takes {BESIDE_WINDOWS} connections and one for each window in flight (MAX_CONCURRENCY; up to twice as many "
    "where enough are free): end sessions that nobody needs, or raise max_connections (or the limit of the role or the "
    "database), and run again."
)
_WORDS: Final = {
    "too many clients already": NO_SLOT,
    "too many connections for": NO_SLOT,
    "connection slots are reserved": NO_SLOT,
    "the database system is": CANNOT_CONNECT_NOW,
}


def state_of_refusal(error: object) -> str | None:
    """Return the SQLSTATE of a refused connection that may be taken in some seconds, else None."""
    if not isinstance(error, psycopg.OperationalError):
        return None
    return next((state for words, state in _WORDS.items() if words in str(error)), None)

"""How long a network that went dark is waited for: what every connection tells the kernel of this machine.

A host that vanishes says no goodbye, and a read from it would wait for ever. What lives here: the options of libpq, and
those of any other TCP socket. What does not: how long an answer of a host that is there may take. Mirrors
https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-KEEPALIVES and https://man7.org/linux/man-pages/man7/tcp.7.html.
"""

import socket
from typing import Any, Final

# About a minute without a word, sent or awaited, and the connection is lost: then the step is done again.
SILENCE_SECONDS: Final = 60
# A connection on which nothing is under way is asked after this long, and again so often, so many times.
IDLE_SECONDS: Final = 30
PROBE_SECONDS: Final = 10
PROBES: Final = 3

LIBPQ: Final[dict[str, Any]] = {
    "keepalives": 1,
    "keepalives_idle": IDLE_SECONDS,
    "keepalives_interval": PROBE_SECONDS,
    "keepalives_count": PROBES,
    # Milliseconds. Keepalives say nothing while what was sent is not acknowledged; this does. Only Linux has it.
    "tcp_user_timeout": SILENCE_SECONDS * 1000,
}

# Named as Linux names them; a platform without one keeps what it does anyway.
_SOCKET: Final = {
    "TCP_KEEPIDLE": IDLE_SECONDS,
    "TCP_KEEPINTVL": PROBE_SECONDS,
    "TCP_KEEPCNT": PROBES,
    "TCP_USER_TIMEOUT": SILENCE_SECONDS * 1000,
}


def socket_options() -> list[tuple[int, int, int]]:
    """Return the options for a TCP socket, each as `setsockopt` takes it."""
    known = {name: value for name, value in _SOCKET.items() if hasattr(socket, name)}
    return [
        (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
        *((socket.IPPROTO_TCP, getattr(socket, name), value) for name, value in known.items()),
    ]

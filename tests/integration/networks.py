"""Networks that fail: a server that dies behind a port, and one whose packets are dropped.

What lives here: a relay on loopback that can be cut, and a network namespace whose address can be taken away. What does
not: any rule about what a run does then. No address outside this machine is used.
"""

import contextlib
import ctypes
import os
import shutil
import socket
import subprocess
import threading
from pathlib import Path

import pytest

from tests.integration.tls_front import TlsFront

_CHUNK_BYTES = 65536
_CLONE_NEWNET = 0x40000000
# Addresses for documentation (RFC 5737): nobody has them. Each network has four of them.
_PREFIX = "30"


class Relay:
    """A port on loopback in front of another one. `cut()`: what a client sees when the server's process is killed."""

    def __init__(self, port):
        self._target = ("127.0.0.1", port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._open = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(self._target)
                self._open += [client, server]
                for pair in ((client, server), (server, client)):
                    threading.Thread(target=_pump, args=pair, daemon=True).start()

    def cut(self):
        """Refuse new connections, and end those that are open."""
        for opened in (self._listener, *self._open):
            with contextlib.suppress(OSError):
                opened.shutdown(socket.SHUT_RDWR)
            opened.close()


def _pump(source, target):
    with contextlib.suppress(OSError):
        while chunk := source.recv(_CHUNK_BYTES):
            target.sendall(chunk)
        target.shutdown(socket.SHUT_WR)


def _free_pair():
    """Return two addresses of a network that no other process of this machine has: another test may be at work."""
    taken = subprocess.run(["ip", "-o", "-4", "addr"], check=True, capture_output=True, text=True).stdout
    first = os.getpid() % 64
    for place in range(64):
        number = 4 * ((first + place) % 64)
        ours, theirs = f"203.0.113.{number + 1}", f"203.0.113.{number + 2}"
        if f" {ours}/" not in taken:
            return ours, theirs
    raise OSError("all of 203.0.113.0/24 is taken on this machine: end what holds it (ip netns list)")


class DarkFront(TlsFront):
    """A server in a network of its own, in front of PostgreSQL's unix socket; its host can vanish.

    silence_seconds: after so long without a word it ends its own side, as a server does that is told to.
    """

    def __init__(self, socket_path, silence_seconds):
        self._name = f"dark{os.getpid() % 100_000}"
        self._silence_seconds = silence_seconds
        self._ours, self.host = _free_pair()
        _ip("netns", "add", self._name)
        try:
            _ip("link", "add", self._name, "type", "veth", "peer", "name", "there", "netns", self._name)
            _ip("addr", "add", f"{self._ours}/{_PREFIX}", "dev", self._name)
            _ip("link", "set", self._name, "up")
            _ip("-n", self._name, "link", "set", "there", "up")
            self.light()
            super().__init__(None, socket_path)
        except BaseException:
            self._take_down()
            raise

    def listen(self):
        """Listen there: a socket stays in the network of the thread that made it."""
        made = []
        thread = threading.Thread(target=lambda: made.append(self._listen_there()))
        thread.start()
        thread.join()
        return made[0]

    def _listen_there(self):
        with Path(f"/run/netns/{self._name}").open() as namespace:
            if ctypes.CDLL(None, use_errno=True).setns(namespace.fileno(), _CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), "setns")
        listener = socket.create_server((self.host, 0))
        # What is accepted inherits it.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, self._silence_seconds * 1000)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name in ("TCP_KEEPIDLE", "TCP_KEEPINTVL"):
            listener.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), 1)
        return listener

    def darken(self):
        """Take the address away: whatever is sent there is dropped, and nobody is told."""
        _ip("-n", self._name, "addr", "del", f"{self.host}/{_PREFIX}", "dev", "there")

    def light(self):
        """Give the address back."""
        _ip("-n", self._name, "addr", "add", f"{self.host}/{_PREFIX}", "dev", "there")

    def __exit__(self, *error):
        super().__exit__(*error)
        self._take_down()

    def _take_down(self):
        # Its end of the pair, and with it ours, goes with the namespace.
        _ip("netns", "del", self._name)
        subprocess.run(["ip", "link", "del", self._name], check=False, capture_output=True)


def why_no_dark_network():
    """Return why this machine allows no network namespace, or None."""
    if os.geteuid() != 0:
        return "a network namespace needs root"
    if shutil.which("ip") is None:
        return "a network namespace needs `ip` (package iproute2)"
    name = f"probe{os.getpid() % 100_000}"
    try:
        _ip("netns", "add", name)
        try:
            _ip("link", "add", name, "type", "veth", "peer", "name", "there", "netns", name)
        finally:
            _ip("netns", "del", name)
    except subprocess.CalledProcessError as error:
        return f"this machine allows no network namespace: {error.stderr.strip()}"
    return None


@pytest.fixture
def dark_front(postgres):
    """Give a server whose host can vanish, in front of the session's PostgreSQL; or skip with the reason."""
    if reason := why_no_dark_network():
        pytest.skip(reason)
    with DarkFront(postgres.socket_dir / ".s.PGSQL.5432", silence_seconds=2) as made:
        yield made


def _ip(*arguments):
    subprocess.run(["ip", *arguments], check=True, capture_output=True, text=True)


class SwallowingFront(TlsFront):
    """Where no network namespace is allowed: a port in front of PostgreSQL's unix socket that swallows both directions.

    Unlike a host that vanishes, it acknowledges what it swallows; the client learns of it when the light is back, and
    what was under way is lost.
    """

    host = "127.0.0.1"

    def __init__(self, socket_path):
        self._is_dark = False
        self._swallowed = []
        super().__init__(None, socket_path)

    def darken(self):
        """Swallow whatever comes, from either side."""
        self._is_dark = True

    def light(self):
        """End the connections of which something was swallowed, and pass on what comes from now on."""
        self._is_dark = False
        for swallowed in self._swallowed:
            with contextlib.suppress(OSError):
                swallowed.shutdown(socket.SHUT_RDWR)
        self._swallowed.clear()

    def _serve_plain(self, client, first):
        with socket.socket(socket.AF_UNIX) as server:
            server.connect(str(self.socket_path))
            server.sendall(first)
            back = threading.Thread(target=self._pass_on, args=(server, client), daemon=True)
            back.start()
            self._pass_on(client, server)
            back.join(5)

    def _pass_on(self, source, target):
        with contextlib.suppress(OSError):
            while chunk := source.recv(_CHUNK_BYTES):
                if self._is_dark:
                    self._swallowed += [source, target]
                else:
                    target.sendall(chunk)
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_WR)


def going_dark(socket_path, silence_seconds):
    """Return a front of PostgreSQL that can go dark: by a network namespace, or by swallowing where none is allowed."""
    return SwallowingFront(socket_path) if why_no_dark_network() else DarkFront(socket_path, silence_seconds)

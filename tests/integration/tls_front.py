"""TLS in front of a PostgreSQL that listens on a unix socket: what RDS does, for tests of verify-full."""

import contextlib
import socket
import struct
import threading

# A client that wants TLS sends this before anything else: its length, and a code that is no protocol version.
_SSL_REQUEST = struct.pack("!II", 8, 80877103)
_CHUNK_BYTES = 65536


class TlsFront:
    """A listener on loopback. handshakes: how many clients came to an understanding with it."""

    def __init__(self, context, socket_path):
        self.context = context
        self.socket_path = socket_path
        self.handshakes = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_error):
        self._listener.close()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        with contextlib.suppress(OSError), client:
            if client.recv(8, socket.MSG_WAITALL) != _SSL_REQUEST:
                return
            client.sendall(b"S")
            with (
                self.context.wrap_socket(client, server_side=True) as secure,
                socket.socket(socket.AF_UNIX) as server,
            ):
                self.handshakes += 1
                server.connect(str(self.socket_path))
                back = threading.Thread(target=_relay, args=(server, secure), daemon=True)
                back.start()
                _relay(secure, server)
                back.join(5)


def _relay(source, target):
    with contextlib.suppress(OSError):
        while chunk := source.recv(_CHUNK_BYTES):
            target.sendall(chunk)
        target.shutdown(socket.SHUT_WR)

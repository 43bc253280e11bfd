"""TLS in front of a PostgreSQL that listens on a unix socket: what RDS does, for tests of the modes of TLS.

The embedded PostgreSQL is built without it, so somebody else has to speak it; the client is the real one.
"""

import contextlib
import socket
import ssl
import struct
import threading
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

# A client that wants TLS sends this before anything else: its length, and a code that is no protocol version.
_SSL_REQUEST = struct.pack("!II", 8, 80877103)
_CHUNK_BYTES = 65536


class TlsFront:
    """A listener on loopback. handshakes: how many clients came to an understanding with it.

    context: with one, whoever asks for no TLS is refused; without, it is a server that has no TLS.
    """

    def __init__(self, context, socket_path):
        self.context = context
        self.socket_path = socket_path
        self.handshakes = 0
        self._listener = self.listen()
        self.port = self._listener.getsockname()[1]

    def listen(self):
        """Return the socket that clients come to."""
        return socket.create_server(("127.0.0.1", 0))

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
            first = client.recv(8, socket.MSG_WAITALL)
            if self.context is None:
                if first == _SSL_REQUEST:
                    client.sendall(b"N")
                    first = b""
                self._serve_plain(client, first)
            elif first == _SSL_REQUEST:
                client.sendall(b"S")
                with self.context.wrap_socket(client, server_side=True) as secure:
                    self.handshakes += 1
                    self._serve_plain(secure, b"")

    def _serve_plain(self, client, first):
        with socket.socket(socket.AF_UNIX) as server:
            server.connect(str(self.socket_path))
            server.sendall(first)
            back = threading.Thread(target=_relay, args=(server, client), daemon=True)
            back.start()
            _relay(client, server)
            back.join(5)


def _relay(source, target):
    with contextlib.suppress(OSError):
        while chunk := source.recv(_CHUNK_BYTES):
            target.sendall(chunk)
    # Also where the source was lost: the target has to hear of it.
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    """Give a certificate authority of the test's own, and a certificate of it for localhost."""
    folder = tmp_path_factory.mktemp("tls")
    now = datetime.now(UTC)

    def certificate(name, issuer, public_key, signing_key, extension):
        return (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)]))
            .issuer_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, issuer)]))
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(extension, critical=True)
            .sign(signing_key, hashes.SHA256())
        )

    root, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    basic = x509.BasicConstraints(ca=True, path_length=0)
    names = x509.SubjectAlternativeName([x509.DNSName("localhost")])
    pem = serialization.Encoding.PEM
    own = certificate("Test CA", "Test CA", root.public_key(), root, basic)
    server = certificate("localhost", "Test CA", key.public_key(), root, names)
    bundle = folder / "tasks" / "cloud" / "rds_ca.pem"
    bundle.parent.mkdir(parents=True)
    bundle.write_bytes(own.public_bytes(pem))
    (folder / "server.pem").write_bytes(
        server.public_bytes(pem)
        + key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return SimpleNamespace(folder=folder, bundle=bundle, server=folder / "server.pem")


@pytest.fixture
def front(authority, postgres):
    """Give the real PostgreSQL behind TLS on loopback."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority.server)
    with TlsFront(context, postgres.socket_dir / ".s.PGSQL.5432") as served:
        yield served

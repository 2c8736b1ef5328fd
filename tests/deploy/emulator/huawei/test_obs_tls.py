"""OBS's SDK and TLS: what it verifies by itself (nothing), and what with a context that it is given (all of it), through a proxy, too.

Behind the proxy is OBS with a certificate of an authority that was made for the test.
"""

from __future__ import annotations

import socket
import ssl
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from obs import ObsClient

from deploy.emulator.huawei.account import Account
from deploy.emulator.huawei.obs import Obs
from deploy.emulator.huawei.wire import Asked
from tests.deploy.emulator.huawei.obs_served import BUCKET, REGION, SERVICE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HOST = "127.0.0.1"
HOSTNAME_MISMATCH = 62
UNKNOWN_AUTHORITY = 20
TODAY = datetime.now(timezone.utc)


class Authority:
    """Who signs certificates; its own one is in the file `known`."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder, self._key = folder, ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        certificate = self._signed(self._name, self._key.public_key(), x509.BasicConstraints(ca=True, path_length=None))
        self.known = self._write(f"{name}.pem", certificate.public_bytes(serialization.Encoding.PEM))

    def server(self, *hosts: str) -> ssl.SSLContext:
        """Return what a server with these names needs."""
        key = ec.generate_private_key(ec.SECP256R1())
        names = x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts])
        certificate = self._signed(x509.Name([]), key.public_key(), names).public_bytes(serialization.Encoding.PEM)
        private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self._write("server.pem", certificate + private))
        return context

    def _signed(self, subject: x509.Name, key: ec.EllipticCurvePublicKey, extension: x509.ExtensionType) -> x509.Certificate:
        builder = x509.CertificateBuilder(self._name, subject, key, x509.random_serial_number(), TODAY - timedelta(days=1), TODAY + timedelta(days=1))
        return builder.add_extension(extension, critical=True).sign(self._key, hashes.SHA256())

    def _write(self, name: str, text: bytes) -> str:
        (self._folder / name).write_bytes(text)
        return str(self._folder / name)


class Proxy(NamedTuple):
    """A proxy behind which every host is OBS, and who asked it for what."""

    port: int
    account: Account
    tunnels: list[str]


@contextmanager
def proxy(context: ssl.SSLContext, *, refuses: bool = False) -> Iterator[Proxy]:
    """Serve CONNECT, and OBS over TLS at the tunnel's end."""
    account = Account(salt="tls")
    tunnels: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def tunnel(self) -> None:
            tunnels.append(self.path)
            self.send_response_only(403 if refuses else 200)
            self.end_headers()
            self.close_connection = True
            if not refuses:
                with suppress(OSError):
                    self.connection = context.wrap_socket(self.connection, server_side=True)
                    self.setup_again()

        def setup_again(self) -> None:
            self.request, self.close_connection = self.connection, False
            self.setup()

        def relay(self) -> None:
            path, _, query = self.path.partition("?")
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = self.rfile.read(int(headers.get("content-length", 0)))
            answered = Obs(account)(Asked(self.command, headers["host"], path, query, headers, body))
            self.send_response_only(answered.status)
            for name, value in {**answered.headers, "content-length": str(len(answered.body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answered.body if self.command != "HEAD" else b"")

        def finish(self) -> None:
            super().finish()
            self.connection.close()

    ways: dict[str, Any] = {f"do_{method}": Handler.relay for method in ("GET", "HEAD", "PUT")}
    with ThreadingHTTPServer((HOST, 0), type("Ways", (Handler,), {**ways, "do_CONNECT": Handler.tunnel})) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield Proxy(server.server_port, account, tunnels)
        server.shutdown()
        thread.join()


@pytest.fixture(name="authority", scope="module")
def _authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"), "known")


@pytest.fixture(name="made", scope="module")
def _made(authority: Authority) -> ssl.SSLContext:
    return authority.server(SERVICE, f"*.{SERVICE}")


class Verifying(ObsClient):  # type: ignore[misc] # the SDK has no types
    """A client with a context of ours in the place of the SDK's, which verifies no name and is made of deprecated parts."""

    def __init__(self, context: ssl.SSLContext, **arguments: Any) -> None:
        self._ours = context
        super().__init__(**arguments)
        assert self.context is context

    def _init_ssl_context(self, _custom_ciphers: object) -> None:
        self.context = self._ours


def arguments(port: int) -> dict[str, Any]:
    """Return what makes a client that comes through the proxy."""
    keys = Account().keys
    signs = {"access_key_id": keys.access, "secret_access_key": keys.secret}
    return {**signs, "server": f"https://{SERVICE}", "proxy_host": HOST, "proxy_port": port, "max_retry_count": 0}


def connect(port: int, known: str) -> Any:
    """Return a client that knows one authority."""
    return Verifying(ssl.create_default_context(cafile=known), **arguments(port))


def test_a_known_authority_and_the_right_name_are_accepted(authority: Authority, made: ssl.SSLContext) -> None:
    """Of the service and of a bucket, through a tunnel to each."""
    with proxy(made) as behind:
        client = connect(behind.port, authority.known)
        statuses = [client.createBucket(BUCKET, location=REGION).status, client.putContent(BUCKET, "a", "x").status, client.listBuckets().status]

    assert [200, 200, 200] == statuses
    assert {f"{SERVICE}:443", f"{BUCKET}.{SERVICE}:443"} == set(behind.tunnels)


@pytest.mark.parametrize("bucket", ["with.dots", "other"])
def test_another_name_is_refused(authority: Authority, bucket: str) -> None:
    """It is the tunnel's name that is compared, not the proxy's; a bucket with dots has none that a certificate's star fits."""
    made = authority.server(SERVICE, f"*.{SERVICE}") if "." in bucket else authority.server(HOST, "localhost", "another.example")
    with proxy(made) as behind, pytest.raises(ssl.SSLCertVerificationError) as refused:
        connect(behind.port, authority.known).headBucket(bucket)

    assert HOSTNAME_MISMATCH == refused.value.verify_code
    assert 1 == len(behind.tunnels)


def test_an_unknown_authority_is_refused(made: ssl.SSLContext, tmp_path: Path) -> None:
    """Whatever name it vouches for."""
    stranger = Authority(tmp_path, "stranger")
    with proxy(made) as behind, pytest.raises(ssl.SSLCertVerificationError) as refused:
        connect(behind.port, stranger.known).headBucket(BUCKET)

    assert UNKNOWN_AUTHORITY == refused.value.verify_code


@pytest.mark.filterwarnings("ignore:ssl.:DeprecationWarning")
def test_the_sdk_by_itself_verifies_nothing(tmp_path: Path) -> None:
    """Neither the name nor, unless it is told, the authority: this is why it needs a context."""
    stranger = Authority(tmp_path, "stranger")
    with proxy(stranger.server("another.example")) as behind:
        blind = ObsClient(**arguments(behind.port)).createBucket(BUCKET, location=REGION).status
        nameless = ObsClient(**arguments(behind.port), ssl_verify=stranger.known).createBucket(BUCKET, location=REGION).status

    assert (200, 200) == (blind, nameless)


def test_a_tunnel_that_is_refused_is_an_os_error(authority: Authority, made: ssl.SSLContext) -> None:
    """Which names the proxy's status."""
    with proxy(made, refuses=True) as behind, pytest.raises(OSError, match="Tunnel connection failed: 403"):
        connect(behind.port, authority.known).headBucket(BUCKET)

    assert 1 == len(behind.tunnels)


def test_nobody_there_is_a_refused_connection(authority: Authority) -> None:
    """Of the proxy's address or of the cloud's own: the SDK wraps neither."""
    with socket.socket() as nobody:
        nobody.bind((HOST, 0))

        with pytest.raises(ConnectionRefusedError):
            connect(nobody.getsockname()[1], authority.known).headBucket(BUCKET)

"""A server's TLS for the tests of what connects: a certificate that nobody trusts until a test says so."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture(name="certify", scope="session")
def _certify(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Return the maker of a file with a key and a certificate for a subject such as IP:127.0.0.1."""

    def certify(subject: str) -> Path:
        openssl = shutil.which("openssl")
        if openssl is None:
            pytest.fail("openssl, which makes the certificate of this test, is not here: install it, then run the tests again")
        path = tmp_path_factory.mktemp("tls") / "both.pem"
        names = ["-subj", "/CN=loopback", "-addext", f"subjectAltName={subject}"]
        make = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *names, "-keyout", str(path), "-out", f"{path}.crt"]
        subprocess.run(make, capture_output=True, timeout=120, check=True)
        path.write_text(path.read_text() + Path(f"{path}.crt").read_text())
        return path

    return certify


@pytest.fixture(name="certificate", scope="session")
def _certificate(certify: Callable[[str], Path]) -> Path:
    return certify("IP:127.0.0.1")


@pytest.fixture(name="tls")
def _tls(certificate: Path) -> ssl.SSLContext:
    return served(certificate)


def served(certificate: Path) -> ssl.SSLContext:
    """Return what a server with this certificate needs."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context

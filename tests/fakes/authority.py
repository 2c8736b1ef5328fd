"""An authority that vouches for a server's name, as RDS has one of its own: nobody knows it but who is told."""

from __future__ import annotations

import base64
import datetime as dt
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_USES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)
_ALWAYS = (dt.datetime(2020, 1, 1, tzinfo=dt.timezone.utc), dt.datetime(2120, 1, 1, tzinfo=dt.timezone.utc))
#: To sign certificates, and nothing else.
_MAY_SIGN = x509.KeyUsage(**{name: name == "key_cert_sign" for name in _USES})


class Vouched(NamedTuple):
    """A server's certificate and key, in PEM."""

    certificate: bytes
    key: bytes


class Authority:
    """One authority, with a key of its own."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _named("An authority of the tests")
        basic = x509.BasicConstraints(ca=True, path_length=0)
        begun = _begun(self._name, self._name, self._key).add_extension(basic, critical=True).add_extension(_MAY_SIGN, critical=True)
        self._certificate = self._signed(begun)

    @property
    def quoted(self) -> str:
        """The certificate as an address has it: DER in base64url."""
        return base64.urlsafe_b64encode(self._certificate.public_bytes(serialization.Encoding.DER)).decode()

    def vouch(self, host: str) -> Vouched:
        """Return a certificate for a host's name."""
        key = ec.generate_private_key(ec.SECP256R1())
        begun = _begun(_named(host), self._name, key).add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        return Vouched(self._signed(begun).public_bytes(serialization.Encoding.PEM), secret)

    def _signed(self, begun: x509.CertificateBuilder) -> x509.Certificate:
        # Python 3.13 wants to be told which key it was.
        known = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        return begun.add_extension(known, critical=False).sign(self._key, hashes.SHA256())


def _named(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _begun(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    begun = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key.public_key())
    begun = begun.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    return begun.serial_number(x509.random_serial_number()).not_valid_before(_ALWAYS[0]).not_valid_after(_ALWAYS[1])

"""The one table of settings, and the one reader.

A function names the settings it may see in its `NEEDS`; the deployer gives it exactly those, and it reads them once, through a `get` that
is the environment on AWS and the context's `getUserData` on Huawei. Nothing else in the functions reads the environment.
To add a setting, add its row; its meaning is what `twocan.example.toml` and the README say about it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from functions.shared.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


class Setting(NamedTuple):
    """One row. `default` None means: must be given. `least` and `most` bound a whole number; a text setting has neither."""

    name: str
    meaning: str
    default: str | None = None
    secret: bool = False
    least: int | None = None
    most: int | None = None


TABLE: tuple[Setting, ...] = (
    Setting("SITE_ORIGIN", "origin of the page, such as https://chat.example.com: the only one that browsers may call from"),
    Setting("TOKEN_ISSUER", "who issues access tokens: one name per deployment"),
    Setting("TOKEN_AUDIENCE", "whom access tokens are for: one name per deployment"),
    Setting("TOKEN_KEY", "key that signs access tokens, 32 bytes or more", secret=True),
    Setting("TOKEN_KEY_PREVIOUS", "the key before the last rotation; its tokens stay valid until they expire", "", secret=True),
    Setting("STORE", "where records live: sqlite:///path (each store says its own form)", secret=True),
    Setting("PASSWORD_MIN_LENGTH", "characters that a new password must have", "15", least=8, most=128),
    Setting("SESSION_DAYS", "days after which a session ends, however much it is used", "30", least=1, most=365),
    Setting("MODELS", "the owner's table of models, as JSON; the deployer makes it from twocan.toml", "[]"),
    Setting("ROUTES", "the owner's table of routes, names that lead to several models, as JSON", "[]"),
    Setting("BREAKER", "where instances tell one another which model to leave alone: an address like STORE's; empty: they do not", "", secret=True),
    Setting("MODEL_KEYS", "JSON object: the name that a model's row gives as `key`, and the vendor's key", "{}", secret=True),
    Setting("MAX_BODY_BYTES", "largest chat request, or request with documents, in bytes", "4194304", least=1024, most=6_000_000),
    Setting("MAX_TEXT_BYTES", "largest sum of all message texts of a chat request, in bytes of UTF-8", "262144", least=256, most=6_000_000),
    Setting("MAX_OUTPUT_TOKENS", "most tokens that one answer may have", "8192", least=1, most=1_000_000),
    Setting("CONNECT_SECONDS", "how long to wait for a connection to a model's server", "5", least=1, most=60),
    Setting("FIRST_TOKEN_SECONDS", "how long to wait for an answer to begin", "60", least=1, most=900),
    Setting("IDLE_SECONDS", "how long an answer may pause after it began", "60", least=1, most=900),
    Setting("TOTAL_SECONDS", "how long one answer may take as a whole", "600", least=1, most=900),
    Setting("HEARTBEAT_SECONDS", "after how much silence within an answer a comment keeps the connection alive", "10", least=1, most=60),
)


#: What a packed value begins with, and the length up to which none is.
_PACKED, _SHORT = "deflate:", 256


class Settings:
    """An immutable view of the settings that one function may see. Asking for another name is a programming error, and a KeyError."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = dict(values)

    def text(self, name: str) -> str:
        """Return a setting as it was given."""
        return self._values[name]

    def number(self, name: str) -> int:
        """Return a whole number, whose bounds were checked when it was read."""
        return int(self._values[name])


def read(needs: Sequence[str], get: Callable[[str], str | None]) -> Settings:
    """Read the named settings through `get`, once.

    Raises SettingsError, which names every setting that is missing or wrong at once, and never a value.
    """
    rows = {row.name: row for row in TABLE}
    values: dict[str, str] = {}
    wrong: list[str] = []
    for name in needs:
        row = rows[name]
        given = get(name) or row.default
        # Secrets are not packed: what is random takes no less room, and one may begin with anything.
        value = given if row.secret else unpacked(given)
        complaint = _complaint(row, value)
        if complaint:
            wrong.append(f"{name} {complaint} ({row.meaning})")
        values[name] = value or ""
    if wrong:
        raise SettingsError("Settings to mend: " + "; ".join(wrong))
    return Settings(values)


def packed(value: str) -> str:
    """Return a value as it takes less room: platforms keep 4 KB of settings, and a table's rows say much the same. A short one stays as it is."""
    import zlib
    from binascii import b2a_base64

    # Deterministic, but other builds of zlib may deflate otherwise: compare what is unpacked.
    tight = _PACKED + b2a_base64(zlib.compress(value.encode("utf-8"), 9), newline=False).decode("ascii")
    return tight if len(value) > _SHORT and len(tight) < len(value.encode("utf-8")) else value


def unpacked(value: Any) -> Any:
    """Return a value as it was before it was packed; what cannot be unpacked is None."""
    if not isinstance(value, str) or not value.startswith(_PACKED):
        return value
    # Only now: few values are that long.
    import zlib
    from binascii import a2b_base64

    try:
        return zlib.decompress(a2b_base64(value[len(_PACKED) :])).decode("utf-8")
    except (ValueError, zlib.error):
        return None


def _complaint(row: Setting, value: str | None) -> str:
    if value is None:
        return "is missing"
    if row.least is None or row.most is None:
        return ""
    # isdecimal alone admits Arabic-Indic digits, which int() would take too.
    if not (value.isascii() and value.isdecimal() and len(value) < 10 and row.least <= int(value) <= row.most):
        return f"must be a whole number from {row.least} to {row.most}"
    return ""

"""Every error that can reach a caller, in one tree. A test compares this drawing with the classes.

    TwocanError                 500  internal_error
    ├── InvalidRequest          400  invalid_request
    │   ├── InvalidJSON         400  invalid_json
    │   ├── ModelNotFound       400  model_not_found
    │   ├── UnreadableDocument  400  unreadable_document
    │   └── WeakPassword        400  weak_password
    ├── Unauthorized            401  unauthenticated
    │   ├── InvalidCredentials  401  invalid_credentials
    │   └── SessionEnded        401  session_ended
    ├── Forbidden               403  forbidden
    ├── NotFound                404  not_found
    ├── MethodNotAllowed        405  method_not_allowed
    ├── AlreadyExists           409  already_exists
    ├── RequestTooLarge         413  request_too_large
    │   └── TextTooLarge        413  text_too_large
    ├── TooManyAttempts         429  too_many_attempts
    ├── UpstreamError           502  upstream_error
    │   ├── UpstreamRefused     502  upstream_refused
    │   ├── UpstreamInvalid     400  upstream_invalid_request
    │   │   └── ContextTooLong  400  context_too_long
    │   ├── UpstreamBusy        429  upstream_busy
    │   ├── UpstreamCut         502  upstream_cut
    │   └── UpstreamTimeout     504  upstream_timeout
    ├── RecordsError            503  store_unavailable
    │   ├── Conflict            409  store_conflict
    │   ├── Unavailable         503  store_unavailable
    │   └── Unknown             503  store_unknown
    └── SettingsError           500  misconfigured

A message tells the person what to do next, and is safe to show. It never holds a secret, a message text or another party's words unchecked.
To add an error, add its class and its line in the drawing.
"""

from __future__ import annotations

from typing import Any


class TwocanError(Exception):
    """The root. `message` is public; `retry_after` is in seconds, or None; `facts` go into the log line, as a Response's do."""

    status = 500
    code = "internal_error"
    message = "Something went wrong on our side. Try again; if it stays, tell the owner the request id."

    def __init__(self, message: str | None = None, *, param: str | None = None, retry_after: int | None = None) -> None:
        self.message = message or self.message
        self.param = param
        self.retry_after = retry_after
        self.facts: dict[str, Any] = {}
        super().__init__(self.message)

    def body(self) -> dict[str, Any]:
        """OpenAI's error object, which its official clients parse."""
        return {"error": {"message": self.message, "type": self._type(), "code": self.code, "param": self.param}}

    def headers(self) -> dict[str, str]:
        """Headers that belong to this error."""
        return {} if self.retry_after is None else {"retry-after": str(self.retry_after)}

    def _type(self) -> str:
        if self.status >= 500:
            return "server_error"
        return {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}.get(self.status, "invalid_request_error")


class InvalidRequest(TwocanError):
    """The request cannot be understood as it is."""

    status = 400
    code = "invalid_request"
    message = "The request is not valid."


class InvalidJSON(InvalidRequest):
    """The body is not one JSON object."""

    code = "invalid_json"
    message = "The body must be one JSON object in UTF-8."


class ModelNotFound(InvalidRequest):
    """No such model here; the message lists those that exist."""

    code = "model_not_found"


class UnreadableDocument(InvalidRequest):
    """A document holds no text that can be read; the message says which and why."""

    code = "unreadable_document"


class WeakPassword(InvalidRequest):
    """The new password is too short or too common."""

    code = "weak_password"


class Unauthorized(TwocanError):
    """No valid token."""

    status = 401
    code = "unauthenticated"
    message = "The access token is missing, invalid or expired. Sign in again."

    def headers(self) -> dict[str, str]:
        """RFC 9110, 11.6.1: a 401 names the scheme it wants."""
        return {"www-authenticate": "Bearer"}


class InvalidCredentials(Unauthorized):
    """The one answer to every failed sign-in."""

    code = "invalid_credentials"
    message = "The user name or the password is wrong. Check both; the owner can set a new password."


class SessionEnded(Unauthorized):
    """The refresh token is unknown, expired or spent, or the session is over."""

    code = "session_ended"
    message = "This session has ended. Sign in again."


class Forbidden(TwocanError):
    """The caller is known, and may not do this."""

    status = 403
    code = "forbidden"
    message = "This is for admins. Ask the owner to make you one, with: .venv/bin/python -m deploy users grant NAME. Then sign in again."


class NotFound(TwocanError):
    """No such thing here."""

    status = 404
    code = "not_found"
    message = "There is nothing at this address."


class MethodNotAllowed(TwocanError):
    """The path exists, the method does not."""

    status = 405
    code = "method_not_allowed"
    message = "This address does not take this method."

    def __init__(self, allowed: str) -> None:
        super().__init__(f"This address takes {allowed} only.")
        self.allowed = allowed

    def headers(self) -> dict[str, str]:
        """RFC 9110, 15.5.6: a 405 names the methods."""
        return {"allow": self.allowed}


class AlreadyExists(TwocanError):
    """That name is taken."""

    status = 409
    code = "already_exists"


class RequestTooLarge(TwocanError):
    """The body is over its limit."""

    status = 413
    code = "request_too_large"


class TextTooLarge(RequestTooLarge):
    """The messages' or the documents' text is over its limit."""

    code = "text_too_large"


class TooManyAttempts(TwocanError):
    """Too many sign-ins in the window."""

    status = 429
    code = "too_many_attempts"
    message = "Too many sign-in attempts. Wait a few minutes, then try again."


class UpstreamError(TwocanError):
    """The model's server failed."""

    status = 502
    code = "upstream_error"
    message = "The model's server failed. Try again, or choose another model."


class UpstreamRefused(UpstreamError):
    """The vendor refused our key (its 401 or 403), or wants money (402): the owner's affair, never the user's."""

    code = "upstream_refused"
    message = "The model's server refused Twocan's key. Ask the owner to check the key of this model."


class UpstreamInvalid(UpstreamError):
    """The vendor says the request itself is wrong."""

    status = 400
    code = "upstream_invalid_request"
    message = "The model's server does not accept this request."


class ContextTooLong(UpstreamInvalid):
    """The conversation is longer than the model can read."""

    code = "context_too_long"
    message = "This conversation is longer than the model can read. Start a new one, shorten what you sent, or choose another model."


class UpstreamBusy(UpstreamError):
    """The vendor's rate limit."""

    status = 429
    code = "upstream_busy"
    message = "The model is busy. Wait a moment, then try again."


class UpstreamCut(UpstreamError):
    """The answer ended before it was whole."""

    code = "upstream_cut"
    message = "The answer was cut off by the model's server. What came so far is not complete."


class UpstreamTimeout(UpstreamError):
    """A time limit passed."""

    status = 504
    code = "upstream_timeout"
    message = "The model took too long. Try again, ask for less, or choose another model."


class RecordsError(TwocanError):
    """The store failed."""

    status = 503
    code = "store_unavailable"
    message = "The store cannot be reached right now. Try again in a moment."


class Conflict(RecordsError):
    """The item is not at the version that was expected."""

    status = 409
    code = "store_conflict"
    message = "Somebody else changed this at the same moment. Try again."


class Unavailable(RecordsError):
    """Nothing was done; trying again is safe."""


class Unknown(RecordsError):
    """It is not known whether the change happened: read again before trying again."""

    code = "store_unknown"


class SettingsError(TwocanError):
    """The function cannot start: its message, for the owner's log only, names every setting that is missing or wrong, and no value."""

    code = "misconfigured"

"""serve.py: the order of the steps, the answers to errors, the one log line, and the body that is closed once."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from functions.shared import clouds
from functions.shared.errors import InvalidRequest, MethodNotAllowed, NotFound, SettingsError, TooManyAttempts, TwocanError
from functions.shared.messages import Allow, Decision, Request, Response, Unauthenticated
from functions.shared.serve import Guarding, Route, Started, field, guard, reply, route, serve
from tests.fakes.platforms import LambdaContext

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

EVENT = {"httpMethod": "GET", "path": "/here", "requestContext": {"requestId": "one"}}
ARN = "arn:aws:execute-api:eu-central-1:111122223333:a1b2c3d4e5/live/GET/x"


def started(answer: Callable[[Request, None], Response], headers: dict[str, str] | None = None) -> Started[None]:
    """Return a function at work behind AWS."""
    return Started(clouds.load("aws"), answer, None, headers or {})


def raising(error: Exception) -> Callable[[Request, None], Response]:
    """Return a function that fails."""

    def answer(request: Request, tools: None) -> Response:
        raise error

    return answer


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """Return the log lines so far, without their times."""
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    return [{name: value for name, value in line.items() if name != "ms"} for line in found]


class Body:
    """A body that counts how often it is closed, and may fail."""

    def __init__(self, chunks: list[bytes], *, fails: Exception | None = None, close_fails: Exception | None = None) -> None:
        self.closed = 0
        self._chunks = iter(chunks)
        self._fails = fails
        self._close_fails = close_fails

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        chunk = next(self._chunks, None)
        if chunk is None:
            raise self._fails or StopIteration
        return chunk

    def close(self) -> None:
        """Count."""
        self.closed += 1
        if self._close_fails:
            raise self._close_fails


def streamed(body: Body) -> Any:
    """Return the wrapped body of a response, as a streaming host holds it."""
    return started(lambda _request, _tools: Response(200, {}, body, {"kind": "test"})).respond(EVENT, LambdaContext()).body


LINE = {"request_id": "one", "method": "GET", "status": 200, "kind": "test"}


def test_an_answer_is_written_with_its_request_id() -> None:
    """Every answer can be found again in the log."""
    answer = started(lambda _request, _tools: reply({"a": 1}))(EVENT, LambdaContext())

    assert {
        "statusCode": 200,
        "headers": {"content-type": "application/json", "x-request-id": "one"},
        "body": '{"a":1}',
        "isBase64Encoded": False,
    } == answer


def test_a_known_error_is_its_own_answer(capsys: pytest.CaptureFixture[str]) -> None:
    """Status, code, headers and message come from the error."""
    answer = started(raising(TooManyAttempts(retry_after=9)))(EVENT, LambdaContext())

    assert (429, "9", "one") == (answer["statusCode"], answer["headers"]["retry-after"], answer["headers"]["x-request-id"])
    assert "too_many_attempts" == json.loads(answer["body"])["error"]["code"]
    assert [{"request_id": "one", "method": "GET", "status": 429, "code": "too_many_attempts"}] == lines(capsys)


def test_an_unknown_error_is_a_500_without_its_message(capsys: pytest.CaptureFixture[str]) -> None:
    """Neither the caller nor the log sees what the exception quotes."""
    answer = started(raising(LookupError("my-secret")))(EVENT, LambdaContext())
    [line] = lines(capsys)

    assert (500, TwocanError().body()) == (answer["statusCode"], json.loads(answer["body"]))
    assert (500, "internal_error", "LookupError") == (line["status"], line["code"], line["fault"])
    assert line["at"].partition(":")[0] == "_try"
    assert "my-secret" not in json.dumps([answer, line])


@pytest.mark.parametrize("event", [None, [], {}, {"httpMethod": 1, "path": "/"}], ids=repr)
def test_a_malformed_event_is_a_400(event: Any) -> None:
    """The gateway gets an answer that it can pass on."""
    answer = started(lambda _request, _tools: reply({}))(event, LambdaContext())

    assert (400, "") == (answer["statusCode"], answer["headers"]["x-request-id"])


def test_a_context_without_its_methods_is_a_500() -> None:
    """A platform that changed is our fault, and an answer all the same."""
    assert 500 == started(lambda _request, _tools: reply({}))(EVENT, object())["statusCode"]


def test_a_body_that_ends_is_closed_and_logged_once(capsys: pytest.CaptureFixture[str]) -> None:
    """However often the host closes it again."""
    body = Body([b"a", b"b"])
    wrapped = streamed(body)
    chunks = list(wrapped)
    wrapped.close()
    wrapped.close()

    assert ([b"a", b"b"], 1, [LINE]) == (chunks, body.closed, lines(capsys))


def test_a_body_that_was_never_started_is_closed_and_logged_once(capsys: pytest.CaptureFixture[str]) -> None:
    """A client may be gone before the first byte."""
    body = Body([b"a"])
    wrapped = streamed(body)
    wrapped.close()
    wrapped.close()

    assert (1, [LINE]) == (body.closed, lines(capsys))


def test_a_body_that_was_left_halfway_is_closed_and_logged_once(capsys: pytest.CaptureFixture[str]) -> None:
    """A closed body gives nothing more, even if its chunks lay ready."""
    body = Body([b"a", b"b"])
    wrapped = streamed(body)
    first = next(wrapped)
    wrapped.close()

    assert (b"a", []) == (first, list(wrapped))
    assert (1, [LINE]) == (body.closed, lines(capsys))


def test_a_body_that_fails_is_closed_and_logged_once_with_its_fault(capsys: pytest.CaptureFixture[str]) -> None:
    """The status was 200 when it was sent; the log line is the only place that can tell."""
    body = Body([b"a"], fails=LookupError("my-secret"))
    with pytest.raises(LookupError):
        list(streamed(body))
    [line] = lines(capsys)

    assert (1, 200, "LookupError") == (body.closed, line["status"], line["fault"])
    assert "my-secret" not in json.dumps(line)


def test_a_body_whose_closing_fails_is_logged_all_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    """A request without a line would not have happened."""
    wrapped = streamed(Body([b"a"], close_fails=OSError("gone")))
    with pytest.raises(OSError, match="gone"):
        wrapped.close()

    assert [LINE] == lines(capsys)


@pytest.mark.parametrize(
    ("error", "expected"), [(LookupError("my-secret"), (500, "internal_error")), (NotFound(), (404, "not_found"))], ids=["unknown", "known"]
)
def test_a_body_that_fails_before_anything_was_sent_is_an_error_answer(error: Exception, expected: tuple[int, str]) -> None:
    """A gateway that wants one document gets one, with the fixed headers, although the body broke."""
    function = started(lambda _request, _tools: Response(200, {}, Body([b"a"], fails=error), {}), {"x-fixed": "yes"})
    answer = function(EVENT, LambdaContext())

    assert expected == (answer["statusCode"], json.loads(answer["body"])["error"]["code"])
    assert {"content-type": "application/json", "x-fixed": "yes", "x-request-id": "one"} == answer["headers"]


def test_facts_may_grow_until_the_body_ends(capsys: pytest.CaptureFixture[str]) -> None:
    """Tokens are counted while they stream."""
    facts: dict[str, Any] = {}

    def chunks() -> Iterator[bytes]:
        yield b"a"
        facts["tokens"] = 7

    list(started(lambda _request, _tools: Response(200, {}, chunks(), facts)).respond(EVENT, LambdaContext()).body)

    assert [7] == [line["tokens"] for line in lines(capsys)]


def test_the_log_never_holds_what_was_sent(capsys: pytest.CaptureFixture[str]) -> None:
    """Neither path, query, header nor body."""
    event = {**EVENT, "path": "/my-secret", "headers": {"authorization": "Bearer my-secret"}, "body": "my-secret"}
    started(raising(NotFound()))(event, LambdaContext())

    assert "my-secret" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("needs", "headers"),
    [
        (
            ("SITE_ORIGIN",),
            {"access-control-allow-origin": "https://chat.test", "access-control-expose-headers": "x-request-id, retry-after", "vary": "origin"},
        ),
        ((), {}),
    ],
    ids=["site", "no-site"],
)
def test_cors_is_for_functions_that_know_the_site(needs: tuple[str, ...], headers: dict[str, str]) -> None:
    """The one origin, on every answer, errors included; never a star."""
    function = serve(raising(NotFound()), lambda _: None, needs).start("aws", {"SITE_ORIGIN": "https://chat.test"}.get)
    fixed = {"cache-control": "no-store", "x-content-type-options": "nosniff", "content-type": "application/json", "x-request-id": "one"}

    assert {**fixed, **headers} == function(EVENT, LambdaContext())["headers"]


@pytest.mark.parametrize("error", [NotFound(), LookupError()], ids=["known", "unknown"])
def test_answers_and_log_lines_name_their_release(error: Exception, capsys: pytest.CaptureFixture[str]) -> None:
    """Errors included, so that a bad release can be seen from outside and from the log."""
    answer = serve(raising(error), lambda _: None, ()).start("aws", lambda _: None, "a1b2")(EVENT, LambdaContext())

    assert ("a1b2", ["a1b2"]) == (answer["headers"]["x-twocan-release"], [line["release"] for line in lines(capsys)])


def test_a_body_that_fails_names_its_release() -> None:
    """The answer that takes its place comes from the same release."""
    body = Body([b"a"], fails=LookupError())
    function = serve(lambda _request, _tools: Response(200, {}, body, {}), lambda _: None, ()).start("aws", lambda _: None, "a1b2")

    assert "a1b2" == function(EVENT, LambdaContext())["headers"]["x-twocan-release"]


def test_a_verdict_is_logged_with_its_release(capsys: pytest.CaptureFixture[str]) -> None:
    """The gateway has no place for it."""
    event = {"type": "TOKEN", "authorizationToken": "x", "methodArn": ARN}
    guard(lambda _request, _tools: Allow("alice", "x"), lambda _: None, ()).start("aws", lambda _: None, "a1b2")(event, LambdaContext())

    assert ["a1b2"] == [line["release"] for line in lines(capsys)]


def test_starting_names_what_is_missing() -> None:
    """Before any request is answered."""
    with pytest.raises(SettingsError, match=r"SITE_ORIGIN is missing .* STORE is missing"):
        serve(raising(NotFound()), lambda _: None, ("SITE_ORIGIN", "STORE")).start("aws", lambda _: None)


def test_a_dialect_that_does_not_exist_is_a_fault() -> None:
    """The cloud is named by configuration, never guessed."""
    with pytest.raises(KeyError):
        serve(raising(NotFound()), lambda _: None, ()).start("azure", lambda _: None)


def test_connecting_sees_only_what_was_needed() -> None:
    """The tools are built from the function's own settings."""
    seen = serve(lambda _request, tools: reply({"store": tools}), lambda values: values.text("STORE"), ("STORE",))
    answer = seen.start("aws", {"STORE": "sqlite:///x", "TOKEN_KEY": "no"}.get)(EVENT, LambdaContext())

    assert '{"store":"sqlite:///x"}' == answer["body"]


def test_the_verdict_is_logged_without_the_token(capsys: pytest.CaptureFixture[str]) -> None:
    """Who was let in, and nothing of how they proved it."""
    event = {"type": "TOKEN", "authorizationToken": "my-secret", "methodArn": ARN}
    Guarding(clouds.load_gatekeeping("aws"), lambda _request, _tools: Allow("alice", "my-secret"), None)(event, LambdaContext())

    assert [{"request_id": "aws-context-id", "decision": "Allow", "user": "alice"}] == lines(capsys)


def test_a_refusal_is_logged_without_a_name(capsys: pytest.CaptureFixture[str]) -> None:
    """Nobody is named who was not proven."""
    event = {"type": "TOKEN", "authorizationToken": "x", "methodArn": ARN}
    with pytest.raises(Exception, match=r"\AUnauthorized\Z"):
        Guarding(clouds.load_gatekeeping("aws"), lambda _request, _tools: Unauthenticated(), None)(event, LambdaContext())

    assert [{"request_id": "aws-context-id", "decision": "Unauthenticated"}] == lines(capsys)


@pytest.mark.parametrize("cloud", ["aws", "huawei"])
def test_a_guard_that_fails_raises(cloud: str) -> None:
    """There is no verdict by accident."""

    def decide(request: Request, tools: None) -> Decision:
        raise LookupError

    function = guard(decide, lambda _: None, ()).start(cloud, lambda _: None)

    with pytest.raises((LookupError, InvalidRequest, AttributeError)):
        function({"type": "TOKEN", "methodArn": ARN, "headers": {}}, LambdaContext())


ROUTES = (
    Route("GET", "/here", lambda _request, _tools: reply({"a": "get"})),
    Route("POST", "/here", lambda _request, _tools: reply({"a": "post"})),
    Route("GET", "/fails", raising(InvalidRequest())),
)


def asked(method: str, path: str) -> Request:
    """Return a request."""
    return Request(method, path, {}, b"", "one")


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_route_is_method_and_path(method: str) -> None:
    """And its path is a fact for the log."""
    response = route(ROUTES, asked(method, "/here"), None)

    assert (json.dumps({"a": method.lower()}, separators=(",", ":")).encode(), "/here") == (b"".join(response.body), response.facts["route"])


@pytest.mark.parametrize("path", ["", "/", "/Here", "/here/", "here", "//here", "/here?x=1", "/%68ere", "/here\0", "\ud800"], ids=ascii)
def test_another_path_is_not_found(path: str) -> None:
    """Paths are compared whole."""
    with pytest.raises(NotFound):
        route(ROUTES, asked("GET", path), None)


@pytest.mark.parametrize(("method", "path", "allowed"), [("PUT", "/here", "GET, POST"), ("get", "/here", "GET, POST"), ("HEAD", "/fails", "GET")])
def test_another_method_names_those_that_there_are(method: str, path: str, allowed: str) -> None:
    """RFC 9110, 15.5.6."""
    with pytest.raises(MethodNotAllowed) as refused:
        route(ROUTES, asked(method, path), None)

    assert {"allow": allowed} == refused.value.headers()


def test_a_route_that_fails_is_named_in_the_log(capsys: pytest.CaptureFixture[str]) -> None:
    """By the route's own path, never by what was sent."""
    started(lambda request, tools: route(ROUTES, request, tools))({**EVENT, "path": "/fails"}, LambdaContext())

    assert ["/fails"] == [line["route"] for line in lines(capsys)]


def test_an_empty_reply_has_no_type() -> None:
    """204 has neither a body nor a type."""
    response = reply(None, 204, user="alice")

    assert Response(204, {}, [], {"user": "alice"}) == response


@pytest.mark.parametrize("value", [None, "", 1, True, ["a"], {"a": "b"}, "x" * 1_025], ids=lambda one: repr(one)[:12])
def test_a_field_is_a_text_of_bounded_length(value: Any) -> None:
    """The refusal names the member."""
    with pytest.raises(InvalidRequest) as refused:
        field({"username": value}, "username")

    assert ("username", "`username` must be a text of 1 to 1024 characters.") == (refused.value.param, refused.value.message)


@pytest.mark.parametrize("value", ["x", "x" * 1_024, "你" * 1_024], ids=["one", "most", "most-wide"])
def test_a_fields_bounds_belong_to_it(value: str) -> None:
    """Characters are counted, not bytes."""
    assert value == field({"username": value}, "username")

"""An AWS account as one application: moto with its gaps closed.

Ids are drawn from a request's method and path and how often it came: the same run makes the same ids, and a twin another one.
To ask an account something new, add its line to `_QUESTIONS`.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, cast

from moto.moto_api._internal import mock_random
from moto.moto_server.werkzeug_app import create_backend_app
from werkzeug.test import Client

from deploy.emulator.aws import moto_gaps, moto_gaps_gateway, moto_gaps_lambda
from tests.fakes.dispatcher import Dispatcher
from tests.matrix.aws import REGION, inventory
from tests.matrix.aws.sound import sound

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from tests.matrix.cloud import Application

_SERVICES: tuple[Any, ...] = ("apigateway", "cloudfront", "cloudwatch", "dynamodb", "iam", "lambda", "logs", "s3", "sts")
#: What the slowest of them answer by reading all that botocore knows of them, once: a call of each that finds nothing.
_FIRST_CALLS = {
    "apigateway": "/restapis/none",
    "cloudfront": "/2020-05-31/distribution/none",
    "lambda": "/2015-03-31/functions/none",
}
_QUESTIONS: dict[str, Callable[[Mapping[str, str]], Any]] = {
    "listed": lambda _: inventory.listed(),
    "loose": lambda _: inventory.loose(),
    "deployed": lambda asked: moto_gaps_gateway.deployed(asked["api"], "live", region=REGION)._asdict(),
}


def empty() -> tuple[Application, Mapping[str, Callable[[Mapping[str, str]], Any]]]:
    """Return moto, which is one for a whole process, and what it can be asked about itself."""
    moto_gaps.install()
    moto_gaps_lambda.runs(sound)
    return _Moto(), _QUESTIONS


class _Moto:
    def __init__(self) -> None:
        self._moto: Any = Dispatcher(create_backend_app)
        # Imported and read now, and not in each fork anew.
        vars(self._moto)["app_instances"].update({name: create_backend_app(name) for name in _SERVICES})
        for service, path in _FIRST_CALLS.items():
            scope = f"AWS4-HMAC-SHA256 Credential=none/20260101/{REGION}/{service}/aws4_request, SignedHeaders=host, Signature=none"
            Client(self._moto).get(path, headers={"authorization": scope})
        self._seen: Counter[str] = Counter()

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        request = f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}"
        self._seen[request] += 1
        mock_random.seed(f"{request} {self._seen[request]}")
        return cast("Iterable[bytes]", self._moto(environ, start))

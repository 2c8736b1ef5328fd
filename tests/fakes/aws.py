"""AWS on the loopback: moto's server, with tables in the form that stores/dynamodb.py wants.

Started with the first table and kept until the tests end. What moto does otherwise than AWS stands in aws.md, section 4.
"""

from __future__ import annotations

import functools
import threading
from itertools import count
from typing import TYPE_CHECKING, Any

import boto3
from moto.moto_server.werkzeug_app import create_backend_app
from moto.server import ThreadedMotoServer

from tests.fakes.dispatcher import Dispatcher

if TYPE_CHECKING:
    from collections.abc import Callable

REGION = "eu-central-1"
#: What a platform hands to its functions. Nothing is signed in earnest here: moto looks at no signature.
ENVIRON = {"AWS_ACCESS_KEY_ID": "AKIDTEST", "AWS_SECRET_ACCESS_KEY": "secret-of-the-tests", "AWS_SESSION_TOKEN": "token-of-the-tests"}

_NUMBERS = count(1)


@functools.cache
def endpoint() -> str:
    """Start the server, once, and return its address."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    web: Any = server._server
    web.app = functools.partial(_answer, Dispatcher(create_backend_app), threading.Lock())
    host, port = server.get_host_and_port()
    return f"http://{host}:{port}"


def _answer(app: Callable[..., Any], lock: threading.Lock, *request: Any) -> Any:
    # One at a time: DynamoDB's conditional writes are atomic and moto's are not, it looks and then writes without a lock. With a switch interval
    # of 10 µs two of 32 threads once created the same item, and UpdateItem answered without the attributes that it had set.
    with lock:
        return app(*request)


@functools.cache
def dynamodb() -> Any:
    """Return boto3's client: the independent hand that creates tables, looks into them and spoils them."""
    names = {"aws_access_key_id": ENVIRON["AWS_ACCESS_KEY_ID"], "aws_secret_access_key": ENVIRON["AWS_SECRET_ACCESS_KEY"]}
    return boto3.client("dynamodb", region_name=REGION, endpoint_url=endpoint(), **names)


def table() -> str:
    """Create a table of its own for somebody, and return its name."""
    name = f"records-{next(_NUMBERS)}"
    keys = {"partition": "HASH", "sort": "RANGE"}
    dynamodb().create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": one, "AttributeType": "S"} for one in keys],
        KeySchema=[{"AttributeName": one, "KeyType": kind} for one, kind in keys.items()],
    )
    dynamodb().update_time_to_live(TableName=name, TimeToLiveSpecification={"Enabled": True, "AttributeName": "expires"})
    return name


def address(name: str) -> str:
    """Return the address of the store in that table."""
    return f"dynamodb://{name}?region={REGION}&endpoint={endpoint()}"

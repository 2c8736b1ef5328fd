"""What stands in the way of a deployment on AWS: a question to each service, and a word on what the account allows.

This file knows which call tells what; it changes nothing. To add a check, write it as a function that yields `Finding`s, and add it to `_CHECKS`.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from deploy.clouds import DeployError, Finding, answers
from deploy.clouds.aws import cdn

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from deploy.clouds.aws.account import Account
    from deploy.owner import Owner

# One harmless reading of each service that a stage needs.
_READINGS: tuple[tuple[str, str, Mapping[str, Any]], ...] = (
    ("lambda", "list_functions", {"MaxItems": 1}),
    ("apigateway", "get_rest_apis", {"limit": 1}),
    ("dynamodb", "list_tables", {"Limit": 1}),
    ("s3", "list_buckets", {}),
    ("iam", "list_roles", {"MaxItems": 1}),
    ("logs", "describe_log_groups", {"limit": 1}),
    ("cloudwatch", "list_metrics", {"Namespace": "AWS/Lambda"}),
    ("cloudfront", "list_distributions", {"MaxItems": "1"}),
)
PLAIN = 'hosting = "website" serves the page over plain HTTP: passwords cross the network readable. Use "cdn".'
#: New accounts may run ten functions at once, which twenty people with streaming answers use up.
_FEW = 50


def findings(account: Account, choices: Owner) -> Iterator[Finding]:
    """Yield what was found, good and bad."""
    yield Finding(good=True, text=f"AWS account {account.names.account}, region {account.names.region}")
    for service, operation, arguments in _READINGS:
        yield answers(service, partial(account.call, service, operation, **arguments))
    yield from _concurrency(account)
    yield from _hosting(account, choices)
    lock = _lock(account)
    if lock:
        yield lock


def _concurrency(account: Account) -> Iterator[Finding]:
    try:
        allowed = account.call("lambda", "get_account_settings").get("AccountLimit", {}).get("ConcurrentExecutions")
    except DeployError:
        # Nothing that a deployment needs: some credentials may do everything else.
        return
    if allowed is not None:
        few = "; each answer that streams takes one: ask AWS for more under Service Quotas" if allowed < _FEW else ""
        yield Finding(good=allowed >= _FEW, text=f"{allowed} functions may run at once{few}")


def _hosting(account: Account, choices: Owner) -> Iterator[Finding]:
    if choices.site.hosting == "website":
        yield Finding(good=False, text=PLAIN)
        return
    try:
        there = cdn.find(account)
    except DeployError:
        # Said already: it was asked like every other service.
        return
    if there is not None and there.get("Status") != "Deployed":
        yield Finding(good=False, text="The CDN is still spreading: the page may answer with errors for a quarter of an hour.")


def _lock(account: Account) -> Finding | None:
    from deploy.clouds.aws import storage

    held = storage.read_lock(account)
    return None if held is None else Finding(good=False, text=f"A deployer holds the lock, last seen {held.age:.0f} s ago.")

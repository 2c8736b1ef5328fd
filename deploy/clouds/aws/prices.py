"""What a stage costs a month on AWS, as far as it can be told beforehand: a price list with its date, and a use.

This file knows prices and what each request costs of each service; it calls nothing. Prices are the public on-demand ones of us-east-1 in US
dollars, without taxes and without the free tier, which makes a small stage cheaper; other regions differ by some ten percent. The model's vendor
sends its own bill.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from deploy import bundle
from deploy.clouds import Cost

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deploy.clouds import Use
    from deploy.owner import Owner

#: When these were looked at; the pages are https://aws.amazon.com/<service>/pricing/.
PRICES_OF = "2026-11"
_LAMBDA_SECOND_GB = {"arm64": 0.0000133334, "x86_64": 0.0000166667}
_LAMBDA_REQUEST = 0.20 / 1e6
_API_REQUEST = 3.50 / 1e6
_RECORD_READ = 0.125 / 1e6
_RECORD_WRITE = 0.625 / 1e6
_STORED_GB = {"records": 0.25, "bucket": 0.023}
_LOGGED_GB = 0.50
_OUT_GB = 0.09
_CDN_GB, _CDN_REQUEST = 0.085, 1.0 / 1e6
_KB, _GB = 1e3, 1e9

# Of our own making, measured on the walk: what a request logs, and how many files a first visit loads.
_LOG_LINE = 600.0
_PAGE_FILES, _PAGE_BYTES = 8, 70_000.0
# A session is refreshed every 15 minutes while somebody is there: as many as fit between two messages of a talkative hour.
_REFRESHES_PER_MESSAGE = 0.2


def estimate(use: Use, choices: Owner) -> Iterator[Cost]:
    """Yield what each service costs a month at this use."""
    chats, refreshes, visits = use.messages, use.messages * _REFRESHES_PER_MESSAGE, float(use.people * 30)
    calls = {"chat": chats + visits, "login": refreshes + visits, "authorizer": (chats + visits) / 2}
    seconds = {"chat": chats * use.seconds + visits * 0.02, "login": refreshes * 0.02 + visits * 0.4, "authorizer": calls["authorizer"] * 0.01}
    memory = {one.name: one.memory / 1024 for one in bundle.FUNCTIONS}
    per_second = _LAMBDA_SECOND_GB[choices.deploy.processor]
    compute = sum(seconds[name] * memory[name] for name in calls) * per_second + sum(calls.values()) * _LAMBDA_REQUEST
    yield Cost("Lambda", compute, f"{sum(seconds.values()):,.0f} seconds; an answer occupies its function while the model writes")
    asked = calls["chat"] + calls["login"]
    yield Cost("API Gateway", asked * _API_REQUEST, f"{asked:,.0f} requests")
    yield Cost(
        "DynamoDB", (visits * 12 + refreshes * 4) * (_RECORD_READ + _RECORD_WRITE) + 0.01 * _STORED_GB["records"], "accounts, sessions, attempts"
    )
    logged = sum(calls.values()) * 2 * _LOG_LINE / _GB
    yield Cost("CloudWatch", logged * _LOGGED_GB, f"{logged:.2f} GB of log lines, kept {choices.deploy.log_days} days")
    sent = chats * use.kilobytes * _KB / _GB
    yield Cost("data out", sent * _OUT_GB, f"{sent:.2f} GB of answers")
    yield Cost("S3", 0.02 * _STORED_GB["bucket"], "the page's files")
    if choices.site.hosting == "cdn":
        yield Cost("CloudFront", visits * (_PAGE_BYTES / _GB * _CDN_GB + _PAGE_FILES * _CDN_REQUEST), f"{visits:,.0f} visits of the page")

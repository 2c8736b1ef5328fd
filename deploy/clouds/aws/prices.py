"""What a stage costs a month on AWS, as far as it can be told beforehand: a price list with its date, and a use.

This file knows prices and what each request costs of each service; it calls nothing. Prices are the public on-demand ones of us-east-1 in US
dollars, without taxes and without the free tier, which makes a small stage cheaper; other regions differ by some ten percent. The model's vendor
sends its own bill.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from deploy.clouds import Cost
from deploy.clouds.usage import GB, PAGE_BYTES, usage

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
# Of our own making: how many files a first visit loads.
_PAGE_FILES = 8


def estimate(use: Use, choices: Owner) -> Iterator[Cost]:
    """Yield what each service costs a month at this use."""
    month = usage(use)
    compute = month.gigabyte_seconds * _LAMBDA_SECOND_GB[choices.deploy.processor] + sum(month.calls.values()) * _LAMBDA_REQUEST
    yield Cost("Lambda", compute, f"{sum(month.seconds.values()):,.0f} seconds; an answer occupies its function while the model writes")
    asked = sum(month.calls[name] for name in ("chat", "login", "qa"))
    yield Cost("API Gateway", asked * _API_REQUEST, f"{asked:,.0f} requests")
    kept = (month.visits * 12 + month.refreshes * 4) * (_RECORD_READ + _RECORD_WRITE) + 0.01 * _STORED_GB["records"]
    yield Cost("DynamoDB", kept, "accounts, sessions, attempts")
    yield Cost("CloudWatch", month.logged * _LOGGED_GB, f"{month.logged:.2f} GB of log lines, kept {choices.deploy.log_days} days")
    yield Cost("data out", month.sent * _OUT_GB, f"{month.sent:.2f} GB of answers")
    yield Cost("S3", 0.02 * _STORED_GB["bucket"], "the page's files")
    if choices.site.hosting == "cdn":
        yield Cost("CloudFront", month.visits * (PAGE_BYTES / GB * _CDN_GB + _PAGE_FILES * _CDN_REQUEST), f"{month.visits:,.0f} visits of the page")

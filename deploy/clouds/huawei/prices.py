"""What a stage costs a month on Huawei Cloud, as far as it can be told beforehand: a price list with its date, and a use.

This file knows prices and what each request costs of each service; it calls nothing. Prices are rounded pay-per-use ones of the international site
in US dollars, without the free tier; they differ between regions and editions, so that the price calculator has the last word:
https://www.huaweicloud.com/intl/en-us/pricing/calculator.html. The model's vendor sends its own bill.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from deploy.clouds import Cost
from deploy.clouds.usage import GB, PAGE_BYTES, usage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deploy.clouds import Use
    from deploy.owner import Owner

PRICES_OF = "2026-11"
#: A dedicated gateway's basic edition with its EIP; the smallest NAT gateway with one; the smallest RDS for PostgreSQL: all whether used or not.
GATEWAY, NAT, DATABASE = 280.0, 45.0, 35.0
_GB_SECOND = 0.0000167
_REQUEST = 0.20 / 1e6
_LOGGED_GB = 0.10
_OUT_GB = 0.12
_STORED = 0.01


def estimate(use: Use, choices: Owner) -> Iterator[Cost]:
    """Yield what each service costs a month at this use."""
    month = usage(use)
    compute = month.gigabyte_seconds * _GB_SECOND + sum(month.calls.values()) * _REQUEST
    yield Cost("FunctionGraph", compute, f"{sum(month.seconds.values()):,.0f} seconds; an answer occupies its function while the model writes")
    yield Cost("APIG", GATEWAY, "a dedicated gateway, basic edition, with its EIP: billed by the hour, whether anybody chats or not")
    what = "RDS for PostgreSQL, the smallest: billed by the hour; any other PostgreSQL with TLS does, too, and there are free ones"
    yield Cost("database", DATABASE, what)
    yield Cost("LTS", month.logged * _LOGGED_GB, f"{month.logged:.2f} GB of log lines, kept {choices.deploy.log_days} days")
    sent = month.sent + month.visits * PAGE_BYTES / GB
    yield Cost("data out", sent * _OUT_GB, f"{sent:.2f} GB of answers and visits")
    yield Cost("OBS", _STORED, "the page's files")

"""What huawei.md leaves open (UNCONFIRMED) or tells twice (CONFLICT), each as a switch with both answers.

The default of each is the answer that is likelier, or else the harder one for a deployer. Tests run the other answers, one switch at a time. To
add a doubt, add its member here with the section that leaves it open.
"""

from __future__ import annotations

from typing import NamedTuple


class Switches(NamedTuple):
    """How this Huawei Cloud behaves where nobody knows."""

    #: 2.4: does APIG take `Authorization` away before it calls the function?
    strips_authorization: bool = False
    #: 2.4: does a header of the client's win over the one that a backend parameter maps?
    client_header_wins: bool = False
    #: 3.1: is `encrypted_user_data` kept when an update leaves it out, or cleared?
    keeps_omitted_secrets: bool = True
    #: 1.3: do the runtime's own packages come before the function's code on the path?
    platform_packages_first: bool = True
    #: 3.1: does `additional_version_weights: {}` clear the shifting, or leave it as it is?
    empty_weights_clear: bool = True
    #: 3.1: may a version be published when only the configuration has changed?
    publishes_configuration: bool = False
    #: 1.7: how many retries an asynchronous invocation may ask for: three, or eight.
    many_retries: bool = False
    #: 1.6: is the limit of user data 4,096 characters a field, or 2,048?
    small_user_data: bool = False
    #: 2.5: is the status of a denied request 500, as the table of gateway responses says, or 401, as was seen?
    denies_with_500: bool = False
    #: 3.1: are statistics by version, or does every version's URN give the whole function's?
    statistics_by_version: bool = True
    #: 3.1: is the HTTP status of an invocation 500 when the function raises, or 200, and only the headers tell?
    raised_is_500: bool = False
    #: 1.8: does an invocation with a gateway's event reach an HTTP function, as the console's test does, or has it APIG triggers only?
    invokes_http_functions: bool = True
    #: 1.6: may a private dependency have 40 MB, or 10?
    large_dependencies: bool = False
    #: 3.3: is a bucket without custom domains answered 404, or with an empty list?
    refuses_no_domains: bool = False
    #: 3.2: how many seconds a publication or a change at the gateway needs to take effect (5 to 10 in the cloud).
    takes_effect_after: float = 0.0

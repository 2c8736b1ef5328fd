"""The context that each platform hands to a function beside the event (aws.md, 6; huawei.md, 1.2)."""

from __future__ import annotations


class LambdaContext:
    """AWS Lambda's context, as far as anybody here may read it."""

    aws_request_id = "aws-context-id"

    def get_remaining_time_in_millis(self) -> int:
        """Return what is left of a 25 s time limit."""
        return 24_500


class FunctionGraphContext:
    """FunctionGraph's context: camelCase methods, no snake_case alias."""

    def getRequestID(self) -> str:  # noqa: N802 - the platform's name
        """Return the platform's id of this call."""
        return "huawei-context-id"

    def getRemainingTimeInMilliSeconds(self) -> int:  # noqa: N802 - the platform's name
        """Return what is left of a 25 s time limit."""
        return 24_500


CONTEXTS: dict[str, LambdaContext | FunctionGraphContext] = {
    "aws": LambdaContext(),
    "huawei": FunctionGraphContext(),
    "direct": LambdaContext(),
}

"""choices.py: what an owner chose and Huawei Cloud cannot serve."""

from __future__ import annotations

import pytest

from deploy import owner
from deploy.clouds import DeployError
from deploy.clouds.huawei import choices

ROW = {"name": "llama", "vendor": "sagemaker", "base_url": "https://runtime.sagemaker.eu-central-1.amazonaws.com", "model": "llama"}


@pytest.mark.parametrize("vendor", ["sagemaker", "bedrock"])
def test_a_model_of_aws_needs_a_key(vendor: str) -> None:
    """AWS knows no function of Huawei Cloud's; the model is named, and what to do is said."""
    with pytest.raises(DeployError, match=r"give llama in twocan\.toml a `key`"):
        choices.check(owner.Owner(models=({**ROW, "vendor": vendor},)))


@pytest.mark.parametrize("members", [{"key": "AWS"}, {"vendor": "openai"}])
def test_a_model_with_a_key_or_of_another_vendor_is_served(members: dict[str, str]) -> None:
    """Whatever it is."""
    choices.check(owner.Owner(models=({**ROW, **members},)))

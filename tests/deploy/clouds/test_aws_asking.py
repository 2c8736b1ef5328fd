"""asking.py: which rights the models of a role take."""

from __future__ import annotations

import pytest

from deploy import own_models
from deploy.clouds.aws import asking
from deploy.clouds.aws.account import Names

NAMES = Names("prod", "111122223333", "eu-central-1")
OWN = "arn:aws:bedrock:eu-central-1:111122223333"


def asked(model: str, vendor: str = "bedrock", **members: str) -> list[tuple[list[str], str]]:
    """Return the resources of a row's statements, each with the profile that it goes through, "" for none."""
    host = "bedrock-runtime" if vendor == "bedrock" else "runtime.sagemaker"
    row = {"name": "m", "vendor": vendor, "base_url": f"https://{host}.eu-west-1.amazonaws.com", "model": model, **members}
    found = asking.statements(own_models.own([row]), NAMES)
    return [(one["Resource"], one.get("Condition", {}).get("ArnEquals", {}).get("bedrock:InferenceProfileArn", "")) for one in found]


def test_an_endpoint_is_asked_in_the_region_of_its_address() -> None:
    """And in no other; whole answers and streams."""
    row = {"name": "m", "vendor": "sagemaker", "base_url": "https://runtime.sagemaker.eu-west-1.amazonaws.com", "model": "llama"}
    (statement,) = asking.statements(own_models.own([row, row]), NAMES)

    assert ["arn:aws:sagemaker:eu-west-1:111122223333:endpoint/llama"] == statement["Resource"]
    assert ["sagemaker:InvokeEndpoint", "sagemaker:InvokeEndpointWithResponseStream"] == statement["Action"]


def test_an_address_without_a_region_means_the_stages_own() -> None:
    """As an emulator's."""
    assert [(["arn:aws:sagemaker:eu-central-1:111122223333:endpoint/m"], "")] == asked("m", "sagemaker", base_url="http://127.0.0.1:9")


@pytest.mark.parametrize("model", ["anthropic.claude-3-haiku-20240307-v1:0", "zai.glm-4.6", "amazon.nova-pro-v1:0"])
def test_a_model_is_asked_by_itself(model: str) -> None:
    """Whoever made it: a dot in its name is no profile."""
    assert [([f"arn:aws:bedrock:eu-west-1::foundation-model/{model}"], "")] == asked(model)


@pytest.mark.parametrize("where", ["eu", "us", "global", "apac", "us-gov"])
def test_a_profile_takes_its_model_wherever_it_leads(where: str) -> None:
    """But only through it."""
    profile = f"arn:aws:bedrock:eu-west-1:111122223333:inference-profile/{where}.meta.llama3-1-8b-instruct-v1:0"

    assert [([profile], ""), (["arn:aws:bedrock:*::foundation-model/meta.llama3-1-8b-instruct-v1:0"], profile)] == asked(profile.partition("/")[2])
    assert asked(profile) == asked(profile.partition("/")[2])


def test_a_profile_of_the_owners_own_takes_whatever_is_behind_it() -> None:
    """Its name does not say what."""
    profile = f"{OWN}:application-inference-profile/abc123"

    assert [([profile], ""), (["arn:aws:bedrock:*::foundation-model/*"], profile)] == asked(profile)


@pytest.mark.parametrize("resource", ["provisioned-model/abc", "imported-model/abc", "custom-model-deployment/abc"])
def test_any_other_arn_is_asked_as_it_is(resource: str) -> None:
    """It names one model."""
    assert [([f"{OWN}:{resource}"], "")] == asked(f"{OWN}:{resource}")


@pytest.mark.parametrize(("vendor", "key"), [("openai", ""), ("bedrock", "BEDROCK"), ("sagemaker", "MINE")])
def test_a_row_with_a_key_or_of_another_vendor_takes_no_right(vendor: str, key: str) -> None:
    """It is asked as whoever has the key."""
    assert [] == asked("m", vendor, key=key)

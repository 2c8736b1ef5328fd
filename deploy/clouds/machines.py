"""What a model may run on at SageMaker, what an hour of it costs, and where the container comes from: two lists, each with its date.

This file knows numbers and names; it calls nothing. Prices are the public on-demand ones for real-time inference in us-east-1, in US dollars,
rounded, without taxes; other regions differ by some ten percent. It stands outside `aws`, so that to name a machine takes no boto3. To add one, add
its line.
"""

from __future__ import annotations

from typing import NamedTuple

from deploy.clouds import DeployError

#: Of when these are, as others quote them; today's are at https://aws.amazon.com/sagemaker/ai/pricing/.
PRICES_OF = "2025-10"
#: Hours of a month, as AWS counts.
MONTH = 730


class Machine(NamedTuple):
    """One type of instance: how many graphics cards with how many GB each, and US dollars an hour."""

    cards: int
    gigabytes: int
    dollars: float


MACHINES = {
    "ml.g4dn.xlarge": Machine(1, 16, 0.74),
    "ml.g5.xlarge": Machine(1, 24, 1.41),
    "ml.g5.2xlarge": Machine(1, 24, 1.52),
    "ml.g5.12xlarge": Machine(4, 24, 7.09),
    "ml.g5.48xlarge": Machine(8, 24, 20.36),
    "ml.g6.xlarge": Machine(1, 24, 1.13),
    "ml.g6.2xlarge": Machine(1, 24, 1.22),
    "ml.g6.12xlarge": Machine(4, 24, 5.75),
}

#: Of 2025-01: text-generation-inference 3.0.1 (sagemaker-python-sdk, commit 6593c69); newer ones at https://huggingface.co/docs/sagemaker/dlcs/available.
REPOSITORY = "huggingface-pytorch-tgi-inference"
_TAG = "2.4.0-tgi3.0.1-gpu-py311-cu124-ubuntu22.04-v2.0"
_MOST = "763104351884"
#: Who has the container in which region (sagemaker-python-sdk, image_uri_config/huggingface-llm.json, 2025).
_REGISTRIES = {
    **dict.fromkeys(
        (
            *("us-east-1", "us-east-2", "us-west-1", "us-west-2", "ca-central-1", "sa-east-1"),
            *("eu-central-1", "eu-north-1", "eu-west-1", "eu-west-2", "eu-west-3"),
            *("ap-northeast-1", "ap-northeast-2", "ap-south-1", "ap-southeast-1", "ap-southeast-2"),
        ),
        _MOST,
    ),
    "af-south-1": "626614931356",
    "ap-east-1": "871362719292",
    "ap-northeast-3": "364406365360",
    "ap-south-2": "772153158452",
    "ap-southeast-3": "907027046896",
    "ap-southeast-4": "457447274322",
    "ca-west-1": "204538143572",
    "eu-central-2": "380420809688",
    "eu-south-1": "692866216735",
    "eu-south-2": "503227376785",
    "il-central-1": "780543022126",
    "me-central-1": "914824155844",
    "me-south-1": "217643126080",
    "us-gov-east-1": "446045086412",
    "us-gov-west-1": "442386744353",
}


def image(region: str) -> str:
    """Return the container's address in a region. Raises DeployError where there is none."""
    if region.startswith("cn-"):
        raise DeployError("In AWS's regions in China a container cannot load a model from Hugging Face: choose a region elsewhere with --region.")
    if region not in _REGISTRIES:
        raise DeployError(f"Hugging Face's container is not known in {region}: choose one of {', '.join(sorted(_REGISTRIES))} with --region.")
    return f"{_REGISTRIES[region]}.dkr.ecr.{region}.amazonaws.com/{REPOSITORY}:{_TAG}"

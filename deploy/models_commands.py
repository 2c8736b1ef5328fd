"""The command line's words for models: whether they answer, and one's own at SageMaker. Words in, text out.

What they do is in local/check.py and clouds/aws/endpoint.py.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from deploy import owner
from deploy.cloud_commands import FILE, as_json_option, interruptible
from deploy.clouds import DeployError, machines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deploy.clouds.aws.account import Account
    from deploy.local.check import Checked


@click.group("models")
def models() -> None:
    """The models in twocan.toml."""


@models.command("check")
@click.option("--file", type=click.Path(path_type=Path), default=FILE, help="Another file than twocan.toml.")
@as_json_option
def check(file: Path, *, as_json: bool) -> None:
    """Ask each model for one token, from this machine, and say which answer. Costs that one token each."""
    # The chat function's code, with its HTTP client, which no other command need wait for.
    from deploy.local import check as work

    choices = owner.read(file)
    if not choices.models:
        raise click.ClickException(f"There is no model in {file.name}: write one, as docs/models.md shows, then run the same command again.")
    with interruptible("Nothing was changed."):
        found = work.check(choices, os.environ)
    if as_json:
        click.echo(json.dumps([one._asdict() for one in found]))
    else:
        _show(found)
    if bad := sum(not one.good for one in found):
        which = f"{bad} of {len(found)} models do not answer" if bad > 1 else f"One of {len(found)} models does not answer"
        raise click.ClickException(f"{which}: mend their rows in {file.name} or their keys in the environment, then run the same command again.")


def _show(found: Sequence[Checked]) -> None:
    console = Console(soft_wrap=True)
    table = Table("name", "vendor", Column("answer", overflow="fold"), Column("first token", justify="right"))
    for one in found:
        status = f" (its status was {one.status})" if one.status else ""
        answer = "[green]ok[/green]" if one.good else f"[red]{escape(one.says)}[/red]{status}"
        table.add_row(escape(one.name), one.vendor, answer, "" if one.first_token_ms is None else f"{one.first_token_ms:.0f} ms")
    console.print(table)
    console.print("Asked from this machine, for one token each, which each vendor counts.", highlight=False)


@models.command("deploy")
@click.option("--sagemaker", "name", required=True, help="What the endpoint is to be called, which is the model's name, too.")
@click.option(
    "--model", default="Qwen/Qwen2.5-7B-Instruct", show_default=True, help="Which model of Hugging Face's hub; HF_TOKEN where it asks for one."
)
@click.option("--instance", type=click.Choice(list(machines.MACHINES)), default="ml.g5.xlarge", show_default=True, help="What it runs on.")
@click.option("--region", help="In which region; else the one in twocan.toml, or AWS's own default.")
@click.option("--role", default="", help="The ARN of a role for it; else twocan-sagemaker, which is made.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def deploy(name: str, region: str | None, *, yes: bool, **asked: str) -> None:
    """Run a model of Hugging Face's on a SageMaker endpoint of your own. It costs for as long as it is there."""
    from deploy.clouds.aws import endpoint

    account = _account(name, region)
    order = endpoint.Order(name, asked["model"], asked["instance"], asked["role"], os.environ.get("HF_TOKEN", ""))
    console = Console(soft_wrap=True)
    machines.image(account.names.region)
    console.print(_costs(order.machine))
    if not yes:
        click.confirm(f"Run {order.model} as {name} in {account.names.region}, until you remove it?", abort=True)
    with interruptible("It goes on being made, and costs: the same command watches it again, `models remove` takes it away."):
        endpoint.deploy(account, order, lambda text: console.print(f"  {text}", highlight=False))
    console.print("It serves. Copy this into twocan.toml, then `apply` and `promote`:\n")
    console.print(endpoint.row(account, order), markup=False, highlight=False)


@models.command("remove")
@click.option("--sagemaker", "name", required=True, help="What the endpoint is called.")
@click.option("--region", help="In which region; else the one in twocan.toml, or AWS's own default.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def remove(name: str, region: str | None, *, yes: bool) -> None:
    """Take away an endpoint that `models deploy` made, with all that belongs to it."""
    from deploy.clouds.aws import endpoint

    account = _account(name, region)
    if not yes:
        click.confirm(f"Remove the endpoint {name} in {account.names.region}? Whoever asks it gets no answer any more.", abort=True)
    console = Console(soft_wrap=True)
    with interruptible("What is gone is gone, the rest is still there and costs: `models remove` goes on."):
        endpoint.remove(account, name, lambda text: console.print(f"  {text}", highlight=False))
    console.print(f"Nothing of {name} is left, and nothing of it costs any more. The role {endpoint.ROLE} stays, if it was made: it costs nothing.")


def _account(name: str, region: str | None) -> Account:
    # boto3 takes a quarter of a second to import, which no other command need wait for.
    from deploy.clouds.aws.account import Account
    from deploy.clouds.aws.endpoint import NAME

    if not re.fullmatch(NAME, name):
        raise DeployError("--sagemaker must be a name of 1 to 63 letters, digits and hyphens between them.")
    place = owner.read(FILE).deploy
    chosen = region or (place.region if place.cloud == "aws" else "")
    if not re.fullmatch(f"({owner.REGION})?", chosen):
        raise DeployError(f"--region must be a region such as eu-central-1; {chosen!r} is none.")
    return Account("models", chosen)


def _costs(chosen: str) -> Table:
    dated = f"list prices of us-east-1, {machines.PRICES_OF}, whether anybody asks it or not"
    table = Table("instance", "graphics cards", Column("US$ an hour", justify="right"), Column("US$ a month", justify="right"), caption=dated)
    for name, one in machines.MACHINES.items():
        style = "bold" if name == chosen else "dim"
        hour, month = f"{one.dollars:.2f}", f"{one.dollars * machines.MONTH:,.0f}"
        table.add_row(f"{'→ ' if name == chosen else '  '}{name}", f"{one.cards} x {one.gigabytes} GB", hour, month, style=style)
    return table

"""The command line's word for a cloud on this machine: emulate. Words in, text out; what it does is in emulator/."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.table import Table

from deploy.local import stage
from deploy.local.alone import NotAlone
from deploy.local.model import ModelError

if TYPE_CHECKING:
    from collections.abc import Mapping


@click.command("emulate")
@click.option("--cloud", type=click.Choice(["aws"]), default="aws", show_default=True, help="Which cloud to emulate.")
@click.option(
    "--port",
    type=click.IntRange(0, 65_532),
    default=8710,
    show_default=True,
    help="Port of the cloud's own API; gateway, page and model have the next three. 0: any that are free.",
)
@click.option("--region", default="eu-central-1", show_default=True, help="The region that a deployer is led to.")
@click.option("--model/--no-model", default=True, show_default=True, help="Run the embedded model beside it.")
@click.option("--folder", type=click.Path(path_type=Path), default=stage.Stage().folder, help="Where emulator.json is written; .local if not given.")
def emulate(cloud: str, port: int, region: str, *, model: bool, folder: Path) -> None:  # noqa: ARG001 - there is one cloud so far
    """Run a cloud on this machine, until Ctrl-C, to try every other command against."""
    # moto takes half a second to import, which no other command need wait for.
    from deploy.emulator.aws import stay

    console = Console(file=sys.stdout, soft_wrap=True, highlight=False)
    first = True

    def announce(told: Mapping[str, Any]) -> None:
        nonlocal first
        if first:
            _welcome(console, told, folder / stay.TOLD)
        first = False
        console.print(_deployed(told))

    try:
        stay.stay(stay.Plan(stage.Stage(folder), port, region, model), announce)
    except (NotAlone, ModelError) as error:
        raise click.ClickException(str(error)) from error


def _welcome(console: Console, told: Mapping[str, Any], path: Path) -> None:
    console.print(f"[bold]AWS is emulated[/bold] on this machine; Ctrl-C ends it, and everything in it. {path} says where everything is.\n")
    console.print("In another terminal:\n")
    for name, value in told["environment"].items():
        console.print(f"  export {name}={shlex.quote(value)}", markup=False)
    console.print("  .venv/bin/python -m deploy apply --cloud aws --stage try\n")
    if "model" in told:
        console.print("For a model that needs no key, in twocan.toml:\n\n  \\[\\[models]]")
        for name, value in told["model"].items():
            console.print(f'  {name} = "{value}"', markup=False)
        console.print()


def _deployed(told: Mapping[str, Any]) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_row("page", f"[bold cyan]{told.get('page', 'nothing is deployed yet')}[/bold cyan]")
    if "api" in told:
        table.add_row("API", f"[bold cyan]{told['api']}/v1[/bold cyan]")
    return table

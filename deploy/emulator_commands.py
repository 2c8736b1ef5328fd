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

#: The clouds that are emulated, and the region of each that is meant when nobody says one.
REGIONS = {"aws": "eu-central-1", "huawei": "cn-north-4"}
_CALLED = {"aws": "AWS", "huawei": "Huawei Cloud"}


@click.command("emulate")
@click.option("--cloud", type=click.Choice(sorted(REGIONS)), default="aws", show_default=True, help="Which cloud to emulate.")
@click.option(
    "--port",
    type=click.IntRange(0, 65_532),
    default=8710,
    show_default=True,
    help="Port of the cloud's own API; gateway, page and model have the next three. 0: any that are free.",
)
@click.option("--region", help=f"The region that a deployer is led to; else {' or '.join(REGIONS.values())}.")
@click.option("--model/--no-model", default=True, show_default=True, help="Run the embedded model beside it.")
@click.option("--folder", type=click.Path(path_type=Path), default=stage.Stage().folder, help="Where emulator.json is written; .local if not given.")
def emulate(cloud: str, port: int, region: str | None, *, model: bool, folder: Path) -> None:
    """Run a cloud on this machine, until Ctrl-C, to try every other command against."""
    # moto takes half a second to import, which no other command need wait for.
    from deploy.emulator import stay

    console = Console(file=sys.stdout, soft_wrap=True, highlight=False)
    first = True

    def announce(told: Mapping[str, Any]) -> None:
        nonlocal first
        if first:
            _welcome(console, told, folder / stay.TOLD)
        first = False
        console.print(_deployed(told))

    try:
        stay.stay(stay.Plan(cloud, stage.Stage(folder), port, region or REGIONS[cloud], model), announce)
    except (NotAlone, ModelError) as error:
        raise click.ClickException(str(error)) from error


def _welcome(console: Console, told: Mapping[str, Any], path: Path) -> None:
    console.print(f"[bold]{_CALLED[told['cloud']]} is emulated[/bold] on this machine; Ctrl-C ends it, and everything in it.")
    console.print(f"{path} says where everything is.\n")
    console.print("In another terminal:\n")
    for name, value in told["environment"].items():
        console.print(f"  export {name}={shlex.quote(value)}", markup=False)
    console.print(f"  .venv/bin/python -m deploy apply --cloud {told['cloud']} --stage try\n")
    rows = {**told.get("choices", {}), **({"[[models]]": told["model"]} if "model" in told else {})}
    if rows:
        console.print("As twocan.toml, with a model that needs no key:\n" if "model" in told else "As twocan.toml, or in its sections:\n")
        for section, members in rows.items():
            console.print(f"  {section}", markup=False)
            for name, value in members.items():
                console.print(f'  {name} = "{value}"', markup=False)
        console.print()
    for note in told.get("notes", ()):
        console.print(note, markup=False)


def _deployed(told: Mapping[str, Any]) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_row("page", f"[bold cyan]{told.get('page', 'nothing is deployed yet')}[/bold cyan]")
    if "api" in told:
        table.add_row("API", f"[bold cyan]{told['api']}/v1[/bold cyan]")
    return table

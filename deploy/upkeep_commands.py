"""The command line's words for whoever keeps a stage: promote, rollback, logs, doctor, estimate. Words in, text out.

Exit codes are those of `__main__`; besides, `promote` ends with 4 when it took a bad version back: then everything is as it was.
"""

from __future__ import annotations

import json
import time
from datetime import datetime, timezone
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from deploy import clouds, owner, record
from deploy.cloud_commands import FILE, as_json_option, interruptible, where

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deploy.clouds import Logged
    from deploy.deployment import Deployment

#: What `promote` ends with when a new version was taken back.
TAKEN_BACK = 4
#: Seconds between two looks at a log that is followed.
_LOOK = 2.0
#: Seconds that a line may come late.
_LATE = 30.0


@click.command("promote")
@where
def promote(deployment: Deployment) -> None:
    """Let what was applied take over: step by step, watched, and taken back by itself if it is bad."""
    from deploy import promote as work

    console = Console(soft_wrap=True)
    try:
        with interruptible("What has moved stays where it is, unwatched: `promote` goes on with it, `rollback` goes back."):
            something = work.promote(deployment, lambda text: console.print(f"  {text}", highlight=False))
    except work.TakenBack as error:
        record.write(deployment.folder, "promote", taken_back=str(error))
        click.echo(f"Error: {error}", err=True)
        raise SystemExit(TAKEN_BACK) from error
    if something:
        record.write(deployment.folder, "promote")
    console.print("Done: everybody has the new version." if something else "Nothing to promote: everybody has what was applied.")


@click.command("rollback")
@where
def rollback(deployment: Deployment) -> None:
    """Go back to what was live before the last promotion, the page included."""
    from deploy import promote as work

    console = Console(soft_wrap=True)
    with interruptible("What has moved stays where it is: `rollback` goes on with the rest."):
        something = work.rollback(deployment, lambda text: console.print(f"  {text}", highlight=False))
    if something:
        record.write(deployment.folder, "rollback")
    console.print("Done." if something else "There is nothing to go back to: no promotion, or it has been taken back already.")


@click.command("logs")
@where
@click.option("--follow", is_flag=True, help="Go on until Ctrl-C.")
@click.option("--minutes", type=click.IntRange(1, 43_200), default=10, show_default=True, help="How far to look back.")
def logs(deployment: Deployment, *, follow: bool, minutes: int) -> None:
    """Show what the functions wrote: one line per request, never a message, a token or a key."""
    from deploy import operate

    since = time.time() - minutes * 60
    shown: set[str] = set()
    while True:
        for line in deployment.target.logs(since):
            if line.identity not in shown:
                shown.add(line.identity)
                click.echo(_line(line))
        if not follow:
            if not shown and not any(operate.functions(deployment.target.observe())):
                raise click.ClickException(clouds.NOTHING)
            return
        since = max(since, time.time() - _LATE)
        try:
            time.sleep(_LOOK)
        except KeyboardInterrupt:
            return


@click.command("doctor")
@where
@as_json_option
def doctor(deployment: Deployment, *, as_json: bool) -> None:
    """Look for what stands in the way of a deployment, and say what to do."""
    console = Console(stderr=as_json, soft_wrap=True)
    found = list(deployment.findings())
    if as_json:
        click.echo(json.dumps([finding._asdict() for finding in found]))
    for finding in found:
        text = escape(finding.text)
        console.print(f"  [green]ok[/green]  {text}" if finding.good else f"  [red]see[/red] {text}", highlight=False)
    if bad := sum(not finding.good for finding in found):
        raise click.ClickException("One thing to see to." if bad == 1 else f"{bad} things to see to.")
    console.print("Nothing stands in the way.")


@click.command("estimate")
@click.option("--cloud", type=click.Choice(sorted(clouds.TARGETS)), help="Which cloud; else the one in twocan.toml.")
@click.option("--people", type=click.IntRange(1, 100_000), default=20, show_default=True, help="How many people use it.")
@click.option("--messages", type=click.IntRange(1, 10_000), default=20, show_default=True, help="Messages of one person on a working day.")
@click.option("--seconds", type=click.FloatRange(0.1, 900), default=8.0, show_default=True, help="How long a model writes at one answer.")
@as_json_option
def estimate(cloud: str | None, people: int, messages: int, seconds: float, *, as_json: bool) -> None:
    """Say what a month costs in the cloud, the model's own bill apart. Asks nobody and needs no account."""
    choices = owner.read(FILE)
    use = clouds.Use(people, people * messages * 22, seconds)
    module = clouds.load(cloud or choices.deploy.cloud)
    costs = list(module.estimate(use, choices))
    total = sum(cost.dollars for cost in costs)
    if as_json:
        click.echo(json.dumps({"prices_of": module.PRICES_OF, "dollars": round(total, 2), "costs": [cost._asdict() for cost in costs]}))
        return
    table = Table("service", Column("US$ a month", justify="right"), "for")
    for cost in costs:
        table.add_row(cost.service, f"{cost.dollars:.2f}", cost.what)
    table.add_section()
    table.add_row(
        "together",
        f"[bold]{total:.2f}[/bold]",
        f"{people} people, {use.messages:,} messages; list prices of {module.PRICES_OF}, free tier not counted",
    )
    Console().print(table)


def _line(line: Logged) -> str:
    moment = datetime.fromtimestamp(line.moment, timezone.utc).strftime("%H:%M:%S")
    return f"{moment} {line.function:<10} {line.text}"


COMMANDS: Sequence[click.Command] = (promote, rollback, logs, doctor, estimate)

"""The command line's words for a cloud: plan, apply, destroy, status. Words in, text out; what they do is in operate.py.

Exit codes are those of `__main__`; besides, `plan` ends with 3 where something would change and --json is given, so that a script can tell.
"""

from __future__ import annotations

import json
import os
import re
from contextlib import contextmanager
from functools import wraps
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.table import Table

from deploy import clouds, owner, record, show, steps
from deploy.local import stage as local

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from deploy.deployment import Deployment
    from deploy.operate import Outlook
    from deploy.steps import Seen, Step

FILE = local.ROOT / "twocan.toml"
#: What `plan --json` ends with where something would change.
CHANGES = 3
#: What shells expect of a command that Ctrl-C has ended.
INTERRUPTED = 130
#: What is said where accounts were to be deleted and none were seen: those that an earlier `destroy` kept are out of reach.
_UNREACHED = (
    "No accounts were seen. If an earlier `destroy` kept some, no function is left that reaches them: "
    "drop the stage's table in your database by hand."
)
#: Lines of history that `status` shows.
_LINES = 5


def opened(cloud: str | None, stage: str | None, region: str | None) -> Deployment:
    """Return the deployment that the words and twocan.toml mean. Raises DeployError and what reading raises."""
    # boto3 takes a quarter of a second to import, which `run` and `--help` need not wait for.
    from deploy.deployment import Deployment

    choices = owner.read(FILE)
    written = choices.deploy
    name = written.stage if stage is None else stage
    place = written._replace(cloud=cloud or written.cloud, stage=name, region=region or written.region)
    if not re.fullmatch(f"({owner.REGION})?", place.region):
        raise clouds.DeployError(f"--region must be a region such as eu-central-1; {place.region!r} is none.")
    clouds.load(place.cloud)
    return Deployment(place.stage, "aws" if place.cloud == "aws" else "huawei", choices._replace(deploy=place), dict(os.environ))


def where(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that say which deployment it is about, and the deployment as its first argument."""

    @click.option("--cloud", type=click.Choice(sorted(clouds.TARGETS)), help="Which cloud; else the one in twocan.toml.")
    @click.option("--stage", help="Which of your deployments there, each with its own users and address; else the one in twocan.toml, or prod.")
    @click.option("--region", help="Which region; else the one in twocan.toml, or the cloud's own default.")
    @wraps(command)
    def with_deployment(cloud: str | None, stage: str | None, region: str | None, **options: Any) -> Any:
        with interruptible(""):
            return command(opened(cloud, stage, region), **options)

    return with_deployment


@contextmanager
def interruptible(advice: str) -> Iterator[None]:
    """End with a line when Ctrl-C is pressed."""
    try:
        yield
    except KeyboardInterrupt:
        click.echo(f"Interrupted. {advice}".rstrip(), err=True)
        raise SystemExit(INTERRUPTED) from None


as_json_option = click.option("--json", "as_json", is_flag=True, help="JSON for a script, instead of text for a person.")


@click.command("plan")
@where
@as_json_option
def plan(deployment: Deployment, *, as_json: bool) -> None:
    """Show what `apply` would do. Changes nothing."""
    from deploy import operate

    found = operate.outlook(deployment)
    if as_json:
        click.echo(json.dumps({"steps": show.as_json(found.steps), **_promotion(found)}))
        raise SystemExit(CHANGES if found.steps else 0)
    console = Console(soft_wrap=True)
    if found.steps:
        console.print(show.steps(found.steps))
        console.print(show.sizes((step.thing.name, deployment.size(step.thing)) for step in found.steps if isinstance(step.thing, steps.Function)))
    _end(console, found, nothing="Nothing to do: everything is as it should be.")


@click.command("apply")
@where
@as_json_option
def apply(deployment: Deployment, *, as_json: bool) -> None:
    """Make it so: create what is missing and update what has changed. Users keep the version they have until `promote`."""
    from deploy import operate

    console = Console(stderr=as_json, soft_wrap=True)
    done: list[Step] = []

    def tell(step: Step) -> None:
        done.append(step)
        console.print(f"  {show.done(step)}", highlight=False)

    with interruptible("What is done stays as it is: `apply` goes on with the rest."):
        found = operate.apply(deployment, tell)
    if done:
        record.write(deployment.folder, "apply", steps=[show.done(step) for step in done])
    addresses = _addresses(found.seen)
    if as_json:
        click.echo(json.dumps({"steps": show.as_json(done), **_promotion(found), **addresses}))
        return
    _end(console, found, nothing="" if done else "Nothing to do: everything is as it should be.")
    if addresses:
        console.print(_grid(addresses))
    for note in deployment.notes():
        console.print(note, highlight=False, markup=False)


@click.command("destroy")
@where
@click.option("--delete-data", is_flag=True, help="Delete the table with all accounts, too. It cannot be brought back.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def destroy(deployment: Deployment, *, delete_data: bool, yes: bool) -> None:
    """Remove everything of a stage; accounts stay unless --delete-data is given."""
    from deploy import operate

    what = "everything, with all accounts" if delete_data else "everything but the accounts"
    if not yes:
        click.confirm(f"Remove {what} of the stage {deployment.name}?", abort=True)
    console = Console(soft_wrap=True)
    gone: list[str] = []

    def tell(step: Step) -> None:
        gone.append(steps.key(step.thing))
        console.print(f"  {show.done(step)}", highlight=False)

    with interruptible("What is gone is gone: `destroy` goes on with the rest."):
        left = operate.destroy(deployment, tell, delete_data=delete_data)
    on_purpose, others = operate.kept(left)
    record.write(deployment.folder, "destroy", left=[steps.key(thing) for thing in left])
    for thing in on_purpose:
        how = "`destroy --delete-data` removes it." if deployment.own_records else "They are in the stage's table of your database."
        console.print(f"Kept: {steps.key(thing)}. {how}")
    if others:
        raise click.ClickException(f"Left: {', '.join(map(steps.key, others))}. Run the same command again.")
    if delete_data and not deployment.own_records and steps.key(steps.Records()) not in gone:
        console.print(_UNREACHED)
    console.print("Nothing else is left.")


@click.command("status")
@where
@as_json_option
def status(deployment: Deployment, *, as_json: bool) -> None:
    """Say what is there: addresses, the release of each function, and what waits for an apply or a promotion."""
    from deploy import operate

    seen = deployment.target.observe()
    if not any(operate.functions(seen)) and not as_json:
        # Before anything is built: a name that was mistyped is no reason to complain of the page.
        Console().print(clouds.NOTHING)
        return
    found = operate.outlook(deployment, seen, complete=False)
    rows = [(name, live[:16], newest[:16], _moving(deployment, name)) for name, live, newest in operate.functions(found.seen)]
    if as_json:
        listed = [dict(zip(("function", "live", "newest", "moving"), row, strict=True)) for row in rows]
        click.echo(json.dumps({"functions": listed, "steps": len(found.steps), **_promotion(found), **_addresses(found.seen)}))
        return
    console = Console(soft_wrap=True)
    table = Table("function", "live", "newest", "moving")
    for row in rows:
        table.add_row(*row)
    console.print(table)
    if addresses := _addresses(found.seen):
        console.print(_grid(addresses))
    if found.steps:
        console.print(f"`apply` has something to do: {show.summary(found.steps).strip()}.")
    _end(console, found, nothing="")
    for line in record.read(deployment.folder, _LINES):
        outcome = f", taken back: {line['taken_back']}" if line.get("taken_back") else ""
        console.print(f"  {line.get('at')} {line.get('command')}{outcome}", highlight=False)
    if any(row[-1] for row in rows):
        console.print("A promotion is going on, or its deployer died: `promote` goes on with it, `rollback` goes back.")


COMMANDS: Sequence[click.Command] = (plan, apply, destroy, status)


def _moving(deployment: Deployment, function: str) -> str:
    """Return what a promotion that is going on, or that died, has done to a function so far; "" for nothing."""
    pointer = deployment.target.pointer(function)
    if pointer is None or not (pointer.canary or pointer.note.moving):
        return ""
    return (
        f"version {pointer.canary} has {pointer.percent} %" if pointer.canary else f"version {pointer.version} has 100 %, and nobody has looked yet"
    )


def _promotion(found: Outlook) -> dict[str, Any]:
    return {"pending": [steps.key(thing) for thing in found.pending], "leftovers": show.as_json(found.leftovers)}


def _addresses(seen: Seen) -> dict[str, str]:
    """Return where the page and the API are, as far as they are."""
    page = seen.outputs.get(("cdn", "origin")) or seen.outputs.get(("bucket", "origin"), "")
    api = seen.outputs.get(("api", "origin"), "")
    host = seen.outputs.get(("cdn", "host")) or seen.outputs.get(("bucket", "host"))
    named = {"page's CNAME": host} if host else {}
    if behind := seen.outputs.get(("api", "host")):
        named["API's CNAME"] = behind
    return {"page": f"{page}/", "api": f"{api}/v1", **named} if api else {}


def _grid(rows: dict[str, str]) -> str:
    """Return rows of a name and an address, which is never cut: it is there to be copied."""
    width = max(map(len, rows), default=0)
    return "\n".join(f"{name:<{width}}  [bold cyan]{value}[/bold cyan]" for name, value in rows.items())


def _end(console: Console, found: Outlook, *, nothing: str) -> None:
    if nothing and not found.steps:
        console.print(nothing)
    if found.pending:
        console.print(show.pending(found.pending))

"""The command line: words in, text out, nothing else. Everything it does is done by a module that a test can call.

Exit codes: 0 done, 1 it could not be done and the last line says why and what to do, 2 the words were not understood.
"""

from __future__ import annotations

import getpass
import io
import os
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable

import click
from rich.console import Console
from rich.table import Column, Table

from deploy import cloud_commands, clouds, emulator_commands, export_commands, models_commands, owner, probe, site, upkeep_commands
from deploy.clouds import DeployError
from deploy.local import stage
from deploy.local.alone import NotAlone
from deploy.local.model import ModelError
from deploy.package import PackageError
from functions.shared.errors import TwocanError

if TYPE_CHECKING:
    from collections.abc import Mapping

#: The admin function, wherever it is: a command and its arguments to what it answers.
Admin = Callable[[str, "Mapping[str, Any]"], "dict[str, Any]"]


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Twocan: a private ChatGPT in your own cloud account."""
    # Whatever is written from here on is for its owner's eyes only, also in a folder that others may look into.
    os.umask(0o077)


for _command in (*cloud_commands.COMMANDS, *upkeep_commands.COMMANDS, export_commands.export, emulator_commands.emulate, models_commands.models):
    main.add_command(_command)


@main.command()
@click.option("--cloud", type=click.Choice(["aws", "huawei"]), default="aws", show_default=True, help="Whose gateway to imitate.")
@click.option("--port", type=click.IntRange(1, 65_534), default=8700, show_default=True, help="Port of the page; the API has the next one.")
@click.option("--password", envvar="PASSWORD", default="", help="The owner's password; a generated one stays the same from run to run.")
@click.option("--folder", type=click.Path(path_type=Path), default=stage.Stage().folder, help="Where data and secrets are kept; .local if not given.")
def run(cloud: Any, port: int, password: str, folder: Path) -> None:
    """Run everything on this machine, with a real model, until Ctrl-C."""
    from deploy.local import run as local

    here = stage.Stage(folder)
    plan = local.Plan(here, cloud, port, password or here.secret("password"), owner.read(cloud_commands.FILE), dict(os.environ))
    path = folder / local.READY
    console = Console(file=sys.stdout)

    written = []

    def announce(ready: Mapping[str, Any]) -> None:
        stage.write_private(path, ready)
        written.append(path)
        console.print(_welcome(ready, folder))

    try:
        local.run(plan, announce)
    except (NotAlone, local.RunError, ModelError) as error:
        raise click.ClickException(str(error)) from error
    finally:
        # Only what this run has written: another one may be running in the same folder.
        for one in written:
            one.unlink(missing_ok=True)


@main.group()
@click.option("--folder", type=click.Path(path_type=Path), default=stage.Stage().folder, help="Of a run on this machine: where its data is kept.")
@click.option("--cloud", type=click.Choice(sorted(clouds.TARGETS)), help="Of a stage in this cloud, instead of this machine.")
@click.option("--stage", "name", help="Which stage there; else the one in twocan.toml, or prod.")
@click.option("--region", help="In which region.")
@click.pass_context
def users(context: click.Context, folder: Path, cloud: str | None, name: str | None, region: str | None) -> None:
    """Who may sign in: on this machine, or with --cloud in a stage of yours."""
    context.obj = _in_the_cloud(cloud, name, region) if cloud else _here(stage.Stage(folder))


@users.command("add")
@click.argument("username")
@click.option("--admin", "is_admin", is_flag=True, help="Who sees in the page how the models do.")
@click.pass_obj
def users_add(admin: Admin, username: str, *, is_admin: bool) -> None:
    """Add a user; the password is asked for, or read from standard input."""
    body = _invoke(admin, "users.add", username=username, password=_new_password(), admin=is_admin)
    click.echo(f"{body['username']} may sign in now{_place()}.")


@users.command("list")
@click.pass_obj
def users_list(admin: Admin) -> None:
    """List all users."""
    table = Table(Column("user", overflow="fold", min_width=12), "may sign in", "admin")
    after, more = "", True
    while more:
        body = _invoke(admin, "users.list", after=after)
        for user in body["users"]:
            note = " (of the deployer's own: it signs in while a promotion goes on)" if user["username"] == probe.ACCOUNT else ""
            table.add_row(user["username"], ("yes" if user["enabled"] else "no") + note, "yes" if user["admin"] else "")
            after = user["username"]
        more = body["more"]
    Console().print(table)


@users.command("disable")
@click.argument("username")
@click.pass_obj
def users_disable(admin: Admin, username: str) -> None:
    """Let a user in no more; what is open ends within 15 minutes."""
    body = _invoke(admin, "users.disable", username=username)
    again = f".venv/bin/python -m deploy users passwd {body['username']}"
    click.echo(_there(f"{body['username']} is disabled{_place()}. A new password lets them in again: {again}"))


@users.command("grant")
@click.argument("username")
@click.pass_obj
def users_grant(admin: Admin, username: str) -> None:
    """Make a user an admin, who sees in the page how the models do."""
    body = _invoke(admin, "users.grant", username=username)
    click.echo(f"{body['username']} is an admin{_place()}, from the next sign-in on or within 15 minutes.")


@users.command("revoke")
@click.argument("username")
@click.pass_obj
def users_revoke(admin: Admin, username: str) -> None:
    """Let a user be an admin no more; what is open ends within 15 minutes."""
    body = _invoke(admin, "users.revoke", username=username)
    click.echo(f"{body['username']} is no admin any more{_place()}; what is open ends within 15 minutes.")


@users.command("passwd")
@click.argument("username")
@click.pass_obj
def users_passwd(admin: Admin, username: str) -> None:
    """Give a user a new password, which ends all their sessions and lets a disabled one in again."""
    body = _invoke(admin, "users.passwd", username=username, password=_new_password())
    click.echo(f"{body['username']} has a new password{_place()}.")


def _here(here: stage.Stage) -> Admin:
    def ask(command: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        # The function logs to standard output, which is the cloud's log service there and would be the person's screen here.
        with redirect_stdout(io.StringIO()):
            return stage.invoke(command, arguments, here.settings(owner.read(cloud_commands.FILE).limits))

    return ask


def _in_the_cloud(cloud: str, name: str | None, region: str | None) -> Admin:
    target = cloud_commands.opened(cloud, name, region).target
    return lambda command, arguments: probe.invoke(target, clouds.LIVE, command, arguments)


def _place() -> str:
    """Return where the users are that this command is about, if that is only this machine: an owner may have meant his stage."""
    options = click.get_current_context().parent
    return "" if options is None or options.params.get("cloud") else " on this machine"


def _there(text: str) -> str:
    """Return a text whose commands are about the users that this command is about."""
    options = click.get_current_context().parent
    given = {} if options is None else {name: options.params.get(name) for name in ("cloud", "name", "region")}
    words = " ".join(f"--{'stage' if name == 'name' else name} {value}" for name, value in given.items() if value)
    return text.replace("-m deploy users ", f"-m deploy users {words} ") if given.get("cloud") else text


def _invoke(admin: Admin, command: str, /, **arguments: object) -> dict[str, Any]:
    answer = admin(command, arguments)
    if answer["status"] != 200:
        raise click.ClickException(_there(answer["body"]["error"]["message"]))
    body: dict[str, Any] = answer["body"]
    return body


def _new_password() -> str:
    if not sys.stdin.isatty():
        try:
            given = sys.stdin.buffer.readline().decode("utf-8").rstrip("\r\n")
        except UnicodeDecodeError:
            raise click.ClickException("The password on standard input is not UTF-8. Nothing was changed.") from None
        if not given:
            raise click.ClickException("There is no password on standard input. Nothing was changed.")
        return given
    first = getpass.getpass("New password: ")
    if first != getpass.getpass("Once more: "):
        raise click.ClickException("The two are not the same. Nothing was changed.")
    return first


def _welcome(ready: Mapping[str, Any], folder: Path) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_row("[bold]Twocan is running[/bold]", f"as on {'AWS' if ready['cloud'] == 'aws' else 'Huawei Cloud'}; Ctrl-C ends it")
    for name, value in (("page", ready["page"]), ("user name", ready["username"]), ("password", ready["password"]), ("API", f"{ready['api']}/v1")):
        table.add_row(name, f"[bold cyan]{value}[/bold cyan]")
    table.add_row("models", ", ".join(ready["models"]))
    table.add_row("log", os.path.relpath(folder / "functions.log"))
    return table


def _main() -> None:
    try:
        main(prog_name="python -m deploy")
    except (DeployError, PackageError, owner.OwnerError, site.SiteError, stage.StageError, TwocanError, OSError) as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    _main()

"""The command line's word for leaving by another door: export. Words in, text out; what it does is in chalice/export.py."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from deploy import cloud_commands, owner


@click.command("export")
@click.option("--cloud", type=click.Choice(["aws"]), default="aws", show_default=True, help="Which cloud's template.")
@click.option("--stage", help="What the deployment is called: its functions and its tokens; else the one in twocan.toml, or prod.")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
def export(folder: Path, stage: str | None, **_: Any) -> None:
    """Write a SAM template and the functions' zips into FOLDER, to be deployed without this program. Needs no account, holds no secret."""
    # chalice takes a quarter of a second to import, which `run` and `--help` need not wait for.
    from deploy import deployment
    from deploy.chalice.export import TEMPLATE
    from deploy.chalice.export import export as written

    choices = owner.read(cloud_commands.FILE)
    name = choices.deploy.stage if stage is None else stage
    deployment.check_name(name)
    try:
        names = written(name, choices, folder)
    except OSError as error:
        raise click.ClickException(f"{folder} cannot be written ({error.strerror}): name a folder that is there or can be made.") from error
    click.echo(f"Written to {folder}: {', '.join(names)}. Secrets are in none of them: the next command asks for those.")
    where = f"--template-file {folder / TEMPLATE} --stack-name twocan-{name}"
    click.echo(f"Next: sam deploy --guided --capabilities CAPABILITY_IAM {where}")

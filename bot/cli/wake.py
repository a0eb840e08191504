"""`pow wake`: start another workflow; events only make the loop faster, its schedule runs it anyway."""

import click

from bot.cli.environment import read_environment


@click.command("wake")
@click.argument("workflow")
def command(workflow: str) -> int:
    """Start WORKFLOW (such as gate.yml) on the default branch."""
    from bot.cli.wiring import open_forge

    with open_forge(read_environment()) as forge:
        forge.dispatch(workflow)
    click.echo(f"started {workflow}")
    return 0

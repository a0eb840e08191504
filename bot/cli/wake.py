"""`pow wake`: start another workflow; events only make the loop faster, its schedule runs it anyway."""

import re

import click

from bot.cli.environment import read_environment

_WORKFLOW = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*\.ya?ml")


def _checked(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    if not _WORKFLOW.fullmatch(value):
        raise click.BadParameter(f"`{value}` is not the name of a workflow file; write one such as gate.yml")
    return value


@click.command("wake")
@click.argument("workflow", callback=_checked)
def command(workflow: str) -> int:
    """Start WORKFLOW (such as gate.yml) on the default branch."""
    from bot.cli.wiring import open_forge

    with open_forge(read_environment()) as forge:
        forge.dispatch(workflow)
    click.echo(f"started {workflow}")
    return 0

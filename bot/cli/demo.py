"""`pow demo`: the passport story on the sandbox, live."""

import os
import shutil
from pathlib import Path

import click

from bot.model.errors import BotError

_RUNNING = "sandbox.pid"


@click.command("demo", short_help="Run the passport story on the sandbox.")
@click.option("--serve", is_flag=True, help="Leave the sandbox up with a page where you review.")
@click.option("--port", default=0, show_default="any free port", help="Port of the sandbox.")
@click.option("--plain", is_flag=True, help="Print lines instead of a live display.")
@click.option("--seed", default=14, show_default=True, help="Seed of the simulated passport office.")
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(".demo"),
    show_default=True,
    help="Where the sandbox keeps its repository and files; made anew.",
)
@click.option(
    "--source",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    default=Path(),
    show_default="here",
    help="The checkout whose recipes, desired state and workflows the sandbox starts from.",
)
def command(*, serve: bool, port: int, plain: bool, seed: int, folder: Path, source: Path) -> int:
    """Run the passport story on the sandbox, with the very steps that run on GitHub."""
    try:
        from bot.cli.theatre import leave_open, play
        from bot.sandbox.town import Staging, open_town
    except ModuleNotFoundError as error:
        hint = "run `make demo`, or `pip install 'pow-bot[sandbox]'`"
        raise BotError(f"the sandbox needs {error.name}", hint=hint) from error
    _clear(folder)
    folder.mkdir(parents=True)
    (folder / _RUNNING).write_text(str(os.getpid()))
    with open_town(folder.resolve(), source.resolve(), Staging(seed=seed, port=port)) as town:
        return leave_open(town) if serve else play(town, plain=plain)


def _clear(folder: Path) -> None:
    """Remove an earlier demo, and nothing else: a folder that is not one is refused."""
    if not folder.exists():
        return
    running = folder / _RUNNING
    if running.exists() and _is_alive(running.read_text()):
        raise BotError(f"another sandbox runs in {folder}", hint="end it, or give another --folder")
    strangers = {each.name for each in folder.iterdir()} - {"forge", "mainframe", "sheets", "pulls", _RUNNING}
    if strangers:
        raise BotError(f"{folder} holds other things: {', '.join(sorted(strangers))}", hint="give another --folder")
    shutil.rmtree(folder)


def _is_alive(process: str) -> bool:
    try:
        os.kill(int(process), 0)
    except (ValueError, OSError):
        return False
    return True

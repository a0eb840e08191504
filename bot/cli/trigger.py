"""`pow trigger`: ask for a detection of one recipe at once, as a person or as an agent."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.cli.environment import Environment, read_environment
from bot.cli.show import one_line, show_json

if TYPE_CHECKING:
    from datetime import timedelta

    from bot.model.json import Json
    from bot.model.names import RecipeId
    from bot.model.record import Record
    from bot.model.trigger import Payload


@click.command("trigger")
@click.argument("recipe")
@click.option("--reason", required=True, help="Why now, in one line; shown in the pull request that comes of it.")
@click.option("--by", required=True, metavar="NAME", help="Who asks: an agent's name, or your login.")
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
def command(*, recipe: str, reason: str, by: str, as_json: bool) -> int:
    r"""Ask the bot to look at RECIPE at once.

    It starts a detection and never a change: whether something is proposed is for the recipe's rule to say, and who
    asked may not approve it. Needs a token that may write contents, as the forge demands for such an event.

    In a clone, the ledger tells whether RECIPE was asked for within the policy's `trigger_window` already: then it is
    the same trigger, nothing is sent, and the answer says so. Elsewhere the run itself finds that out.

    \b
    Example:
      pow trigger PASSPORT_BACKLOG --by agent-7 --reason "queue at the counter"
    """
    from bot.cli.wiring import open_forge
    from bot.model.errors import BotError
    from bot.model.trigger import EVENT_TYPE
    from bot.recipes.trigger import read_payload
    from bot.report.trigger import told_already

    environment = read_environment()
    payload = read_payload({"recipe": recipe, "reason": reason, "by": by})
    if isinstance(payload, tuple):
        raise BotError(f"nothing is asked for: {'; '.join(payload)}", hint="see `pow trigger --help`")
    _refuse_unknown(recipe)
    with open_forge(environment) as forge:
        before = _asked_already(environment, payload.recipe)
        if before is None:
            forge.send_event(EVENT_TYPE, {"recipe": payload.recipe, "reason": payload.reason, "by": payload.by})
    said = f"asked for a detection of {payload.recipe}; the workflow detect takes it up"
    said = said if before is None else f"nothing is sent: {told_already(payload.recipe, *before)}"
    if as_json:
        show_json(_answer(payload, before, said))
    else:
        click.echo(one_line(said))
    return 0


def _answer(payload: "Payload", before: "tuple[Record, timedelta] | None", said: str) -> "Json":
    """Return what was done as JSON; `same_as` is the earlier trigger that this one is the same as."""
    from bot.model.clock import format_time

    same = {"by": before[0].facts.get("by"), "at": format_time(before[0].at)} if before is not None else None
    return {
        "recipe": payload.recipe,
        "by": payload.by,
        "sent": before is None,
        "same_as": same,
        "sentence": said,
    }


def _asked_already(environment: Environment, recipe: "RecipeId") -> "tuple[Record, timedelta] | None":
    """Return the trigger within whose window this one is, as the ledger of a clone tells it, and the window.

    None where there was none, or where that cannot be told here: then the run that is asked for tells.
    """
    from bot.forge.git import GitRepository
    from bot.ledger.git_ledger import read_ledger
    from bot.ledger.triggers import last_trigger
    from bot.model.errors import BotError
    from bot.recipes.settings import load_settings

    try:
        repository = GitRepository.open(environment.root, token=environment.token, server_url=environment.server_url)
        repository.fetch()
        base, before = repository.head(repository.default_branch()), last_trigger(read_ledger(repository), recipe)
        files = repository.read_many("pow/settings/", base) if base is not None else {}
    except BotError:
        return None
    policy = load_settings(files, endpoints={}).policy
    if before is None or policy is None or environment.now >= before.at + policy.trigger_window:
        return None
    return before, policy.trigger_window


def _refuse_unknown(recipe: str) -> None:
    """Refuse a recipe that this checkout does not have; elsewhere the detection itself will."""
    from bot.model.errors import BotError
    from bot.recipes.files import read_files
    from bot.recipes.library import read_recipes
    from bot.recipes.suggest import suggest

    if not Path("pow").is_dir():
        return
    known = sorted(file.recipe.id for file in read_recipes(read_files(Path()))[0])
    if known and recipe not in known:
        hint = suggest(recipe, known)
        raise BotError(f"there is no recipe {recipe} here", hint=hint)

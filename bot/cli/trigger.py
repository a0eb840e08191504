"""`pow trigger`: ask for a detection of one recipe at once, as a person or as an agent."""

from pathlib import Path

import click

from bot.cli.environment import read_environment


@click.command("trigger")
@click.argument("recipe")
@click.option("--reason", required=True, help="Why now, in one line; shown in the pull request that comes of it.")
@click.option("--by", required=True, metavar="NAME", help="Who asks: an agent's name, or your login.")
def command(*, recipe: str, reason: str, by: str) -> int:
    """Ask the bot to look at RECIPE at once.

    It starts a detection and never a change: whether something is proposed is for the recipe's rule to say, and who
    asked may not approve it. Needs a token that may write contents, as the forge demands for such an event.
    """
    from bot.cli.wiring import open_forge
    from bot.model.errors import BotError
    from bot.model.trigger import EVENT_TYPE
    from bot.recipes.trigger import read_payload

    environment = read_environment()
    payload = read_payload({"recipe": recipe, "reason": reason, "by": by})
    if isinstance(payload, tuple):
        raise BotError(f"nothing is asked for: {'; '.join(payload)}", hint="see `pow trigger --help`")
    _refuse_unknown(recipe)
    with open_forge(environment) as forge:
        forge.send_event(EVENT_TYPE, {"recipe": payload.recipe, "reason": payload.reason, "by": payload.by})
    click.echo(f"asked for a detection of {payload.recipe}; the workflow detect takes it up")
    return 0


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

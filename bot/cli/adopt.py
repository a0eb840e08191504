"""`pow adopt`: bring a service's live values into its file below `patches/`, so that a recipe can change them."""

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.cli.environment import Environment, read_environment
from bot.cli.patience import patience
from bot.cli.show import one_line, show_error, show_json, show_redline
from bot.model.errors import BotError, DiagnosticError
from bot.model.json import Json
from bot.model.names import ServiceName
from bot.model.recipe import Setting

if TYPE_CHECKING:
    from bot.deploy.adopt import Adoption
    from bot.model.settings import Targets

_ATTEMPTS = 2
"""A person is waiting, and can try again."""
_JOURNEY = "journeys/"
_TARGET = re.compile(r"[A-Z][A-Z0-9_]{0,63}|journeys/[a-z][a-z0-9_]{0,63}")


def _target(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    if not _TARGET.fullmatch(value):
        raise click.BadParameter(f"`{value}` is neither a service such as PHOTO_VALIDATOR nor journeys/NAME")
    return value


@click.command("adopt", short_help="Write live values into their file below patches/.")
@click.argument("target", metavar="SERVICE", callback=_target)
@click.argument("keys", metavar="[KEY]...", nargs=-1)
@click.option("--all", "every", is_flag=True, help="Every live value.")
@click.option("--update", is_flag=True, help="Let live values replace others in the file.")
@click.option("--dry-run", is_flag=True, help="Show what would be written, write nothing.")
@click.option("--endpoint", default="", metavar="URL", help="The gateway's base URL, in place of targets.yml's.")
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    default=Path(),
    show_default="here",
    help="The checkout to write into.",
)
@click.option("--json", "as_json", is_flag=True, help="Print what was adopted as JSON.")
def command(*, target: str, keys: tuple[str, ...], endpoint: str, folder: Path, as_json: bool, **flags: bool) -> int:
    r"""Write the live values of SERVICE (or journeys/NAME) into its file below patches/.

    Without a KEY: those that recipes patch, and those in the file already. A value in the file that is not live is
    told of and stays; then the exit code is 1.

    \b
    Example:
      pow adopt PHOTO_VALIDATOR max_blur_px
    """
    from bot.deploy.adopt import Ask, adopt
    from bot.propose.desired import path_of
    from bot.recipes.files import read_files

    files, dry_run = read_files(folder), flags["dry_run"]
    ask = Ask(target=target, keys=keys, wanted=_wanted(files, target), every=flags["every"], update=flags["update"])
    live = _live(read_environment(), files, target, endpoint=endpoint)
    adoption = adopt(ask, live, files.get(path_of(target)))
    if adoption.edit is not None and not dry_run:
        from bot.cli.write_file import write_file

        write_file(folder, adoption.edit)
    if as_json:
        show_json(_json(target, adoption, dry_run=dry_run))
    else:
        _show(target, adoption, dry_run=dry_run)
    return int(bool(adoption.drifted))


def _wanted(files: Mapping[str, bytes], target: str) -> tuple[str, ...]:
    """Name the keys that recipes patch in a target; broken recipes want nothing."""
    from bot.propose.desired import wanted_by
    from bot.recipes.library import read_recipes

    recipes, _ = read_recipes(files)
    wishes = (wish for file in recipes for wish in wanted_by(file.recipe))
    return tuple(dict.fromkeys(key for where, key, _ in wishes if where == target))


def _live(
    environment: Environment, files: Mapping[str, bytes], target: str, *, endpoint: str
) -> Mapping[str, Setting]:
    """Ask the gateway for the live values of a service, or for a journey's version."""
    from bot.cli.agency import agency_client
    from bot.collect.sources.http_json import feed_client
    from bot.deploy.gateway import Gateway
    from bot.propose.desired import VERSION_KEY
    from bot.recipes.settings import load_settings

    loaded = load_settings(files, endpoints=environment.endpoints)
    if loaded.settings is None:
        raise DiagnosticError(loaded.diagnostics)
    targets = _redirected(loaded.settings.targets, endpoint)
    with feed_client() as http, patience("asking the gateway ..."):
        gateway = Gateway(targets=targets, client=agency_client(environment, http, attempts=_ATTEMPTS))
        if not target.startswith(_JOURNEY):
            return gateway.live(ServiceName(target))
        version = gateway.journey(target.removeprefix(_JOURNEY))
    if version is None:
        hint = "check the name; journeys are written as journeys/passport_renewal"
        raise BotError(f"the gateway knows no journey {target.removeprefix(_JOURNEY)}", hint=hint)
    return {VERSION_KEY: version}


def _redirected(targets: "Targets", endpoint: str) -> "Targets":
    """Put another base URL in the gateway's place, if one was given."""
    if not endpoint:
        return targets
    from bot.recipes.endpoints import is_folder, read_endpoint

    url = read_endpoint(endpoint)
    if not isinstance(url, str):
        raise BotError(f"--endpoint: {url.message}", hint=url.hint)
    if is_folder(url):
        raise BotError("--endpoint: a gateway is no folder", hint="write a base URL such as https://api.gov")
    return replace(targets, endpoints={**targets.endpoints, targets.gateway: url})


def _show(target: str, adoption: "Adoption", *, dry_run: bool) -> None:
    from bot.report.pull_request import redline_of

    if adoption.edit is None:
        same = ", ".join(adoption.unchanged) or "none"
        click.echo(f"{adoption.path}: nothing to write; live already: {same}")
    else:
        count = len(adoption.added) + len(adoption.updated)
        did = "would adopt" if dry_run else "adopted"
        click.echo(f"{did} {count} live value{'' if count == 1 else 's'} of {target} into {adoption.path}")
        show_redline(redline_of((adoption.edit,)))
    if adoption.drifted:
        for each in adoption.drifted:
            click.echo(f"  {one_line(each.sentence)}")
        count = len(adoption.drifted)
        message = f"{count} value{'' if count == 1 else 's'} of {adoption.path} not as live"
        keys = " ".join(each.key for each in adoption.drifted if each.desired is not None and each.live is not None)
        take = f", or take what is live: `pow adopt {target} {keys} --update`" if keys else ""
        show_error(BotError(message, hint=f"let `pow deploy` bring what is desired{take}"))


def _json(target: str, adoption: "Adoption", *, dry_run: bool) -> Json:
    from bot.report.pull_request import redline_of

    return {
        "target": target,
        "file": adoption.path,
        "written": adoption.edit is not None and not dry_run,
        "added": dict(adoption.added),
        "updated": [{"key": each.key, "before": each.desired, "after": each.live} for each in adoption.updated],
        "drifted": [{"key": each.key, "desired": each.desired, "live": each.live} for each in adoption.drifted],
        "unchanged": list(adoption.unchanged),
        "redline": redline_of((adoption.edit,)) if adoption.edit else "",
    }

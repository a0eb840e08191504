"""`pow show`: the one text that `PASSPORT_BACKLOG@v3` names in Git history, or that it names several."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.cli.show import one_line, show_error, show_json, show_redline, show_text
from bot.model.clock import format_time
from bot.model.errors import BotError
from bot.model.json import Json
from bot.model.names import RecipeId

if TYPE_CHECKING:
    from bot.recipes.history import Edition, RecipeHistory, Version

_NAME = re.compile(r"([A-Za-z][A-Za-z0-9_]{1,63})(?:@[vV]?([1-9][0-9]{0,5}))?")
_FOLDER = "pow/"
_SHORT = 12


def _split(_context: click.Context, _parameter: click.Parameter, value: str) -> tuple[RecipeId, int | None]:
    match = _NAME.fullmatch(value)
    if match is None:
        raise click.BadParameter(f"`{value}` is no recipe; write PASSPORT_BACKLOG or PASSPORT_BACKLOG@v3")
    return RecipeId(match[1].upper()), int(match[2]) if match[2] else None


@click.command("show", short_help="Show the text that a recipe had at a version.")
@click.argument("named", metavar="RECIPE[@vN]", callback=_split)
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False, exists=True), default=Path())
@click.option("--json", "as_json", is_flag=True, help="Print the texts and their commits as JSON.")
def command(*, named: tuple[RecipeId, int | None], folder: Path, as_json: bool) -> int:
    r"""Show the text that a recipe had at a version, with its file, commit and date.

    Without a version: the present text, and all versions. What the branch in FOLDER was itself is looked at first,
    then every commit that was ever merged into it.

    \b
    Examples:
      pow show PASSPORT_BACKLOG
      pow show PASSPORT_BACKLOG@v3
    """
    recipe, number = named
    found, is_whole = _find(folder.resolve(), recipe, number)
    version = found.version(number) if number is not None else None
    if number is not None and version is None:
        known = ", ".join(f"@v{each.number}" for each in found.versions)
        raise BotError(f"{recipe} never had a version {number} in this history", hint=f"it had {known}")
    shown = (version,) if version else found.versions
    if as_json:
        show_json(_json(found, shown, is_whole=is_whole))
    elif version is not None:
        _show_version(found, version)
    else:
        _show_recipe(found)
    if not is_whole:
        click.echo("warning: the clone is shallow: what is older is not seen; `git fetch --unshallow`", err=True)
    for each in shown:
        _warn(found, each)
    return int(any(each.is_ambiguous for each in shown))


def _find(folder: Path, recipe: RecipeId, number: int | None) -> tuple["RecipeHistory", bool]:
    """Trace a recipe through the branch's own states; BotError where no commit has it."""
    from bot.forge.git_history import GitHistory
    from bot.recipes.history import known_recipes, recipe_blobs, trace
    from bot.recipes.suggest import suggest

    history = GitHistory.open(folder)
    known: set[RecipeId] = set()
    for side_branches in (False, True):
        revisions = history.revisions(_FOLDER, side_branches=side_branches)
        contents = history.contents(recipe_blobs(revisions))
        found = trace(recipe, revisions, contents)
        if found is not None and (number is None or found.version(number) is not None or side_branches):
            return found, not history.is_shallow
        known.update(known_recipes(contents))
    hint = suggest(recipe, sorted(known)) or "recipes are pow/NAME.yml; commit one first"
    raise BotError(f"no commit of this branch has a recipe {recipe}", hint=hint)


def _show_version(found: "RecipeHistory", version: "Version") -> None:
    """Print one text as the YAML that it is, what it is in comments above; both texts' difference if it is two."""
    click.echo(f"# {found.recipe}@v{version.number}")
    if version.is_ambiguous:
        for each in version.meanings:
            _show_place(each)
        first, last = version.meanings[0], version.meanings[-1]
        show_redline(_difference(first, last))
        return
    _show_place(version.newest)
    for each in version.editions:
        if each.digest != version.newest.digest:
            click.echo(f"# other layout, same meaning: {_at(each)}" if each.meaning else f"# unreadable: {_at(each)}")
    _show_removal(found)
    _show_content(version.newest)


def _show_recipe(found: "RecipeHistory") -> None:
    """Print the newest text and every version."""
    newest = found.present or found.versions[-1].newest
    state = "the present text" if found.present else "the last text"
    click.echo(f"# {found.recipe}@v{newest.version}, {state}")
    _show_place(newest)
    _show_removal(found)
    click.echo("#")
    rows = [("version", "since", "commit", "file"), *map(_row, reversed(found.versions))]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        click.echo(f"# {'  '.join(cells).rstrip()}")
    _show_content(newest)


def _row(version: "Version") -> tuple[str, ...]:
    first, meanings = version.first, len(version.meanings)
    file = one_line(first.path) + (f"  ({meanings} MEANINGS)" if meanings > 1 else "")
    return (f"v{version.number}", format_time(first.at), first.commit[:_SHORT], file)


def _show_place(edition: "Edition") -> None:
    click.echo(f"# file    {one_line(edition.path)}")
    click.echo(f"# commit  {edition.commit}  {format_time(edition.at)}")
    click.echo(f"# digest  {edition.digest}")


def _show_removal(found: "RecipeHistory") -> None:
    if found.removal is not None:
        click.echo(f"# removed {found.removal.commit}  {format_time(found.removal.at)}")


def _show_content(edition: "Edition") -> None:
    click.echo("")
    show_text(edition.content.decode(errors="replace"))


def _difference(first: "Edition", last: "Edition") -> str:
    import difflib

    before, after = (each.content.decode(errors="replace").splitlines() for each in (first, last))
    old, new = (f"{each.path} at {each.commit[:_SHORT]}" for each in (first, last))
    return "\n".join(difflib.unified_diff(before, after, old, new, lineterm=""))


def _at(edition: "Edition") -> str:
    return f"{edition.commit[:_SHORT]}  {format_time(edition.at)}  {one_line(edition.path)}"


def _warn(found: "RecipeHistory", version: "Version") -> None:
    """Say loudly what keeps a name from being one text."""
    name = f"{found.recipe}@v{version.number}"
    for each in version.editions:
        if each.fault:
            said = f"warning: the text of {name} in {each.commit[:_SHORT]} cannot be read: {each.fault}"
            click.echo(one_line(said), err=True)
    if version.is_ambiguous:
        commits = " and ".join(f"{each.commit[:_SHORT]} ({format_time(each.at)})" for each in version.meanings)
        message = f"{name} names {len(version.meanings)} texts that mean different things: {commits}"
        hint = "raise `version` in the later one; `pow lint --base origin/main` finds it before it is merged"
        show_error(BotError(message, hint=hint))


def _json(found: "RecipeHistory", shown: tuple["Version", ...], *, is_whole: bool) -> Json:
    removal = found.removal
    return {
        "recipe": found.recipe,
        "present": found.present.version if found.present else None,
        "removed": {"commit": removal.commit, "at": format_time(removal.at)} if removal else None,
        "whole_history": is_whole,
        "ambiguous": any(version.is_ambiguous for version in shown),
        "versions": [_version_json(version) for version in shown],
    }


def _version_json(version: "Version") -> Mapping[str, Json]:
    return {
        "version": version.number,
        "ambiguous": version.is_ambiguous,
        "meanings": len(version.meanings),
        "texts": list(_texts_json(version)),
    }


def _texts_json(version: "Version") -> Iterator[Json]:
    for each in version.editions:
        yield {
            "file": each.path,
            "commit": each.commit,
            "at": format_time(each.at),
            "digest": each.digest,
            "meaning": each.meaning,
            "fault": each.fault,
            "text": each.content.decode(errors="replace"),
        }

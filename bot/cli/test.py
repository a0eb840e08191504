"""`pow test`."""

import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.cli.environment import read_environment
from bot.cli.show import one_line, show_diagnostics, show_json, wants_colour
from bot.cli.write_file import write_result
from bot.model.errors import BotError, Diagnostic, DiagnosticError, Severity

if TYPE_CHECKING:
    from bot.recipes.recipe_tests import RecipeTestFile
    from bot.recipes.recipe_tests_fit import FittedTest
    from bot.report.trial import Played

_PATIENCE = 2.0
"""Seconds after which it says how far it has come."""


@click.command("test", short_help="Play the tests of recipes.")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path, exists=True))
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    default=Path(),
    help="The repository whose recipes are tested; the present folder where left out.",
)
@click.option("--filter", "wanted", default="", help="Play only tests with this text in their name or recipe.")
@click.option(
    "--junit", type=click.Path(path_type=Path, dir_okay=False), help="Write the results to this file as JUnit's XML."
)
@click.option("--json", "as_json", is_flag=True, help="Print the results as JSON.")
def command(*, paths: tuple[Path, ...], folder: Path, wanted: str, junit: Path | None, as_json: bool) -> int:
    r"""Play the tests of recipes: the files and folders PATHS, or all of pow/tests/.

    \b
    Examples:
      pow test
      pow test pow/tests/passport_backlog.yml --junit results.xml
    """
    from bot.report.trial import json_of, junit_of, summary_of

    environment = read_environment()
    session = _Session(folder, environment.endpoints)
    session.collect(paths, wanted)
    played = tuple(session.play(quiet=as_json))
    errors = tuple(fault for fault in session.faults if fault.severity is Severity.ERROR)
    show_diagnostics(tuple(session.faults))
    if junit is not None:
        write_result(junit, junit_of(played, errors, at=environment.now))
    if as_json:
        show_json({"tests": [json_of(each) for each in played], "broken": session.broken})
    _conclude(summary_of(played, broken=session.broken), count=len(played) + session.broken, wanted=wanted)
    return int(bool(errors) or not all(each.result.passed for each in played))


class _Session:
    """One run: the repository, the tests that fit it, and what is wrong with the others."""

    def __init__(self, folder: Path, endpoints: Mapping[str, str]) -> None:
        from bot.recipes.files import read_files
        from bot.recipes.library import load_library
        from bot.recipes.recipe_tests_fit import Fitter
        from bot.rehearse.trial import Stage
        from bot.rehearse.trial_desk import Office

        self._files = read_files(folder)
        library = load_library(self._files, endpoints=endpoints)
        settings = library.settings
        if settings is None:
            raise DiagnosticError(tuple(fault for fault in library.diagnostics if fault.severity is Severity.ERROR))
        office = Office(files=self._files, policy=settings.policy, muted=settings.muted)
        self._stage = Stage(settings.feeds, office)
        self._fitter = Fitter(library, settings)
        self._tests: list[tuple[RecipeTestFile, FittedTest]] = []
        self.faults: list[Diagnostic] = []
        self.broken = 0

    def collect(self, paths: tuple[Path, ...], wanted: str) -> None:
        """Read the files, and fit their tests to the repository."""
        from bot.recipes.recipe_tests import RecipeTestFile, read_test_file
        from bot.recipes.recipe_tests_index import is_test_path

        tests = {path: content for path, content in self._files.items() if is_test_path(path)}
        for path, content in (_named(paths) if paths else tests).items():
            read = read_test_file(path, content)
            if isinstance(read, RecipeTestFile):
                self._fit(read, wanted.lower())
            else:
                self.faults += read
                self.broken += 1

    def _fit(self, file: "RecipeTestFile", wanted: str) -> None:
        for test, fitted in zip(file.tests, self._fitter.fit(file), strict=True):
            if wanted in test.name.lower() or wanted in test.recipe.lower():
                self.faults += fitted.faults
                if fitted.value is not None:
                    self._tests.append((file, fitted.value))
                else:
                    self.broken += 1

    def play(self, *, quiet: bool) -> Iterator["Played"]:
        """Play one test after the other, and say what came of each."""
        from bot.rehearse.trial import play
        from bot.report.trial import Played

        progress = _Progress(len(self._tests))
        for count, (file, fitted) in enumerate(self._tests):
            progress.tell(count)
            began = time.perf_counter()
            result = play(fitted, self._stage)
            played = Played(document=file.document, result=result, seconds=time.perf_counter() - began)
            if not quiet:
                _show(played)
            yield played


class _Progress:
    """Says on a terminal how far a long run has come, once a second."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._next = time.monotonic() + _PATIENCE

    def tell(self, count: int) -> None:
        """Say it if it is time."""
        now = time.monotonic()
        if now >= self._next:
            self._next = now + 1.0
            click.echo(f"{count} of {self._total} tests played", err=True)


def _show(played: "Played") -> None:
    from bot.report.trial import details_of, headline_of

    colour = wants_colour()
    sign = click.style("✔", fg="green") if played.result.passed else click.style("✘", fg="red")
    click.echo(f"{sign} {one_line(headline_of(played))}", color=colour)
    if not played.result.passed:
        click.echo(details_of(played), color=colour)


def _named(paths: tuple[Path, ...]) -> Mapping[str, bytes]:
    """Read the files that were named, and those with the right ending below the folders that were."""
    from bot.recipes.recipe_tests_index import SUFFIX

    found: dict[str, bytes] = {}
    for path in paths:
        below = sorted(each for each in path.rglob(f"*{SUFFIX}") if not each.is_fifo()) if path.is_dir() else (path,)
        for file in below:
            found[file.as_posix()] = _content(file)
    return found


def _content(path: Path) -> bytes:
    """Read a file, or of one that is too large to be a test as much as shows that."""
    from bot.recipes.fast_text import MAX_BYTES

    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise BotError(f"{path} cannot be read: {error.strerror}", hint="name files of tests, or folders") from error


def _conclude(summary: str, *, count: int, wanted: str) -> None:
    if count:
        click.echo(summary, err=True)
    elif wanted:
        raise BotError(f"no test has `{wanted}` in its name or recipe", hint="run `pow test` without --filter")
    else:
        click.echo("warning: there is no test in pow/tests/, so nothing was tested", err=True)

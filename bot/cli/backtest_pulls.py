"""`pow backtest --pull` and `--pulls`: the recipes that pull requests change, both versions on the same data."""

from pathlib import Path

import click

from bot.cli.backtest_options import Options, progress
from bot.cli.environment import Environment
from bot.cli.show import one_line, show_error, show_json
from bot.cli.wiring import open_forge
from bot.forge.git import GitRepository
from bot.forge.port import Forge
from bot.model.errors import BotError, DiagnosticError
from bot.model.forge import PullRequest, PullState
from bot.model.names import PullNumber
from bot.rehearse.step import Bench, Review, is_current, post, recipes_changed, review


def compare_pulls(environment: Environment, options: Options) -> int:
    """Compare the recipes of one pull request, or of every open one of this repository; print, and post if asked."""
    with open_forge(environment) as forge, options.client() as client:
        repository = GitRepository.open(environment.root, token=environment.token, server_url=environment.server_url)
        repository.fetch()
        bench = Bench(
            forge=forge,
            repository=repository,
            endpoints=environment.endpoints,
            collector_of=options.collector_of(environment, client),
            asked=options.asked(environment.now),
            progress=progress(),
        )
        if options.pull is not None:
            pull = forge.pull(PullNumber(options.pull))
            repository.fetch_pull(pull.number)
            found, failed = [review(bench, pull)], False
        else:
            found, failed = _all(bench, _open_pulls(forge, bench), options)
        _show(bench, found, options)
    _summarize(found, environment.summary)
    return int(failed)


def _open_pulls(forge: Forge, bench: Bench) -> list[PullRequest]:
    """Return the open pull requests that change recipes; a fork's author may not ask for what the feeds hold."""
    pulls = [pull for pull in forge.pulls(state=PullState.OPEN) if pull.same_repository]
    return [pull for pull in pulls if recipes_changed(bench, pull)]


def _all(bench: Bench, pulls: list[PullRequest], options: Options) -> tuple[list[Review], bool]:
    """Go through pull requests; one that cannot be compared does not keep the others from it."""
    found, failed = [], False
    for pull in pulls:
        try:
            if not (options.post and is_current(bench, pull)):
                found.append(review(bench, pull))
        except DiagnosticError:
            raise
        except BotError as error:
            show_error(error)
            failed = True
    return found, failed


def _show(bench: Bench, found: list[Review], options: Options) -> None:
    for each in found if options.post else []:
        post(bench, each)
    if options.as_json:
        show_json([{"pull": each.pull.number, "head": each.pull.head, "markdown": each.body} for each in found])
        return
    if not found:
        click.echo("no pull request changes a recipe that was not compared already")
    for each in found:
        done = "commented on" if options.post else "compared"
        click.echo(f"{done} pull request {each.pull.number}: {one_line(each.pull.title)}", err=True)
        for line in each.body.splitlines():
            click.echo(one_line(line) if line.strip() else "")


def _summarize(found: list[Review], path: str) -> None:
    """Add to the summary of the workflow's run, where there is one."""
    if path and found:
        with Path(path).open("a", encoding="utf-8") as file:
            file.writelines(each.body for each in found)

"""The four steps as functions of the environment; `pow run` calls them all, each command one."""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Protocol

from bot.cli.environment import Environment
from bot.cli.summary import summarize
from bot.cli.wiring import Connection, Work, open_connection, open_work
from bot.model.event import Step, StepReport
from bot.model.names import PullNumber, RecipeId


class StepCommand(Protocol):
    """A step as a command; over a connection of its own, or one that the steps of a cycle share."""

    def __call__(self, environment: Environment, *, connection: Connection | None = None) -> StepReport:
        """Run the step; the report says what it cost."""
        ...


def detect(
    environment: Environment,
    *,
    dry_run: bool = False,
    shard: str = "1/1",
    recipe: str = "",
    connection: Connection | None = None,
) -> StepReport:
    """Steps 1 to 3, for one share of the recipes, for one recipe, or for the one that a trigger names."""
    from bot.cli.trigger_event import read_trigger
    from bot.propose import step, triggered
    from bot.propose.shard import parse_shard
    from bot.rehearse.preview import preview_by

    share, trigger = parse_shard(shard), read_trigger(environment)

    def run(work: Work) -> StepReport:
        policy = work.settings.policy
        rehearse = preview_by(policy.rollback, blind_after=policy.blind_after)
        if trigger is not None and not recipe:
            return triggered.run(
                work.site,
                library=work.library,
                base=work.base,
                collector=work.collector,
                trigger=trigger,
                rehearse=rehearse,
            )
        chosen = triggered.only(work.library, RecipeId(recipe)) if recipe else work.library
        library = replace(chosen, recipes=tuple(each for each in chosen.recipes if share.holds(each.recipe.id)))
        return step.run(
            work.site,
            library=library,
            base=work.base,
            collector=work.collector,
            dry_run=dry_run,
            rehearse=rehearse,
        )

    with _without_collector():
        return _counted(environment, connection, run)


def gate(
    environment: Environment, *, only: PullNumber | None = None, connection: Connection | None = None
) -> StepReport:
    """Step 4, for every pull request or for one."""
    from bot.approve import step
    from bot.approve.rego_program import LocalProgram

    return _counted(
        environment,
        connection,
        lambda work: step.run(work.site, library=work.library, base=work.base, only=only, rego=LocalProgram()),
    )


def deploy(environment: Environment, *, connection: Connection | None = None) -> StepReport:
    """Steps 5 and 6."""
    from bot.deploy import step

    return _counted(
        environment,
        connection,
        lambda work: step.run(work.site, settings=work.settings, gateway=work.gateway, adapters=work.adapters),
    )


def monitor(environment: Environment, *, connection: Connection | None = None) -> StepReport:
    """Step 7."""
    from bot.monitor import step

    with _without_collector():
        return _counted(
            environment,
            connection,
            lambda work: step.run(work.site, settings=work.settings, base=work.base, collector=work.collector),
        )


@contextmanager
def _without_collector() -> Iterator[None]:
    """Run without the collector of garbage: what a step reads stays to its end, and looking among it takes long."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _counted(
    environment: Environment, connection: Connection | None, run: Callable[[Work], StepReport]
) -> StepReport:
    """Run a step, and add to its report what it cost."""
    if connection is None:
        with open_connection(environment) as own:
            return _counted(environment, own, run)
    before = connection.forge.cost
    with open_work(environment, connection=connection) as work:
        report = run(work)
    summarize(report, environment.summary)
    return replace(report, cost=connection.forge.cost.since(before))


STEPS: dict[Step, StepCommand] = {
    Step.DETECT: detect,
    Step.GATE: gate,
    Step.DEPLOY: deploy,
    Step.MONITOR: monitor,
}
"""In the order of the loop."""

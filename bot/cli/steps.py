"""The four steps as functions of the environment; `pow run` calls them all, each command one."""

from collections.abc import Callable
from dataclasses import replace

from bot.cli.environment import Environment
from bot.cli.wiring import open_work
from bot.model.event import Step, StepReport
from bot.model.names import PullNumber


def detect(environment: Environment, *, dry_run: bool = False, shard: str = "1/1") -> StepReport:
    """Steps 1 to 3, for one share of the recipes."""
    from bot.propose import step
    from bot.propose.shard import parse_shard

    share = parse_shard(shard)
    with open_work(environment) as work:
        recipes = tuple(each for each in work.library.recipes if share.holds(each.recipe.id))
        library = replace(work.library, recipes=recipes)
        return step.run(work.site, library=library, base=work.base, collector=work.collector, dry_run=dry_run)


def gate(environment: Environment, *, only: PullNumber | None = None) -> StepReport:
    """Step 4, for every pull request or for one."""
    from bot.approve import step

    with open_work(environment) as work:
        return step.run(work.site, library=work.library, base=work.base, only=only)


def deploy(environment: Environment) -> StepReport:
    """Steps 5 and 6."""
    from bot.deploy import step

    with open_work(environment) as work:
        return step.run(work.site, settings=work.settings, gateway=work.gateway, adapters=work.adapters)


def monitor(environment: Environment) -> StepReport:
    """Step 7."""
    from bot.monitor import step

    with open_work(environment) as work:
        return step.run(
            work.site,
            settings=work.settings,
            base=work.base,
            collector=work.collector,
            endpoints=environment.endpoints,
        )


STEPS: dict[Step, Callable[[Environment], StepReport]] = {
    Step.DETECT: detect,
    Step.GATE: gate,
    Step.DEPLOY: deploy,
    Step.MONITOR: monitor,
}
"""In the order of the loop."""

"""People affected: where policy asks how many, a feed of the recipe must count them, or the worst is assumed."""

from collections.abc import Iterator

from bot.model.errors import Diagnostic
from bot.model.level import highest
from bot.model.settings import FeedShape, FeedSpec, Policy
from bot.recipes.check import Check
from bot.recipes.lints.subject import Subject


def people_faults(subject: Subject, policy: Policy) -> Iterator[Diagnostic]:
    """Say that the recipe's evidence will not tell how many people are affected."""
    steps, recipe = policy.impact.people_affected, subject.recipe
    log = (recipe.process_log,) if recipe.process_log else ()
    names = {*recipe.watch_feeds, *subject.compiled.bottleneck.feeds, *log}
    if steps and not any(_counts(subject.feeds[name]) for name in names):
        level = highest(tuple(step.level for step in steps))
        message = f"no feed of this recipe counts people, so its impact is always at least {level}"
        hint = "write `people: true` at a feed whose rows are people's cases, or name a `process_log`"
        yield subject.warning(Check.UNCOUNTED, subject.document.key(("watch_feeds",)), message, hint)


def _counts(feed: FeedSpec) -> bool:
    return feed.people or feed.shape is FeedShape.EVENTS

"""How many cases a rule rests on: shares without a denominator, minimums that are turned off, single cases."""

from collections.abc import Iterator

from bot.model.errors import Diagnostic
from bot.model.series import SeriesKind
from bot.model.unit import RATIO
from bot.recipes.check import Check
from bot.recipes.lints.subject import RuleKey, Subject
from bot.rules.compile import Rule
from bot.rules.functions import Result
from bot.rules.shape import threshold_of
from bot.rules.typed import Reduced, reductions

_EXTREMES = frozenset({"max", "min"})


def sample_faults(subject: Subject) -> Iterator[Diagnostic]:
    """Look at what success and rollback count, and at what a single case can decide."""
    compiled = subject.compiled
    yield from _no_denominator(subject)
    if compiled.recipe.watch.min_samples > 1:
        return
    reduced = [(key, node) for key, rule in subject.rules for node in reductions(rule.tree.logic)]
    extremes = [(key, node) for key, node in reduced if node.function and node.function.name in _EXTREMES]
    minded = {RuleKey.SUCCESS} if _has_test_of_its_own(compiled.rollback) else {RuleKey.SUCCESS, RuleKey.ROLLBACK}
    shares = [node for key, node in reduced if key in minded and _is_share(node)]
    if shares:
        message = f"with min_samples 1 a single case makes `{shares[0].text}` 0% or 100%"
        place = subject.at("watch", "min_samples")
        yield subject.warning(
            Check.UNGUARDED_SHARE, place, message, "ask for as many as make the limit mean something"
        )
    if extremes:
        key, node = extremes[0]
        message = f"with min_samples 1 one stuck or lucky case decides `{node.text}` of {key}"
        hint = "ask for more samples, or for a median or a percentile"
        place = subject.at("watch", "min_samples")
        yield subject.warning(Check.SINGLE_SAMPLE, place, message, hint)


def _no_denominator(subject: Subject) -> Iterator[Diagnostic]:
    for key, rule in ((RuleKey.SUCCESS, subject.compiled.success), (RuleKey.ROLLBACK, subject.compiled.rollback)):
        for name in rule.feeds:
            feed = subject.feeds[name]
            if feed.unit.dimension == RATIO and feed.kind is not SeriesKind.RATIO:
                message = f"`{name}` is a share of unknown numbers: 1 of 20 looks like 50 of 1,000"
                hint = f"name the denominator of `{name}` as `of` in its columns"
                yield subject.warning(Check.NO_DENOMINATOR, subject.at(key), message, hint)


def _has_test_of_its_own(rollback: Rule) -> bool:
    """Tell whether a rollback rule is one limit on a share: then the policy's test has a minimum for it."""
    threshold = threshold_of(rollback)
    return threshold is not None and rollback.hold is None and threshold.reducer in {None, "mean"}


def _is_share(reduced: Reduced) -> bool:
    is_level = reduced.function is None or reduced.function.result is Result.UNIT
    return is_level and reduced.metric.kind is SeriesKind.RATIO

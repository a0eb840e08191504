"""How much a change may matter: computed from the values and the base branch's policy, from nobody's claim (pure)."""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from fnmatch import fnmatchcase

from bot.model.change import Affected, Factor, Impact, KeyChange
from bot.model.finding import Finding, SourceUse
from bot.model.impact import HighImpact, ImpactPolicy, PeopleAffected, ValueRange
from bot.model.level import Level, highest
from bot.model.names import FeedName, RecipeId, ServiceName
from bot.model.recipe import Recipe, Setting
from bot.model.settings import Policy
from bot.propose.desired import is_high_impact, is_journey, path_of, target_of

PERIOD = timedelta(days=30)
"""People affected are counted over this time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stakes:
    """What a change's values do not tell: whom it affects, and which of its targets are called high-impact.

    `affected` is None where it is not known, `flagged` are the targets whose file on the base branch says so, and
    `by_recipe` whether the recipe does.
    """

    affected: Affected | None
    flagged: frozenset[str]
    by_recipe: bool


def stakes_of(recipe: Recipe | None, files: Mapping[str, bytes], affected: Affected | None) -> Stakes:
    """Return the stakes of a change to `files`, desired state as it stands on the base branch, by path."""
    targets = ((target_of(path), content, path) for path, content in files.items())
    flagged = frozenset(target for target, content, path in targets if target and is_high_impact(path, content))
    return Stakes(affected=affected, flagged=flagged, by_recipe=recipe is not None and recipe.high_impact)


def affected_by(sources: Iterable[SourceUse]) -> Affected | None:
    """Return how many people the evidence counts in 30 days, by the feed that counts most; None if none does."""
    counted = [
        Affected(people=math.ceil(use.people * (PERIOD / use.window.length)), feed=use.feed)
        for use in sources
        if use.people is not None and use.window.length > timedelta(0)
    ]
    return max(counted, key=lambda each: each.people, default=None)


def affected_fact(fact: object) -> Affected | None:
    """Read back what a record says of the people affected; None where it says nothing that can be understood."""
    people, feed = (fact.get(name) if isinstance(fact, Mapping) else None for name in ("people", "feed"))
    if not isinstance(people, int) or isinstance(people, bool) or people < 0 or not isinstance(feed, str):
        return None
    return Affected(people=people, feed=FeedName(feed))


def affected_in(findings: Mapping[RecipeId, Finding]) -> dict[RecipeId, Affected]:
    """Return how many people the evidence of each recipe counts, where it counts any."""
    counted = {recipe: affected_by(finding.sources) for recipe, finding in findings.items()}
    return {recipe: affected for recipe, affected in counted.items() if affected is not None}


def impact_of(keys: tuple[KeyChange, ...], policy: ImpactPolicy, stakes: Stakes) -> Impact:
    """Return the impact of changed values: the highest factor wins, and every factor is kept."""
    base = Factor(name="default", level=policy.default, sentence=f"every change is at least {policy.default}")
    factors = (
        base,
        *_target_factors(keys, policy),
        *_high_impact_factors(keys, policy.high_impact, stakes),
        *(each for key in keys for each in _key_factors(key, policy)),
        *_people_factors(policy.people_affected, stakes.affected),
    )
    return Impact(level=highest(tuple(factor.level for factor in factors)), factors=factors)


def threshold_of(recipe: Recipe, policy: Policy) -> Level:
    """Return from which impact on people must approve: the recipe's word, but never above the policy's cap."""
    return min(recipe.hitl_threshold, policy.threshold_cap, key=lambda level: level.rank)


def out_of_range(keys: tuple[KeyChange, ...], ranges: Mapping[str, ValueRange]) -> tuple[str, ...]:
    """Return a sentence for every new value that policy does not allow."""
    return tuple(
        f"{key.key} = {shown(key.after)} is outside of what policy allows: "
        f"{shown(ranges[key.key].minimum)} to {shown(ranges[key.key].maximum)}"
        for key in keys
        if key.key in ranges and not _within(key.after, ranges[key.key])
    )


def shown(value: Setting) -> str:
    """Write a setting as a person would."""
    match value:
        case bool():
            return "true" if value else "false"
        case float() if value.is_integer() and abs(value) < 1e15:
            return str(int(value))
        case _:
            return str(value)


def _target_factors(keys: tuple[KeyChange, ...], policy: ImpactPolicy) -> Iterator[Factor]:
    for target in dict.fromkeys(key.target for key in keys):
        if is_journey(target):
            sentence = f"{target} is a journey that citizens walk: {policy.journeys}"
            yield Factor(name="journey", level=policy.journeys, sentence=sentence)
        elif ServiceName(target) in policy.services:
            level = policy.services[ServiceName(target)]
            yield Factor(name="service", level=level, sentence=f"policy calls the service {target} {level}")


def _high_impact_factors(keys: tuple[KeyChange, ...], policy: HighImpact, stakes: Stakes) -> Iterator[Factor]:
    """Say who calls the change high-impact; nobody's silence takes back what another says."""
    for target in dict.fromkeys(key.target for key in keys):
        if target in stakes.flagged | policy.targets:
            says = "policy" if target in policy.targets else f"{path_of(target)} on the base branch"
            sentence = f"{says} calls {target} high-impact: {policy.level}"
            yield Factor(name="high impact", level=policy.level, sentence=sentence)
    if stakes.by_recipe:
        sentence = f"the recipe calls its changes high-impact: {policy.level}"
        yield Factor(name="high impact", level=policy.level, sentence=sentence)


def _people_factors(steps: tuple[PeopleAffected, ...], affected: Affected | None) -> Iterator[Factor]:
    """Name the highest step that the people affected are above; unknown is above all of them."""
    if not steps:
        return
    if affected is None:
        level = highest(tuple(step.level for step in steps))
        sentence = f"how many people it affects is not known: {level}"
        yield Factor(name="people", level=level, sentence=sentence)
        return
    counted = f"it affects {affected.people:,} people in {PERIOD.days} days by {affected.feed}"
    passed = [step for step in steps if affected.people > step.above]
    if not passed:
        yield Factor(name="people", level=Level.LOW, sentence=f"{counted}, no more than any step of policy: LOW")
        return
    step = max(passed, key=lambda step: (step.level.rank, step.above))
    yield Factor(name="people", level=step.level, sentence=f"{counted}, more than {step.above:,}: {step.level}")


def _key_factors(key: KeyChange, policy: ImpactPolicy) -> Iterator[Factor]:
    if is_journey(key.target):
        return
    classes = tuple(_class_factors(key.key, policy))
    if key.key in policy.keys:
        level = policy.keys[key.key]
        yield Factor(name="key", level=level, sentence=f"policy calls {key.key} {level}")
    elif not classes:
        sentence = f"policy does not know {key.key}: {policy.unknown_key}"
        yield Factor(name="unknown key", level=policy.unknown_key, sentence=sentence)
    yield from classes
    yield from _size_factor(key, policy)


def _class_factors(key: str, policy: ImpactPolicy) -> Iterator[Factor]:
    for name, each in policy.classes.items():
        if any(fnmatchcase(key, pattern) for pattern in each.keys):
            sentence = f"{key} is of the class {name}, which policy calls {each.level}"
            yield Factor(name="class", level=each.level, sentence=sentence)


def _size_factor(key: KeyChange, policy: ImpactPolicy) -> Iterator[Factor]:
    """Name the highest step of the policy that a number's relative change is above."""
    if not (_is_number(key.before) and _is_number(key.after)) or key.before == key.after:
        return
    before, after = float(key.before), float(key.after)
    relative = abs(after - before) / abs(before) if before else float("inf")
    passed = [step for step in policy.relative_change if relative > step.above]
    if passed:
        step = max(passed, key=lambda step: (step.level.rank, step.above))
        size = f"by {relative:.0%}" if before else "from 0"
        sentence = f"{key.key} changes {size}, more than {step.above:.0%}: {step.level}"
        yield Factor(name="size", level=step.level, sentence=sentence)


def _within(value: Setting, allowed: ValueRange) -> bool:
    return _is_number(value) and allowed.minimum <= float(value) <= allowed.maximum


def _is_number(value: Setting) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)

"""How much a change may matter: computed from the values and the base branch's policy, from nobody's claim (pure)."""

from collections.abc import Iterator, Mapping

from bot.model.change import Factor, Impact, KeyChange
from bot.model.level import Level, highest
from bot.model.names import ServiceName
from bot.model.recipe import Recipe, Setting
from bot.model.settings import ImpactPolicy, Policy, ValueRange
from bot.propose.desired import is_journey


def impact_of(keys: tuple[KeyChange, ...], policy: ImpactPolicy) -> Impact:
    """Return the impact of changed values: the highest factor wins, and every factor is kept."""
    base = Factor(name="default", level=policy.default, sentence=f"every change is at least {policy.default}")
    factors = [base, *_target_factors(keys, policy), *(each for key in keys for each in _key_factors(key, policy))]
    return Impact(level=highest(tuple(factor.level for factor in factors)), factors=tuple(factors))


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


def _key_factors(key: KeyChange, policy: ImpactPolicy) -> Iterator[Factor]:
    if is_journey(key.target):
        return
    if key.key in policy.keys:
        level = policy.keys[key.key]
        yield Factor(name="key", level=level, sentence=f"policy calls {key.key} {level}")
    else:
        sentence = f"policy does not know {key.key}: {policy.unknown_key}"
        yield Factor(name="unknown key", level=policy.unknown_key, sentence=sentence)
    yield from _size_factor(key, policy)


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

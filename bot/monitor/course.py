"""How a watch went, read from its records and the change's evidence (pure)."""

import json
import math
import re
from collections.abc import Iterable, Mapping
from datetime import datetime

from bot.model.record import Phase, Record
from bot.model.verdict import Measurement, RuleOutcome, Verdict
from bot.recipes.library import CompiledRecipe
from bot.report.charts import Daily
from bot.report.course import Course, Milestone
from bot.rules.shape import threshold_of
from bot.rules.sustain import held_of

SHADOWED = "would be rolled back (mode shadow)"
"""How the verdict on a change that is only watched begins, when its rollback is due."""
_ONE_VALUE = re.compile(r"(-?[\d,]+(?:\.\d+)?(?:e[+-]\d+)?)(?:%| ?[a-z][a-z _]*)?")
_MOST_DAYS = 60


def course_of(records: Iterable[Record], verdict: Verdict, recipe: CompiledRecipe, evidence: bytes | None) -> Course:
    """Put one change's records, the present look and its evidence together.

    A rule that compares anything but one metric with one limit has no such course; its records are counted all the
    same. The evidence counts only if its days have the rule's unit.
    """
    measured = [record for record in records if record.phase is Phase.MEASURED and record.at != verdict.at]
    said = [str(record.facts.get("sentence", "")) for record in measured] + [verdict.sentence]
    shape = threshold_of(recipe.success)
    counted = Course(looks=len(said), shadowed=sum(1 for each in said if each.startswith(SHADOWED)))
    if shape is None:
        return counted
    days: dict[str, float] = {}
    looks = [(record.at, _observed(record.facts.get("success"))) for record in measured]
    for at, text in (*looks, (verdict.at, verdict.success.observed)):
        if (value := _number(text)) is not None:
            days[_day(at)] = value
    return Course(
        before=_before(evidence, shape.limit.unit.name),
        after=tuple(sorted(days.items()))[-_MOST_DAYS:],
        unit=shape.limit.unit.name,
        limit=shape.limit,
        looks=counted.looks,
        shadowed=counted.shadowed,
    )


def milestones_of(verdict: Verdict, recipe: CompiledRecipe, *, effective_at: datetime) -> tuple[Milestone, ...]:
    """Return what the watch comes to: it arms, the rule has held for long enough, the deadline."""
    watch = recipe.recipe.watch
    found = [
        Milestone(what="arming: from then on the watch acts", at=effective_at + watch.arm_after),
        Milestone(what="the deadline", at=verdict.ends_at or effective_at + watch.deadline),
    ]
    hold = recipe.success.hold
    if hold is not None and _may_still_hold(verdict.success):
        held = held_of(verdict.success.sentence, hold)
        if held is not None:
            at = max(verdict.at + hold - held, effective_at + watch.arm_after)
            found.append(Milestone(what="success at the earliest, if its rule holds all the time", at=at))
    return tuple(found)


def _may_still_hold(success: Measurement) -> bool:
    return success.outcome in {RuleOutcome.HOLDS, RuleOutcome.DOES_NOT_HOLD, RuleOutcome.INSUFFICIENT}


def _observed(measurement: object) -> str:
    return str(measurement.get("observed", "")) if isinstance(measurement, Mapping) else ""


def _number(text: str) -> float | None:
    """Read one value as the wording writes it, in the unit of the rule: `3 days`, `4.2%`, `1,200`."""
    match = _ONE_VALUE.fullmatch(text)
    return None if match is None else float(match[1].replace(",", ""))


def _before(evidence: bytes | None, unit: str) -> Daily:
    """Read the days of the evidence; a file that is not as the bot writes it has none."""
    try:
        daily = json.loads(evidence or b"{}").get("daily")
        values = daily["values"] if daily["unit"] == unit else ()
        return tuple((str(day), float(value)) for day, value in values if math.isfinite(value))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return ()


def _day(at: datetime) -> str:
    return f"{at:%Y-%m-%d}"

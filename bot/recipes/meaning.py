"""What a recipe means, as one digest: equal for texts that differ in comments, layout and file name only."""

import json
from collections.abc import Mapping
from dataclasses import fields
from datetime import timedelta
from functools import lru_cache

from bot.model.json import Json, digest_of
from bot.model.names import Digest
from bot.model.proof import Proof, SequenceChoice, ShareTest
from bot.model.recipe import Computed, Guard, Recipe, ServicePatch, Watch
from bot.recipes.computed import plain
from bot.rules.format import format_rule
from bot.rules.parse import parse
from bot.rules.syntax import Statement


def meaning_of(recipe: Recipe) -> Digest:
    """Return the digest of all that decides what a recipe does, as it was read (not compiled).

    Left out are its version, where it stands and how it is laid out, and the lint checks that it silences. A default
    that is written out means the same as one that is not, but for the numbers of tests: their defaults are the
    policy's.
    """
    return digest_of(json.dumps(_facts(recipe), sort_keys=True, allow_nan=False).encode())


def _facts(recipe: Recipe) -> Mapping[str, Json]:
    return {
        "id": recipe.id,
        "watch_feeds": list(recipe.watch_feeds),
        "process_log": recipe.process_log,
        "bottleneck_rule": _rule(recipe.bottleneck_rule),
        "success_metric": _rule(recipe.success_metric),
        "rollback_on": _rule(recipe.rollback_on),
        "service_patches": [_service(patch) for patch in recipe.service_patches],
        "journey_patches": [f"{patch.journey}@{patch.version}" for patch in recipe.journey_patches],
        "hitl_threshold": recipe.hitl_threshold,
        "reversible": recipe.reversible,
        "high_impact": recipe.high_impact,
        "urgent": recipe.urgent,
        "cooldown": recipe.cooldown.total_seconds(),
        "watch": _watch(recipe.watch),
        "clear_when": _rule(recipe.clear_when) if recipe.clear_when else "",
        "guards": [_guard(guard) for guard in recipe.guards],
    }


@lru_cache(maxsize=1024)  # the versions of a recipe share most of their rules
def _rule(text: str) -> str:
    """Write a rule in the one way that its tree is written; a text that is no rule yet stands for itself."""
    statement = parse(text)
    return format_rule(statement) if isinstance(statement, Statement) else " ".join(text.split())


def _service(patch: ServicePatch) -> Json:
    config = {key: _computed(each) if isinstance(each, Computed) else each for key, each in patch.config.items()}
    return {"service": patch.service, "config": config}


def _computed(rule: Computed) -> Json:
    """Write a rule in one way: `{add: 50.0}` means `{add: 50}`."""
    return {rule.operation.value: plain(rule.operand)}


def _watch(watch: Watch) -> Json:
    return {
        "mode": watch.mode,
        "min_samples": watch.min_samples,
        "coverage": watch.coverage,
        "arm_after": watch.arm_after.total_seconds(),
        "deadline": watch.deadline.total_seconds(),
        "recover_within": watch.recover_within.total_seconds(),
        "on_deadline": watch.on_deadline,
        "no_data": watch.no_data,
        "grace": watch.grace.total_seconds(),
        "test": _test(watch.test),
        "success_test": _test(watch.success_test),
    }


def _test(test: Proof | SequenceChoice | None) -> Json:
    """Write a test by its class and its written numbers; the class tells tests with the same numbers apart."""
    if test is None or isinstance(test, ShareTest):
        return test
    values = {each.name: getattr(test, each.name) for each in fields(test)}
    plain = {name: value.total_seconds() if isinstance(value, timedelta) else value for name, value in values.items()}
    return {"test": type(test).__name__, **plain}


def _guard(guard: Guard) -> Json:
    return {
        "name": guard.name,
        "rule": _rule(guard.rule),
        "role": guard.role,
        "mode": guard.mode,
        "no_data": guard.no_data,
        "grace": guard.grace.total_seconds(),
        "arm_after": guard.arm_after.total_seconds(),
        "test": _test(guard.test),
    }

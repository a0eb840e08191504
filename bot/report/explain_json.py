"""What a recipe does, as the facts that the sentences of `explain` are made of; times in seconds."""

from collections.abc import Mapping
from typing import assert_never

from bot.model.clock import format_time
from bot.model.json import Json
from bot.model.proof import ShareTest
from bot.model.settings import RollbackTest
from bot.report.explain import Explanation, Today
from bot.report.pull_request import redline_of


def json_of(explanation: Explanation) -> Mapping[str, Json]:
    """Return the same facts for programs; times in seconds."""
    recipe, rules, wish = explanation.recipe, explanation.rules, explanation.wish
    return {
        "recipe": recipe.id,
        "version": recipe.version,
        "file": recipe.path,
        "digest": recipe.digest,
        "feeds": [{"name": feed.name, "shape": feed.shape, "unit": feed.unit.name} for feed in explanation.feeds],
        "fires": {"rule": recipe.bottleneck_rule, "when": rules.fires, "obstacles": list(explanation.obstacles)},
        "urgent": recipe.urgent,
        "closed_after": explanation.policy.close_after.total_seconds(),
        "change": {
            "keys": [
                {"target": each.target, "key": each.key, "before": each.before, "after": each.after, "how": each.how}
                for each in wish.keys
            ],
            "redline": redline_of(wish.edits),
            "why_not": wish.why_not,
            "hint": wish.hint,
        },
        "approval": _approval_json(explanation),
        "success": {
            "rule": recipe.success_metric,
            "when": rules.succeeds,
            "deadline": recipe.watch.deadline.total_seconds(),
            "on_deadline": recipe.watch.on_deadline,
        },
        "rollback": _rollback_json(explanation),
        "today": _today_json(explanation.today) if explanation.today else None,
    }


def _approval_json(explanation: Explanation) -> Json:
    approval = explanation.approval
    impact = approval.impact
    return {
        "impact": impact.level if impact else None,
        "factors": [
            {"name": each.name, "level": each.level, "sentence": each.sentence}
            for each in (impact.factors if impact else ())
        ],
        "threshold": approval.threshold,
        "needs_people": approval.needs_people,
        "approvers": [
            {"teams": [*each.teams], "users": [*each.users], "count": each.count, "distinct": each.distinct}
            for each in approval.approvers
        ],
        "expires_after": explanation.policy.expire_after.total_seconds(),
    }


def _rollback_json(explanation: Explanation) -> Json:
    recipe, rules = explanation.recipe, explanation.rules
    test = explanation.policy.rollback.chosen(recipe.watch.test)
    breaches, windows, length = rules.separate
    share = {
        "proof": test.share,
        "breaches": test.breaches,
        "windows": test.windows,
        "window": test.window.total_seconds(),
        "pool": test.pool.total_seconds(),
        "min_samples": test.min_samples,
        **_proof_json(test),
    }
    other = {"breaches": breaches, "windows": windows, "window": length.total_seconds()}
    return {
        "rule": recipe.rollback_on,
        "when": rules.limit or rules.rolls_back,
        "test": _test_name(test, is_share=bool(rules.limit)),
        "needs": share if rules.limit else other,
        "mode": recipe.watch.mode,
        "reversible": recipe.reversible,
        "arm_after": recipe.watch.arm_after.total_seconds(),
        "no_data": recipe.watch.no_data,
        "grace": recipe.watch.grace.total_seconds(),
        "guards": [
            {"name": each.name, "rule": each.rule, "when": when, "role": each.role, "mode": each.mode}
            for each, when in rules.guards
        ],
    }


def _test_name(test: RollbackTest, *, is_share: bool) -> str:
    if test.ranks is not None:
        return "mann_whitney"
    if test.survival is not None:
        return "kaplan_meier"
    return "share" if is_share else "separate windows"


def _proof_json(test: RollbackTest) -> Mapping[str, Json]:
    match test.share:
        case ShareTest.WILSON:
            control: Json = {label: list(values) for label, values in test.control.items()}
            return {"confidence": test.confidence, **({"control": control} if test.control else {})}
        case ShareTest.CUSUM:
            return {"reach": test.reach.total_seconds(), "alpha": test.alpha}
        case _:
            assert_never(test.share)


def _today_json(today: Today) -> Json:
    rules = {"fires": today.fires, "success": today.succeeds, "rollback": today.rolls_back}
    return {
        "at": format_time(today.at),
        **{
            name: {"outcome": each.outcome, "sentence": each.sentence, "observed": each.observed}
            for name, each in rules.items()
        },
        "told": list(today.told),
        "failures": [
            {"feed": each.feed, "kind": each.kind, "message": each.message, "hint": each.hint}
            for each in today.failures
        ],
    }

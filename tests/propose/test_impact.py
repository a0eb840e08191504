"""Impact: which factors there are, that the highest wins, and that every factor can say why."""

from dataclasses import replace
from typing import Any

import pytest
from approve.situations import a_policy, a_recipe, an_impact_policy

from bot.model.change import KeyChange
from bot.model.level import Level
from bot.model.names import ServiceName
from bot.model.recipe import Setting
from bot.model.settings import RelativeChange, ValueRange
from bot.propose.impact import impact_of, out_of_range, shown, threshold_of

LOW, MEDIUM, HIGH = Level.LOW, Level.MEDIUM, Level.HIGH
KNOWN = {"keys": {"k": LOW}, "relative_change": ()}
STEPS = (RelativeChange(above=0.5, level=MEDIUM), RelativeChange(above=2.0, level=HIGH))


def a_key(before: Setting = 2, after: Setting = 4, *, key: str = "k", target: str = "S") -> KeyChange:
    return KeyChange(target=target, key=key, before=before, after=after)


@pytest.mark.parametrize(
    ("key", "policy", "level", "names"),
    [
        (a_key(), KNOWN, LOW, ["default", "key"]),
        (a_key(), {**KNOWN, "default": MEDIUM}, MEDIUM, ["default", "key"]),
        (a_key(), {**KNOWN, "keys": {"k": HIGH}}, HIGH, ["default", "key"]),
        (a_key(), {**KNOWN, "keys": {}}, HIGH, ["default", "unknown key"]),
        (a_key(), {**KNOWN, "keys": {}, "unknown_key": MEDIUM}, MEDIUM, ["default", "unknown key"]),
        (a_key(), {**KNOWN, "services": {ServiceName("S"): HIGH}}, HIGH, ["default", "service", "key"]),
        (a_key(), {**KNOWN, "services": {ServiceName("T"): HIGH}}, LOW, ["default", "key"]),
        (a_key("v1", "v2", key="version", target="journeys/j"), KNOWN, MEDIUM, ["default", "journey"]),
        (a_key(), {**KNOWN, "relative_change": STEPS}, MEDIUM, ["default", "key", "size"]),
        (a_key(2, 3), {**KNOWN, "relative_change": STEPS}, LOW, ["default", "key"]),
        (a_key(2, 7), {**KNOWN, "relative_change": STEPS}, HIGH, ["default", "key", "size"]),
        (a_key(2, 6), {**KNOWN, "relative_change": STEPS}, MEDIUM, ["default", "key", "size"]),
        (a_key(-2, 2), {**KNOWN, "relative_change": STEPS}, MEDIUM, ["default", "key", "size"]),
        (a_key(4, 0), {**KNOWN, "relative_change": STEPS}, MEDIUM, ["default", "key", "size"]),
        (a_key(0, 1), {**KNOWN, "relative_change": STEPS}, HIGH, ["default", "key", "size"]),
        (a_key(0, 0), {**KNOWN, "relative_change": STEPS}, LOW, ["default", "key"]),
        (a_key("a", "b"), {**KNOWN, "relative_change": STEPS}, LOW, ["default", "key"]),
        (a_key(after=True, before=False), {**KNOWN, "relative_change": STEPS}, LOW, ["default", "key"]),
        (a_key(2, "four"), {**KNOWN, "relative_change": STEPS}, LOW, ["default", "key"]),
    ],
)
def test_the_highest_factor_wins(key: KeyChange, policy: dict[str, Any], level: Level, names: list[str]) -> None:
    impact = impact_of((key,), an_impact_policy(**policy))

    assert impact.level is level
    assert [factor.name for factor in impact.factors] == names
    assert all(factor.level in factor.sentence for factor in impact.factors)


def test_a_target_with_two_keys_is_named_once() -> None:
    policy = an_impact_policy(services={ServiceName("S"): MEDIUM}, keys={"k": LOW, "l": LOW}, relative_change=())
    impact = impact_of((a_key(), a_key(key="l")), policy)

    assert [factor.name for factor in impact.factors] == ["default", "service", "key", "key"]


def test_the_size_is_said_in_percent() -> None:
    sentences = [
        factor.sentence
        for factor in impact_of((a_key(),), an_impact_policy(**KNOWN | {"relative_change": STEPS})).factors
    ]

    assert sentences[-1] == "k changes by 100%, more than 50%: MEDIUM"


@pytest.mark.parametrize(
    ("threshold", "cap", "expected"),
    [(LOW, HIGH, LOW), (MEDIUM, MEDIUM, MEDIUM), (HIGH, MEDIUM, MEDIUM), (HIGH, HIGH, HIGH), (MEDIUM, LOW, LOW)],
)
def test_policy_caps_the_threshold(threshold: Level, cap: Level, expected: Level) -> None:
    assert threshold_of(replace(a_recipe(), hitl_threshold=threshold), a_policy(threshold_cap=cap)) is expected


@pytest.mark.parametrize(
    ("value", "allowed"), [(1, True), (12, True), (6.5, True), (0, False), (12.1, False), ("4", False), (True, False)]
)
def test_a_value_must_lie_in_the_policys_range(value: Setting, *, allowed: bool) -> None:
    refusals = out_of_range((a_key(2, value),), {"k": ValueRange(minimum=1, maximum=12)})

    assert (refusals == ()) is allowed


def test_a_key_without_a_range_may_have_any_value() -> None:
    assert out_of_range((a_key(2, 10**6),), {}) == ()


@pytest.mark.parametrize(
    ("value", "text"), [(True, "true"), (False, "false"), (4, "4"), (4.0, "4"), (0.5, "0.5"), ("x", "x")]
)
def test_values_are_shown_as_a_person_writes_them(value: Setting, text: str) -> None:
    assert shown(value) == text

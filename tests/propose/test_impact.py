"""Impact: which factors there are, that the highest wins, and that every factor can say why."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from approve.situations import a_policy, a_recipe, an_impact_policy
from fakes.builders import START
from hypothesis import given
from hypothesis import strategies as st

from bot.model.change import Affected, KeyChange
from bot.model.finding import SourceUse
from bot.model.impact import HighImpact, KeyClass, PeopleAffected, RelativeChange, ValueRange
from bot.model.level import Level
from bot.model.names import FeedName, ServiceName
from bot.model.recipe import Setting
from bot.model.series import Window
from bot.propose.impact import Stakes, affected_by, impact_of, out_of_range, shown, stakes_of, threshold_of

LOW, MEDIUM, HIGH = Level.LOW, Level.MEDIUM, Level.HIGH
KNOWN = {"keys": {"k": LOW}, "relative_change": ()}
NONE = Stakes(affected=None, flagged=frozenset(), by_recipe=False)
FEED = FeedName("metrics.passport.wait_time")
PEOPLE = (PeopleAffected(above=1_000, level=MEDIUM), PeopleAffected(above=10_000, level=HIGH))
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
    impact = impact_of((key,), an_impact_policy(**policy), NONE)

    assert impact.level is level
    assert [factor.name for factor in impact.factors] == names
    assert all(factor.level in factor.sentence for factor in impact.factors)


CLASSES = {
    "identity_check": KeyClass(keys=("max_blur_px", "id_*"), level=MEDIUM),
    "money": KeyClass(keys=("*_usd",), level=HIGH),
    "anything": KeyClass(keys=("*",), level=LOW),
}


@pytest.mark.parametrize(
    ("key", "names", "level", "sentence"),
    [
        (
            "max_blur_px",
            ["identity_check"],
            MEDIUM,
            "max_blur_px is of the class identity_check, which policy calls MEDIUM",
        ),
        (
            "id_photo",
            ["identity_check"],
            MEDIUM,
            "id_photo is of the class identity_check, which policy calls MEDIUM",
        ),
        ("fee_usd", ["money"], HIGH, "fee_usd is of the class money, which policy calls HIGH"),
        (
            "id_fee_usd",
            ["identity_check", "money"],
            HIGH,
            "id_fee_usd is of the class money, which policy calls HIGH",
        ),
        ("my_id_photo", [], HIGH, "policy does not know my_id_photo: HIGH"),
        ("k", [], LOW, "policy calls k LOW"),
    ],
)
def test_a_key_matters_as_much_as_its_classes(key: str, names: list[str], level: Level, sentence: str) -> None:
    classes = {name: CLASSES[name] for name in ("identity_check", "money")}
    impact = impact_of((a_key(key=key),), an_impact_policy(**KNOWN, classes=classes), NONE)

    assert impact.level is level
    assert [each.sentence.split()[5].strip(",") for each in impact.factors if each.name == "class"] == names
    assert sentence in [each.sentence for each in impact.factors]


def test_a_key_in_a_class_is_known_and_a_key_of_its_own_beside_it_is_not_lowered() -> None:
    policy = an_impact_policy(keys={"k": HIGH}, relative_change=(), classes=CLASSES)

    assert impact_of((a_key(key="new"),), policy, NONE).level is LOW
    assert impact_of((a_key(key="k"),), policy, NONE).level is HIGH


@pytest.mark.parametrize(
    ("steps", "affected", "level", "sentence"),
    [
        ((), None, LOW, None),
        ((), 10**9, LOW, None),
        (
            PEOPLE,
            0,
            LOW,
            "it affects 0 people in 30 days by metrics.passport.wait_time, no more than any step of policy: LOW",
        ),
        (
            PEOPLE,
            1_000,
            LOW,
            "it affects 1,000 people in 30 days by metrics.passport.wait_time, no more than any step of policy: LOW",
        ),
        (
            PEOPLE,
            1_001,
            MEDIUM,
            "it affects 1,001 people in 30 days by metrics.passport.wait_time, more than 1,000: MEDIUM",
        ),
        (
            PEOPLE,
            12_345,
            HIGH,
            "it affects 12,345 people in 30 days by metrics.passport.wait_time, more than 10,000: HIGH",
        ),
        (
            PEOPLE[::-1],
            12_345,
            HIGH,
            "it affects 12,345 people in 30 days by metrics.passport.wait_time, more than 10,000: HIGH",
        ),
        (PEOPLE, None, HIGH, "how many people it affects is not known: HIGH"),
        (PEOPLE[:1], None, MEDIUM, "how many people it affects is not known: MEDIUM"),
    ],
)
def test_people_affected_raise_the_impact_and_unknown_raises_it_most(
    steps: tuple[PeopleAffected, ...], affected: int | None, level: Level, sentence: str | None
) -> None:
    who = None if affected is None else Affected(people=affected, feed=FEED)
    impact = impact_of((a_key(),), an_impact_policy(**KNOWN, people_affected=steps), replace(NONE, affected=who))

    assert impact.level is level
    assert [each.sentence for each in impact.factors if each.name == "people"] == ([sentence] if sentence else [])


def use(people: int | None, *, days: float = 30, feed: str = FEED) -> SourceUse:
    window = Window(start=START - timedelta(days=days), end=START)
    return SourceUse(feed=FeedName(feed), samples=1, window=window, digest="", people=people)


@pytest.mark.parametrize(
    ("sources", "affected"),
    [
        ((), None),
        ((use(None),), None),
        ((use(5, days=0),), None),
        ((use(0),), Affected(people=0, feed=FEED)),
        ((use(100),), Affected(people=100, feed=FEED)),
        ((use(100, days=7),), Affected(people=429, feed=FEED)),
        ((use(100, days=60),), Affected(people=50, feed=FEED)),
        (
            (use(None), use(7), use(9, days=15, feed="events.passport")),
            Affected(people=18, feed=FeedName("events.passport")),
        ),
    ],
)
def test_people_are_counted_over_thirty_days_by_the_feed_that_counts_most(
    sources: tuple[SourceUse, ...], affected: Affected | None
) -> None:
    assert affected_by(sources) == affected


FLAGGED = b"service: S\nhigh_impact: true\nchanges:\n  k: 2\n"


@pytest.mark.parametrize(
    ("policy", "content", "recipe", "sentences"),
    [
        (HighImpact(), b"service: S\nchanges:\n  k: 2\n", False, []),
        (HighImpact(), b"service: S\nhigh_impact: false\nchanges:\n  k: 2\n", False, []),
        (HighImpact(), FLAGGED, False, ["patches/services/S.yml on the base branch calls S high-impact: HIGH"]),
        (
            HighImpact(),
            b"high_impact: 'no'\n",
            False,
            ["patches/services/S.yml on the base branch calls S high-impact: HIGH"],
        ),
        (HighImpact(), b"[", False, ["patches/services/S.yml on the base branch calls S high-impact: HIGH"]),
        (
            HighImpact(level=MEDIUM),
            FLAGGED,
            False,
            ["patches/services/S.yml on the base branch calls S high-impact: MEDIUM"],
        ),
        (HighImpact(targets=frozenset({"S"})), b"service: S\n", False, ["policy calls S high-impact: HIGH"]),
        (HighImpact(targets=frozenset({"T"})), b"service: S\n", False, []),
        (HighImpact(), b"service: S\n", True, ["the recipe calls its changes high-impact: HIGH"]),
        (
            HighImpact(targets=frozenset({"S"})),
            FLAGGED,
            True,
            ["policy calls S high-impact: HIGH", "the recipe calls its changes high-impact: HIGH"],
        ),
    ],
)
def test_policy_file_and_recipe_may_each_call_a_change_high_impact(
    policy: HighImpact, content: bytes, *, recipe: bool, sentences: list[str]
) -> None:
    stakes = stakes_of(replace(a_recipe(), high_impact=recipe), {"patches/services/S.yml": content}, None)
    impact = impact_of((a_key(),), an_impact_policy(**KNOWN, high_impact=policy), stakes)

    assert [each.sentence for each in impact.factors if each.name == "high impact"] == sentences
    assert impact.level is (policy.level if sentences else LOW)


def test_without_a_recipe_and_beside_other_files_nothing_is_flagged() -> None:
    assert stakes_of(None, {"patches/evidence/x.json": FLAGGED}, None) == NONE


levels = st.sampled_from(Level)
counts = st.one_of(st.none(), st.integers(0, 20_000))


@given(default=levels, key=levels, flag=levels, people=counts, recipe=st.booleans(), flagged=st.booleans())
def test_what_is_said_beside_the_values_raises_the_impact_and_never_lowers_it(
    *, default: Level, key: Level, flag: Level, people: int | None, recipe: bool, flagged: bool
) -> None:
    policy = an_impact_policy(
        default=default, keys={"k": key}, people_affected=PEOPLE, high_impact=HighImpact(level=flag)
    )
    affected = None if people is None else Affected(people=people, feed=FEED)
    told = Stakes(affected=affected, flagged=frozenset({"S"} if flagged else ()), by_recipe=recipe)
    calm = impact_of((a_key(),), replace(policy, people_affected=()), NONE).level

    assert impact_of((a_key(),), policy, told).level.rank >= calm.rank
    assert impact_of((a_key(),), policy, replace(told, affected=None)).level is HIGH


def test_a_target_with_two_keys_is_named_once() -> None:
    policy = an_impact_policy(services={ServiceName("S"): MEDIUM}, keys={"k": LOW, "l": LOW}, relative_change=())
    impact = impact_of((a_key(), a_key(key="l")), policy, NONE)

    assert [factor.name for factor in impact.factors] == ["default", "service", "key", "key"]


def test_the_size_is_said_in_percent() -> None:
    policy = an_impact_policy(**KNOWN | {"relative_change": STEPS})
    sentences = [factor.sentence for factor in impact_of((a_key(),), policy, NONE).factors]

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

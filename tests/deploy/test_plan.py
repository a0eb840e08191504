"""Desired against live."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.deploy.desired import DesiredChange, DesiredJourney, DesiredService
from bot.deploy.plan import Drift, outcome, plan_target
from bot.model.deployment import Applied, PatchService, PatchStatus, SetJourney
from bot.model.names import ServiceName

PHOTO = ServiceName("PHOTO_VALIDATOR")


def _change(before: Mapping[str, Any], after: Mapping[str, Any], *keys: str, **fields: Any) -> DesiredChange:
    return DesiredChange(desired=DesiredService(service=PHOTO, values=after, **fields), before=before, keys=keys)


def _drift(key: str, live: Any, desired: Any, *, overwritten: bool) -> Drift:
    return Drift(key=key, live=live, desired=desired, overwritten=overwritten)


@pytest.mark.parametrize(
    ("change", "live", "changes", "expected", "drift"),
    [
        (_change({"a": 2}, {"a": 4}, "a"), {"a": 2}, {"a": 4}, {"a": 2}, ()),
        (_change({"a": 2}, {"a": 4}, "a"), {"a": 2, "secret": "x"}, {"a": 4}, {"a": 2}, ()),
        (
            _change({"a": 2, "b": 1}, {"a": 4, "b": 5}, "a", "b"),
            {"a": 4, "b": 1},
            {"b": 5},
            {"b": 1},
            (),
        ),
        (
            _change({"a": 2}, {"a": 4}, "a"),
            {"a": 3},
            {"a": 4},
            {"a": 3},
            (_drift("a", 3, 4, overwritten=True),),
        ),
        (_change({"a": 2}, {"a": 4}, "a"), {}, {"a": 4}, {}, (_drift("a", None, 4, overwritten=True),)),
        (_change({}, {"a": 4}, "a"), {}, {"a": 4}, {}, ()),
        (_change({}, {"a": 4}, "a"), {"a": 3}, {"a": 4}, {"a": 3}, (_drift("a", 3, 4, overwritten=True),)),
        (
            _change({"a": 2, "b": 1}, {"a": 4, "b": 1}, "a"),
            {"a": 2, "b": 7},
            {"a": 4},
            {"a": 2},
            (_drift("b", 7, 1, overwritten=False),),
        ),
        (
            _change({"a": 2, "b": 1}, {"a": 4, "b": 1}, "a"),
            {"a": 2},
            {"a": 4},
            {"a": 2},
            (_drift("b", None, 1, overwritten=False),),
        ),
        (_change({"a": 0}, {"a": False}, "a"), {"a": 0}, {"a": False}, {"a": 0}, ()),
    ],
    ids=[
        "the plain case",
        "what is not ours is left out",
        "half done already",
        "drift of a key that is set",
        "a key that is gone live",
        "a new key",
        "a new key with another live value",
        "drift of another key is left alone",
        "another key that is gone live",
        "false is not zero",
    ],
)
def test_a_service_is_patched_where_it_differs(
    change: DesiredChange,
    live: Mapping[str, Any],
    changes: Mapping[str, Any],
    expected: Mapping[str, Any],
    drift: tuple[Drift, ...],
):
    plan = plan_target(change, live)
    assert plan.action == PatchService(service=PHOTO, changes=changes, expected=expected)
    assert plan.drift == drift
    assert plan.target == PHOTO


@pytest.mark.parametrize("live", [{"a": 4}, {"a": 4.0}, {"a": 4, "more": 1}])
def test_what_is_live_already_needs_nothing(live: Mapping[str, Any]):
    plan = plan_target(_change({"a": 2}, {"a": 4}, "a"), live)
    assert (plan.action, plan.drift) == (None, ())


def test_a_patch_carries_for_whom_and_when():
    change = _change({"a": 2}, {"a": 4}, "a", tenant="t", version_selector=">=2", window=("s", "e"))
    assert plan_target(change, {"a": 2}).action == PatchService(
        service=PHOTO, changes={"a": 4}, expected={"a": 2}, tenant="t", version_selector=">=2", window=("s", "e")
    )


@pytest.mark.parametrize(
    ("live", "action", "drift"),
    [
        ({"version": "v1"}, SetJourney(journey="renewal", version="v2", expected="v1"), ()),
        ({"version": "v2"}, None, ()),
        (
            {"version": "v3"},
            SetJourney(journey="renewal", version="v2", expected="v3"),
            (_drift("version", "v3", "v2", overwritten=True),),
        ),
        (
            {},
            SetJourney(journey="renewal", version="v2", expected=None),
            (_drift("version", None, "v2", overwritten=True),),
        ),
    ],
)
def test_a_journey_is_set_where_it_differs(
    live: Mapping[str, Any], action: SetJourney | None, drift: tuple[Drift, ...]
):
    change = DesiredChange(
        desired=DesiredJourney(journey="renewal", version="v2"), before={"version": "v1"}, keys=("version",)
    )
    plan = plan_target(change, live)
    assert (plan.target, plan.action, plan.drift) == ("journeys/renewal", action, drift)


_VALUES = st.dictionaries(st.sampled_from("abcd"), st.sampled_from([0, 1, 2, False, True, "x", 1.0]))


@given(before=_VALUES, after=_VALUES, live=_VALUES)
def test_after_its_plan_a_target_needs_nothing_more_and_nothing_else_has_changed(
    before: dict[str, Any], after: dict[str, Any], live: dict[str, Any]
):
    keys = tuple(key for key in after if key not in before or repr(before[key]) != repr(after[key]))
    change = _change(before, after, *keys)
    action = plan_target(change, live).action
    done = {**live, **(action.changes if isinstance(action, PatchService) else {})}
    assert plan_target(change, done).action is None
    assert {key: done[key] for key in live if key not in keys} == {key: live[key] for key in live if key not in keys}


def test_the_outcome_holds_the_adopted_values_as_read_back():
    change = _change({"a": 2, "b": 1, "c": 0}, {"a": 4, "b": 1, "c": 0}, "a")
    applied = Applied(target=PHOTO, patch_id="784", status=PatchStatus.APPLIED, values={"a": 4})
    assert outcome(change, {"a": 2, "b": 7, "secret": "x"}, applied) == Applied(
        target=PHOTO, patch_id="784", status=PatchStatus.APPLIED, values={"a": 4, "b": 7}
    )
    assert outcome(change, {"a": 4, "b": 1, "c": 0}, None) == Applied(
        target=PHOTO, patch_id="", status=PatchStatus.UNCHANGED, values={"a": 4, "b": 1, "c": 0}
    )

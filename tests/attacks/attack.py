"""What one attack is: who does what to the proposal, and what must come of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest
from _pytest.mark import ParameterSet
from attacks.grounds import PASSPORT, Scene, Setting
from propose.office import FEEDS, POLICY, SERVICE, SERVICE_PATH

from bot.model.names import Login

EVIL = SERVICE.replace(b"px: 2", b"px: 12")
"""A value that policy allows and nobody proposed."""
PROPOSED = SERVICE.replace(b"px: 2", b"px: 4")
HIGH = replace(
    PASSPORT, name="high", files=(("pow/settings/policy.yml", POLICY.replace(b"px: MEDIUM", b"px: HIGH")),)
)
LOW = replace(PASSPORT, name="low", files=(("pow/settings/policy.yml", POLICY.replace(b"px: MEDIUM", b"px: LOW")),))
STEPS = b"  journeys: MEDIUM\n  people_affected: [{above: 100, level: HIGH}]\n"
COUNTED = replace(
    PASSPORT,
    name="counted",
    files=(
        ("pow/settings/policy.yml", POLICY.replace(b"  journeys: MEDIUM\n", STEPS)),
        ("pow/settings/feeds.yml", FEEDS.replace(b"    unit: days\n", b"    unit: days\n    people: true\n")),
    ),
)
"""The evidence counts 120 people in 30 days, which makes the change HIGH."""
FLAGGED = replace(PASSPORT, name="flagged", files=((SERVICE_PATH, SERVICE + b"high_impact: true\n"),))
"""The service is called high-impact, which makes the change HIGH."""
EXCLUDING = replace(
    PASSPORT,
    name="excluding",
    files=(("pow/settings/policy.yml", POLICY + b"excluded_approvers: [gus]\n"),),
)
UNGOVERNED = replace(
    PASSPORT,
    name="ungoverned",
    files=(("pow/settings/policy.yml", POLICY + b"governance: required\n"),),
)
"""The policy asks for governance files, and there is none."""
GOVERNANCE_PATH = "pow/governance/PHOTO_VALIDATOR.yml"
GOVERNANCE = b"service: PHOTO_VALIDATOR\nowner: supervisors\n" + b"".join(
    b"%s: All people are treated the same way by this service.\n" % name
    for name in (b"transparency", b"truth", b"safety", b"ethics", b"privacy")
)
GOVERNED = replace(UNGOVERNED, name="governed", files=(*UNGOVERNED.files, (GOVERNANCE_PATH, GOVERNANCE)))
URGENT = replace(
    PASSPORT,
    name="urgent",
    files=(
        (
            "pow/settings/policy.yml",
            POLICY.replace(b"MEDIUM: {supervisors: 1}", b"MEDIUM: {supervisors: 2}")
            + b"emergency: {approvers: {security: 1}}\n",
        ),
    ),
)
"""Two supervisors approve, or in an emergency one of security."""
STARTED = replace(PASSPORT, name="started", started_by=(Login("Sam"),))
STARTED_BY_GUS = replace(PASSPORT, name="started by gus", started_by=(Login("gus"),))


@dataclass(frozen=True, slots=True, kw_only=True)
class Attack:
    """One attack; `says` is what the gate must say.

    `helped_by`: once this person approves, too, the change does merge, so nothing else stood in the way.
    """

    id: str
    does: Callable[[Scene], object]
    says: str
    setting: Setting = PASSPORT
    helped_by: str = ""


def rows(attacks: Sequence[Any]) -> list[ParameterSet]:
    """Return a table for parametrize: every third row in the quick run, all of them in `make test-all`.

    The gate's own tests have each rule on plain facts (`tests/approve/`), so that the quick run misses none of them.
    """
    return [
        pytest.param(attack, id=attack.id, marks=[] if place % 3 == 0 else [pytest.mark.slow])
        for place, attack in enumerate(attacks)
    ]


def edit(scene: Scene, by: str, content: bytes = EVIL) -> str:
    """Push another value on the proposal's branch."""
    return scene.push({SERVICE_PATH: content}, by=by)

"""Moments in the life of a proposal at which the bot writes: what happens before, and the steps that then run."""

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from attacks.attack import URGENT
from attacks.emergencies import COMMAND
from attacks.grounds import PASSPORT, Scene, Setting
from attacks.merges import button
from propose.office import POLICY, SERVICE, SERVICE_PATH

from bot.model.errors import BotError

DAY = timedelta(days=1)
WAITING = replace(
    PASSPORT,
    name="waiting",
    files=(
        (
            "pow/settings/policy.yml",
            POLICY + b"waiting: {remind_after: 1_day, escalate_after: 2_days, last_call: 1_day}\n",
        ),
    ),
)
CALMING = replace(PASSPORT, name="calming")
"""A setting of its own, for its feeds change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """What brings a proposal to a moment, the steps of the bot that follow, and how often they write.

    `leaves` must be true of what is there once all is done, however often it was interrupted.
    """

    id: str
    before: Callable[[Scene], object]
    steps: tuple[str, ...]
    writes: int
    leaves: Callable[[Scene], bool]
    setting: Setting = PASSPORT


def act(scene: Scene, moment: Moment) -> None:
    """Run the steps; a run that loses the forge ends with an error, and the next one is there anyway."""
    for step in moment.steps:
        with suppress(BotError):
            getattr(scene, step)()


def to_rest(scene: Scene, moment: Moment) -> None:
    """Run the steps until there is nothing left to do."""
    for _ in range(3):
        act(scene, moment)


def picture(scene: Scene) -> dict[str, Any]:
    """Return all that people and later runs see, without numbers that follow from the order of requests."""
    repository = scene.repository
    markers = Counter((each.issue, each.body.partition("\n")[0]) for each in repository.comments.values())
    return {
        "branches": sorted(name for name in repository.git.refs("refs/heads/") if "looks" not in name),
        "pulls": {n: (repository.issues[n].state, p.merged_at is not None) for n, p in repository.pulls.items()},
        "issues": {n: (each.title, each.state) for n, each in repository.issues.items()},
        "comments": sorted(markers.items()),
        "records": Counter(scene.phases()),
        "labels": {n: sorted(issue.labels) for n, issue in repository.issues.items()},
        "teams": {n: sorted(team.slug for team in pull.teams) for n, pull in repository.pulls.items()},
        "text": {n: (repository.issues[n].body or "").replace(repository.name, "pow") for n in repository.pulls},
    }


def state_of(scene: Scene, number: int) -> str:
    return scene.repository.issues[number].state


def own_comments(scene: Scene, marker: str) -> int:
    return sum(marker in each.body for each in scene.repository.comments.values())


# What comes before


def base_moves(scene: Scene) -> None:
    scene.gate()
    scene.push({SERVICE_PATH: SERVICE + b"# reviewed\n"}, by="root", branch="main")


def waits(scene: Scene, longest: float, *, days: float) -> None:
    scene.later = days * DAY
    scene.office.world.now = scene.site(fetched=False).now
    scene.office.write_waits(longest, every=3)


def calms_down(scene: Scene) -> None:
    scene.gate()
    waits(scene, 15.0, days=2)


def comes_back(scene: Scene) -> None:
    calms_down(scene)
    scene.detect()
    scene.gate()
    assert state_of(scene, 1) == "closed"
    waits(scene, 26.3, days=3)


def gets_worse(scene: Scene) -> None:
    scene.gate()
    waits(scene, 35.0, days=1)


def nobody_decides(scene: Scene) -> None:
    scene.gate()
    scene.later = DAY


def expires(scene: Scene) -> None:
    scene.gate()
    scene.later = 14 * DAY


def closed_by_triage(scene: Scene) -> None:
    scene.gate()
    scene.ask("PATCH", "issues/1", by="tim", state="closed")


def rejected(scene: Scene) -> None:
    scene.gate()
    scene.ask("PATCH", "issues/1", by="sam", state="closed")


def emergency(scene: Scene) -> None:
    scene.review("sava", body=COMMAND)


def late_review(scene: Scene) -> None:
    emergency(scene)
    scene.gate()
    scene.later = 3 * DAY


def merged_by_hand(scene: Scene) -> None:
    scene.gate()
    button(scene, "squash")


def approved(scene: Scene) -> None:
    scene.review("sam")


MOMENTS = (
    Moment(
        id="approved",
        before=approved,
        steps=("gate",),
        writes=12,
        leaves=lambda s: s.pull().merged_at is not None,
    ),
    Moment(
        id="refreshed",
        before=base_moves,
        steps=("detect", "gate"),
        writes=18,
        leaves=lambda s: (state_of(s, 1), state_of(s, 2), len(s.repository.pulls)) == ("closed", "open", 2),
    ),
    Moment(
        id="closed",
        before=calms_down,
        steps=("detect", "gate"),
        writes=6,
        leaves=lambda s: state_of(s, 1) == "closed" and own_comments(s, "pow:closing") == 1,
        setting=CALMING,
    ),
    Moment(
        id="reopened",
        before=comes_back,
        steps=("detect", "gate"),
        writes=10,
        leaves=lambda s: state_of(s, 1) == "open" and len(s.repository.pulls) == 1,
        setting=CALMING,
    ),
    Moment(
        id="reopened for whoever may not close it",
        before=closed_by_triage,
        steps=("gate",),
        writes=5,
        leaves=lambda s: state_of(s, 1) == "open",
    ),
    Moment(
        id="rejected",
        before=rejected,
        steps=("gate",),
        writes=3,
        leaves=lambda s: state_of(s, 1) == "closed",
    ),
    Moment(
        id="shown anew",
        before=gets_worse,
        steps=("detect", "gate"),
        writes=5,
        leaves=lambda s: "35" in (s.repository.issues[1].body or ""),
        setting=CALMING,
    ),
    Moment(
        id="reminded",
        before=nobody_decides,
        steps=("gate",),
        writes=4,
        leaves=lambda s: own_comments(s, "pow:wait:") == 1,
        setting=WAITING,
    ),
    Moment(
        id="expired",
        before=expires,
        steps=("gate",),
        writes=9,
        leaves=lambda s: state_of(s, 1) == "closed",
    ),
    Moment(
        id="an emergency",
        before=emergency,
        steps=("gate",),
        writes=13,
        leaves=lambda s: s.pull().merged_at is not None and len(s.repository.issues) == 2,
        setting=URGENT,
    ),
    Moment(
        id="an emergency's review is late",
        before=late_review,
        steps=("gate",),
        writes=1,
        leaves=lambda s: own_comments(s, "pow:overdue:") == 1 and len(s.repository.issues) == 2,
        setting=URGENT,
    ),
    Moment(
        id="an incident",
        before=merged_by_hand,
        steps=("gate", "deploy"),
        writes=1,
        leaves=lambda s: len(s.incidents()) == 1,
    ),
)

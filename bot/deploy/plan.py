"""Desired against live: what is to be sent to the gateway, and what differs for other reasons (pure)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import assert_never

from bot.deploy.desired import DesiredChange, DesiredJourney, DesiredService
from bot.model.deployment import Action, Applied, PatchService, PatchStatus, SetJourney
from bot.model.recipe import Setting
from bot.propose.desired import VERSION_KEY
from bot.sync.setting import is_same


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """A live value that is neither the approved one nor the one it was approved to replace; None: there is none."""

    key: str
    live: Setting | None
    desired: Setting
    overwritten: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What one target needs: an action, or None where it already shows what it must."""

    target: str
    action: Action | None
    drift: tuple[Drift, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """A target that shows what a change asked of it."""

    change: DesiredChange
    applied: Applied


def plan_target(change: DesiredChange, live: Mapping[str, Setting]) -> Plan:
    """Plan one target of a merge.

    Only keys that the merge itself set are touched, since only those were approved with it. Another key of the file
    whose live value differs is reported and left alone.
    """
    wanted = change.desired.values
    drift = tuple(
        Drift(key=key, live=live.get(key), desired=value, overwritten=key in change.keys)
        for key, value in wanted.items()
        if not _is_live(live, key, value) and not _was_expected(change, live, key)
    )
    differing = tuple(key for key in change.keys if not _is_live(live, key, wanted[key]))
    return Plan(target=change.desired.target, action=_action(change, live, differing), drift=drift)


def outcome(change: DesiredChange, live: Mapping[str, Setting], applied: Applied | None) -> Applied:
    """Return the target as it is now: what was read back, and for the keys that nothing was sent for, what was live.

    Only keys of the desired state are kept: whatever else a service holds is nobody's business here.
    """
    now = {**live, **(applied.values if applied else {})}
    return Applied(
        target=change.desired.target,
        patch_id=applied.patch_id if applied else "",
        status=applied.status if applied else PatchStatus.UNCHANGED,
        values={key: now[key] for key in change.desired.values if key in now},
        reason=applied.reason if applied else "",
    )


def _action(change: DesiredChange, live: Mapping[str, Setting], differing: tuple[str, ...]) -> Action | None:
    if not differing:
        return None
    match change.desired:
        case DesiredService() as desired:
            return PatchService(
                service=desired.service,
                changes={key: desired.values[key] for key in differing},
                expected={key: live[key] for key in differing if key in live},
                tenant=desired.tenant,
                version_selector=desired.version_selector,
                window=desired.window,
            )
        case DesiredJourney() as desired:
            expected = live.get(VERSION_KEY)
            return SetJourney(
                journey=desired.journey,
                version=desired.version,
                expected=None if expected is None else str(expected),
            )
        case _:
            assert_never(change.desired)


def _is_live(live: Mapping[str, Setting], key: str, value: Setting) -> bool:
    return key in live and is_same(live[key], value)


def _was_expected(change: DesiredChange, live: Mapping[str, Setting], key: str) -> bool:
    """Tell whether what is live, which may be nothing, is what the merge was approved to replace."""
    if key not in change.keys:
        return False
    return _is_live(live, key, change.before[key]) if key in change.before else key not in live

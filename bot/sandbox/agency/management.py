"""The management layer HMS-MGT, without HTTP: patches on their way, and what is live. It checks no token."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from http import HTTPStatus

from bot.model.json import Json
from bot.model.recipe import Setting
from bot.sandbox.agency.gateway import Caller
from bot.sandbox.agency.governance import CATALOG, JOURNEYS, Patch, differing, objection
from bot.sandbox.agency.idempotency import IdempotencyKeys
from bot.sandbox.agency.payload import read_patch
from bot.sandbox.agency.refusal import RefusedError

SETTLING_TIME = timedelta(seconds=30)
_POLLS_TO_SETTLE = 2
_DAY = timedelta(days=1)


class Status(StrEnum):
    """Where a patch stands."""

    QUEUED = "QUEUED"
    APPLIED = "APPLIED"
    REFUSED = "REFUSED"


@dataclass(frozen=True, slots=True, kw_only=True)
class PatchState:
    """A patch and its fate; `due` is when something happens to it next, `replaced` what it overwrote."""

    patch: Patch
    status: Status
    due: datetime | None
    reason: str | None = None
    decided_at: datetime | None = None
    expired_at: datetime | None = None
    replaced: Mapping[str, Setting] | None = None
    polls: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveService:
    """What a service runs on now; `revision` counts the changes."""

    service: str
    version: str
    config: Mapping[str, Setting]
    revision: int
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveJourney:
    """The version that new applications of a journey start under."""

    name: str
    version: str
    updated_at: datetime


class ManagementLayer:
    """Patches from QUEUED to APPLIED or REFUSED, and the live configuration that follows from them."""

    def __init__(self, opened: datetime) -> None:
        self._services = {
            name: LiveService(
                service=name, version=entry.version, config=entry.defaults, revision=1, updated_at=opened
            )
            for name, entry in CATALOG.items()
        }
        self._journeys = {
            name: LiveJourney(name=name, version=versions[0], updated_at=opened)
            for name, versions in JOURNEYS.items()
        }
        self._patches: dict[int, PatchState] = {}
        self._keys = IdempotencyKeys()

    def service(self, name: str) -> LiveService:
        """Return what is live; RefusedError (404) for a service that the catalog does not have."""
        if name not in self._services:
            raise _unknown("service", name, self._services)
        return self._services[name]

    def journey(self, name: str) -> LiveJourney:
        """Return the live version; RefusedError (404) for an unknown journey."""
        if name not in self._journeys:
            raise _unknown("journey", name, self._journeys)
        return self._journeys[name]

    def submit(self, body: Mapping[str, Json], *, key: str | None, caller: Caller, now: datetime) -> PatchState:
        """Queue a patch; the same key and body again give the same patch."""
        known = self._keys.find(key, body)
        if known is not None:
            return self._patches[known]
        patch = read_patch(body, patch_id=len(self._patches) + 1, subject=caller.subject, now=now)
        live = self.service(patch.service)
        if patch.expected is not None and differing(patch.expected, live.config):
            wrong = ", ".join(differing(patch.expected, live.config))
            raise RefusedError(HTTPStatus.CONFLICT, f"live values differ: {wrong}", {"live": dict(live.config)})
        state = PatchState(patch=patch, status=Status.QUEUED, due=now + SETTLING_TIME)
        self._patches[patch.patch_id] = state
        self._keys.remember(key, body, patch.patch_id)
        return state

    def poll(self, patch_id: int, now: datetime) -> None:
        """Note that somebody asks: whoever asks twice while time stands still is not kept waiting for it."""
        state = self.patch(patch_id)
        state = replace(state, polls=state.polls + 1)
        if state.status is Status.QUEUED and state.polls >= _POLLS_TO_SETTLE and not _is_early(state, now):
            state = replace(state, due=now)
        self._patches[patch_id] = state

    def patch(self, patch_id: int) -> PatchState:
        """Return a patch as it stands; RefusedError (404) for an unknown number."""
        if patch_id not in self._patches:
            raise RefusedError(HTTPStatus.NOT_FOUND, f"no patch {patch_id}")
        return self._patches[patch_id]

    def put_journey(self, name: str, version: str, *, expected: str | None, now: datetime) -> LiveJourney:
        """Let new applications of a journey start under `version`; `expected` guards against a lost update."""
        live = self.journey(name)
        if version not in JOURNEYS[name]:
            raise RefusedError(
                HTTPStatus.UNPROCESSABLE_ENTITY, f"no version {version!r}", {"versions": list(JOURNEYS[name])}
            )
        if expected is not None and expected != live.version:
            raise RefusedError(HTTPStatus.CONFLICT, "live version differs", {"live": {"version": live.version}})
        if version != live.version:
            self._journeys[name] = LiveJourney(name=name, version=version, updated_at=now)
        return self._journeys[name]

    def next_due(self) -> datetime | None:
        """Return when the next patch is decided or expires."""
        return min((state.due for state in self._patches.values() if state.due is not None), default=None)

    def settle(self, now: datetime) -> None:
        """Decide what is due: apply, refuse, or let a window run out; in the order of the patches."""
        for patch_id, state in self._patches.items():
            if state.due is not None and state.due <= now:
                expire = state.status is Status.APPLIED
                self._patches[patch_id] = self._expire(state, now) if expire else self._decide(state, now)

    def _decide(self, state: PatchState, now: datetime) -> PatchState:
        patch = state.patch
        live = self.service(patch.service).config
        reason = objection(patch, live=live, patches_today=self._patches_before(patch), now=now)
        if reason is not None:
            return replace(state, status=Status.REFUSED, reason=reason, due=None, decided_at=now)
        if patch.window is not None and _is_early(state, now):
            return replace(state, due=patch.window[0])
        self._set(patch.service, patch.changes, now)
        return replace(
            state,
            status=Status.APPLIED,
            due=patch.window[1] if patch.window else None,
            decided_at=now,
            replaced={key: live[key] for key in patch.changes},
        )

    def _expire(self, state: PatchState, now: datetime) -> PatchState:
        """Put back what the window's patch replaced, but for keys that somebody changed in the meantime."""
        live = self.service(state.patch.service).config
        kept = {
            key: former for key, former in (state.replaced or {}).items() if live[key] == state.patch.changes[key]
        }
        self._set(state.patch.service, kept, now)
        return replace(state, due=None, expired_at=now)

    def _set(self, name: str, changes: Mapping[str, Setting], now: datetime) -> None:
        live = self._services[name]
        self._services[name] = replace(
            live, config={**live.config, **changes}, revision=live.revision + 1, updated_at=now
        )

    def _patches_before(self, patch: Patch) -> int:
        """Count the patches of the same service in the day up to this one."""
        return sum(
            other.patch.service == patch.service
            and other.patch.patch_id <= patch.patch_id
            and other.patch.queued_at > patch.queued_at - _DAY
            for other in self._patches.values()
        )


def _is_early(state: PatchState, now: datetime) -> bool:
    return state.patch.window is not None and state.patch.window[0] > now


def _unknown(kind: str, name: str, known: Mapping[str, object]) -> RefusedError:
    return RefusedError(HTTPStatus.NOT_FOUND, f"no {kind} {name!r}", {"known": sorted(known)})

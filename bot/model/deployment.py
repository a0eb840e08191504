"""Desired against live: what is to be posted to the gateway, and what came back."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from bot.model.names import ChangeId, CommitSha, ServiceName
from bot.model.recipe import Setting


@dataclass(frozen=True, slots=True, kw_only=True)
class PatchService:
    """Give a service these values; `expected` are the live values this plan was made on."""

    service: ServiceName
    changes: Mapping[str, Setting]
    expected: Mapping[str, Setting]
    tenant: str | None = None
    version_selector: str | None = None
    window: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SetJourney:
    """Let a journey run a version."""

    journey: str
    version: str
    expected: str | None


Action = PatchService | SetJourney


class PatchStatus(StrEnum):
    """The management layer's words, and our own for a target that needed nothing."""

    QUEUED = "QUEUED"
    APPLIED = "APPLIED"
    REFUSED = "REFUSED"
    UNCHANGED = "UNCHANGED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """A target after the deployment, as read back from it."""

    target: str
    patch_id: str
    status: PatchStatus
    values: Mapping[str, Setting]
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncItem:
    """What an external system must show: the values of a service at a version.

    `version` grows with every deployment (the position of the merge in history), so that an older one is
    recognised; `rollback` allows going back to an older content under the newer number.
    """

    service: ServiceName
    values: Mapping[str, Setting]
    change: ChangeId
    merge: CommitSha
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Synced:
    """An external system after the sync, as read back: the digest of what it holds."""

    name: str
    version: int
    digest: str

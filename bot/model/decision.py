"""The gate's answer as a tree of reasons: the check, the comment, the terminal and the ledger render this object."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.model.change import Impact
from bot.model.level import Level
from bot.model.names import ChangeId, CommitSha, Digest, Login, PullNumber
from bot.model.settings import Approvers


class GateStatus(StrEnum):
    """What the gate says; DISAPPROVED is final for this head, REFUSED is a breach of a rule that no review mends."""

    APPROVED = "approved"
    PENDING = "pending"
    DISAPPROVED = "disapproved"
    REFUSED = "refused"


class Authority(StrEnum):
    """By what right an approved change may merge."""

    PEOPLE = "approved"
    AUTO = "auto"
    ROLLBACK = "rollback"
    EMERGENCY = "emergency"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One step of the gate's reasoning."""

    name: str
    status: GateStatus
    sentence: str
    children: tuple["Reason", ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedReview:
    """A review as the gate saw it, and why it counts or does not."""

    id: int
    login: Login | None
    user_id: int | None
    state: str
    commit: CommitSha | None
    counts: bool
    reason: str
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class UsedClaim:
    """A claim of an emergency that a merge rests on: whose review, and length and digest of its reason."""

    review: int
    login: Login
    user_id: int
    length: int
    digest: Digest


class WaitStep(StrEnum):
    """What happens to a proposal that nobody decides on, in order; the words say what was done."""

    REMIND = "a reminder"
    ESCALATE = "that the next level may decide, too"
    LAST_CALL = "a last call"


@dataclass(frozen=True, slots=True, kw_only=True)
class Timetable:
    """When what happens to a proposal that nobody decides on; None: never, or not before the end."""

    since: datetime
    reminds_at: datetime | None
    escalates_at: datetime | None
    last_call_at: datetime | None
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class GateDecision:
    """The whole decision on one pull request at one head.

    `missing` are the seats that people may still fill, `timetable` what comes if they do not; None: no people asked.
    `seats` are all that had to be filled; since `escalated_at`, if that is set, the next level may fill them, too.
    """

    pull: PullNumber
    change: ChangeId | None
    head: CommitSha
    base: CommitSha
    status: GateStatus
    authority: Authority | None
    impact: Impact | None
    threshold: Level | None
    reviews: tuple[CountedReview, ...]
    reasons: tuple[Reason, ...]
    waiting_for: tuple[str, ...] = ()
    missing: tuple[Approvers, ...] = ()
    timetable: Timetable | None = None
    claims: tuple[UsedClaim, ...] = ()
    seats: tuple[Approvers, ...] = ()
    escalated_at: datetime | None = None

    @property
    def sentence(self) -> str:
        """The reason that decides: the first that is not approved, else the last."""
        blocking = next((r for r in self.reasons if r.status is not GateStatus.APPROVED), None)
        return (blocking or self.reasons[-1]).sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class Approved:
    """Proof for a merge call that the gate approved exactly this head; only `approve/` makes one."""

    pull: PullNumber
    head: CommitSha
    authority: Authority

"""The gate's answer as a tree of reasons: the check, the comment, the terminal and the ledger render this object."""

from dataclasses import dataclass
from enum import StrEnum

from bot.model.change import Impact
from bot.model.level import Level
from bot.model.names import ChangeId, CommitSha, Login, PullNumber


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
class GateDecision:
    """The whole decision on one pull request at one head."""

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

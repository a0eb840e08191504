"""A change to the desired state, from the edit of one line to the pull request that carries it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bot.model.json import Json
from bot.model.level import Level
from bot.model.names import BranchName, ChangeId, CommitSha, Digest, FeedName, RecipeId
from bot.model.recipe import Setting

GATE_CHECK = "pow/gate"
"""The name of the check that the gate publishes."""
GOVERNANCE_CHECK = "pow/governance"
"""The name of the check that says whether a change fits its schemas, ranges, locks and governance files."""
LEDGER_BRANCH = BranchName("pow-ledger")
PROPOSAL_LABEL = "pow"
URGENT_LABEL = "pow-urgent"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyChange:
    """One value of the desired state: `target` is a service or `journeys/NAME`.

    `how` says how a computed value came about (`5 + 50% = 7.5, rounded to 8`); it is no part of what changes.
    """

    target: str
    key: str
    before: Setting
    after: Setting
    how: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileEdit:
    """One file's exact bytes before and after; `before` is None for a new file."""

    path: str
    before: bytes | None
    after: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Affected:
    """How many people a proposal's evidence counts in 30 days, and the feed that counts most."""

    people: int
    feed: FeedName


@dataclass(frozen=True, slots=True, kw_only=True)
class Factor:
    """One reason for an impact level."""

    name: str
    level: Level
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Impact:
    """How much a change may matter; the highest factor wins."""

    level: Level
    factors: tuple[Factor, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A proposed change; `episode` tells this firing from an earlier one with the same values.

    `rollback_of` names the change that this one takes back. `urgent` ones are counted in a budget of their own.
    """

    id: ChangeId
    recipe: RecipeId
    version: int
    episode: str
    keys: tuple[KeyChange, ...]
    edits: tuple[FileEdit, ...]
    rollback_of: ChangeId | None = None
    urgent: bool = False

    @property
    def branch(self) -> BranchName:
        """`pow/<recipe>/<change-id>`, lower case."""
        return BranchName(f"pow/{self.recipe.lower()}/{self.id}")

    @property
    def targets(self) -> tuple[str, ...]:
        """The services and journeys that this change touches, in order, each once."""
        return tuple(dict.fromkeys(key.target for key in self.keys))


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A change with all its texts, ready to be written to the forge."""

    change: Change
    base: CommitSha
    files: Mapping[str, bytes]
    commit_message: str
    title: str
    body: str
    labels: tuple[str, ...]
    evidence: Mapping[str, Json]
    evidence_digest: Digest
    impact: Impact
    threshold: Level
    created_at: datetime
    affected: Affected | None = None

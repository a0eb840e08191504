"""Ledger records: what happened to a change, in order, each bound to the one before."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bot.model.json import Json
from bot.model.names import ChangeId, Digest

SUPERSEDED = "superseded"
"""The result and outcome of a proposal that another one has replaced."""
OBSOLETE = "obsolete"
"""Of one that has nothing left to do: its bottleneck is gone, or its values stand there already."""
KEPT = "kept"
"""The result of one that had nothing left to do, and that somebody stands by: from then on it is people's."""
REOPENED = "reopened"
"""The result that takes OBSOLETE back."""
UNDECIDED = "undecided"
"""The outcome of a proposal that was closed again and again, by nobody who may decide."""
NEUTRAL = frozenset({SUPERSEDED, OBSOLETE, UNDECIDED})
"""Results and outcomes that are nobody's no: nothing rests because of them."""
REOPEN_WITHIN = timedelta(days=7)
"""So long an obsolete proposal may be opened again."""


class Phase(StrEnum):
    """The phases of a change; `reverted` is the intent to roll back, written before anything is done.

    Facts by phase (all JSON; digests are `sha256:...`):

    - proposed: recipe, version, recipe_digest, pull, branch, head, base, episode, threshold, evidence_digest,
      impact, affected {people, feed} or null, keys [{target, key, before, after}],
      files [{path, before, after}] (digests), rollback_of, urgent
    - decided: result (approved | auto | rollback | emergency | rejected | expired), pull, head, base, opened_at,
      policy_digest, evidence_digest, impact, threshold, seats [{count, teams, users, distinct}], escalated_at (null:
      it was not), reviews and reasons as judged, emergency [{review, login, user_id, reason_length, reason_digest}],
      inputs (what the gate decided on, as `bot/approve/inputs.py` writes it, for `pow audit replay`);
      or result (superseded | obsolete | kept | reopened), pull, sentence, and of what was superseded: by (change),
      by_pull; of what was opened again after a closing: closings (how many there were); of what has no recipe on the
      base any more: recipe_gone;
      or result reviewed (an emergency, afterwards), pull, reviewed_head, approved_by
    - merged: pull, merge, head, parent
    - deployed: merge, effective_at, patches [{target, patch_id, status, values}]
    - synced: merge, systems [{name, version, digest}]
    - measured: verdict, sentence, success, rollback
    - reverted: rollback (change id of the rollback), merge, sentence, measurement
    - closed: outcome (success | rolled_back | kept | rejected | expired | failed | superseded |
      obsolete | undecided), recovery, sentence;
      rolled_back without a recovery was done by hand, kept means that people would not take it back
    - resumed: target (or `all`), hold (rolled_back | not_the_cause | breaker), by, reason; it lifts a hold and moves
      the change itself nowhere
    """

    PROPOSED = "proposed"
    DECIDED = "decided"
    MERGED = "merged"
    DEPLOYED = "deployed"
    SYNCED = "synced"
    MEASURED = "measured"
    REVERTED = "reverted"
    CLOSED = "closed"
    RESUMED = "resumed"
    TRIGGERED = "triggered"


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A record before the ledger gives it its place.

    `key` makes it unique within change and phase: appending the same (change, phase, key) again does nothing.
    """

    change: ChangeId
    phase: Phase
    at: datetime
    facts: Mapping[str, Json]
    key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A record in its place: `index` counts over the whole ledger from 1, `sequence` within the change from 1.

    `previous` is the digest of the file of the record with the index before (None for the first);
    `digest` that of this record's own file.
    """

    index: int
    sequence: int
    previous: Digest | None
    digest: Digest
    change: ChangeId
    phase: Phase
    at: datetime
    facts: Mapping[str, Json]
    key: str = ""

"""Keeps the figures in the text of an open proposal fresh: the text alone, in place, once a day at the most.

What the text shows is noted by the gate, so a proposal whose figures stay the same costs nothing. Where they moved,
one list of open pull requests brings all texts: docs/adr/0026-refresh-and-closing.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta

from bot.ledger.lifecycle import Standing
from bot.ledger.looks import LOOKS_BRANCH, LOOKS_FILE, Look, read_looks
from bot.ledger.site import Site
from bot.model.forge import PullRequest, PullState
from bot.model.names import ChangeId, PullNumber
from bot.model.record import Record
from bot.model.settings import Policy
from bot.propose.desired import files_before
from bot.propose.impact import affected_fact, impact_of, stakes_of
from bot.propose.publish import edited
from bot.report.figures import Shown, shown_in
from bot.report.pull_request import Case, shown_by, with_figures_of

AGAIN_AFTER = timedelta(days=1)
"""A text that people are reading does not move under them more often."""


def is_due(shown: Shown | None, new: Shown) -> bool:
    """Tell whether a text with these figures is to show new ones: a day later, and where they differ in substance."""
    return shown is not None and new.gist != shown.gist and new.at >= shown.at + AGAIN_AFTER


def as_recorded(case: Case, record: Record, policy: Policy) -> Case:
    """Judge a case by the people that its record counts, as the gate does, whatever the new figures count."""
    affected = affected_fact(record.facts.get("affected"))
    impact = impact_of(case.change.keys, policy.impact, stakes_of(case.recipe, files_before(case.change), affected))
    return replace(case, affected=affected, impact=impact, approvers=policy.approvals.get(impact.level, ()))


@dataclass(slots=True, kw_only=True)
class Texts:
    """The texts of open proposals, for one run; the notes come with the clone, the texts with one list."""

    site: Site
    _notes: Mapping[PullNumber, Look] | None = field(default=None, init=False)
    _edited: frozenset[ChangeId] | None = field(default=None, init=False)
    _pulls: Mapping[PullNumber, PullRequest] | None = field(default=None, init=False)

    def may_be_due(self, old: Standing, record: Record, new: Shown) -> bool:
        """Tell for nothing whether a text may be due; where the gate has noted nothing, only its age tells."""
        if old.pull is None or old.change in self._touched() or new.at < record.at + AGAIN_AFTER:
            return False
        note = self._noted().get(old.pull)
        return note is None or is_due(note.shown, new)

    def renew(self, old: Standing, record: Record, case: Case, *, dry_run: bool) -> bool:
        """Write a text anew if it is due indeed; tells whether it is, or in a dry run would be, another one."""
        pull = self._open().get(old.pull) if old.pull is not None else None
        if pull is None or pull.head != record.facts.get("head") or not is_due(shown_in(pull.body), shown_by(case)):
            return False
        body = with_figures_of(case, pull.body, evidence_at=record.at)
        if body == pull.body:
            return False
        if not dry_run:
            self.site.forge.edit_pull(pull.number, body=body)
        return True

    def _noted(self) -> Mapping[PullNumber, Look]:
        if self._notes is None:
            head = self.site.repository.head(LOOKS_BRANCH)
            self._notes = read_looks(self.site.repository.read(LOOKS_FILE, head)) if head else {}
        return self._notes

    def _touched(self) -> frozenset[ChangeId]:
        if self._edited is None:
            self._edited = edited(self.site, self.site.ledger.records())
        return self._edited

    def _open(self) -> Mapping[PullNumber, PullRequest]:
        if self._pulls is None:
            listed = self.site.forge.pulls(state=PullState.OPEN)
            self._pulls = {pull.number: pull for pull in listed if pull.same_repository}
        return self._pulls

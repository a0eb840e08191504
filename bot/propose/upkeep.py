"""What a run does with the proposals that stand: new figures, an end, a successor, a return."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta

from bot.model.clock import format_time
from bot.model.errors import BotError, ForgeError
from bot.model.event import Event, Mark, Step
from bot.model.finding import Finding
from bot.model.names import CommitSha, PullNumber
from bot.model.record import Record
from bot.propose import messages
from bot.propose.brake import Braked, brake
from bot.propose.desk import Desk
from bot.propose.figures import as_recorded
from bot.propose.life import (
    Replace,
    Retire,
    Revive,
    obsolete,
    proposal_record,
    reopened,
    same_change,
    superseded,
    waiting,
)
from bot.propose.plan import Situation
from bot.recipes.library import CompiledRecipe
from bot.report.closing import closing_marker, reopening_comment
from bot.report.mass_closing import (
    ATTENTION_LABEL,
    Gone,
    MassClosing,
    mass_closing_body,
    mass_closing_marker,
    mass_closing_sentence,
    mass_closing_title,
)
from bot.report.pull_request import shown_by

_LOOK_BACK = timedelta(days=30)
"""An issue of our own that changed within this time is found again."""


def refigured(desk: Desk, compiled: CompiledRecipe, finding: Finding, situation: Situation) -> Iterator[Event]:
    """Show the figures of today in the text of a recipe's own proposal, where they differ in substance."""
    recipe, policy = compiled.recipe, desk.policy
    old = waiting(situation.records).get(recipe.id)
    record = proposal_record(situation.records, old.change) if old else None
    change = same_change(recipe, record, situation) if record else None
    if old is None or record is None or change is None or policy.paused or recipe.id in situation.muted:
        return
    try:
        case = as_recorded(desk.judged(change, compiled, finding), record, policy)
        due = desk.texts.may_be_due(old, record, shown_by(case))
        if not due or desk.site.kill_switch.state().against(recipe.id, old.targets):
            return
        rehearsed = desk.rehearse(compiled, desk.readings) if desk.rehearse else None
        renewed = desk.texts.renew(old, record, replace(case, rehearsed=rehearsed), dry_run=desk.dry_run)
    except BotError as error:
        said = f"the text of pull request {old.pull} keeps its figures: {error.message}"
        yield messages.of_standing(old, Mark.WARNING, said)
        return
    if renewed:
        would = "would show" if desk.dry_run else "shows"
        said = f"the text of pull request {old.pull} {would} the figures of {format_time(finding.at)}"
        yield messages.of_standing(old, Mark.NOTE, said)


def retire_gone(desk: Desk, found: Sequence[Retire], situation: Situation) -> Iterator[Event]:
    """Retire the proposals whose bottleneck or recipe is gone, unless these are too many for one day."""
    asked = [each for each in found if not _is_stopped(each, situation)]
    braked = brake(asked, situation.records, limit=desk.policy.closings_per_day, now=desk.site.now)
    for each in braked.closing:
        yield from retire(desk, each, situation)
    if braked.left:
        yield _left_to_people(desk, braked)


def _left_to_people(desk: Desk, braked: Braked) -> Event:
    """Tell that none of them is closed, in an issue, too; a forge that refuses it stops nothing."""
    gone = tuple(Gone(pull=each.old.pull, recipe=each.old.recipe, sentence=each.sentence) for each in braked.left)
    mass = MassClosing(gone=gone, recent=braked.recent, limit=desk.policy.closings_per_day)
    where = "" if desk.dry_run else f"; {_issue(desk, mass)}"
    return Event(
        step=Step.DETECT,
        mark=Mark.WARNING,
        sentence=f"{mass_closing_sentence(mass)}{where}",
        hint="look at the feeds, then close them, or raise `closings_per_day` in pow/settings/policy.yml",
        data={"pulls": [each.pull for each in gone]},
    )


def _issue(desk: Desk, mass: MassClosing) -> str:
    try:
        number = desk.site.forge.open_issue(
            marker=mass_closing_marker(mass),
            title=mass_closing_title(mass),
            body=mass_closing_body(mass),
            labels=(ATTENTION_LABEL,),
            since=desk.site.now - _LOOK_BACK,
        )
    except ForgeError as error:
        return f"no issue could be opened: {error.message}"
    return f"see #{number}"


def _is_stopped(retired: Retire, situation: Situation) -> bool:
    old = retired.old
    return situation.policy.paused or situation.switch.against(old.recipe, old.targets) is not None


def retire(desk: Desk, retired: Retire, situation: Situation) -> Iterator[Event]:
    """Decide that a proposal has nothing left to do; the gate, which sees what people made of it, closes it."""
    old = retired.old
    if _is_stopped(retired, situation):
        return
    if not desk.dry_run:
        desk.drafts.append(obsolete(retired, at=desk.site.now, policy=desk.policy.digest))
    said = f"pull request {old.pull} {'would be' if desk.dry_run else 'is'} closed: {retired.sentence}"
    yield messages.of_standing(old, Mark.NOTE, said)


def supersede(desk: Desk, replaced: Replace) -> Iterator[Event]:
    """Decide that a proposal gives way, once the one that replaces it is there."""
    new = next((draft for draft in desk.drafts if draft.change == replaced.change.id), None)
    number = new.facts.get("pull") if new else None
    if isinstance(number, int):
        desk.drafts.append(superseded(replaced, by=PullNumber(number), at=desk.site.now, policy=desk.policy.digest))
    if isinstance(number, int) or desk.dry_run:
        said = f"pull request {replaced.old.pull} gives way to it: {replaced.why}"
        yield messages.of_standing(replaced.old, Mark.NOTE, said)


def revive(desk: Desk, revived: Revive, records: tuple[Record, ...]) -> Iterator[Event]:
    """Open the pull request again, then decide so: what is open stays open if the run dies in between."""
    old, record = revived.old, proposal_record(records, revived.old.change)
    if desk.dry_run or record is None or old.pull is None:
        yield messages.of_standing(old, Mark.NOTE, f"pull request {old.pull} would be opened again")
        return
    try:
        desk.publisher.reopen(revived.change.branch, old.pull, CommitSha(str(record.facts.get("head"))))
    except BotError as error:
        yield messages.of_standing(old, Mark.FAILURE, f"pull request {old.pull} is not opened again: {error.message}")
        return
    desk.drafts.append(draft := reopened(revived, at=desk.site.now, policy=desk.policy.digest))
    desk.site.forge.put_comment(
        old.pull, marker=closing_marker(old.change), body=reopening_comment(str(draft.facts["sentence"]))
    )
    yield messages.of_standing(old, Mark.DONE, f"pull request {old.pull} is open again: the bottleneck is back")

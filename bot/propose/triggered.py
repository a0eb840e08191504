"""A detection that somebody asked for: of one recipe, once in a window, and whoever asked approves none of it.

A trigger starts a look and never a change: what comes of it is found, bounded and gated like everything else. It is
recorded after the look, so that a run that died is looked for again; a look that is made twice proposes once.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from bot.collect.gather import Collector
from bot.ledger.site import Site
from bot.ledger.triggers import last_trigger
from bot.model.clock import format_time
from bot.model.errors import BotError, DiagnosticError, ForgeError, Severity
from bot.model.event import Event, Mark, Step, StepReport
from bot.model.json import Json, digest_of
from bot.model.names import ChangeId, CommitSha, PullNumber, RecipeId
from bot.model.record import Draft, Phase
from bot.model.trigger import Trigger
from bot.propose import step
from bot.propose.askers import numbers_of
from bot.propose.change import LENGTH
from bot.propose.desk import Rehearse
from bot.recipes.library import Library
from bot.recipes.suggest import suggest
from bot.report.trigger import comment_of, marker_of, sentence_of, told_already


def run(
    site: Site,
    *,
    library: Library,
    base: CommitSha,
    collector: Collector,
    trigger: Trigger,
    rehearse: Rehearse | None = None,
) -> StepReport:
    """Look at the one recipe that a trigger names; BotError for a recipe that there is not."""
    recipe = trigger.payload.recipe
    own = only(library, recipe)
    window = library.settings.policy.trigger_window if library.settings else timedelta(0)
    before = last_trigger(site.ledger.records(), recipe)
    if before is not None and site.now < before.at + window:
        hint = "`trigger_window` in pow/settings/policy.yml says how long; the schedule looks anyway"
        return _report(_note(recipe, told_already(recipe, before, window), hint=hint))
    asked = _note(recipe, sentence_of(trigger))
    askers = numbers_of(site.forge, trigger.actors, perhaps=(trigger.payload.by,))
    theirs = replace(site, started_by=trigger.originators, askers=askers)
    report = step.run(theirs, library=own, base=base, collector=collector, rehearse=rehearse)
    if report.failed:
        return _report(asked, *report.events)
    site.ledger.append(record_of(trigger, askers, site.now))
    return _report(asked, *report.events, *_shown(site, trigger, report))


def only(library: Library, recipe: RecipeId) -> Library:
    """Return the library with one recipe; BotError for an id that no file has, DiagnosticError for a broken one."""
    if library.settings is None:
        return library
    file = next((each for each in library.files if each.recipe.id == recipe), None)
    if file is None:
        hint = suggest(recipe, sorted(each.recipe.id for each in library.files)) or "recipes are pow/NAME.yml"
        raise BotError(f"there is no recipe {recipe} on the base branch, or it cannot be read", hint=hint)
    found = library.find(recipe)
    own = tuple(each for each in library.diagnostics if each.path == file.recipe.path)
    if found is None:
        raise DiagnosticError(tuple(each for each in own if each.severity is Severity.ERROR))
    return replace(library, recipes=(found,), diagnostics=own, files=(file,), is_whole=False)


def record_of(trigger: Trigger, askers: tuple[int, ...], at: datetime) -> Draft:
    """Return the record of a trigger; its words stay on the forge, and the ledger holds their digest."""
    payload = trigger.payload
    facts: dict[str, Json] = {
        "recipe": payload.recipe,
        "by": payload.by,
        "actors": list(trigger.actors),
        "accounts": list(askers),
        "reason_digest": digest_of(payload.reason.encode()),
    }
    return Draft(change=_id(payload.recipe, at), phase=Phase.TRIGGERED, at=at, facts=facts)


def _id(recipe: RecipeId, at: datetime) -> ChangeId:
    """Name a trigger as changes are named, so that it has its place in the ledger; it is none."""
    return ChangeId(hashlib.sha256(f"trigger {recipe} {format_time(at)}".encode()).hexdigest()[:LENGTH])


def _shown(site: Site, trigger: Trigger, report: StepReport) -> Iterator[Event]:
    """Say on each pull request of this run who asked for it; the binding word is the commit's trailer."""
    for event in report.events:
        number = event.data.get("pull")
        if event.mark is not Mark.DONE or not isinstance(number, int) or event.change is None:
            continue
        try:
            site.forge.put_comment(PullNumber(number), marker=marker_of(event.change), body=comment_of(trigger))
        except ForgeError as error:
            sentence = f"pull request {number}: no comment says who asked for it: {error.message}"
            yield Event(
                step=Step.DETECT, mark=Mark.WARNING, sentence=sentence, subject=event.subject, hint=error.hint
            )


def _note(recipe: RecipeId, sentence: str, *, hint: str = "") -> Event:
    return Event(step=Step.DETECT, mark=Mark.NOTE, sentence=sentence, subject=recipe, hint=hint)


def _report(*events: Event) -> StepReport:
    return StepReport(step=Step.DETECT, events=events)

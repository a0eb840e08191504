"""What the detection says of itself: every sentence and hint, as events (pure)."""

from collections.abc import Iterable, Iterator, Mapping

from bot.collect.gather import Gathered
from bot.diagnose.decide import NotFiring
from bot.ledger.lifecycle import Standing
from bot.model.change import Change
from bot.model.errors import Severity
from bot.model.event import Event, Mark, Step
from bot.model.names import CommitSha, RecipeId
from bot.model.verdict import RuleOutcome
from bot.propose.plan import Held
from bot.propose.proposal import proposal_of
from bot.recipes.library import CompiledRecipe, Library
from bot.report.pull_request import Case, complaints_in_words, redline_of, title_of
from bot.report.ranking import worst_of


def of_standing(standing: Standing, mark: Mark, sentence: str) -> Event:
    """Tell something about an open proposal."""
    return Event(step=Step.DETECT, mark=mark, sentence=sentence, change=standing.change, subject=standing.recipe)


def firing(case: Case) -> Iterator[Event]:
    """Say what fires, where the time goes, and how many complained."""
    finding, recipe = case.finding, case.recipe.id
    yield about(recipe, Mark.NOTE, f"{recipe} fires: {finding.sentence}")
    if finding.ranking is not None and (worst := worst_of(finding.ranking)):
        yield about(recipe, Mark.NOTE, worst)
    if finding.complaints is not None:
        yield about(recipe, Mark.NOTE, complaints_in_words(finding.complaints))


def broken(library: Library) -> Iterator[Event]:
    """Tell what is wrong with recipes and settings."""
    for each in library.diagnostics:
        if each.severity is Severity.ERROR:
            sentence = f"{each.path}:{each.line}:{each.column}: {each.message}"
            hint = each.hint or "run `pow lint`"
            yield Event(step=Step.DETECT, mark=Mark.FAILURE, sentence=sentence, subject=each.path, hint=hint)


def unread(gathered: Gathered) -> Iterator[Event]:
    """Tell which feeds gave nothing, and why."""
    for name, failure in sorted(gathered.failures.items()):
        sentence = f"feed {name}: {failure.message}"
        yield Event(step=Step.DETECT, mark=Mark.FAILURE, sentence=sentence, subject=name, hint=failure.hint)


def quiet(compiled: CompiledRecipe, why: NotFiring) -> Event:
    """Tell a rule that does not hold from one that cannot be decided."""
    measured, recipe = why.measurement, compiled.recipe
    if measured.outcome is RuleOutcome.DOES_NOT_HOLD:
        return about(recipe.id, Mark.NOTE, f"{recipe.id} does not fire: {measured.sentence}")
    sentence = f"{recipe.id} cannot be decided ({measured.outcome}): {measured.sentence}"
    return about(recipe.id, Mark.WAIT, sentence, hint="nothing is proposed without enough fresh data")


def queued(sentences: Iterable[str]) -> Iterator[Event]:
    """Tell how long the queue is."""
    hint = "`open_proposals` and `proposals_per_run` in pow/settings/policy.yml are the limits"
    for sentence in sentences:
        yield Event(step=Step.DETECT, mark=Mark.WARNING, sentence=f"the queue: {sentence}", hint=hint)


def waits(held: Held) -> Event:
    """Tell why a firing recipe is not proposed."""
    return Event(
        step=Step.DETECT,
        mark=held.mark,
        sentence=held.sentence,
        change=held.change,
        subject=held.recipe,
        hint=held.hint,
    )


def would(case: Case, base: CommitSha) -> Event:
    """Say what a run that writes would propose."""
    proposal = proposal_of(case, base=base)
    data = {
        "redline": redline_of(case.change.edits),
        "title": proposal.title,
        "change": case.change.id,
        "branch": case.change.branch,
        "impact": case.impact.level.value,
        "body": proposal.body,
    }
    sentence = f"would be proposed as change {case.change.id}: {title_of(case).removeprefix(f'{case.recipe.id}: ')}"
    return about(case.recipe.id, Mark.NOTE, sentence, change=case.change, data=data)


def about(
    recipe: RecipeId,
    mark: Mark,
    sentence: str,
    *,
    change: Change | None = None,
    hint: str = "",
    data: Mapping[str, str | int] | None = None,
) -> Event:
    """Tell something about a recipe, and the change that came of it."""
    return Event(
        step=Step.DETECT,
        mark=mark,
        sentence=sentence,
        change=change.id if change else None,
        subject=recipe,
        hint=hint,
        data=data or {},
    )

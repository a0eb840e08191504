"""What a recipe does, in plain sentences: sections for a terminal, and the same facts as JSON.

It says what others decided and measured; sentences may quote feeds, so whoever prints them makes them harmless.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import assert_never

from bot.model.change import Affected, FileEdit, Impact, KeyChange
from bot.model.clock import format_time
from bot.model.level import Level
from bot.model.proof import ShareTest
from bot.model.recipe import Guard, Recipe, RollbackMode, Setting
from bot.model.series import FeedFailure, SeriesKind
from bot.model.settings import Approvers, FeedShape, FeedSpec, GovernanceMode, Policy, RollbackTest
from bot.model.unit import RATIO
from bot.model.verdict import Measurement, RuleOutcome
from bot.report.approvers import all_approvals
from bot.report.explain_watch import SILENCE, control_clause, guard_item, late_sentence, proof_sentence, success_proof
from bot.report.pull_request import redline_of
from bot.rules.display import show_duration


@dataclass(frozen=True, slots=True, kw_only=True)
class SpokenRules:
    """The recipe's rules as clauses that stand after "when".

    `limit` is what a share must break where the monitor tests it as one, empty where it does not; `separate` is how
    the monitor looks at any other rule: so many breaches in so many windows, each so long. `guards` are the rules
    that watch beside them.
    """

    fires: str
    succeeds: str
    rolls_back: str
    limit: str
    separate: tuple[int, int, timedelta]
    guards: tuple[tuple[Guard, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the recipe would change in the desired state as it stands; `why_not` says why it would change nothing."""

    keys: tuple[KeyChange, ...] = ()
    edits: tuple[FileEdit, ...] = ()
    why_not: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """Who must approve, by the policy; `impact` is None where nothing would change."""

    impact: Impact | None
    threshold: Level
    approvers: tuple[Approvers, ...]
    needs_people: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Today:
    """The rules as they are right now, with what else the feeds tell, and the feeds that did not answer."""

    at: datetime
    fires: Measurement
    succeeds: Measurement
    rolls_back: Measurement
    told: tuple[str, ...]
    failures: tuple[FeedFailure, ...]
    affected: Affected | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Everything that is to be said about one recipe; `obstacles` keep it from proposing anything at present."""

    recipe: Recipe
    feeds: tuple[FeedSpec, ...]
    rules: SpokenRules
    wish: Wish
    approval: Approval
    policy: Policy
    obstacles: tuple[str, ...]
    today: Today | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A heading with paragraphs; those that begin with `- ` are items of a list. The redline comes last."""

    title: str
    paragraphs: tuple[str, ...]
    redline: str = ""


_CANNOT = {
    RuleOutcome.GREY: "it is beyond its limit and not proven",
    RuleOutcome.NO_DATA: "there is no data",
    RuleOutcome.INSUFFICIENT: "there is too little data",
    RuleOutcome.STALE: "the data is stale",
    RuleOutcome.ERROR: "it cannot be measured",
}


def sections_of(explanation: Explanation) -> tuple[Section, ...]:
    """Say everything, in the order in which a change goes its way."""
    sections = [
        Section(title="What it watches", paragraphs=tuple(_watches(explanation))),
        Section(title="When it fires", paragraphs=tuple(_fires(explanation))),
        _changes(explanation.wish),
        Section(title="Who must approve", paragraphs=tuple(_approves(explanation))),
        Section(title="What counts as success", paragraphs=tuple(_succeeds(explanation))),
        Section(title="What counts as rollback", paragraphs=tuple(_rolls_back(explanation))),
    ]
    if explanation.today is not None:
        title = f"Today, {format_time(explanation.today.at)}"
        sections.append(Section(title=title, paragraphs=tuple(_today(explanation.today))))
    return tuple(sections)


def _watches(explanation: Explanation) -> Iterator[str]:
    for feed in explanation.feeds:
        place = f"{feed.endpoint} {feed.path}".strip()
        yield f"- {feed.name}: {_kind(feed)}, from {place or feed.source}"


def _kind(feed: FeedSpec) -> str:
    match feed.shape:
        case FeedShape.METRIC:
            share = feed.kind is SeriesKind.RATIO and feed.unit.dimension == RATIO
            what = "a share" if share else f"a metric in {feed.unit.name.replace('_', ' ')}"
            return f"{what}, looked at over {show_duration(feed.window)}"
        case FeedShape.COMPLAINTS:
            return f"complaints of {show_duration(feed.history)}, of which only the topics are counted"
        case FeedShape.EVENTS:
            return f"the process log of {show_duration(feed.history)}, in which waiting is ranked"
        case _:
            assert_never(feed.shape)


def _fires(explanation: Explanation) -> Iterator[str]:
    recipe = explanation.recipe
    yield _rule(recipe.bottleneck_rule)
    yield f"It fires when {explanation.rules.fires}."
    if recipe.watch.min_samples > 1:
        yield f"A window with fewer than {recipe.watch.min_samples} samples says nothing."
    yield from explanation.obstacles
    if recipe.urgent:
        room = explanation.policy.budget.urgent
        yield f"It is urgent: proposed before others, and counted apart while fewer than {room} such are open."
    gone = show_duration(explanation.policy.close_after)
    what = f"`{_rule(recipe.clear_when)}` has held" if recipe.clear_when else "the rule has not held"
    yield f"A proposal that waits is closed once {what} for {gone}, and opened again if it returns."
    rest = show_duration(recipe.cooldown)
    yield f"After a rejection it rests for {rest}; while a change of its own is open it proposes nothing."


def _changes(wish: Wish) -> Section:
    title = "What it would change"
    if wish.why_not:
        return Section(title=title, paragraphs=(f"Nothing now: {wish.why_not}.", *_hinted(wish.hint)))
    items = tuple(
        f"- {each.target}: {each.key} from {_value(each.before)} to {_value(each.after)}{_how(each)}"
        for each in wish.keys
    )
    return Section(title=title, paragraphs=items, redline=redline_of(wish.edits))


def _how(key: KeyChange) -> str:
    return f", for {key.how}" if key.how else ""


def _hinted(hint: str) -> tuple[str, ...]:
    return (f"hint: {hint}",) if hint else ()


def _approves(explanation: Explanation) -> Iterator[str]:
    approval, policy = explanation.approval, explanation.policy
    if approval.impact is None:
        yield f"People must approve from impact {approval.threshold} on; nothing would change that has an impact now."
        return
    level = approval.impact.level
    compared = f"The impact is {level}, and people must approve from {approval.threshold} on"
    if approval.needs_people:
        yield f"{compared}: it needs {_people(approval)}."
    elif level.rank < approval.threshold.rank:
        yield f"{compared}: nobody has to. A request for changes still stops it."
    else:
        yield f"{compared}, but the policy asks nobody for {level}. A request for changes still stops it."
    for factor in approval.impact.factors:
        yield f"- {factor.level}: {factor.sentence}"
    asked = explanation.recipe.hitl_threshold
    if asked is not approval.threshold:
        yield f"The recipe asks for {asked}, but the policy's cap is {policy.threshold_cap}."
    if approval.needs_people:
        yield (
            "An approval counts when it is given on the newest commit, by such a person with write access "
            "who neither worked on the pull request, nor last edited the recipe, nor started the run behind it."
        )
        yield _reminders(policy)
        yield from _emergency(policy)
    if policy.governance is GovernanceMode.REQUIRED:
        yield "Whoever approves: it merges only while every target has a governance file with all five sections."
    yield f"What nobody decides on within {show_duration(policy.expire_after)} is closed, never approved."


def _reminders(policy: Policy) -> str:
    """Say what is done while people do not decide."""
    waiting = policy.waiting
    reminded = f"Whoever does not decide is reminded after {show_duration(waiting.remind_after)}"
    if waiting.escalate_after is None:
        return f"{reminded}."
    return (
        f"{reminded}, and after {show_duration(waiting.escalate_after)} the next level's approvers may decide, too."
    )


def _emergency(policy: Policy) -> Iterator[str]:
    if (path := policy.emergency) is not None:
        yield (
            f"In an emergency {all_approvals(path.approvers)} may do instead, each with /emergency and a reason; "
            f"then the people above must review it within {show_duration(path.review_within)} after the merge."
        )


def _rule(text: str) -> str:
    return " ".join(text.split())


def _people(approval: Approval) -> str:
    return all_approvals(approval.approvers)


def _succeeds(explanation: Explanation) -> Iterator[str]:
    watch = explanation.recipe.watch
    yield _rule(explanation.recipe.success_metric)
    yield f"The change is a success when {explanation.rules.succeeds}."
    yield (
        f"Only data from after the deployment counts, the rollback rule must measurably not hold, and it is never "
        f"sooner than {show_duration(watch.arm_after)} after the deployment."
    )
    proof = explanation.policy.rollback.proving(watch.success_test)
    if proof is not None:
        yield success_proof(proof)
    yield f"Without a verdict within {show_duration(watch.deadline)} {late_sentence(watch)}"
    yield (
        f"Time in which nothing could be seen is not counted. A person is told after {show_duration(watch.grace)} "
        f"without data, and after {explanation.policy.blind_after} looks in a row at which a rule was not measurable."
    )


def _rolls_back(explanation: Explanation) -> Iterator[str]:
    rules, watch = explanation.rules, explanation.recipe.watch
    yield _rule(explanation.recipe.rollback_on)
    test = explanation.policy.rollback.chosen(watch.test)
    if rules.limit and test.is_of_counts:
        yield from _share(rules.limit, test)
    elif proof := proof_sentence(test):
        yield f"The change is taken back when {rules.rolls_back}. {proof}"
    else:
        breaches, windows, length = rules.separate
        yield f"The change is taken back when {rules.rolls_back}."
        yield (
            f"Once is not enough: it is looked at {windows} times, {show_duration(length)} apart, the last time now, "
            f"and must be so now and at least {breaches} times in all."
        )
    yield (
        "Only data from after the deployment counts. If it was so before the deployment already and did not get "
        "worse, or the policy is paused, nothing is taken back and a person is asked."
    )
    if silence := SILENCE[watch.no_data].strip():
        yield silence
    yield from (guard_item(guard, when, explanation.policy.rollback) for guard, when in rules.guards)
    yield f"The watch is armed {show_duration(watch.arm_after)} after the deployment. {_then(explanation)}"


def _share(limit: str, test: RollbackTest) -> Iterator[str]:
    """Say the test for shares in full: every part of it must be met."""
    pool = f"over the last {show_duration(test.pool).removeprefix('1 ')} together"
    counted = f"of at least {test.min_samples} counted"
    beyond = f"The change is taken back when {limit}, beyond what chance explains."
    match test.share:
        case ShareTest.WILSON:
            yield f"{beyond} {'All three' if test.control else 'Both'} must be so:"
            yield f"- {pool}, with {test.confidence * 100:.6g}% confidence (Wilson's bound), {counted}"
            if test.control:
                longer = show_duration(test.compared_over).removeprefix("1 ")
                yield f"- over the last {longer} together, {control_clause(test)}"
        case ShareTest.CUSUM:
            yield f"{beyond} All three must be so:"
            yield f"- {pool}, {counted}"
            yield (
                f"- with evidence that sums up over {show_duration(test.reach)} to more than what a share just at "
                f"the limit reaches by a chance of {test.alpha * 100:.6g}% (CUSUM)"
            )
        case _:
            assert_never(test.share)
    windows = f"{test.windows} windows of {show_duration(test.window)}"
    yield f"- in at least {test.breaches} of the last {windows}, each for itself"


def _then(explanation: Explanation) -> str:
    recipe, policy = explanation.recipe, explanation.policy
    match recipe.watch.mode:
        case RollbackMode.SHADOW:
            return "Then the bot only says so: the mode is shadow."
        case RollbackMode.PROPOSE:
            return "Then the bot prepares the revert as a draft, and a person decides: the mode is propose."
        case RollbackMode.AUTO if not recipe.reversible:
            return "Then the bot prepares the revert as a draft, and a person decides: the recipe is not reversible."
        case RollbackMode.AUTO:
            return (
                "Then the bot reverts the merge by itself, which puts the former values back, and measures for "
                f"{show_duration(recipe.watch.recover_within)} whether that helped. If something was merged on top, "
                f"a person decides on a draft; so it is after {policy.rollbacks_per_day} rollbacks in a day."
            )
        case _:
            assert_never(recipe.watch.mode)


def _today(today: Today) -> Iterator[str]:
    yield f"- {_now(today.fires, holds='It fires', fails='It does not fire', unknown='Whether it fires')}"
    succeeds = {"holds": "Success holds already", "fails": "Success does not hold", "unknown": "Success"}
    yield f"- {_now(today.succeeds, **succeeds)}"
    already = "The rollback rule holds already, so it would take nothing back"
    yield f"- {_now(today.rolls_back, holds=already, fails='The rollback rule does not hold', unknown='Rollback')}"
    yield from (f"- {each}" for each in today.told)
    hints: set[str] = set()
    for failure in today.failures:
        hint = f" (hint: {failure.hint})" if failure.hint and failure.hint not in hints else ""
        hints.add(failure.hint)
        yield f"- {failure.feed} gave nothing: {failure.message}{hint}"


def _now(measurement: Measurement, *, holds: str, fails: str, unknown: str) -> str:
    match measurement.outcome:
        case RuleOutcome.HOLDS:
            return f"{holds}: {measurement.sentence}"
        case RuleOutcome.DOES_NOT_HOLD:
            return f"{fails}: {measurement.sentence}"
        case outcome:
            return f"{unknown} cannot be decided, for {_CANNOT[outcome]}: {measurement.sentence}"


def _value(value: Setting) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f'"{value}"' if isinstance(value, str) else str(value)

"""The monitor's comment on a pull request and the body of a rollback's pull request, as Markdown.

A sentence may quote what a feed's server said, so every one of them passes through `untrusted`.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import assert_never

from bot.model.change import Change
from bot.model.clock import format_time
from bot.model.names import ChangeId, CommitSha, Login, PullNumber
from bot.model.recipe import OnDeadline, Recipe
from bot.model.verdict import Measurement, Recovery, RuleOutcome, Verdict, VerdictKind
from bot.report.course import Course, Milestone, comparison_lines, course_lines, milestone_lines
from bot.report.pull_request import redline_of
from bot.report.untrusted import code, fenced, sanitize, visible

_WORDS = {
    VerdictKind.ROLLBACK: "it got worse: the change is taken back",
    VerdictKind.ASK: "a person must decide",
    VerdictKind.KEEP: "the time is over, and the change is kept",
    VerdictKind.HOLD: "still watching",
    VerdictKind.SUCCESS: "it worked: the loop is closed",
}
_DRAFTED = "it got worse: a person must look at the rollback"
_OUTCOMES = {
    RuleOutcome.HOLDS: "holds",
    RuleOutcome.DOES_NOT_HOLD: "does not hold",
    RuleOutcome.GREY: "beyond the limit, not proven",
    RuleOutcome.NO_DATA: "no data",
    RuleOutcome.INSUFFICIENT: "too little to say",
    RuleOutcome.STALE: "stale data",
    RuleOutcome.ERROR: "could not be measured",
}
_LATE = {
    OnDeadline.ASK_HUMAN: "a person is asked",
    OnDeadline.KEEP: "it is kept if no harm was measured, and else a person is asked,",
    OnDeadline.ROLLBACK: "it is taken back if it measurably did not help, and else a person is asked,",
}
_HOW_TO_ANSWER = (
    "To keep the change, comment `/keep` here; it counts from people with write access. To take it back, revert "
    "this pull request."
)
_OVER = (
    "The time is over without a verdict: what is measured from now on ends nothing by itself. To watch it once more, "
    "for as long as before, comment `/watch` here."
)
_HOW_TO_DECIDE = (
    "Mark it ready, and the gate decides anew: what restores exactly the bytes from before merges by that proof, "
    "anything else after a review. Close it, and the change is kept."
)
_LIMIT = 1000
_ROOM = 40_000
"""Characters of a redline; GitHub takes 65,536 in all."""


def watch_marker(change: ChangeId) -> str:
    """Return the hidden marker of the monitor's comment."""
    return f"<!-- pow:monitor:{change} -->"


def watch_comment(
    verdict: Verdict,
    recipe: Recipe,
    *,
    effective_at: datetime,
    course: Course | None = None,
    milestones: tuple[Milestone, ...] = (),
    because: tuple[str, ...] = (),
) -> str:
    """Render the present verdict, how the watch went and what is to come; the same comment is edited each time.

    `because` are the reasons why a rollback that is due is only a draft.
    """
    course = course or Course()
    deadline = verdict.ends_at or effective_at + recipe.watch.deadline
    lines = [
        watch_marker(verdict.change),
        f"### Watch: {_DRAFTED if because else _WORDS[verdict.kind]}",
        "",
        _sentence(verdict.sentence),
        "",
        *_reasons(because),
        "| rule | says | observed | n |",
        "|---|---|---|---:|",
        _row("success", verdict.success),
        _row("rollback", verdict.rollback),
        *(_row(each.name, each.now) for each in verdict.guards),
        "",
        (
            f"In effect since {format_time(effective_at)}; measured {format_time(verdict.at)}; "
            f"without a verdict {_LATE[recipe.watch.on_deadline]} after {format_time(deadline)}."
        ),
    ]
    if verdict.kind in {VerdictKind.HOLD, VerdictKind.ASK}:
        lines += milestone_lines(milestones, at=verdict.at)
    if verdict.kind in {VerdictKind.SUCCESS, VerdictKind.KEEP}:
        lines += comparison_lines(course)
    return "\n".join([*lines, *_notes(verdict, course), *course_lines(course)]) + "\n"


def _reasons(because: tuple[str, ...]) -> Iterator[str]:
    if because:
        yield "The rollback is a draft that waits for a person, because"
        yield ""
        yield from (f"- {sanitize(reason, limit=_LIMIT)}" for reason in because)
        yield ""


def _notes(verdict: Verdict, course: Course) -> Iterator[str]:
    """Say what else a reader must know, each in a paragraph of its own."""
    if verdict.inconclusive:
        yield from ("", _OVER)
    if verdict.kind is VerdictKind.ASK:
        yield from ("", _HOW_TO_ANSWER)
    if not verdict.armed:
        yield from ("", "The rollback rule already held before this change, so it does not take it back by itself.")
    if course.shadowed:
        times = "once" if course.shadowed == 1 else f"{course.shadowed} times"
        yield from ("", f"Mode shadow: of {course.looks} looks, it would have been taken back {times}.")


def support_marker(change: ChangeId) -> str:
    """Return the hidden marker of the bot's comment on somebody else's revert."""
    return f"<!-- pow:support:{change} -->"


def support_comment(verdict: Verdict, original: PullNumber) -> str:
    """Tell on somebody's own revert that the figures ask for it, and what becomes of it."""
    lines = [
        support_marker(verdict.change),
        f"### The figures ask for this: #{original} made it worse",
        "",
        _sentence(verdict.rollback.sentence),
        "",
        (
            "So the bot opens no rollback of its own while this is open. Approved and merged, it goes live if it "
            "takes the change back exactly, and ends the watch. Closed unmerged, it counts as a veto: the bot then "
            "does not take the change back by itself."
        ),
    ]
    return "\n".join(lines) + "\n"


def kept_comment(change: ChangeId, keeper: Login, *, at: datetime) -> str:
    """Say who decided to keep a change."""
    sentence = f"{sanitize(keeper)} was asked and decided so; it is not watched any longer"
    return f"{watch_marker(change)}\n### Watch: the change is kept\n\n{sentence}.\n\nRead {format_time(at)}.\n"


def rollback_title(recipe: Recipe, original: PullNumber) -> str:
    """Return the title of the pull request that takes another one back."""
    return f"Revert #{original}: {recipe.id} made it worse"


def rollback_body(
    change: Change,
    recipe: Recipe,
    sentence: str,
    *,
    original: PullNumber,
    reasons: tuple[str, ...],
    by_hand: CommitSha | None = None,
) -> str:
    """Render a rollback's pull request: why, what comes back, and by what right it may merge.

    `by_hand` is the merge, where people must finish what git could not.
    """
    lines = [
        f"Takes back #{original}, because the rollback rule of {code(recipe.reference)} holds:",
        "",
        f"> {_sentence(sentence)}",
        "",
        fenced(redline_of(change.edits)[:_ROOM], "diff"),
        "",
    ]
    if reasons:
        lines += [
            "**A person must look at it first:**",
            "",
            *(f"- {sanitize(reason, limit=_LIMIT)}" for reason in reasons),
            "",
            _HOW_TO_DECIDE,
        ]
    else:
        lines += [
            (
                "It is `git revert -m 1` of the merge and restores exactly the bytes that stood before it, "
                "which were approved then. The gate checks that proof and merges without a new approval."
            ),
        ]
    if by_hand is not None:
        commands = f"git fetch origin {change.branch}\ngit switch {change.branch}\ngit revert -m 1 {by_hand}"
        lines += ["", "What is left can be finished on this branch; git then shows the conflict:", ""]
        lines += [fenced(commands, "console")]
    lines += ["", "Afterwards the bot keeps measuring, and says here whether the rollback helped."]
    return "\n".join(lines) + "\n"


def recovery_comment(
    change: ChangeId, recovery: Recovery, rollback: Measurement, *, at: datetime, targets: tuple[str, ...] = ()
) -> str:
    """Say whether a rollback helped; `targets` are those that now rest."""
    match recovery:
        case Recovery.RECOVERED:
            title = "The rollback helped"
        case Recovery.NOT_RECOVERED:
            title = "The rollback did not help: the change was not the cause"
        case Recovery.PENDING:
            title = "Rolled back; still measuring whether it helped"
        case _:
            assert_never(recovery)
    return "\n".join(
        [
            watch_marker(change),
            f"### {title}",
            "",
            _sentence(rollback.sentence),
            "",
            f"Measured {format_time(at)}.",
            "",
            *_what_now(recovery, targets),
        ]
    )


def _what_now(recovery: Recovery, targets: tuple[str, ...]) -> list[str]:
    """Say what rests after a rollback, and how it goes on; nothing is brought back by itself."""
    if recovery is Recovery.PENDING or not targets:
        return []
    named = ", ".join(code(target) for target in targets)
    commands = "\n".join(f'pow resume {visible(target)} --reason "..."' for target in targets)
    lines = [f"Until a person says so, nothing is proposed for {named}."]
    if recovery is Recovery.NOT_RECOVERED:
        lines.append(
            "**To bring the change back, comment `/bring-back` here**, on a line of its own. It counts from people "
            "with write access: the recipe then proposes it anew if its bottleneck is still there, in a pull request "
            "of its own that passes the whole gate again. Nothing brings it back by itself."
        )
    lines.append("Somebody with write access also lifts the hold on the command line, or by the workflow `resume`:")
    return [" ".join(lines), "", fenced(commands, "console"), ""]


def _row(name: str, measurement: Measurement) -> str:
    return (
        f"| {name}: {code(measurement.rule, limit=_LIMIT)} | {_OUTCOMES[measurement.outcome]} | "
        f"{sanitize(measurement.observed) or '-'} | {measurement.samples:g} |"
    )


def _sentence(text: str) -> str:
    return f"{sanitize(text, limit=_LIMIT)}."

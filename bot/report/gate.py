"""The gate's decision in words: as Markdown for the check and the comment, as plain lines for the terminal.

The text depends on the decision alone, so it changes only when the decision does.
"""

from collections.abc import Iterator

from bot.model.change import Impact
from bot.model.clock import format_time
from bot.model.decision import Authority, CountedReview, GateDecision, GateStatus, Reason
from bot.report.reminder import timetable_line
from bot.report.untrusted import code, sanitize, visible

MAX_SUMMARY = 60_000
_REVIEWS = 100
_FACTORS = 100
_SIGNS = {
    GateStatus.APPROVED: "\u2705",
    GateStatus.PENDING: "\u23f3",
    GateStatus.DISAPPROVED: "\u274c",
    GateStatus.REFUSED: "\u26d4",
}
_WORDS = {
    GateStatus.PENDING: "Waiting",
    GateStatus.DISAPPROVED: "Not approved",
    GateStatus.REFUSED: "Refused",
}
_RIGHTS = {
    Authority.PEOPLE: "Approved by people",
    Authority.AUTO: "Approved without people",
    Authority.ROLLBACK: "Approved as a proved rollback",
    Authority.EMERGENCY: "Approved in an emergency",
}


def headline_of(decision: GateDecision) -> str:
    """Return one plain line: the outcome and the reason that decides."""
    return visible(f"{_outcome(decision)}: {_main(decision)}", limit=200)


def summary_of(decision: GateDecision) -> str:
    """Return the decision as Markdown, with every reason and every review."""
    parts = [
        f"### {_SIGNS[decision.status]} {_outcome(decision)}\n\n{sanitize(_main(decision), limit=400)}",
        _waiting(decision),
        "\n".join(line for reason in decision.reasons for line in _bullets(reason, 0)),
        _impact(decision.impact),
        _reviews(decision.reviews),
        _identity(decision),
    ]
    return "\n\n".join(part for part in parts if part)[:MAX_SUMMARY] + "\n"


def reason_headline(reason: Reason) -> str:
    """Return one plain line for a reason that stands alone."""
    return visible(f"{_WORDS.get(reason.status, 'Passed')}: {reason.sentence}", limit=200)


def reason_summary(reason: Reason) -> str:
    """Return a reason that stands alone as Markdown, with all that it is made of."""
    head = f"### {_SIGNS[reason.status]} {_WORDS.get(reason.status, 'Passed')}"
    return "\n\n".join([head, "\n".join(_bullets(reason, 0))])[:MAX_SUMMARY] + "\n"


def lines_of(decision: GateDecision) -> tuple[str, ...]:
    """Return the decision as plain lines, the reasons indented below their outcome."""
    reviews = [
        f"  {_mark(review)} review {review.id} of {_who(review)}: {review.reason}" for review in decision.reviews
    ]
    reasons = [line for reason in decision.reasons for line in _plain(reason, 1)]
    when = [f"  {when_of(decision)}"] if decision.timetable else []
    factors = decision.impact.factors if decision.impact else ()
    because = [f"  impact {factor.level}: {factor.sentence}" for factor in factors]
    return tuple(visible_line(line) for line in (headline_of(decision), *when, *reasons, *because, *reviews))


def visible_line(line: str) -> str:
    """Return a line without what cannot be seen, its indent kept."""
    return " " * (len(line) - len(line.lstrip(" "))) + visible(line, limit=400)


def _outcome(decision: GateDecision) -> str:
    if decision.status is GateStatus.APPROVED and decision.authority is not None:
        return _RIGHTS[decision.authority]
    return _WORDS.get(decision.status, "Approved")


def _main(decision: GateDecision) -> str:
    """Return the sentence that decides: for an approval the right by which it merges."""
    if decision.status is not GateStatus.APPROVED:
        return decision.sentence
    return next((each.sentence for each in decision.reasons if each.name == "approval"), decision.sentence)


def _waiting(decision: GateDecision) -> str:
    """Name what is missing, where the main sentence does not say it already."""
    missing = [each for each in decision.waiting_for if each not in _main(decision)]
    lines = [f"- still missing: **{sanitize(each)}**" for each in missing]
    return "\n".join([*lines, *([f"- {when_of(decision)}"] if decision.timetable else [])])


def when_of(decision: GateDecision) -> str:
    """Return since when people are waited for, and what comes if nobody decides; nothing where nobody is asked."""
    times = decision.timetable
    return f"waits since {format_time(times.since)}. {timetable_line(times)}" if times else ""


def _bullets(reason: Reason, depth: int) -> Iterator[str]:
    yield f"{'  ' * depth}- {_SIGNS[reason.status]} {sanitize(reason.sentence, limit=400)}"
    for child in reason.children:
        if child.sentence != reason.sentence:
            yield from _bullets(child, depth + 1)


def _plain(reason: Reason, depth: int) -> Iterator[str]:
    yield f"{'  ' * depth}{_SIGNS[reason.status]} {reason.sentence}"
    for child in reason.children:
        if child.sentence != reason.sentence:
            yield from _plain(child, depth + 1)


def _impact(impact: Impact | None) -> str:
    """Show every factor of the impact, as computed from the base branch and the ledger."""
    if impact is None:
        return ""
    rows = [f"| {each.level} | {sanitize(each.sentence, limit=400)} |" for each in impact.factors[:_FACTORS]]
    return "\n".join([f"| Impact {impact.level} | Because |", "|---|---|", *rows])


def _reviews(reviews: tuple[CountedReview, ...]) -> str:
    if not reviews:
        return ""
    rows = [
        f"| {_mark(review)} | {code(_who(review))} | {code(review.state)} | {sanitize(review.reason)} |"
        for review in reviews[-_REVIEWS:]
    ]
    return "\n".join(["| Counts | By | Review | Why |", "|---|---|---|---|", *rows])


def _identity(decision: GateDecision) -> str:
    change = f"change {code(decision.change)}, " if decision.change else ""
    impact = f", impact {decision.impact.level}" if decision.impact else ""
    return f"For {change}head {code(decision.head[:12])}{impact}."


def _mark(review: CountedReview) -> str:
    return "yes" if review.counts else "no"


def _who(review: CountedReview) -> str:
    return review.login or "a deleted account"

"""What the gate says in a run: events of its step, one for each pull request, a failure among them."""

from collections.abc import Callable, Iterator

from bot.model.decision import GateDecision, GateStatus
from bot.model.errors import BotError
from bot.model.event import Event, Mark, Step
from bot.model.forge import PullRequest
from bot.model.names import ChangeId
from bot.report.gate import headline_of, lines_of

_MARKS = {
    GateStatus.APPROVED: Mark.NOTE,
    GateStatus.PENDING: Mark.WAIT,
    GateStatus.DISAPPROVED: Mark.NOTE,
    GateStatus.REFUSED: Mark.WARNING,
}


def guarded(handle: Callable[[], Event], *, change: ChangeId | None = None, subject: str = "") -> Event:
    """Return what is said of one pull request; a failure is said, too, and so stops no other."""
    try:
        return handle()
    except BotError as error:
        return Event(
            step=Step.GATE,
            mark=Mark.FAILURE,
            sentence=error.message,
            change=change,
            subject=subject,
            hint=error.hint,
        )


def if_any(handle: Callable[[], Event | None], *, subject: str) -> Iterator[Event]:
    """Yield what there is to say, if anything; a failure is something to say."""
    try:
        event = handle()
    except BotError as error:
        event = Event(step=Step.GATE, mark=Mark.FAILURE, sentence=error.message, subject=subject, hint=error.hint)
    if event is not None:
        yield event


def told(decision: GateDecision, pull: PullRequest, *, said: str = "") -> Event:
    """Tell a decision, with what it waits for and its lines as data; `said` is what was done about it."""
    return Event(
        step=Step.GATE,
        mark=_MARKS[decision.status],
        sentence=f"pull request {pull.number}: {headline_of(decision)}{f'; {said}' if said else ''}",
        change=decision.change,
        subject=f"#{pull.number}",
        data={
            "pull": pull.number,
            "status": decision.status.value,
            "waiting_for": list(decision.waiting_for),
            "lines": list(lines_of(decision)),
        },
    )


def about(mark: Mark, pull: PullRequest, sentence: str, *, change: ChangeId | None = None, hint: str = "") -> Event:
    """Say one sentence about a pull request."""
    return Event(
        step=Step.GATE,
        mark=mark,
        sentence=f"pull request {pull.number}: {sentence}",
        change=change,
        subject=f"#{pull.number}",
        hint=hint,
        data={"pull": pull.number},
    )

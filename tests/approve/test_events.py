"""What goes wrong with one pull request is told as its own event, and stops no other."""

from bot.approve.events import guarded, if_any
from bot.model.errors import UnavailableError
from bot.model.event import Event, Mark, Step
from bot.model.names import ChangeId

SAID = Event(step=Step.GATE, mark=Mark.NOTE, sentence="all is well")
CHANGE = ChangeId("a" * 16)


def fails() -> Event:
    raise UnavailableError("no answer", hint="wait")


def test_what_is_said_is_said_and_nothing_is_no_event() -> None:
    assert guarded(lambda: SAID) is SAID
    assert list(if_any(lambda: SAID, subject="#7")) == [SAID]
    assert list(if_any(lambda: None, subject="#7")) == []


def test_a_failure_is_said_with_its_hint() -> None:
    told = Event(step=Step.GATE, mark=Mark.FAILURE, sentence="no answer", subject="#7", hint="wait", change=CHANGE)
    assert guarded(fails, change=CHANGE, subject="#7") == told
    (event,) = if_any(fails, subject="#7")
    assert (event.mark, event.sentence, event.subject, event.hint) == (Mark.FAILURE, "no answer", "#7", "wait")

"""How a replay reads in a terminal."""

from typing import Any

from approve.test_rollback import a_record

from bot.model.names import ChangeId
from bot.model.record import Phase, Record
from bot.model.replay import Difference, Outcome, Replay, Replayed
from bot.report.replay import lines_of

CHANGE = ChangeId("0123456789abcdef")


def decided(**facts: Any) -> Record:
    return a_record(Phase.DECIDED, CHANGE, **facts)


GOOD = Replayed(record=decided(pull=1, result="approved"))
BAD = Replayed(
    record=decided(pull=2, result="auto"),
    differences=(Difference(what="reviews[12].counts", recorded="true", replayed="false"),),
    lacks=("a commit",),
    hint="git fetch",
)
OLD = Replayed(record=decided(pull=3), lacks=("inputs", "\u202eseats"))
MERGED = a_record(Phase.MERGED, CHANGE, merge="a" * 40, head="b" * 40)


def test_each_decision_is_a_line_with_what_differs_or_lacks_below() -> None:
    lines = lines_of(Replay(decisions=(GOOD, BAD, OLD), undecided=(MERGED,)))

    assert lines == (
        "✔ 0123456789abcdef pull request 1: approved at 2026-03-02T09:00:00Z: follows from its facts",
        "✘ 0123456789abcdef pull request 2: auto at 2026-03-02T09:00:00Z: does NOT follow from its facts",
        "    reviews[12].counts: recorded true; decided again false",
        "    lacks a commit",
        "    hint: git fetch",
        "? 0123456789abcdef pull request 3: unknown at 2026-03-02T09:00:00Z: not replayable",
        "    lacks inputs, seats",
        "✘ 0123456789abcdef merge aaaaaaaaaaa…: no recorded decision let bbbbbbbbbbb… merge",
        "3 decisions: 1 as their facts say, 1 NOT as their facts say, 1 not replayable, 1 merged without one",
    )


def test_no_decision_is_said() -> None:
    assert lines_of(Replay(decisions=())) == ("no decision of the gate is recorded",)
    assert lines_of(Replay(decisions=(GOOD,)))[-1] == "1 decision: 1 as their facts say"


def test_only_what_follows_altogether_is_good() -> None:
    assert Replay(decisions=(GOOD,)).all_follow
    assert not Replay(decisions=(GOOD, OLD)).all_follow
    assert not Replay(decisions=(), undecided=(MERGED,)).all_follow
    assert [each.outcome for each in (GOOD, BAD, OLD)] == list(Outcome)

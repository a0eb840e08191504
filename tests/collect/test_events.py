import json
from pathlib import Path

import pytest
from collect.feeds import WEEK, a_collector, a_file

from bot.collect.digests import use_of_log
from bot.model.names import FeedName
from bot.model.process import ProcessEvent, ProcessLog
from bot.model.settings import Columns, FeedShape, FeedSpec, SourceKind

EVENTS = FeedName("events.passport")
BEFORE, INSIDE, LAST, END = (
    "2026-01-01T08:00:00Z",
    "2026-01-05T08:00:00Z",
    "2026-01-09T23:59:59Z",
    "2026-01-10T00:00:00Z",
)


def a_log_file() -> FeedSpec:
    columns = Columns(case="case", activity="activity", end="end")
    return a_file(SourceKind.JSON_FILE, "log.json", name=EVENTS, shape=FeedShape.EVENTS, columns=columns)


def logged(root: Path, *rows: tuple[object, object, object]) -> ProcessLog:
    """Read a log of rows of case, activity and completion over the week."""
    named = [dict(zip(("case", "activity", "end"), row, strict=True)) for row in rows]
    (root / "log.json").write_text(json.dumps(named))
    with a_collector(root) as collector:
        log = collector.events(a_log_file(), WEEK)
    assert isinstance(log, ProcessLog)
    return log


def steps(log: ProcessLog) -> list[tuple[str, str]]:
    return [(event.case, event.activity) for event in log.events]


def test_a_case_seen_in_the_window_is_kept_from_its_beginning_and_one_over_before_is_not(tmp_path: Path):
    log = logged(tmp_path, ("1", "apply", BEFORE), ("1", "review", INSIDE), ("2", "apply", BEFORE))
    assert steps(log) == [("1", "apply"), ("1", "review")]


def test_what_happened_at_the_windows_end_or_later_is_left_out_and_not_called_dropped(tmp_path: Path):
    log = logged(tmp_path, ("1", "apply", INSIDE), ("1", "review", LAST), ("1", "pay", END), ("2", "apply", END))
    assert (steps(log), log.dropped) == ([("1", "apply"), ("1", "review")], 0)


@pytest.mark.parametrize(
    "row", [(None, "apply", INSIDE), ("1", None, INSIDE), ("1", "apply", None), ("", "a", INSIDE)]
)
def test_an_event_without_case_activity_or_completion_is_dropped_and_counted(
    tmp_path: Path, row: tuple[object, object, object]
):
    log = logged(tmp_path, ("7", "apply", INSIDE), row)
    assert (steps(log), log.dropped) == ([("7", "apply")], 1)


@pytest.mark.parametrize(("case", "text"), [(True, "true"), (False, "false"), (17, "17"), ("A-1", "A-1")])
def test_a_case_is_known_by_the_text_it_stands_for(tmp_path: Path, case: object, text: str):
    assert steps(logged(tmp_path, (case, "apply", INSIDE))) == [(text, "apply")]


def test_a_log_that_was_asked_for_no_window_is_no_evidence(tmp_path: Path):
    log = logged(tmp_path, ("1", "apply", INSIDE))
    whole = ProcessLog(feed=log.feed, window=None, events=log.events)
    assert use_of_log(log) is not None
    assert use_of_log(whole) is None


def test_the_digest_of_a_log_follows_its_events_and_nothing_else(tmp_path: Path):
    log = logged(tmp_path, ("1", "apply", INSIDE))
    (event,) = log.events
    later = ProcessEvent(case=event.case, activity=event.activity, start=event.end, end=event.end)
    same, other = logged(tmp_path, ("1", "apply", INSIDE)), ProcessLog(feed=log.feed, window=WEEK, events=(later,))
    assert use_of_log(same) == use_of_log(log) != use_of_log(other)

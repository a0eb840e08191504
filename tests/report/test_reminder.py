from dataclasses import replace
from datetime import UTC, datetime

from bot.model.decision import Timetable
from bot.model.names import TeamSlug
from bot.model.settings import Approvers
from bot.report.reminder import timetable_line, wait_sentence

END = datetime(2026, 1, 19, 9, tzinfo=UTC)
ONLY_AN_END = Timetable(
    since=datetime(2026, 1, 5, 9, tzinfo=UTC), reminds_at=None, escalates_at=None, last_call_at=None, expires_at=END
)


def test_whom_it_waits_for_and_what_comes_stand_on_one_line():
    wanted = (Approvers(count=2, teams=(TeamSlug("supervisors"),)),)
    told = wait_sentence(wanted, replace(ONLY_AN_END, reminds_at=datetime(2026, 1, 6, 9, tzinfo=UTC)))
    assert told == (
        "waits for 2 approvals of supervisors since 2026-01-05T09:00:00Z. If nobody decides it is reminded at "
        "2026-01-06T09:00:00Z and closed at 2026-01-19T09:00:00Z; never approved."
    )


def test_where_nothing_comes_before_the_end_only_the_end_is_told():
    assert timetable_line(ONLY_AN_END) == "If nobody decides it is closed at 2026-01-19T09:00:00Z; never approved."

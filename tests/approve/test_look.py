"""What a look may be spared for: every fact that shows for nothing counts, and no note is believed beyond that."""

import json
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from approve.situations import a_policy, facts
from fakes.builders import START, a_pull_request, a_sha
from fakes.world import MemoryWorld
from hypothesis import given, settings
from hypothesis import strategies as st
from ledger.ledgers import TWO, a_draft, a_proposal, git_ledger

from bot.approve.gate import decide
from bot.approve.look import (
    SETTLED,
    Present,
    by_the_clock,
    fingerprint,
    holds,
)
from bot.ledger.lifecycle import open_changes
from bot.ledger.looks import Look, read_looks, write_looks
from bot.model.calendar import Calendar, Freeze
from bot.model.forge import PullRequest
from bot.model.json import digest_of
from bot.model.names import BranchName, Digest, PullNumber
from bot.model.record import Draft, Phase
from bot.recipes.calendar import read_hours

NOW = START + timedelta(hours=1)
SEEN = digest_of(b"seen")
HOURS = timedelta(hours=6)


def pull(**fields: Any) -> PullRequest:
    return a_pull_request(**{"updated_at": START, **fields})


def present(*drafts: Draft, **fields: Any) -> Present:
    ledger = git_ledger(MemoryWorld())
    records = tuple(ledger.append(draft) for draft in drafts or (a_proposal(),))
    defaults: dict[str, Any] = {
        "base": a_sha("base"),
        "policy": a_policy(),
        "stops": (),
        "records": records,
        "changes": open_changes(records),
        "now": NOW,
    }
    return Present(**{**defaults, **fields})


def test_the_same_facts_have_the_same_fingerprint_however_much_time_goes_by() -> None:
    later = present(now=NOW + timedelta(hours=22))
    assert fingerprint(pull(), present()) == fingerprint(pull(), later) is not None


@pytest.mark.parametrize(
    "change",
    [
        {"head": a_sha("pushed")},
        {"head_branch": BranchName("pow/other/0123456789abcdef")},
        {"base_branch": BranchName("release")},
        {"draft": True},
        {"title": "Something else"},
        {"labels": frozenset({"pow", "urgent"})},
        {"updated_at": START + timedelta(seconds=1)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_whatever_a_list_shows_of_a_pull_request_counts(change: dict[str, Any]) -> None:
    assert fingerprint(pull(**change), present()) != fingerprint(pull(), present())


BUSY = a_proposal(change=TWO, pull=8)
PRESENTS: dict[str, Callable[[], Present]] = {
    "the base moved": lambda: present(base=a_sha("moved")),
    "another policy": lambda: present(policy=a_policy(digest=digest_of(b"other"))),
    "the switch": lambda: present(stops=("everything is stopped by pow/STOP",)),
    "a reminder": lambda: present(now=START + timedelta(days=1)),
    "a last call": lambda: present(now=START + timedelta(days=13)),
    "a record of its own": lambda: present(a_proposal(), a_draft(Phase.DECIDED, result="expired")),
    "another change on its target": lambda: present(a_proposal(), BUSY),
    "it expired": lambda: present(now=START + timedelta(days=14)),
    "the calendar closed": lambda: present(policy=a_policy(calendar=Calendar(freezes=(CHRISTMAS,)))),
}
CHRISTMAS = Freeze(first=NOW.date(), last=NOW.date(), reason="party")


@pytest.mark.parametrize("name", PRESENTS)
def test_whatever_the_clone_and_the_clock_tell_counts(name: str) -> None:
    assert fingerprint(pull(), PRESENTS[name]()) != fingerprint(pull(), present())


def test_another_change_counts_until_it_is_closed_and_only_on_the_same_target() -> None:
    closed = present(a_proposal(), BUSY, a_draft(Phase.CLOSED, change=TWO, outcome="rejected"))
    merged = present(a_proposal(), BUSY, a_draft(Phase.MERGED, change=TWO, merge=a_sha("merge")))
    keys = [{"target": "LIGHT", "key": "lux", "before": 2, "after": 4}]
    elsewhere = present(a_proposal(), a_proposal(change=TWO, pull=8, keys=keys))
    alone = fingerprint(pull(), present())
    assert fingerprint(pull(), closed) == fingerprint(pull(), elsewhere) == alone
    assert len({alone, fingerprint(pull(), present(a_proposal(), BUSY)), fingerprint(pull(), merged)}) == 3


@pytest.mark.parametrize(
    ("each", "now"),
    [
        (pull(number=9), present()),
        (pull(), present(a_proposal(rollback_of=TWO))),
        (pull(updated_at=None), present()),
        (pull(updated_at=NOW - SETTLED + timedelta(seconds=1)), present()),
        (pull(updated_at=NOW + timedelta(days=1)), present()),
    ],
    ids=["no record", "a rollback", "unknown when", "changed just now", "from the future"],
)
def test_what_must_not_wait_is_looked_at_every_time(each: PullRequest, now: Present) -> None:
    assert fingerprint(each, now) is None


def test_what_changed_a_minute_ago_has_settled() -> None:
    assert fingerprint(pull(updated_at=NOW - SETTLED), present()) is not None


@pytest.mark.parametrize(
    ("look", "seen", "spared"),
    [
        (Look(seen=SEEN, at=NOW), SEEN, True),
        (Look(seen=SEEN, at=NOW - HOURS + timedelta(seconds=1)), SEEN, True),
        (Look(seen=SEEN, at=NOW - HOURS), SEEN, False),
        (Look(seen=SEEN, at=NOW + timedelta(seconds=1)), SEEN, False),
        (Look(seen=SEEN, at=NOW), digest_of(b"news"), False),
        (Look(seen=SEEN, at=NOW), None, False),
        (None, SEEN, False),
        (None, None, False),
    ],
)
def test_a_note_holds_for_the_same_facts_and_for_its_time(
    look: Look | None, seen: Digest | None, *, spared: bool
) -> None:
    assert holds(look, seen, now=NOW, again_after=HOURS) is spared


MOMENTS = st.integers(min_value=0, max_value=31 * 24 * 60).map(lambda minutes: START + timedelta(minutes=minutes))
CALENDARS = st.builds(
    Calendar,
    time_zone=st.sampled_from(["UTC", "Europe/Amsterdam", "America/New_York"]),
    allow=st.sampled_from([(), (read_hours("Mon-Fri 08:00-18:00"),)]),
    exclude=st.sampled_from([(), (read_hours("Wed 12:00-13:00"),)]),
    freezes=st.sampled_from([(), (Freeze(first=date(2026, 3, 9), last=date(2026, 3, 11), reason="elections"),)]),
)


@settings(max_examples=60, deadline=None)
@given(one=MOMENTS, other=MOMENTS, calendar=CALENDARS)
def test_time_alone_changes_a_decision_only_where_the_clock_shows_it(
    one: datetime, other: datetime, calendar: Calendar
) -> None:
    policy, known = a_policy(calendar=calendar, expire_after=timedelta(days=10)), facts()
    if by_the_clock(known.pull, policy, one) == by_the_clock(known.pull, policy, other):
        assert decide(known, policy, one) == decide(known, policy, other)


# The file


def test_notes_come_back_as_they_were_written() -> None:
    looks = {PullNumber(7): Look(seen=SEEN, at=NOW), PullNumber(12): Look(seen=digest_of(b"x"), at=START)}
    assert read_looks(write_looks(looks)) == looks


@pytest.mark.parametrize(
    "content",
    [
        None,
        b"",
        b"[",
        b"[]",
        b"7",
        b"\xff",
        b'{"schema": "urn:other", "looks": {}}',
        b'{"schema": "urn:pow-bot:looks:v1"}',
        b'{"schema": "urn:pow-bot:looks:v1", "looks": []}',
        b'{"schema": "urn:pow-bot:looks:v1", "looks": {"x": {"seen": "s", "at": "2026-03-02T09:00:00Z"}}}',
        b'{"schema": "urn:pow-bot:looks:v1", "looks": {"7": {"seen": "s", "at": "yesterday"}}}',
        b'{"schema": "urn:pow-bot:looks:v1", "looks": {"7": {"seen": "s", "at": 7}}}',
        b'{"schema": "urn:pow-bot:looks:v1", "looks": {"7": 7}}',
        b"[" * 100_000,
        b'"' + b"x" * 1_000_000 + b'"',
    ],
    ids=range(15),
)
def test_a_file_that_is_something_else_notes_nothing(content: bytes | None) -> None:
    assert read_looks(content) == {}


@settings(max_examples=30, deadline=None)
@given(junk=st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=5), st.lists))
def test_whatever_stands_where_notes_should_be_nothing_breaks(junk: Any) -> None:
    read_looks(json.dumps({"schema": "urn:pow-bot:looks:v1", "looks": {"7": junk}}).encode())
    read_looks(json.dumps({"schema": "urn:pow-bot:looks:v1", "looks": junk}).encode())

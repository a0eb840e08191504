"""The figures in the text of an open proposal: fresh once a day, in place, and nothing else moves with them."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from approve.situations import a_policy
from fakes.builders import START
from fakes.forge import MemoryForge
from fakes.world import MAIN
from propose.cases import a_case, a_finding, a_ranking, proposed
from propose.office import ALICE, FILES, SAM, SERVICE, SERVICE_PATH, Office

from bot.ledger.lifecycle import standings
from bot.model.change import Affected
from bot.model.errors import UnavailableError
from bot.model.event import Mark, StepReport
from bot.model.forge import PullRequest, PullState, ReviewState
from bot.model.names import FeedName, PullNumber
from bot.model.record import Phase
from bot.propose.figures import Texts, as_recorded, is_due
from bot.report.figures import Shown, around_figures, gist_of, read_shown, refigured, shown_in
from bot.report.pull_request import MAX_BODY, body_of, shown_by, with_figures_of

FIRST = PullNumber(1)
DAY = timedelta(days=1)
OLD = Shown(at=START, gist="0" * 16)


class Counting(MemoryForge):
    """Counts the lists of pull requests that somebody asks for."""

    lists = 0

    def pulls(self, **asked: Any) -> tuple[PullRequest, ...]:  # type: ignore[override]  # only counts
        """Count and answer."""
        self.lists += 1
        return super().pulls(**asked)


def said(report: StepReport) -> str:
    return "\n".join(event.sentence for event in report.events)


def an_office(root: Path) -> Office:
    """Return an agency whose proposal waits for people and has been looked at."""
    office = Office(root)
    office.forge = Counting(office.world)
    office.detect()
    office.gate()
    office.pass_days(0.1)
    office.gate()
    return office


def a_day_later(office: Office, *, longest: float = 41.0, days: float = 1) -> None:
    office.pass_days(days)
    office.write_waits(longest)


def body(office: Office) -> str:
    return office.world.pull(FIRST).body


def test_figures_that_moved_are_shown_in_place_and_nothing_else_changes(tmp_path: Path) -> None:
    office = an_office(tmp_path)
    before = office.world.pull(FIRST)
    office.world.pulls[FIRST] = replace(office.world.pulls[FIRST], body=f"Seen.\n{before.body}\nBy Rita.")
    a_day_later(office)
    assert f"the text of pull request 1 shows the figures of {office.now:%Y-%m-%d}" in said(office.detect())
    after = office.world.pull(FIRST)
    assert "is 41 days" in after.body
    assert "26.3 days" not in after.body
    assert "_Figures as of " in after.body
    assert replace(after, body="", updated_at=None) == replace(before, body="", updated_at=None)
    assert after.body.startswith("Seen.\n<!-- pow:finding -->")
    assert after.body.endswith("By Rita.")
    for mark in ("<!-- pow:values -->", "## What happens next"):
        parts = [text.partition(mark)[2].partition("<!-- pow:figures")[0] for text in (before.body, after.body)]
        assert parts[1].removesuffix("\nBy Rita.") == parts[0]
    assert office.phases() == [Phase.PROPOSED]


def test_an_approval_before_it_counts_after_it(tmp_path: Path) -> None:
    office = an_office(tmp_path)
    office.world.review(FIRST, SAM, ReviewState.APPROVED)
    a_day_later(office)
    office.detect()
    office.gate()
    assert office.world.pull(FIRST).merged


def pass_an_hour(office: Office) -> None:
    a_day_later(office, days=0.5)


def round_off(office: Office) -> None:
    a_day_later(office, longest=26.1)


def take_a_mark_away(office: Office) -> None:
    text = body(office).replace("<!-- /pow:figures -->", "")
    office.world.pulls[FIRST] = replace(office.world.pulls[FIRST], body=text)
    a_day_later(office)


def edit_the_branch(office: Office) -> None:
    edited = SERVICE.replace(b"px: 2", b"px: 3")
    office.world.push(office.world.pull(FIRST).head_branch, {SERVICE_PATH: edited}, by=ALICE)
    a_day_later(office)


def pause(office: Office) -> None:
    policy = FILES["pow/settings/policy.yml"] + b"paused: true\n"
    office.world.push(MAIN, {"pow/settings/policy.yml": policy}, by=ALICE)
    a_day_later(office)


def stop(office: Office) -> None:
    office.world.push(MAIN, {"pow/STOP": b"busy"}, by=ALICE)
    a_day_later(office)


def close(office: Office) -> None:
    office.world.pulls[FIRST] = replace(office.world.pulls[FIRST], state=PullState.CLOSED)
    a_day_later(office)


def fill_the_text(office: Office) -> None:
    office.world.pulls[FIRST] = replace(office.world.pulls[FIRST], body=body(office) + "x" * MAX_BODY)
    a_day_later(office)


NOT_NOW = [pass_an_hour, round_off, take_a_mark_away, fill_the_text, edit_the_branch, pause, stop, close]


@pytest.mark.parametrize("act", NOT_NOW, ids=lambda act: act.__name__)
def test_the_text_stays_as_it_is(tmp_path: Path, act: Callable[[Office], None]) -> None:
    office = an_office(tmp_path)
    act(office)
    before = body(office)
    office.detect()
    assert body(office) == before


def test_a_dry_run_says_so_and_writes_nothing(tmp_path: Path) -> None:
    office = an_office(tmp_path)
    a_day_later(office)
    before = body(office)
    assert "the text of pull request 1 would show the figures of" in said(office.detect(dry_run=True))
    assert body(office) == before


def test_a_run_in_which_nothing_moved_asks_for_nothing(tmp_path: Path) -> None:
    office = an_office(tmp_path)
    forge = office.forge
    assert isinstance(forge, Counting)
    a_day_later(office, longest=26.1)
    forge.lists = 0
    office.detect()
    assert forge.lists == 0
    office.write_waits(41.0)
    office.detect()
    assert forge.lists == 1, "one list for all texts that are due"
    office.gate()
    office.pass_days(0.1)
    office.gate()
    forge.lists = 0
    office.write_waits(60.0)
    office.detect()
    assert forge.lists == 0, "the gate has noted that the text is of today"


class Silent(MemoryForge):
    """Lists nothing."""

    def pulls(self, **_asked: Any) -> tuple[PullRequest, ...]:  # type: ignore[override]  # never answers
        """Fail."""
        raise UnavailableError("no answer")


def test_notes_and_texts_are_asked_for_once_in_a_run(tmp_path: Path) -> None:
    office = an_office(tmp_path)
    office.pass_days(1)
    (old,) = standings(office.ledger.records())
    record, case = office.record(Phase.PROPOSED), a_case(finding=a_finding(at=office.now))
    texts, asked = Texts(site=office.site()), office.forge.lists
    assert [texts.may_be_due(old, record, shown_by(case)) for _ in range(2)] == [True, True]
    assert [texts.renew(old, record, case, dry_run=True) for _ in range(2)] == [True, True]
    assert office.forge.lists == asked + 1


def test_an_outage_leaves_the_text_to_the_next_run(tmp_path: Path) -> None:
    office = an_office(tmp_path)
    a_day_later(office)
    office.forge = Silent(office.world)
    (told,) = [event for event in office.detect().events if event.mark is Mark.WARNING]
    assert told.sentence == "the text of pull request 1 keeps its figures: no answer"


# When, and what is noise


@pytest.mark.parametrize(
    ("shown", "at", "gist", "due"),
    [
        (OLD, START + DAY, "1" * 16, True),
        (OLD, START + DAY - timedelta(seconds=1), "1" * 16, False),
        (OLD, START + DAY, "0" * 16, False),
        (replace(OLD, at=START + 9 * DAY), START + DAY, "1" * 16, False),
        (None, START + DAY, "1" * 16, False),
    ],
)
def test_a_text_is_due_a_day_later_if_it_differs(shown: Shown | None, at: datetime, gist: str, *, due: bool) -> None:
    assert is_due(shown, Shown(at=at, gist=gist)) is due


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("26.3 days", "26.1 days", True),
        ("26.3 days", "27.1 days", False),
        ("1,234 people", "1,201 people", True),
        ("1,234 people", "1,334 people", False),
        ("Photo check", "Payment", False),
        ("0 of 7", "0.0 of 7", True),
        ("26 (n=5) to 2026-03-02T09:00Z", "26 (n=1,400) to 2026-03-09T10:00:00Z", True),
    ],
)
def test_two_digits_make_the_gist(one: str, other: str, *, same: bool) -> None:
    assert (gist_of([one]) == gist_of([other])) is same


@pytest.mark.parametrize(
    "fields",
    [{"sentence": "another"}, {"groups": ("North",)}, {"complaints": None}, {"ranking": a_ranking("Payment", "x")}],
    ids=lambda fields: next(iter(fields)),
)
def test_whatever_a_supervisor_decides_by_is_in_the_gist(fields: dict[str, Any]) -> None:
    changed = a_case(finding=a_finding(**fields))
    assert shown_by(changed).gist != shown_by(a_case()).gist
    assert shown_by(a_case(finding=a_finding(daily=(("2026-03-01", 99.0),)))).gist == shown_by(a_case()).gist


# The marks


TEXT = body_of(a_case())
LATER = a_case(finding=a_finding(at=START + DAY, sentence="The longest wait is 50 days"))


def test_a_new_text_shows_its_own_figures_and_rewriting_it_is_idempotent() -> None:
    assert shown_in(TEXT) == shown_by(a_case())
    once = with_figures_of(LATER, TEXT, evidence_at=START)
    assert shown_in(once) == shown_by(LATER)
    assert with_figures_of(LATER, once, evidence_at=START) == once
    assert "The longest wait is 50 days" in once


FIGURES = f"<!-- pow:figures {OLD} -->"


@pytest.mark.parametrize(
    "text",
    [
        "",
        TEXT.replace("<!-- pow:finding -->", ""),
        TEXT + "<!-- pow:finding -->",
        TEXT + "<!-- /pow:figures -->",
        TEXT + FIGURES,
        "<!-- /pow:finding -->\n<!-- pow:finding -->\n" + FIGURES + "<!-- /pow:figures -->",
        FIGURES + "<!-- /pow:figures --><!-- pow:finding --><!-- /pow:finding -->",
    ],
)
def test_marks_that_are_not_as_they_were_keep_the_text(text: str) -> None:
    assert shown_in(text) is None
    assert around_figures(text) is None
    assert refigured(text, "x", "y") == text
    assert with_figures_of(LATER, text, evidence_at=START) == text


@pytest.mark.parametrize("text", ["", "x", "2026-13-01T00:00:00Z " + "0" * 16, f"{OLD}0", "2026-01-01 00:00:00"])
def test_what_is_no_mark_shows_nothing(text: str) -> None:
    assert read_shown(text) is None


def test_nothing_that_people_wrote_is_cut() -> None:
    room = MAX_BODY - len(TEXT)
    fits = with_figures_of(LATER, TEXT + "x" * room, evidence_at=START)
    assert fits.endswith("x" * room)
    assert "_Left out here for length" in fits
    assert len(fits) <= MAX_BODY
    full = TEXT + "x" * (room + 6_000)
    assert with_figures_of(LATER, full, evidence_at=START) == full


def test_impact_counts_the_people_that_the_record_counts_as_the_gate_does() -> None:
    known = proposed(affected={"people": 7, "feed": "visits"})
    case = as_recorded(a_case(affected=Affected(people=9_999, feed=FeedName("visits"))), known, a_policy())
    assert case.affected == Affected(people=7, feed=FeedName("visits"))
    assert case.impact == a_case().impact

"""The model's facts: what the blur limit does to waits, errors and queues."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.sandbox.agency.office import HISTORY_DAYS, Configuration, PassportOffice, Situation
from bot.sandbox.agency.photos import blur_at, share_above
from bot.sandbox.agency.records import Activity, Topic

DAY = 86_400
HOUR = 3_600
OPENING = 20_500 * DAY
CHANGE = OPENING + 9 * DAY

SMALL = Situation(submissions_per_window=2.0, clerks=1, backlog_days=2.0)
NO_BACKLOG = Situation(submissions_per_window=9.0, clerks=5, backlog_days=0.0)


def mean_wait(office: PassportOffice, since: int, until: int) -> float:
    return fmean(case.days for case in office.closed.between(since, until))


def error_rate(office: PassportOffice, since: int, until: int) -> float:
    windows = office.windows.between(since, until)
    return sum(window.errors for window in windows) / sum(window.requests for window in windows)


def manual_share(office: PassportOffice, since: int, until: int) -> float:
    windows = office.windows.between(since, until)
    return sum(window.manual for window in windows) / sum(window.submissions for window in windows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """Nine days at limit 2, eighteen at 4, two at 9, two at 4 again."""

    office: PassportOffice
    too_lax: int
    back: int
    end: int


@pytest.fixture(scope="module")
def story() -> Story:
    office = PassportOffice(seed=14, opening=OPENING, configuration=Configuration())
    too_lax, back, end = CHANGE + 18 * DAY, CHANGE + 20 * DAY, CHANGE + 22 * DAY
    office.configure(Configuration(blur_limit=4), at=CHANGE)
    office.configure(Configuration(blur_limit=9), at=too_lax)
    office.configure(Configuration(blur_limit=4), at=back)
    office.run_through(end)
    return Story(office=office, too_lax=too_lax, back=back, end=end)


def test_before_the_change_the_mean_wait_is_over_20_days_in_every_window_of_a_day(story: Story):
    for since in range(CHANGE - 7 * DAY, CHANGE - DAY + 1, HOUR):
        assert mean_wait(story.office, since, since + DAY) > 20


def test_before_the_change_the_last_thousand_renewals_waited_over_20_days():
    office = PassportOffice(seed=3, opening=OPENING, configuration=Configuration())
    for hour in range(2 * 24, 9 * 24, 3):
        office.run_through(OPENING + hour * HOUR)
        assert fmean(case.days for case in office.closed.newest(1_000)) > 20


def test_with_limit_4_the_mean_wait_falls_under_7_days_within_8_days_and_stays_there(story: Story):
    for day in range(8, 18):
        assert mean_wait(story.office, CHANGE + day * DAY, CHANGE + (day + 1) * DAY) < 7


def test_the_waits_fall_only_after_the_change_and_not_at_once(story: Story):
    assert mean_wait(story.office, CHANGE, CHANGE + DAY) > 20
    assert mean_wait(story.office, CHANGE + 4 * DAY, CHANGE + 5 * DAY) > 7


def test_the_queue_empties_and_every_wait_is_short_in_the_end(story: Story):
    last = story.office.closed.between(story.too_lax - DAY, story.too_lax)
    assert max(case.days for case in last) < 2


def test_errors_exceed_5_percent_at_limit_9_and_only_there(story: Story):
    office = story.office
    assert error_rate(office, CHANGE - 7 * DAY, CHANGE) < 0.02
    assert error_rate(office, CHANGE, story.too_lax) < 0.025
    assert error_rate(office, story.too_lax + HOUR, story.back) > 0.08
    assert error_rate(office, story.back + HOUR, story.end) < 0.03


def test_every_hour_at_limit_9_has_requests_enough_in_every_window(story: Story):
    windows = story.office.windows.between(story.too_lax, story.back)
    assert fmean(window.requests for window in windows) > 7
    assert sum(window.requests >= 3 for window in windows) / len(windows) > 0.95


@pytest.mark.parametrize(
    ("limit", "manual", "errors"),
    [
        pytest.param(2.0, (0.77, 0.83), (0.004, 0.016), id="strict: most photos go to a person"),
        pytest.param(4.0, (0.45, 0.51), (0.008, 0.022), id="40 percent fewer go to a person"),
        pytest.param(9.0, (0.03, 0.08), (0.08, 0.12), id="lax: hardly any, but many errors"),
    ],
)
def test_the_limit_sets_the_share_of_reviews_and_of_errors(
    limit: float, manual: tuple[float, float], errors: tuple[float, float]
):
    office = PassportOffice(
        seed=5, opening=OPENING, configuration=Configuration(blur_limit=limit), situation=NO_BACKLOG
    )
    office.run_through(OPENING + 3 * DAY)
    assert manual[0] < manual_share(office, OPENING, OPENING + 3 * DAY) < manual[1]
    assert errors[0] < error_rate(office, OPENING, OPENING + 3 * DAY) < errors[1]


def test_at_limit_2_the_clerks_cannot_keep_up_even_without_a_backlog():
    office = PassportOffice(seed=5, opening=OPENING, configuration=Configuration(), situation=NO_BACKLOG)
    lengths = []
    for day in (2, 4, 6):
        office.run_through(OPENING + day * DAY)
        lengths.append(office.queue_length)
    assert lengths[0] < lengths[1] < lengths[2]
    assert lengths[2] > 300


def test_two_offices_with_one_seed_see_the_same_citizens_whatever_the_limit():
    submissions = []
    for limit in (2.0, 9.0):
        configuration = Configuration(blur_limit=limit)
        office = PassportOffice(seed=5, opening=OPENING, configuration=configuration, situation=SMALL)
        office.run_through(OPENING + DAY)
        submissions.append([window.submissions for window in office.windows.between(None, None)])
    assert submissions[0] == submissions[1]


def test_a_case_waiting_within_the_new_limit_is_checked_again_by_the_validator(story: Story):
    released = [
        case
        for case in story.office.closed.between(CHANGE, CHANGE + 3 * DAY)
        if case.review is not None and case.review.activity is Activity.CHECK
    ]
    assert len(released) > 10_000
    assert all(2 < case.application.blur <= 4 for case in released)
    assert all(case.review is not None and case.review.start > CHANGE for case in released)


def test_after_the_change_no_clerk_starts_on_a_photo_within_the_new_limit(story: Story):
    reviews = [
        case
        for case in story.office.closed.between(CHANGE, story.too_lax)
        if case.review is not None and case.review.activity is Activity.REVIEW and case.review.start > CHANGE
    ]
    assert reviews
    assert all(case.application.blur > 4 for case in reviews)


def test_the_tasks_of_a_case_follow_each_other_and_the_wait_before_the_review_dominates(story: Story):
    cases = story.office.closed.between(CHANGE - DAY, CHANGE)
    idle = dict.fromkeys(Activity, 0)
    for case in cases:
        for former, latter in pairwise(case.tasks()):
            assert former.start <= former.end <= latter.start
            idle[latter.activity] += max(0, latter.start - former.end)
    assert idle[Activity.REVIEW] > 10 * sum(
        idle[activity] for activity in Activity if activity is not Activity.REVIEW
    )


def test_people_complain_more_when_they_wait_longer_and_when_photos_are_wrong(story: Story):
    def count(topic: Topic, since: int, until: int) -> int:
        return sum(complaint.topic is topic for complaint in story.office.complaints.between(since, until))

    waiting = count(Topic.WAIT, CHANGE - 3 * DAY, CHANGE)
    assert waiting > 100
    assert count(Topic.WAIT, story.too_lax - 3 * DAY, story.too_lax) < waiting / 10
    calm = count(Topic.ERROR, story.too_lax - 2 * DAY, story.too_lax)
    assert count(Topic.ERROR, story.back - DAY, story.end) > 2 * calm


def test_the_history_is_forgotten_after_sixty_days():
    calm = Situation(submissions_per_window=0.1, clerks=1, backlog_days=0.0)
    office = PassportOffice(seed=5, opening=OPENING, configuration=Configuration(), situation=calm)
    office.run_through(OPENING + 65 * DAY)
    kept = office.windows.between(None, None)
    assert kept[0].at == OPENING + (65 - HISTORY_DAYS) * DAY
    assert office.closed.between(None, None)[0].closed_at >= kept[0].at


def fingerprint(office: PassportOffice) -> tuple[str, ...]:
    chronicles = (office.closed, office.windows, office.complaints)
    return tuple(repr(chronicle.between(None, None)) for chronicle in chronicles)


def in_one_step(seed: int) -> PassportOffice:
    office = PassportOffice(seed=seed, opening=OPENING, configuration=Configuration(), situation=SMALL)
    office.configure(Configuration(blur_limit=4), at=OPENING + DAY + 77)
    office.run_through(OPENING + 2 * DAY)
    return office


@pytest.fixture(scope="module")
def whole() -> tuple[str, ...]:
    return fingerprint(in_one_step(1))


@given(stops=st.lists(st.integers(0, 2 * DAY), max_size=30))
@settings(max_examples=12, deadline=None)
def test_the_history_does_not_depend_on_how_time_was_sliced(stops: list[int], whole: tuple[str, ...]):
    office = PassportOffice(seed=1, opening=OPENING, configuration=Configuration(), situation=SMALL)
    for stop in _with_change(sorted(stops)):
        if stop is None:
            office.configure(Configuration(blur_limit=4), at=OPENING + DAY + 77)
        else:
            office.run_through(OPENING + stop)
    office.run_through(OPENING + 2 * DAY)
    assert fingerprint(office) == whole


def _with_change(stops: list[int]) -> Iterator[int | None]:
    """Yield the stops, with None where the configuration changes."""
    yield from (stop for stop in stops if stop <= DAY + 77)
    yield None
    yield from (stop for stop in stops if stop > DAY + 77)


def test_the_same_seed_gives_the_same_history_and_another_seed_another(whole: tuple[str, ...]):
    assert fingerprint(in_one_step(1)) == whole
    assert fingerprint(in_one_step(2)) != whole


@given(st.floats(1e-9, 1.0))
def test_blur_and_the_share_above_it_are_inverse(survival: float):
    assert share_above(blur_at(survival)) == pytest.approx(survival, rel=1e-6)

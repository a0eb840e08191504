"""The passport office as a discrete-event queue: who waits, and why. It knows no HTTP, no gateway and no clock.

The photo validator runs every five minutes over what came in. Photos within the live blur limit go on to printing,
the others wait for one of a few clerks, first come, first served. When the limit is raised, the validator takes
a second look at the waiting photos that are now within it.
Waits, errors and complaints follow from these rules alone.

Arrivals, clerks, printing and complaints draw from separate streams of random numbers, so that two offices with
the same seed and different limits see the same citizens.
"""

import heapq
from collections import defaultdict, deque
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from math import ceil, log, pi, sin
from random import Random
from typing import NamedTuple

import simpy

from bot.sandbox.agency.complaints import write_complaint
from bot.sandbox.agency.history import Chronicle
from bot.sandbox.agency.photos import blur_at, error_probability, review_seconds, share_above
from bot.sandbox.agency.records import (
    CHECK_SECONDS,
    MAIL_SECONDS,
    SECONDS_PER_DAY,
    VALIDATOR,
    Activity,
    Application,
    ClosedCase,
    Complaint,
    Task,
    Topic,
    Window,
)

WINDOW = 300
HOUR = 3_600
HISTORY_DAYS = 60

_RECHECKS_PER_WINDOW = 40
_PRINT_SECONDS = 8 * HOUR
_PRINT_SPREAD = 12 * HOUR
_PATIENCE_DAYS = 105.0
_PATIENCE_SHAPE = 2.5
_ERROR_COMPLAINT_SHARE = 0.3
_ERROR_COMPLAINT_DAYS = (0.2, 4.0)

Process = Generator[simpy.Event, None, None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """What the gateway can change in the office while it runs."""

    blur_limit: float = 2.0
    prints_per_hour: int = 900
    journey: str = "v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What the office is up against on its first day: demand, staff and the backlog that stands already."""

    submissions_per_window: float = 9.0
    clerks: int = 5
    backlog_days: float = 27.5


class _Grievance(NamedTuple):
    """A complaint that will be written at `due`, if there is still a reason then; ordered by time and case."""

    due: int
    case: int
    topic: Topic
    submitted: int


@dataclass(slots=True)
class _Tally:
    """The counts of a window while it is open."""

    errors: int = 0
    requests: int = 0
    manual: int = 0
    submissions: int = 0


class PassportOffice:
    """A running office; `run_through` moves it, `configure` changes it, the chronicles tell what happened."""

    def __init__(
        self, *, seed: int, opening: int, configuration: Configuration, situation: Situation | None = None
    ) -> None:
        self.closed: Chronicle[ClosedCase] = Chronicle(lambda case: case.closed_at)
        self.windows: Chronicle[Window] = Chronicle(lambda window: window.at)
        self.complaints: Chronicle[Complaint] = Chronicle(lambda complaint: complaint.at)
        self._configuration = configuration
        self._situation = situation or Situation()
        self._seed = seed
        self._streams = {name: _stream(seed, name) for name in _STREAMS}
        self._tally: defaultdict[int, _Tally] = defaultdict(_Tally)
        self._desk: deque[Application] = deque()
        self._recheck: deque[Application] = deque()
        self._print_queue: deque[tuple[Application, Task | None]] = deque()
        self._outgoing: defaultdict[int, list[ClosedCase]] = defaultdict(list)
        self._open: set[int] = set()
        self._grievances: list[_Grievance] = []
        self._cases = 0
        self._complaint_count = 0
        self._env = simpy.Environment(initial_time=opening)
        self._work = self._env.event()
        self._fill_desk(opening)
        self._open_doors()

    @property
    def queue_length(self) -> int:
        """How many cases wait for a clerk now."""
        return len(self._desk) + len(self._recheck)

    def run_through(self, moment: int) -> None:
        """Let everything happen up to and including `moment`."""
        while self._env.peek() <= moment:
            self._env.step()

    def configure(self, configuration: Configuration, at: int) -> None:
        """Make `configuration` live at `at`, after everything else that happens in that second."""
        self.run_through(at)
        change = self._env.timeout(at - self._env.now)
        self._env.process(self._adopt(configuration, change))
        self.run_through(at)

    def _adopt(self, configuration: Configuration, change: simpy.Event) -> Process:
        yield change
        former, self._configuration = self._configuration, configuration
        if former.blur_limit != configuration.blur_limit:
            self._sort_waiting(configuration.blur_limit)

    def _sort_waiting(self, limit: float) -> None:
        """Send waiting photos that are now within the limit to the validator, and the others to the clerks."""
        waiting = sorted((*self._desk, *self._recheck), key=lambda application: application.case)
        self._recheck = deque(application for application in waiting if application.blur <= limit)
        self._desk = deque(application for application in waiting if application.blur > limit)
        self._wake_clerks()

    def _open_doors(self) -> None:
        self._env.process(self._keep_hours())
        for number in range(1, self._situation.clerks + 1):
            self._env.process(self._review(f"clerk-{number}"))

    def _keep_hours(self) -> Process:
        """Let everything that happens by the clock happen: every five minutes, every hour, every day."""
        while True:
            opened = int(self._env.now)
            yield self._env.timeout(WINDOW)
            now = opened + WINDOW
            self._close_window(opened)
            if now % HOUR == 0:
                self._mail(now)
                self._print(now)
            self._receive(opened, now)
            self._look_again(now)
            self._hear_complaints(now)
            if now % SECONDS_PER_DAY == 0:
                self._forget(now - HISTORY_DAYS * SECONDS_PER_DAY)

    def _fill_desk(self, opening: int) -> None:
        """Put the standing backlog on the desk: as many cases as came in over `backlog_days` and failed the check."""
        random = self._streams["backlog"]
        limit = self._configuration.blur_limit
        share = share_above(limit)
        per_day = self._situation.submissions_per_window * SECONDS_PER_DAY / WINDOW
        count = round(self._situation.backlog_days * per_day * share)
        step = self._situation.backlog_days * SECONDS_PER_DAY / max(count, 1)
        for place in range(count):
            submitted = opening - round((count - place) * step)
            checked = submitted - submitted % WINDOW + WINDOW
            blur = blur_at(share * (1.0 - random.random()))
            self._desk.append(self._register(random, submitted=submitted, checked=checked, blur=blur))

    def _register(self, random: Random, *, submitted: int, checked: int, blur: float) -> Application:
        """Open a case and decide how long this citizen stays patient."""
        self._cases += 1
        self._open.add(self._cases)
        patience = _PATIENCE_DAYS * (-log(1.0 - random.random())) ** (1.0 / _PATIENCE_SHAPE)
        if patience < HISTORY_DAYS:
            due = submitted + int(patience * SECONDS_PER_DAY)
            if due >= self._env.now:
                heapq.heappush(self._grievances, _Grievance(due, self._cases, Topic.WAIT, submitted))
        return Application(
            case=self._cases,
            submitted=submitted,
            checked=checked,
            blur=blur,
            luck=random.random(),
            journey=self._configuration.journey,
        )

    def _receive(self, opened: int, now: int) -> None:
        """Take in the applications of a window and check their photos."""
        random = self._streams["arrivals"]
        tally = self._tally[now]
        limit = self._configuration.blur_limit
        for submitted in self._submissions(random, opened):
            blur = blur_at(1.0 - random.random())
            application = self._register(random, submitted=submitted, checked=now, blur=blur)
            tally.submissions += 1
            if blur <= limit:
                self._decide(application, None)
            else:
                tally.manual += 1
                self._desk.append(application)
        self._wake_clerks()

    def _submissions(self, random: Random, opened: int) -> Iterator[int]:
        """Yield the seconds of a window at which applications come in: a Poisson process."""
        rate = self._situation.submissions_per_window * _demand_at(opened) / WINDOW
        moment = opened + random.expovariate(rate)
        while moment < opened + WINDOW:
            yield int(moment)
            moment += random.expovariate(rate)

    def _look_again(self, now: int) -> None:
        """Let the validator work off waiting photos that a new limit admits, in its spare time."""
        for _ in range(min(len(self._recheck), _RECHECKS_PER_WINDOW)):
            task = Task(activity=Activity.CHECK, start=now, end=now + CHECK_SECONDS, resource=VALIDATOR)
            self._decide(self._recheck.popleft(), task)

    def _review(self, clerk: str) -> Process:
        """One clerk's life: take the oldest case, look, decide; wait for work when there is none."""
        random = _stream(self._seed, clerk)
        while True:
            while not self._desk:
                yield self._work
            application = self._desk.popleft()
            start = int(self._env.now)
            seconds = review_seconds(application.blur) * (0.6 + 0.8 * random.random())
            yield self._env.timeout(max(1, round(seconds)))
            end = int(self._env.now)
            self._decide(application, Task(activity=Activity.REVIEW, start=start, end=end, resource=clerk))

    def _wake_clerks(self) -> None:
        woken, self._work = self._work, self._env.event()
        woken.succeed()

    def _decide(self, application: Application, review: Task | None) -> None:
        """Pass a photo: count it, note whether it will turn out wrong, and send the case on to printing."""
        now = int(self._env.now)
        tally = self._tally[now - now % WINDOW]
        tally.requests += 1
        by_clerk = review is not None and review.activity is Activity.REVIEW
        if application.luck < error_probability(application.blur, seen_by_clerk=by_clerk):
            tally.errors += 1
            self._nurse_grievance(application, now)
        self._print_queue.append((application, review))

    def _nurse_grievance(self, application: Application, now: int) -> None:
        """Some of those who will get a passport with a bad photo will write about it, days later."""
        random = self._streams["errors"]
        if random.random() < _ERROR_COMPLAINT_SHARE:
            due = now + int(random.uniform(*_ERROR_COMPLAINT_DAYS) * SECONDS_PER_DAY)
            grievance = _Grievance(due, application.case, Topic.ERROR, application.submitted)
            heapq.heappush(self._grievances, grievance)

    def _print(self, now: int) -> None:
        """Start a batch; each passport is ready some hours later and leaves with the next hourly collection."""
        random = self._streams["print"]
        for _ in range(min(len(self._print_queue), self._configuration.prints_per_hour)):
            application, review = self._print_queue.popleft()
            end = now + _PRINT_SECONDS + int(_PRINT_SPREAD * random.random())
            mailed = ceil((end + MAIL_SECONDS) / HOUR) * HOUR
            case = ClosedCase(
                application=application, review=review, print_start=now, print_end=end, closed_at=mailed
            )
            self._outgoing[mailed].append(case)

    def _mail(self, now: int) -> None:
        """Hand over to the post what is ready; that closes the cases."""
        for case in self._outgoing.pop(now, ()):
            self._open.discard(case.application.case)
            self.closed.append(case)

    def _forget(self, moment: int) -> None:
        self.closed.forget_before(moment)
        self.windows.forget_before(moment)
        self.complaints.forget_before(moment)

    def _hear_complaints(self, now: int) -> None:
        """Write down the complaints that came due, unless the wait was over by then."""
        while self._grievances and self._grievances[0].due <= now:
            grievance = heapq.heappop(self._grievances)
            if grievance.topic is Topic.ERROR or grievance.case in self._open:
                self._complaint_count += 1
                complaint = write_complaint(
                    self._streams["complaints"],
                    number=self._complaint_count,
                    at=grievance.due,
                    topic=grievance.topic,
                    case=case_name(grievance.case),
                    days=(grievance.due - grievance.submitted) // SECONDS_PER_DAY,
                )
                self.complaints.append(complaint)

    def _close_window(self, opened: int) -> None:
        tally = self._tally.pop(opened, _Tally())
        self.windows.append(
            Window(
                at=opened,
                errors=tally.errors,
                requests=tally.requests,
                manual=tally.manual,
                submissions=tally.submissions,
            )
        )


_STREAMS = ("backlog", "arrivals", "print", "errors", "complaints")


def _stream(seed: int, name: str) -> Random:
    """Return a stream of random numbers of its own for a part of the office."""
    return Random(f"{seed}:{name}")  # noqa: S311 - a simulation must repeat itself; nothing here is a secret


def case_name(number: int) -> str:
    """Return the case's name as it stands in the event log."""
    return f"PR-{number:07d}"


def _demand_at(moment: int) -> float:
    """Return the factor on the mean rate of arrivals: fewer at night and at the weekend; its mean is about 1."""
    hour = moment % SECONDS_PER_DAY / HOUR
    weekday = (moment // SECONDS_PER_DAY + 3) % 7  # 1970-01-01 was a Thursday
    week = 0.9 if weekday >= 5 else 1.04
    return week * (1.0 + 0.3 * sin((hour - 9.0) / 24.0 * 2.0 * pi))

"""What the passport office has on file, as frozen values. All times are whole seconds since 1970 (UTC)."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

SECONDS_PER_DAY = 86_400
CHECK_SECONDS = 12
MAIL_SECONDS = 600
VALIDATOR = "PHOTO_VALIDATOR"


class Activity(StrEnum):
    """The steps that a case passes through, as they stand in the event log."""

    RECEIVE = "Receive application"
    CHECK = "Photo check"
    REVIEW = "Manual photo review"
    PRINT = "Print passport"
    MAIL = "Mail"


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """One renewal as it came in; `luck` (0 to 1) is drawn at birth and decides whether an error shows."""

    case: int
    submitted: int
    checked: int
    blur: float
    luck: float
    journey: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One piece of work on a case: what was done, from when to when, and by whom."""

    activity: Activity
    start: int
    end: int
    resource: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedCase:
    """A finished renewal; `review` is the second look at the photo, if the first one did not pass it."""

    application: Application
    review: Task | None
    print_start: int
    print_end: int
    closed_at: int

    @property
    def days(self) -> float:
        """The citizen's wait, from submission to mailing, in days."""
        return (self.closed_at - self.application.submitted) / SECONDS_PER_DAY

    def tasks(self) -> Iterator[Task]:
        """All work on the case, in order of time."""
        application = self.application
        desk = f"passport_renewal@{application.journey}"
        received = application.checked
        yield Task(activity=Activity.RECEIVE, start=application.submitted, end=received, resource=desk)
        yield Task(activity=Activity.CHECK, start=received, end=received + CHECK_SECONDS, resource=VALIDATOR)
        if self.review is not None:
            yield self.review
        yield Task(activity=Activity.PRINT, start=self.print_start, end=self.print_end, resource="press")
        handed_in = self.closed_at - MAIL_SECONDS
        yield Task(activity=Activity.MAIL, start=handed_in, end=self.closed_at, resource="mail room")


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Five minutes of photo work: `errors` of the `requests` decided, `manual` of the `submissions` checked."""

    at: int
    errors: int
    requests: int
    manual: int
    submissions: int


class Topic(StrEnum):
    """What a complaint is about."""

    WAIT = "waiting time"
    ERROR = "wrong photo"


@dataclass(frozen=True, slots=True, kw_only=True)
class Citizen:
    """A made-up person, with data of the kind that must never leave the complaints desk."""

    name: str
    email: str
    phone: str
    ssn: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint:
    """What a citizen wrote; the text is hostile until proven otherwise."""

    number: int
    at: int
    topic: Topic
    text: str
    citizen: Citizen

"""The agency as a whole: office, gateway, adapters and mainframe on one clock. It knows no HTTP."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import RLock
from time import monotonic
from typing import Self

from bot.model.clock import Clock
from bot.model.recipe import Setting
from bot.sandbox.agency.adapters import Adapters
from bot.sandbox.agency.clock import VirtualClock
from bot.sandbox.agency.faults import Fault
from bot.sandbox.agency.gateway import MINIMUM_SECRET_BYTES, RateLimit
from bot.sandbox.agency.mainframe import Mainframe
from bot.sandbox.agency.management import ManagementLayer
from bot.sandbox.agency.office import HOUR, Configuration, PassportOffice, Situation

HISTORY = timedelta(days=9)

WriteHook = Callable[[str, int, str], None]


class Agency:
    """A passport office with everything around it; `Agency.create` builds one with its history.

    `faults` maps a path pattern (without the prefix that the routes are mounted under) to what goes wrong there.
    `on_write` is called around every mutating request with "before" or "after", a running number, and the path.
    """

    def __init__(
        self,
        *,
        office: PassportOffice,
        management: ManagementLayer,
        mainframe: Mainframe,
        rate_limit: RateLimit,
        clock: Clock,
        secret: str,
    ) -> None:
        if len(secret.encode()) < MINIMUM_SECRET_BYTES:
            raise ValueError(f"the secret has fewer than {MINIMUM_SECRET_BYTES} bytes")
        self.office = office
        self.management = management
        self.adapters = Adapters()
        self.mainframe = mainframe
        self.rate_limit = rate_limit
        self.clock = clock
        self.secret = secret
        self.faults: dict[str, Fault] = {}
        self.on_write: WriteHook | None = None
        self._configuration = _configuration_of(management)
        self._lock = RLock()
        self._writes = 0
        self._traces = 0

    @classmethod
    def create(
        cls,
        *,
        seed: int,
        clock: Clock,
        secret: str,
        mainframe_file: Path | None = None,
        requests_per_second: int = 50,
        situation: Situation | None = None,
    ) -> Self:
        """Build an agency whose history reaches back nine days from the clock's present; it moves with the clock."""
        opening = int((clock.now() - HISTORY).timestamp()) // HOUR * HOUR
        management = ManagementLayer(datetime.fromtimestamp(opening, UTC))
        agency = cls(
            office=PassportOffice(
                seed=seed, opening=opening, configuration=_configuration_of(management), situation=situation
            ),
            management=management,
            mainframe=Mainframe(mainframe_file, clock.now()),
            rate_limit=RateLimit(requests_per_second, monotonic),
            clock=clock,
            secret=secret,
        )
        agency.advance_to(clock.now())
        if isinstance(clock, VirtualClock):
            clock.watch(agency.advance_to)
        return agency

    def advance_to(self, now: datetime) -> None:
        """Let everything happen up to and including `now`; a time in the past changes nothing."""
        with self._lock:
            due = self.management.next_due()
            while due is not None and due <= now:
                self.office.run_through(_second_of(due))
                self.management.settle(due)
                self._configure(due)
                due = self.management.next_due()
            self._configure(now)
            self.office.run_through(_second_of(now))
            self.mainframe.run_through(now)

    @contextmanager
    def at_present(self) -> Iterator[datetime]:
        """Hold the agency still at the clock's present while a request is served."""
        with self._lock:
            now = self.clock.now()
            self.advance_to(now)
            yield now
            self._configure(now)

    @contextmanager
    def writing(self, path: str) -> Iterator[None]:
        """Number a mutating request and tell the hook before and after it."""
        with self._lock:
            self._writes += 1
            number = self._writes
        if self.on_write is not None:
            self.on_write("before", number, path)
        yield
        if self.on_write is not None:
            self.on_write("after", number, path)

    def next_trace(self) -> str:
        """Return the gateway's identifier for one more request."""
        with self._lock:
            self._traces += 1
            return f"trace-{self._traces:08d}"

    def _configure(self, now: datetime) -> None:
        """Make the office work by what is live at the management layer."""
        configuration = _configuration_of(self.management)
        if configuration != self._configuration:
            self._configuration = configuration
            self.office.configure(configuration, _second_of(now))


def _configuration_of(management: ManagementLayer) -> Configuration:
    return Configuration(
        blur_limit=_number(management.service("PHOTO_VALIDATOR").config["max_blur_px"]),
        prints_per_hour=int(_number(management.service("PASSPORT_PRINTER").config["prints_per_hour"])),
        journey=management.journey("passport_renewal").version,
    )


def _number(value: Setting) -> float:
    if isinstance(value, str):
        raise TypeError(f"governance let a text pass for a number: {value!r}")
    return float(value)


def _second_of(moment: datetime) -> int:
    return int(moment.timestamp())

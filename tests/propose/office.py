"""A small agency in memory: a repository with one recipe, its waits in a file, people, and one site per run."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import httpx
from fakes.builders import a_person
from fakes.forge import MemoryForge
from fakes.ledger import MemoryLedger
from fakes.repository import MemoryRepository
from fakes.world import MAIN, MemoryWorld
from replaying import must_replay

from bot.approve import step as gate
from bot.approve.simulate import read_supposition, simulate
from bot.collect.gather import Collector
from bot.ledger.site import Site
from bot.model.decision import GateDecision
from bot.model.event import StepReport
from bot.model.forge import Permission, RepoRef
from bot.model.names import CommitSha, Login, PullNumber, RecipeId, TeamSlug
from bot.model.record import Phase, Record
from bot.model.trigger import Payload, Trigger
from bot.propose import step as detect
from bot.propose import triggered
from bot.recipes.library import Library, load_library

SERVICE_PATH = "patches/services/PHOTO_VALIDATOR.yml"
SAM, ALICE, SAVA, MALLORY, RITA = map(a_person, ("sam", "alice", "sava", "mallory", "rita"))

RECIPE = b"""\
id: PASSPORT_BACKLOG
watch_feeds: [ "complaints.passport", "metrics.passport.wait_time" ]
bottleneck_rule: "max(wait_time) > 20_days"
fix_recipe:
  service_patch:
    service: PHOTO_VALIDATOR
    config: { max_blur_px: 4 }
hitl_threshold: MEDIUM
success_metric: "wait_time < 7_days for 3_days"
rollback_on: "wait_time > 40_days"
"""
FEEDS = b"""\
feeds:
  metrics.passport.wait_time:
    source: json_file
    path: data/waits.json
    columns: {at: closed_at, value: days}
    unit: days
    window: 1_day
    history: 7_days
  complaints.passport:
    shape: complaints
    source: json_file
    path: data/complaints.json
    columns: {at: at, topic: topic}
    history: 7_days
"""
TARGETS = b"""\
endpoints:
  gateway: https://api.gov
gateway:
  endpoint: gateway
  patch: /v1/mgt/patch
  service: /v1/mgt/services/{service}
  journey: /v1/journeys/{journey}
syncs: {}
"""
POLICY = b"""\
approvals:
  LOW: {}
  MEDIUM: {supervisors: 1}
  HIGH: {supervisors: 1, security: 1}
threshold_cap: MEDIUM
impact:
  default: LOW
  keys: {max_blur_px: MEDIUM}
  unknown_key: HIGH
  journeys: MEDIUM
ranges:
  max_blur_px: {minimum: 1, maximum: 12}
expire_after: 14_days
"""
SERVICE = b"service: PHOTO_VALIDATOR\nchanges:\n  max_blur_px: 2  # pixels\n"
FILES = {
    "pow/passport_backlog.yml": RECIPE,
    "pow/settings/feeds.yml": FEEDS,
    "pow/settings/targets.yml": TARGETS,
    "pow/settings/policy.yml": POLICY,
    SERVICE_PATH: SERVICE,
}
CANARY = "my SSN is 078-05-1120"


def _no_network(request: httpx.Request) -> httpx.Response:
    """Every feed of the office is a file."""
    raise AssertionError(f"asked for {request.url}")


class Office:
    """The agency; `detect` and `gate` each run a step as a fresh process would."""

    def __init__(self, root: Path, files: Mapping[str, bytes] | None = None, *, longest: float = 26.3) -> None:
        self.root = root
        self.world = MemoryWorld({**FILES, **(files or {})})
        self.world.teams = {
            TeamSlug("supervisors"): frozenset({SAM.login, ALICE.login, RITA.login}),
            TeamSlug("security"): frozenset({SAVA.login}),
        }
        people = (SAM, ALICE, SAVA, MALLORY, RITA)
        self.world.permissions = {person.login: Permission.WRITE for person in people}
        self.ledger = MemoryLedger(self.world)
        self.forge = MemoryForge(self.world)
        self.write_waits(longest)

    @property
    def now(self) -> datetime:
        """The agency's present."""
        return self.world.now

    def pass_days(self, days: float) -> None:
        """Let time pass."""
        self.world.now += timedelta(days=days)

    def write_waits(self, longest: float, *, every: int = 6) -> None:
        """Write a week of waits, one every few hours, that ends with the longest one, and some complaints."""
        folder = self.root / "data"
        folder.mkdir(exist_ok=True)
        waits = [(self.now - timedelta(hours=every * n), 15.0) for n in range(1, 168 // every)]
        rows = [{"closed_at": at.isoformat(), "days": days} for at, days in (*waits, (self._hours_ago(1), longest))]
        (folder / "waits.json").write_text(json.dumps(rows))
        complaint = {"at": self._hours_ago(2).isoformat(), "topic": "delay", "text": CANARY}
        (folder / "complaints.json").write_text(json.dumps([complaint]))

    def _hours_ago(self, hours: int) -> datetime:
        return self.now - timedelta(hours=hours)

    def site(self) -> Site:
        """Return what a step works on."""
        return Site(
            repo=RepoRef(owner="agency", name="pow"),
            forge=self.forge,
            repository=MemoryRepository(self.world),
            ledger=self.ledger,
            now=self.now,
        )

    def library(self) -> Library:
        """Read recipes and settings from main."""
        site = self.site()
        return load_library(site.repository.read_many("pow/", self.main), endpoints={})

    @property
    def main(self) -> CommitSha:
        """The head of the default branch."""
        return self.world.branches[MAIN]

    def detect(self, *, dry_run: bool = False, started_by: tuple[Login, ...] = ()) -> StepReport:
        """Run `pow detect`."""
        site = replace(self.site(), started_by=started_by)
        with self._collector() as collector:
            return detect.run(site, library=self.library(), base=self.main, collector=collector, dry_run=dry_run)

    def replace_by_another_run(self) -> None:
        """Let the base move under the proposal, and the schedule propose another one in its place."""
        self.world.push(MAIN, {SERVICE_PATH: SERVICE.replace(b"px: 2", b"px: 3")}, by=MALLORY)
        self.pass_days(0.1)
        self.write_waits(26.3)
        self.detect()

    def trigger(
        self, recipe: str = "PASSPORT_BACKLOG", *, by: str = "agent", actors: tuple[str, ...] = ("a2a[bot]",)
    ) -> StepReport:
        """Run `pow detect` as an event that somebody sent starts it."""
        payload = Payload(recipe=RecipeId(recipe), reason="waits grow @everyone", by=Login(by))
        trigger = Trigger(payload=payload, actors=tuple(map(Login, actors)))
        with self._collector() as collector:
            return triggered.run(
                self.site(), library=self.library(), base=self.main, collector=collector, trigger=trigger
            )

    def gate(self, *, only: PullNumber | None = None) -> StepReport:
        """Run `pow gate`, and decide again on whatever it has decided."""
        report = gate.run(self.site(), library=self.library(), base=self.main, only=only)
        must_replay(MemoryRepository(self.world), self.ledger.records())
        return report

    def simulate(self, *texts: str) -> GateDecision:
        """Run `pow simulate 1 --as-if ...`."""
        return self.simulate_of(1, *texts)

    def simulate_of(self, number: int, *texts: str) -> GateDecision:
        """Run `pow simulate NUMBER --as-if ...`."""
        supposed = tuple(each for text in texts if (each := read_supposition(text)) is not None)
        assert len(supposed) == len(texts)
        return simulate(self.site(), PullNumber(number), supposed, library=self.library(), base=self.main)

    @contextmanager
    def _collector(self) -> Iterator[Collector]:
        with httpx.Client(transport=httpx.MockTransport(_no_network)) as client:
            yield Collector(endpoints={}, root=self.root, client=client)

    def phases(self) -> list[Phase]:
        """Return the phases of all records, in order."""
        return [record.phase for record in self.ledger.held]

    def record(self, phase: Phase) -> Record:
        """Return the one record of a phase."""
        (found,) = [record for record in self.ledger.held if record.phase is phase]
        return found

"""An agency in memory with changes that are live: feeds that a test lays down, a gate, and deployments as records."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from fakes.builders import a_person
from fakes.forge import MemoryForge
from fakes.ledger import MemoryLedger
from fakes.repository import MemoryRepository
from fakes.world import MAIN, Killed, MemoryWorld

from bot.approve import step as gate_step
from bot.collect.gather import Gathered
from bot.collect.query import Access
from bot.ledger.site import Site
from bot.model.clock import format_time
from bot.model.event import Event, StepReport
from bot.model.forge import PullRequest, RepoRef
from bot.model.json import digest_of
from bot.model.level import Level
from bot.model.names import BranchName, ChangeId, CommitSha, TeamSlug
from bot.model.record import Draft, Phase, Record
from bot.model.series import FailureKind, FeedFailure, Reading, Sample, Series, Window
from bot.model.settings import FeedSpec
from bot.monitor import step as monitor_step
from bot.propose.change import rollback_id
from bot.propose.trailers import ChangeKind, ProposalTrailers, proposal_message
from bot.recipes.library import load_library

PHOTO, PRINTER = "patches/services/PHOTO_VALIDATOR.yml", "patches/services/PRINTER.yml"
ERRORS, WAITS = "metrics.passport.error_rate", "metrics.passport.wait_time"
FIVE = timedelta(minutes=5)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SAM = a_person("sam")

RECIPE = b"""\
id: BLUR
watch_feeds: [metrics.passport.wait_time, metrics.passport.error_rate]
bottleneck_rule: "max(wait_time) > 20_days"
fix_recipe:
  service_patch:
    service: PHOTO_VALIDATOR
    config: { max_blur_px: 4 }
hitl_threshold: MEDIUM
success_metric: "wait_time < 7_days for 3_days"
rollback_on: "error_rate > 5%"
"""
FEEDS = b"""\
feeds:
  metrics.passport.wait_time:
    source: json_file
    path: data/waits.json
    columns: {at: closed_at, value: days}
    unit: days
    window: 1_day
  metrics.passport.error_rate:
    source: json_file
    path: data/errors.json
    columns: {at: at, value: errors, of: requests}
    window: 5_minutes
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
  HIGH: {supervisors: 1}
threshold_cap: MEDIUM
impact:
  default: LOW
  keys: {max_blur_px: MEDIUM}
  unknown_key: HIGH
  journeys: MEDIUM
rollback:
  window: 5min
  windows: 12
  breaches: 8
  pool: 1h
  confidence: 99.9%
  min_samples: 50
rollbacks_per_day: 2
paused: false
"""
FILES = {
    "pow/blur.yml": RECIPE,
    "pow/settings/feeds.yml": FEEDS,
    "pow/settings/targets.yml": TARGETS,
    "pow/settings/policy.yml": POLICY,
    PHOTO: b"service: PHOTO_VALIDATOR\nchanges:\n  max_blur_px: 2  # pixels\n  a: 1\n  b: 1\n  c: 1\n  retries: 1\n",
    PRINTER: b"service: PRINTER\nchanges:\n  speed: 5\n",
}


@dataclass(kw_only=True)
class Figures:
    """Stands where the collector stands: gives what a test laid down, cut to the window that is asked for."""

    samples: dict[str, list[Sample]] = field(default_factory=dict)
    down: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[str, Window]] = field(default_factory=list)

    def series(self, spec: FeedSpec, window: Window) -> Reading:
        self.asked.append((spec.name, window))
        if spec.name in self.down:
            return FeedFailure(feed=spec.name, kind=FailureKind.UNREACHABLE, message=self.down[spec.name])
        held = self.samples.get(spec.name, ())
        return Series(
            feed=spec.name,
            unit=spec.unit,
            kind=spec.kind,
            window=spec.window,
            span=window,
            samples=tuple(sample for sample in held if window.holds(sample.at)),
            labels=tuple(spec.labels),
        )

    def access(self, spec: FeedSpec, **_: object) -> Access:
        raise AssertionError(f"{spec.name} is no table to be scanned")

    def gather(self, specs: Sequence[FeedSpec], *, now: datetime) -> Gathered:
        found = [self.series(spec, Window(start=now - spec.history, end=now)) for spec in specs]
        series = {each.feed: each for each in found if isinstance(each, Series)}
        failures = {each.feed: each for each in found if isinstance(each, FeedFailure)}
        return Gathered(series=series, complaints={}, logs={}, failures=failures)

    def lay(
        self, feed: str, start: datetime, end: datetime, *, share: float, step: timedelta = FIVE, **labels: str
    ) -> None:
        """Lay down samples every few minutes: of a ratio 20 cases each, of anything else one reading."""
        held, group = self.samples.setdefault(feed, []), tuple(labels.values())
        held[:] = [sample for sample in held if not start <= sample.at < end or sample.labels != group]
        count = (end - start) // step
        of = 20.0 if feed == ERRORS else 1.0
        held.extend(Sample(at=start + step * i, value=share * of, of=of, labels=group) for i in range(count))
        held.sort(key=lambda sample: sample.at)


@dataclass(kw_only=True)
class Tower:
    """Everything that `pow monitor` works on; `go` lets the figures run on with time."""

    world: MemoryWorld
    forge: MemoryForge
    ledger: MemoryLedger
    figures: Figures = field(default_factory=Figures)

    @property
    def now(self) -> datetime:
        return self.world.now

    @property
    def main(self) -> CommitSha:
        return self.world.branches[MAIN]

    # What happened before

    def land(
        self, number: int = 1, path: str = PHOTO, old: bytes = b"px: 2", new: bytes = b"px: 4", recipe: str = "BLUR"
    ) -> ChangeId:
        """Bring a change live as the other steps do: proposed, decided, merged, deployed, each with its record."""
        change, base = ChangeId(f"{number:016x}"), self.main
        before = self.world.snapshots[base].files
        files = {path: before[path].replace(old, new), f"patches/evidence/{change}.json": b"{}\n"}
        trailers = ProposalTrailers(
            change=change,
            kind=ChangeKind.PATCH,
            recipe=f"{recipe}@v1",
            targets=("PHOTO_VALIDATOR",),
            impact=Level.MEDIUM,
            evidence=digest_of(b"{}\n"),
            policy=digest_of(before["pow/settings/policy.yml"]),
        )
        branch = BranchName(f"pow/{recipe.lower()}/{change}")
        head = self.forge.commit(base, files, proposal_message("Propose", trailers))
        self.forge.create_branch(branch, head)
        pull = self.forge.open_pull(branch=branch, base=MAIN, title="Propose", body="", draft=False)
        merge = self.world.merge_by_hand(pull.number, SAM)
        listed = [
            {"path": name, "before": digest_of(before[name]) if name in before else None, "after": digest_of(content)}
            for name, content in files.items()
        ]
        self.record(
            change,
            Phase.PROPOSED,
            recipe=recipe,
            version=1,
            recipe_digest=digest_of(RECIPE),
            pull=pull.number,
            branch=branch,
            head=head,
            base=base,
            episode="first",
            threshold="MEDIUM",
            evidence_digest=digest_of(b"{}\n"),
            impact={"level": "MEDIUM", "factors": []},
            keys=[{"target": "PHOTO_VALIDATOR", "key": "max_blur_px", "before": 2, "after": 4}],
            files=listed,
            rollback_of=None,
        )
        self.record(change, Phase.DECIDED, key=head, result="approved", head=head, policy_digest=trailers.policy)
        self.record(change, Phase.MERGED, key=merge, pull=pull.number, merge=merge, head=head, parent=base)
        self.deploy(change, merge)
        return change

    def deploy(self, change: ChangeId, merge: CommitSha) -> None:
        self.record(change, Phase.DEPLOYED, key=merge, merge=merge, effective_at=format_time(self.now), patches=[])

    def record(self, change: ChangeId, phase: Phase, *, key: str = "", **facts: Any) -> None:
        self.ledger.append(Draft(change=change, phase=phase, at=self.now, facts=facts, key=key))

    def push(self, files: Mapping[str, bytes | None]) -> None:
        """Let a person commit on main."""
        self.world.push("main", files, by=SAM)

    def edit(self, path: str, old: bytes, new: bytes) -> None:
        """Let a person change one place of a file on main."""
        content = self.world.snapshots[self.main].files[path]
        assert old in content
        self.push({path: content.replace(old, new)})

    # Time and figures

    def go(self, span: timedelta, *, errors: float | None = 0.01, waits: float | None = 20.0) -> None:
        """Let time pass with this error rate and these waits; None: no data."""
        start, self.world.now = self.now, self.now + span
        if errors is not None:
            self.figures.lay(ERRORS, start, self.now, share=errors)
        if waits is not None:
            self.figures.lay(WAITS, start, self.now, share=waits, step=HOUR)

    # What the bot does

    def site(self) -> Site:
        return Site(
            repo=RepoRef(owner="agency", name="pow"),
            forge=self.forge,
            repository=MemoryRepository(self.world),
            ledger=self.ledger,
            now=self.now,
        )

    def monitor(self) -> StepReport:
        """Run `pow monitor` as a fresh process would."""
        site = self.site()
        library = load_library(site.repository.read_many("pow/", self.main), endpoints={})
        assert library.settings is not None, library.diagnostics
        return monitor_step.run(site, settings=library.settings, base=self.main, collector=self.figures)

    def gate(self) -> StepReport:
        """Run `pow gate`."""
        site = self.site()
        library = load_library(site.repository.read_many("pow/", self.main), endpoints={})
        return gate_step.run(site, library=library, base=self.main)

    def roll_out(self, change: ChangeId) -> None:
        """Let the gate merge a rollback, and deploy it."""
        self.gate()
        (merged,) = [record for record in self.ledger.of(change) if record.phase is Phase.MERGED]
        self.deploy(change, CommitSha(str(merged.facts["merge"])))

    # What came of it

    def only(self) -> Event:
        """Run the monitor and return its one event."""
        (event,) = self.monitor().events
        return event

    def of(self, change: ChangeId, phase: Phase) -> tuple[Record, ...]:
        return tuple(record for record in self.ledger.of(change) if record.phase is phase)

    def closed(self, change: ChangeId) -> Mapping[str, Any]:
        (record,) = self.of(change, Phase.CLOSED)
        return record.facts

    def rollback_pulls(self, change: ChangeId) -> list[PullRequest]:
        ending = rollback_id(change)
        pulls = [self.world.pull(number) for number in sorted(self.world.pulls)]
        return [pull for pull in pulls if pull.head_branch.endswith(ending)]

    def comment(self, number: int) -> str:
        """Return the monitor's one comment on a pull request."""
        (comment,) = [each for each in self.world.comments[number] if "<!-- pow:monitor:" in each.body]
        return comment.body

    def told(self) -> Mapping[str, Any]:
        """Tell everything that runs leave behind."""
        return {
            "pulls": {number: self.world.pull(number) for number in self.world.pulls},
            "comments": {number: [each.body for each in held] for number, held in self.world.comments.items()},
            "branches": dict(self.world.branches),
            "ledger": self.ledger.held,
        }


def a_tower(**files: bytes) -> Tower:
    """Return a quiet agency with some healthy days behind it; keyword names are files under `pow/`, dots for `/`."""
    changed = {f"pow/{name.replace('__', '/')}.yml": content for name, content in files.items()}
    world = MemoryWorld({**FILES, **changed})
    world.teams = {TeamSlug("supervisors"): frozenset({SAM.login})}
    tower = Tower(world=world, forge=MemoryForge(world), ledger=MemoryLedger(world))
    tower.go(DAY)
    return tower


def a_watch(**files: bytes) -> tuple[Tower, ChangeId]:
    """Return an agency with one change that has just gone live."""
    tower = a_tower(**files)
    return tower, tower.land()


def run_to_the_end(tower: Tower) -> int:
    """Run the monitor again and again until a run is not killed; returns how often it died."""
    deaths = 0
    while True:
        try:
            tower.monitor()
        except Killed:
            deaths += 1
        else:
            return deaths

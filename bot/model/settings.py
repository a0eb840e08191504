"""The settings beside the recipes (`pow/settings/`): feeds, targets, policy; read from the base branch only."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import StrEnum
from typing import assert_never

from bot.model.calendar import Calendar
from bot.model.impact import ImpactPolicy, ValueRange
from bot.model.level import Level
from bot.model.limits import Breaker, Budget, RollbackLimits
from bot.model.names import Digest, FeedName, Login, RecipeId, ServiceName, TeamSlug
from bot.model.proof import (
    BREACHES,
    ControlChoice,
    Numbers,
    Proof,
    RankChoice,
    RankTest,
    SequenceChoice,
    SequenceTest,
    ShareTest,
    SurvivalChoice,
    SurvivalTest,
)
from bot.model.series import SeriesKind
from bot.model.trigger import WINDOW
from bot.model.unit import Unit


class SourceKind(StrEnum):
    """The kinds of source that a feed may come from; one file each under `collect/sources/`."""

    HTTP_JSON = "http_json"
    JSON_FILE = "json_file"
    CSV = "csv"
    PARQUET = "parquet"
    SQL = "sql"
    PROMETHEUS = "prometheus"


class Appearance(StrEnum):
    """How a feed's data comes: all the time, or only when something happens."""

    CONTINUOUS = "continuous"
    SPARSE = "sparse"


class FeedShape(StrEnum):
    """What a feed's rows are."""

    METRIC = "metric"
    COMPLAINTS = "complaints"
    EVENTS = "events"


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Which field of a row means what; dotted names reach into nested JSON objects."""

    at: str = ""
    value: str = ""
    of: str = ""
    topic: str = ""
    case: str = ""
    activity: str = ""
    start: str = ""
    end: str = ""
    resource: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedSpec:
    """One entry of `feeds.yml`.

    `endpoint` names a base URL in `targets.yml` for HTTP (the environment may replace it), `path` is below it,
    or, for files, relative to the repository (or below a `file:` endpoint). `rows` is the dotted place of the
    row list in a JSON answer. A metric's value is the column `value`, or `end - start` where only these two are
    given, or, with `hand_over = (source, target)`, the waiting of that hand-over in an event log (`case`,
    `activity`, `at`); with none of these each row counts as one. `where` keeps the rows whose column has exactly
    this text. `time_format` is a strptime format for times that are not ISO 8601, `time_zone` (an IANA name) is
    where a table's times without an offset were taken. `labels` name the columns that tell series apart
    (`office: office_id`), for rules with `by office`. `query` is what `sql` and `prometheus` sources are asked.
    `keeps` is how long the source keeps its data, if that is limited; `delay` how late a sample may come in.
    `people`: each row (of a ratio: each of `of`) is one person's case.
    `appearance` is whether it always has data, where somebody has said so. With `open_cases` a case counts from its
    `start` on, and one without an `end` is still open.
    """

    name: FeedName
    shape: FeedShape
    source: SourceKind
    path: str
    unit: Unit
    kind: SeriesKind
    window: timedelta
    columns: Columns
    endpoint: str = ""
    rows: str = ""
    history: timedelta = timedelta(days=30)
    timeout: timedelta = timedelta(seconds=10)
    max_bytes: int = 32 * 1024 * 1024
    min_value: float | None = None
    max_value: float | None = None
    time_format: str = ""
    time_zone: str = "UTC"
    where: Mapping[str, str] = field(default_factory=dict)
    hand_over: tuple[str, str] | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    query: str = ""
    keeps: timedelta | None = None
    delay: timedelta = timedelta(0)
    people: bool = False
    appearance: Appearance | None = None
    open_cases: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldSpec:
    """One column of a fixed-width record or a sheet; `source` is what stands in it."""

    name: str
    source: str
    width: int = 0
    align: str = "left"


class AdapterKind(StrEnum):
    """The kinds of external system; one file each under `sync/adapters/`."""

    HTTP = "http"
    FIXED_WIDTH = "fixed_width"
    EXCEL = "excel"


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncSpec:
    """An external system that must be brought in step when one of `services` changes."""

    name: str
    kind: AdapterKind
    endpoint: str
    path: str
    services: tuple[ServiceName, ...]
    fields: tuple[FieldSpec, ...] = ()
    sheet: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Targets:
    """Where changes go: named base URLs, the gateway's paths, and the systems to sync."""

    endpoints: Mapping[str, str]
    gateway: str
    patch_path: str
    service_path: str
    journey_path: str
    syncs: tuple[SyncSpec, ...]
    audience: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Approvers:
    """`count` different people must approve, each a member of one of `teams` or one of `users`.

    `distinct`: each of them for another team; then there are no `users`.
    """

    count: int
    teams: tuple[TeamSlug, ...] = ()
    users: tuple[Login, ...] = ()
    distinct: bool = False


class GovernanceMode(StrEnum):
    """What becomes of a change whose target has no governance file with all five sections."""

    REQUIRED = "required"
    WARN = "warn"
    OFF = "off"


class RegoKind(StrEnum):
    """The programs that policies in Rego may be run with."""

    OPA = "opa"
    CONFTEST = "conftest"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rego:
    """Policies in Rego below `folder` of the base branch, and what runs them."""

    program: RegoKind
    folder: str = "pow/rego"


@dataclass(frozen=True, slots=True, kw_only=True)
class Emergency:
    """Who may approve in an emergency, with a reason; the level's own approvers review it afterwards, in time."""

    approvers: tuple[Approvers, ...]
    review_within: timedelta = timedelta(days=2)
    refuse_while_overdue: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """What is done while people do not decide; reminder and escalation count time while the calendar is open.

    After `escalate_after` (None: never) the next level's approvers may fill the same seats. `last_call` is that long
    before the end.
    """

    remind_after: timedelta = timedelta(days=1)
    escalate_after: timedelta | None = None
    last_call: timedelta = timedelta(days=1)


POOLS_COMPARED, COMPARISONS = 3, 12
"""A ratio is held against a baseline over so many pools; so many times that is three days, by default."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RollbackTest:
    """The test for ratios: `breaches` of `windows` separate windows AND a proof, by `share`, that it is not chance.

    Both ask for the ratio over `pool`, which needs `min_samples` counted to say anything. `wilson` takes its lower
    bound, with the one-sided `confidence`. `cusum` sums evidence up over the windows of `reach`; a ratio just at its
    limit is taken for worse within so many windows with a chance of at most `alpha`. Where a `control` is
    named, the ratio is that of all other groups, which must be worse than a baseline, too. `numbers` are those of the
    tests that a recipe may choose in its place; `ranks` and `survival` are the one that was chosen.
    """

    share: ShareTest = ShareTest.WILSON
    window: timedelta = timedelta(minutes=10)
    windows: int = 12
    breaches: int = 8
    pool: timedelta = timedelta(hours=2)
    confidence: float = 0.999
    min_samples: int = 50
    reach: timedelta = timedelta(days=3)
    alpha: float = 0.05
    control: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    ranks: RankTest | None = None
    survival: SurvivalTest | None = None
    numbers: Numbers = field(default_factory=Numbers)

    def chosen(self, choice: Proof | None) -> "RollbackTest":
        """Return this test as a recipe's rule chooses it; numbers that the recipe leaves open are the policy's."""
        match choice:
            case None:
                return self
            case ShareTest():
                breaches = self.breaches if choice is self.share else BREACHES[choice]
                return replace(self, share=choice, breaches=min(breaches, self.windows))
            case ControlChoice():
                return replace(self.chosen(ShareTest.WILSON), control=choice.control)
            case RankChoice():
                return replace(self, ranks=choice.on(self.numbers.ranks))
            case SurvivalChoice():
                return replace(self, survival=choice.on(self.numbers.survival))
            case _:
                assert_never(choice)

    def proving(self, choice: SequenceChoice | None) -> SequenceTest | None:
        """Return what success must be proven by, as a recipe chooses it."""
        return None if choice is None else choice.on(self.numbers.sequence)

    @property
    def compared_over(self) -> timedelta:
        """How much time a ratio is held against a baseline: a difference is less well known than a share."""
        return self.pool * POOLS_COMPARED

    @property
    def compared_with(self) -> float:
        """The confidence of each comparison; so many, one after the other, have that of one limit together."""
        return 1 - (1 - self.confidence) / COMPARISONS

    @property
    def is_of_counts(self) -> bool:
        """Whether a ratio is tested by how many were counted."""
        return self.ranks is None and self.survival is None

    @property
    def is_of_chance(self) -> bool:
        """Whether it is a test of counts against a limit alone, which can be drawn by chance and played."""
        return self.is_of_counts and not self.control


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """`policy.yml` on the base branch; `digest` is that of its exact bytes."""

    digest: Digest
    approvals: Mapping[Level, tuple[Approvers, ...]]
    threshold_cap: Level
    impact: ImpactPolicy
    ranges: Mapping[str, ValueRange]
    rollback: RollbackTest = field(default_factory=RollbackTest)
    expire_after: timedelta = timedelta(days=14)
    look_again_after: timedelta = timedelta(hours=6)
    close_after: timedelta = timedelta(days=1)
    closings_per_day: int = 5
    proposals_per_run: int = 10
    rollbacks_per_day: int = 4
    paused: bool = False
    bots: tuple[Login, ...] = ()
    excluded_approvers: tuple[Login, ...] = ()
    calendar: Calendar = field(default_factory=Calendar)
    budget: Budget = field(default_factory=Budget)
    trigger_window: timedelta = WINDOW
    breaker: Breaker = field(default_factory=Breaker)
    waiting: Waiting = field(default_factory=Waiting)
    blind_after: int = 5
    emergency: Emergency | None = None
    rollbacks: RollbackLimits = field(default_factory=RollbackLimits)
    governance: GovernanceMode = GovernanceMode.WARN
    rego: Rego | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings at one commit."""

    feeds: tuple[FeedSpec, ...]
    targets: Targets
    policy: Policy
    muted: frozenset[RecipeId] = frozenset()

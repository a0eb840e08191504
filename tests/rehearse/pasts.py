"""What the tests of rehearsals share: metrics, rules on them, and pasts with everything that data can have wrong."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from bot.model.json import digest_of
from bot.model.level import Level
from bot.model.names import FeedName, RecipeId
from bot.model.recipe import Recipe, RollbackMode, Watch
from bot.model.series import FailureKind, FeedFailure, Reading, Sample, Series, SeriesKind, Window
from bot.model.unit import DAY, PLAIN_COUNT, PLAIN_RATIO, Unit
from bot.recipes.library import CompiledRecipe
from bot.rules.catalog import Metric, Scope
from bot.rules.compile import Rule, compile_rule

START = datetime(2026, 1, 5, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
WAIT, ERRORS, AGE, LATE, CLAIMS, QUEUE = (
    FeedName(f"metrics.passport.{name}")
    for name in ("wait_time", "error_rate", "age", "late_time", "claims", "queue")
)
METRICS = (
    Metric(name=WAIT, unit=DAY, kind=SeriesKind.READINGS, window=timedelta(hours=1)),
    Metric(name=ERRORS, unit=PLAIN_RATIO, kind=SeriesKind.RATIO, window=timedelta(minutes=5)),
    Metric(name=AGE, unit=DAY, kind=SeriesKind.READINGS, window=timedelta(minutes=10)),
    Metric(name=LATE, unit=DAY, kind=SeriesKind.READINGS, window=timedelta(minutes=30), delay=timedelta(minutes=7)),
    Metric(name=CLAIMS, unit=PLAIN_COUNT, kind=SeriesKind.READINGS, window=timedelta(minutes=30)),
    Metric(name=QUEUE, unit=DAY, kind=SeriesKind.READINGS, window=timedelta(minutes=30), labels=("office",)),
)
SCOPE = Scope(watched=(), metrics=METRICS)


def rule_of(text: str) -> Rule:
    compiled = compile_rule(text, SCOPE)
    assert isinstance(compiled, Rule), compiled
    return compiled


def series_of(feed: FeedName, samples: Sequence[Sample], *, unit: Unit | None = None) -> Series:
    metric = next(each for each in METRICS if each.name == feed)
    ends = [sample.at for sample in samples] or [START]
    return Series(
        feed=feed,
        unit=unit or metric.unit,
        kind=metric.kind,
        window=metric.window,
        span=Window(start=min(ends), end=max(ends) + MINUTE),
        samples=tuple(samples),
    )


def failure_of(feed: FeedName) -> FeedFailure:
    return FeedFailure(feed=feed, kind=FailureKind.UNREACHABLE, message="the server does not answer")


_NUMBERS = st.one_of(
    st.sampled_from([0.0, 1.0, 2.0, 5.0, 7.0, 0.1, 0.3, 1e-300, 1e15, 1e300, float("nan"), float("inf")]),
    st.integers(0, 20).map(float),
    st.floats(0, 20),
    st.floats(-5, 5),
)


@st.composite
def samples(draw: st.DrawFn, *, ratio: bool = False) -> list[Sample]:
    """Samples with gaps, duplicates, wrong order, and numbers that are none."""
    minute, found = 0, []
    for _ in range(draw(st.integers(0, 25))):
        minute += draw(st.sampled_from([0, 1, 3, 5, 5, 5, 5, 10, 45, 200]))
        of = draw(st.sampled_from([0.0, 1.0, 10.0, 10.0, 37.5, 50.0])) if ratio else 1.0
        found.append(Sample(at=START + minute * MINUTE, value=draw(_NUMBERS), of=of))
    return draw(st.permutations(found)) if draw(st.booleans()) else found


@st.composite
def pasts(draw: st.DrawFn, feeds: Sequence[FeedName]) -> dict[FeedName, Reading]:
    """Readings of feeds, now and then one that failed, came in the wrong unit, or was not read at all."""
    data: dict[FeedName, Reading] = {}
    for feed in feeds:
        match draw(st.sampled_from(["good"] * 12 + ["failed", "wrong", "absent"])):
            case "good":
                data[feed] = series_of(feed, draw(samples(ratio=feed == ERRORS)))
            case "failed":
                data[feed] = failure_of(feed)
            case "wrong":
                wrong = PLAIN_RATIO if feed == WAIT else DAY
                data[feed] = series_of(feed, draw(samples()), unit=wrong)
            case _:
                pass
    return data


def recipe_of(
    *,
    bottleneck: str = "age > 20_days",
    success: str = "age < 7_days for 2_hours",
    rollback: str = "error_rate > 5%",
    deadline: timedelta = timedelta(days=21),
    mode: RollbackMode = RollbackMode.AUTO,
    cooldown: timedelta = timedelta(days=7),
) -> CompiledRecipe:
    recipe = Recipe(
        id=RecipeId("BACKLOG"),
        version=1,
        path="pow/backlog.yml",
        digest=digest_of(b""),
        watch_feeds=(AGE,),
        bottleneck_rule=bottleneck,
        service_patches=(),
        journey_patches=(),
        hitl_threshold=Level.MEDIUM,
        success_metric=success,
        rollback_on=rollback,
        cooldown=cooldown,
        watch=Watch(min_samples=1, deadline=deadline, mode=mode),
    )
    return CompiledRecipe(
        recipe=recipe, bottleneck=rule_of(bottleneck), success=rule_of(success), rollback=rule_of(rollback)
    )

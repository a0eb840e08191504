"""One scan and the evaluator agree on every rule and every series, or the scan leaves the rule to the evaluator."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pytest
import yaml
from collect.scanned import FEEDS, NOW, Row, collected, feed, judged_as, question, screened, write
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rules.environment import NOW as CASES_NOW
from rules.environment import compiled, duration, readings
from tries import tries

from bot.collect.scan import Screened
from bot.collect.scan_layout import zone_steps
from bot.collect.sources.table import Table, opened, parts_in_time
from bot.model.names import FeedName
from bot.model.series import Series, SeriesKind, Window
from bot.model.settings import Columns, FeedSpec, SourceKind
from bot.model.unit import PLAIN_COUNT
from bot.model.verdict import RuleOutcome
from bot.rules.evaluate import Needs, evaluate
from bot.rules.scan import MICROSECOND, Question, Surveyor
from bot.rules.scan_answer import outcome_of
from bot.rules.scan_plan import cuts_of, in_turn

CASES = Path(__file__).parents[1] / "rules" / "cases"
NAMES = [spec.where["name"] for spec in FEEDS]
CSV = tuple(
    feed(
        spec.where["name"],
        source=SourceKind.CSV,
        path="all.csv",
        window=spec.window,
        min_value=spec.min_value,
        max_value=spec.max_value,
    )
    for spec in FEEDS
)
NUMBERS = st.sampled_from(["0", "3", "5", "7.5", "10", "-2", "0.1", "19.99"]) | st.floats(0, 20).map(str)
ODD = st.sampled_from(["nan", "inf", "-inf", None, "1e308", "-1e308", "5e-324", "1e-200"])
MOMENTS = st.integers(-60 * 24 * 12, 60).map(lambda minutes: NOW + timedelta(minutes=minutes)) | st.sampled_from(
    [NOW, NOW - timedelta(days=1), NOW - timedelta(days=1, microseconds=1), NOW - timedelta(days=7)]
)
LIMITS = {"wait": ["5_days", "7.5_days", "0_days"], "queue": ["5", "0", "10"], "share": ["5%", "0%", "100%"]}
FUNCTIONS = ["", "mean", "max", "min", "count", "last", "median", "p95", "stddev"]
SUSTAINED = ["", "", "", " for 3_days", " for 36h", " in 2 of 5 windows", " for 4_days"]


def text_of(moment: datetime) -> str:
    return str(moment.astimezone(UTC).replace(tzinfo=None))


@st.composite
def rows(draw: st.DrawFn) -> list[Row]:
    """Rows of every series: gaps, duplicates, what is no number, no time or no weight, in any order."""
    found = []
    for name in NAMES:
        count = draw(st.sampled_from([0, 1, 3, 12]))
        values = draw(st.sampled_from([NUMBERS, NUMBERS, NUMBERS | ODD]))
        for _ in range(count):
            of = draw(st.sampled_from(["100", "100", "37", "1", "0"])) if name.startswith("share") else "1"
            at = None if draw(st.integers(0, 40)) == 0 else text_of(draw(MOMENTS))
            found.append(Row(name=name, at=at, value=draw(values), of=of))
    return found + found[: draw(st.integers(0, 3))]


@st.composite
def comparisons(draw: st.DrawFn) -> str:
    name, function = draw(st.sampled_from(NAMES)), draw(st.sampled_from(FUNCTIONS))
    kind = name.rstrip("0123456789")
    limit = draw(st.sampled_from(LIMITS["queue" if function == "count" else kind]))
    over = draw(st.sampled_from(["", "", " over 7_days", " over 6h", " over 1_day"]))
    operator = draw(st.sampled_from(["<", "<=", ">", ">=", "==", "!="]))
    measured = f"{function}({name}{over})" if function else f"{name}{over}"
    return draw(st.sampled_from([f"{measured} {operator} {limit}", f"{limit} {operator} {measured}"]))


@st.composite
def rules(draw: st.DrawFn) -> str:
    first, second = draw(comparisons()), draw(comparisons())
    joined = draw(
        st.sampled_from(
            [first, first, first, f"{first} and {second}", f"not ({first} or not {second})", f"not {first}"]
        )
    )
    return joined + draw(st.sampled_from(SUSTAINED))


NEEDS = st.fixed_dictionaries(
    {
        "min_samples": st.sampled_from([1, 1, 3, 100]),
        "coverage": st.sampled_from([0.5, 0.9, 1.0]),
        "fresh_after": st.sampled_from([None, None, NOW - timedelta(days=2), NOW - timedelta(hours=7), NOW]),
    }
)


GENERATED = given(
    data=rows(), asked=st.lists(st.tuples(rules(), NEEDS), min_size=20, max_size=24), seed=st.integers(0, 9)
)


def examples(count: int) -> settings:
    patient = [HealthCheck.too_slow, HealthCheck.data_too_large]
    return settings(max_examples=tries(count), deadline=None, suppress_health_check=patient)


@GENERATED
@examples(3)
def test_what_a_scan_decides_the_evaluator_decides_alike(tmp_path_factory, data, asked, seed):
    agree(tmp_path_factory.mktemp("scan"), data, asked, seed)


@pytest.mark.slow
@GENERATED
@examples(60)
def test_what_a_scan_decides_the_evaluator_decides_alike_on_many_data_sets(tmp_path_factory, data, asked, seed):
    agree(tmp_path_factory.mktemp("scan"), data, asked, seed)


def agree(root: Path, data: list[Row], asked: list[tuple[str, dict[str, Any]]], seed: int) -> None:
    questions = [question(text, **needs) for text, needs in asked]
    Random(seed).shuffle(data)
    write(root, data)
    feeds = CSV if seed % 3 == 0 else FEEDS
    known = collected(root, feeds)
    told = [screened(root, questions, feeds, threads=threads) for threads in (1, 2)]
    for each, one, two in zip(questions, *told, strict=True):
        expected = evaluate(each.rule, known, now=NOW, needs=each.needs).outcome
        assert one.outcome in {None, expected}, each.rule.text
        assert one.outcome == two.outcome, each.rule.text
        first, second = one.measurement(NOW), two.measurement(NOW)
        assert first == second, each.rule.text
        assert first is None or first.outcome == expected


def test_every_case_of_the_language_is_decided_alike_by_a_scan(tmp_path: Path):
    """The case files, all series of all cases in one table."""
    members, expected, written = [], [], []
    for name in ("values", "outcomes", "sustained", "groups", "before", "delay"):
        for case in yaml.load((CASES / f"{name}.yaml").read_text(encoding="utf-8"), Loader=yaml.CSafeLoader):
            asked, data = asked_of(case), readings(case.get("data", {}))
            screening = Surveyor(CASES_NOW).survey(asked)
            if screening is None or not all(isinstance(data.get(feed), Series) for feed in asked.rule.feeds):
                continue
            specs = {feed: spec_of(f"{len(expected)}-{feed}", data[feed]) for feed in asked.rule.feeds}
            written += [row for feed in specs for row in rows_of(f"{len(expected)}-{feed}", data[feed])]
            members.append([(atom, specs[atom.feed]) for atom in screening.atoms])
            expected.append((screening, evaluate(asked.rule, data, now=CASES_NOW, needs=asked.needs)))
    write(tmp_path, written)
    decided = 0
    for (screening, measurement), answers in zip(expected, judged_as(tmp_path, members, CASES_NOW), strict=True):
        outcome = outcome_of(screening, answers)
        assert outcome in {None, measurement.outcome}, measurement
        decided += outcome is not None
    assert len(expected) > 100
    assert decided > 0.6 * len(expected)


def asked_of(case: dict[str, Any]) -> Question:
    since = case.get("fresh_after")
    needs = Needs(
        min_samples=case.get("min_samples", 1),
        coverage=case.get("coverage", 0.9),
        fresh_after=CASES_NOW - duration(since) if since else None,
    )
    return Question(rule=compiled(case["rule"], *([tuple(case["watch"])] if "watch" in case else [])), needs=needs)


def spec_of(name: str, series: Series) -> FeedSpec:
    of = "of" if series.kind is SeriesKind.RATIO else ""
    columns = Columns(at="seen", value="value", of=of)
    return feed(name, name=FeedName(name), unit=series.unit, kind=series.kind, columns=columns, where={"name": name})


def rows_of(name: str, series: Series) -> list[Row]:
    return [
        Row(name=name, at=text_of(sample.at), value=repr(sample.value), of=repr(sample.of))
        for sample in series.samples
    ]


def told(root: Path, text: str, feeds=FEEDS, **needs: Any) -> tuple[RuleOutcome | None, str]:
    """Screen one rule; its outcome and its words."""
    found = screened(root, [question(text, feeds, **needs)], feeds)[0]
    measurement = found.measurement(NOW)
    return found.outcome, measurement.sentence if measurement else ""


def hourly(name: str, *values: str, of: str = "1", start: int = 1) -> list[Row]:
    """Values an hour apart, the newest first, `start` hours before now."""
    return [
        Row(name=name, at=text_of(NOW - timedelta(hours=start + place)), value=value, of=of)
        for place, value in enumerate(values)
    ]


SHAPES = [
    ("wait > 20_days", "DOES_NOT_HOLD", "mean(wait) is 6 days (n=4) over 1 day; needs > 20 days"),
    ("max(wait) > 7_days", "HOLDS", ""),
    ("count(wait) > 9", "DOES_NOT_HOLD", "count(wait) is 4 (n=4) over 1 day; needs > 9"),
    (
        "p95(wait) > 30_days",
        "DOES_NOT_HOLD",
        "p95(wait) is between 4 days and 8 days (n=4) over 1 day; needs > 30 days",
    ),
    ("wait == 6_days", None, ""),
    (
        "wait > 20_days and wait == 6_days",
        "DOES_NOT_HOLD",
        "(does not hold); mean(wait) is open; needs == 6 days (is open)",
    ),
    ("max(wait) != 8_days", "DOES_NOT_HOLD", "max(wait) is 8 days (n=4) over 1 day; needs != 8 days"),
    ("stddev(wait) > 30_days", None, ""),
    ("wait / 2 > 30_days", None, ""),
    ("wait + wait2 > 90_days for 3_days", None, ""),
    ("wait > 20_days and stddev(wait) > 1_days", None, ""),
    ("stddev(wait) > 1_days in 2 of 3 windows", None, ""),
    ("not stddev(wait) > 1_days", None, ""),
    ("wait > 20_days or stddev(wait) > 1_days for 3_days", None, ""),
    ("wait > 20_days and stddev(wait) > 1_days for 3_days", None, ""),
    ("last(share) > 50%", None, ""),
    (
        "wait > 20_days for 3_days",
        "DOES_NOT_HOLD",
        "mean(wait) is 6 days (n=4) over 1 day; needs > 20 days in windows of 1 day: met in 0, not met in 1 of 3",
    ),
    (
        "mean(wait2 over 7_days) > 1_days",
        "STALE",
        "mean(wait2) is stale: there is no sample in its last 2 windows of 1 hour; needs > 1 day",
    ),
    (
        "mean(wait2 over 7_days) > 1_days or wait > 20_days",
        "STALE",
        "(STALE); mean(wait) is 6 days (n=4) over 1 day; needs > 20 days (does not hold)",
    ),
    ("mean(queue over 1h) > 2", "NO_DATA", "mean(queue) has no data over 1 hour; needs > 2"),
    ("queue2 > 2", None, ""),
    (
        "rate(queue over 1_day) > 9_per_day",
        "DOES_NOT_HOLD",
        "rate(queue) is 5 per day (n=1) over 1 day; needs > 9 per day",
    ),
    ("share > 50%", "DOES_NOT_HOLD", "share is 4% (n=100) over 6 hours; needs > 50%"),
]


@pytest.fixture(scope="module")
def shapes(tmp_path_factory) -> dict[str, Screened]:
    """All shapes of rules, by their texts, as one scan of one file answers them."""
    root = tmp_path_factory.mktemp("shapes")
    data = [
        *hourly("wait", "4", "6", "6", "8"),
        *hourly("wait2", "3", start=30),
        *hourly("queue", "5", start=3),
        *hourly("queue2", "51"),
        *hourly("share", "4", of="100"),
    ]
    write(root, data)
    found = screened(root, [question(text) for text, _, _ in SHAPES])
    return {text: each for (text, _, _), each in zip(SHAPES, found, strict=True)}


@pytest.mark.parametrize(("text", "outcome", "words"), SHAPES)
def test_a_screened_rule_says_value_and_limit(shapes, text, outcome, words):
    measurement = shapes[text].measurement(NOW)
    assert shapes[text].outcome == outcome
    assert measurement.sentence.endswith(words) if measurement else not words


@pytest.mark.parametrize(
    ("needs", "text", "words"),
    [
        ({"min_samples": 5}, "wait > 20_days", "mean(wait) has too few samples (n=4 of 5); needs > 20 days"),
        ({"min_samples": 0}, "max(share) > 20%", "max(share) is not defined (n=0) over 6 hours; needs > 20%"),
        (
            {"fresh_after": NOW - timedelta(minutes=5)},
            "wait > 20_days",
            "in its last 2 windows of 1 day; needs > 20 days",
        ),
    ],
)
def test_a_rule_without_an_answer_says_why(tmp_path: Path, needs, text, words):
    write(tmp_path, [*hourly("wait", "4", "6", "6", "8"), *hourly("share", "0", of="0")])
    outcome, sentence = told(tmp_path, text, **needs)
    assert outcome in {RuleOutcome.INSUFFICIENT, RuleOutcome.STALE}
    assert sentence.endswith(words) or "no data" in sentence


def test_a_value_that_rounding_decides_is_left_to_the_evaluator(tmp_path: Path):
    """The mean of 10.005 and others lies between two texts of four digits when sums round differently."""
    write(tmp_path, hourly("wait", *["10.005"] * 24))
    found = screened(tmp_path, [question("wait > 20_days")])[0]
    assert found.outcome is RuleOutcome.DOES_NOT_HOLD
    known = collected(tmp_path)
    exact = evaluate(found.question.rule, known, now=NOW, needs=found.question.needs)
    measurement = found.measurement(NOW)
    assert measurement is None or measurement.observed == exact.observed


def test_narrow_windows_get_a_scan_of_their_own(tmp_path: Path):
    data = [
        Row(name="wait", at=text_of(NOW - timedelta(minutes=5 * place + 1)), value="3")
        for place in range(12 * 24 * 4)
    ]
    narrow = (feed("wait", window=timedelta(minutes=5)),)
    write(tmp_path, data)
    expected = {
        "wait > 5_days for 3_days": RuleOutcome.DOES_NOT_HOLD,
        "wait < 5_days for 3_days": RuleOutcome.HOLDS,
        "wait < 5_days in 800 of 860 windows": RuleOutcome.HOLDS,
        "mean(wait over 30_days) < 5_days for 31_days": RuleOutcome.INSUFFICIENT,
    }
    found = screened(tmp_path, [question(text, narrow) for text in expected], narrow)
    assert [each.outcome for each in found] == list(expected.values())
    tiny = (feed("wait", window=timedelta(seconds=1)),)
    assert told(tmp_path, "mean(wait over 1h) < 5_days in 70 of 100 windows", tiny)[0] is None


@pytest.mark.parametrize(
    ("zone", "source"),
    [
        ("Europe/Amsterdam", SourceKind.PARQUET),
        ("America/New_York", SourceKind.CSV),
        pytest.param("America/St_Johns", SourceKind.PARQUET, marks=pytest.mark.slow),
    ],
)
def test_local_times_fall_into_the_same_windows(tmp_path: Path, zone, source):
    """Every half hour around the end of summer time, when an hour happens twice and rows in it count as the first."""
    autumn = datetime(2025, 11, 20, tzinfo=UTC)
    path = "all.parquet" if source is SourceKind.PARQUET else "all.csv"
    spec = feed("wait", source=source, path=path, time_zone=zone, window=timedelta(hours=1))
    data = [
        Row(name="wait", at=text_of(autumn - timedelta(minutes=30 * place + 7)), value=str(place % 17))
        for place in range(48 * 39)
    ]
    write(tmp_path, data)
    turns = [round((autumn - datetime(2025, *day, tzinfo=UTC)) / timedelta(hours=1)) for day in ((10, 26), (11, 2))]
    known = collected(tmp_path, [spec], now=autumn)[spec.name]
    assert isinstance(known, Series)
    asked = []
    for hours in [24, *(turn + step for turn in turns for step in range(-8, 3))]:
        exact = sum(sample.at >= autumn - timedelta(hours=hours) for sample in known.samples)
        asked += [question(f"count(wait over {hours}h) > {exact + off}", [spec]) for off in (-1, 0)]
    found = screened(tmp_path, asked, [spec], now=autumn)
    assert [each.outcome for each in found] == [RuleOutcome.HOLDS, RuleOutcome.DOES_NOT_HOLD] * (len(asked) // 2)


@pytest.mark.parametrize("zone", ["Europe/Amsterdam", "Australia/Lord_Howe", "America/St_Johns", "UTC"])
def test_a_zones_offsets_are_those_of_its_clock(zone):
    tz = ZoneInfo(zone)
    window = Window(start=datetime(2025, 3, 1, tzinfo=UTC), end=datetime(2025, 12, 1, tzinfo=UTC))
    steps = zone_steps(tz, window)
    moment = steps[0][0]
    while moment < datetime(2025, 12, 1):  # noqa: DTZ001 - local times
        current = [offset for begins, offset in steps if begins <= moment][-1]
        assert current == moment.replace(tzinfo=tz).utcoffset()
        moment += timedelta(minutes=30)


@pytest.mark.parametrize("zone", ["Europe/Amsterdam", pytest.param("UTC", marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    ("seen", "value", "is_decided"),
    [
        ("seen::TIMESTAMPTZ", "value::FLOAT", True),
        ("seen::DATE", "value::DECIMAL(18, 3)", True),
        ("seen::TIMESTAMP_NS", "value::HUGEINT", True),
        ("seen::VARCHAR", "value::VARCHAR", True),
        ("seen", "value::INTEGER", True),
        ("seen", "value > 5", False),
        ("epoch(seen)::BIGINT", "value", False),
    ],
)
def test_every_type_of_column_is_read_as_the_collector_reads_it(tmp_path: Path, seen, value, is_decided, zone):
    write(tmp_path, hourly("wait", "4", "6.25", "6", "8", "9.5"))
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        place = tmp_path / "all.parquet"
        replaced = f"SELECT * REPLACE ({seen} AS seen, {value} AS value) FROM '{place}'"  # noqa: S608 - a table of this test
        connection.execute(f"CREATE TABLE rows AS {replaced}")
        connection.execute(f"COPY rows TO '{place}'")
    spec = feed("wait", time_zone=zone)
    known = collected(tmp_path, [spec])
    asked = [question(f"wait > {limit}_days", [spec]) for limit in (4, 5, 6, 7)]
    for each, found in zip(asked, screened(tmp_path, asked, [spec]), strict=True):
        expected = evaluate(each.rule, known, now=NOW, needs=each.needs).outcome
        assert found.outcome == expected if is_decided else found.outcome is None


@pytest.mark.parametrize(
    "changes",
    [
        {"time_format": "%Y"},
        {"labels": {"place": "name"}},
        {"columns": Columns(start="seen", end="seen")},
        {"columns": Columns(at="seen", value="nothing")},
        {"columns": Columns(at="nothing", value="value")},
        {"columns": Columns(at="seen", value="name")},
        {"where": {"nothing": "x"}},
        {"path": "nothing.parquet"},
        {"source": SourceKind.JSON_FILE},
        {"time_zone": "Nowhere/City"},
        {"unit": PLAIN_COUNT, "columns": Columns(at="seen"), "kind": SeriesKind.RATIO},
    ],
)
def test_what_a_scan_cannot_read_like_the_collector_is_left_to_it(tmp_path: Path, changes):
    write(tmp_path, hourly("wait", "4"))
    spec = feed("wait", **changes)
    asked = question("count(wait) > 5", [spec])
    known = collected(tmp_path, [spec])
    outcome = screened(tmp_path, [asked], [spec])[0].outcome
    assert outcome in {None, evaluate(asked.rule, known, now=NOW, needs=asked.needs).outcome}


def test_rows_without_a_time_or_a_value_count_as_the_collector_counts_them(tmp_path: Path):
    write(tmp_path, hourly("queue", "4", "5", "6"))
    timeless = feed("queue", columns=Columns())
    other = feed("queue", name=FeedName("metrics.all.last"), columns=Columns(value="value"))
    assert told(tmp_path, "count(queue) > 2", [timeless])[0] is RuleOutcome.HOLDS
    assert told(tmp_path, "max(last) > 6", [other])[0] is RuleOutcome.DOES_NOT_HOLD


def test_many_different_windows_take_several_scans(tmp_path: Path):
    write(tmp_path, hourly("wait", *["3"] * 70))
    asked = [question(f"max(wait over {hours}h) > 5_days") for hours in range(1, 70)]
    assert {each.outcome for each in screened(tmp_path, asked)} == {RuleOutcome.DOES_NOT_HOLD}


def test_small_loads_are_not_scanned_and_many_rules_are(tmp_path: Path):
    write(tmp_path, hourly("wait", "4"))
    asked = [question("wait > 5_days")]
    assert screened(tmp_path, asked, always=False)[0].outcome is None
    many = screened(tmp_path, asked * 20, always=False)
    assert {each.outcome for each in many} == {RuleOutcome.DOES_NOT_HOLD}
    assert screened(tmp_path, asked, [])[0].outcome is None


def test_a_file_that_is_no_table_leaves_its_rules_open(tmp_path: Path):
    (tmp_path / "all.parquet").write_text("no table")
    assert told(tmp_path, "wait > 5_days") == (None, "")


@pytest.mark.parametrize(("source", "zone"), [(SourceKind.PARQUET, "UTC"), (SourceKind.CSV, "America/New_York")])
def test_a_feed_that_was_silent_is_old_or_empty(tmp_path: Path, source, zone):
    """History is 40 days: a sample at its very beginning is one, and a microsecond earlier there is none."""
    began = (NOW - timedelta(days=40)).astimezone(ZoneInfo(zone)).replace(tzinfo=UTC)
    data = [
        Row(name="wait", at=text_of(began), value="5"),
        Row(name="wait2", at=text_of(began - timedelta(microseconds=1)), value="5"),
        Row(name="queue2", at=text_of(began + timedelta(days=9)), value="51"),
        Row(name="share", at=text_of(began + timedelta(days=9)), value="0", of="0"),
        Row(name="share2", at=text_of(began + timedelta(days=9)), value="3", of="2"),
        Row(name="wait", at=text_of(NOW + timedelta(days=2)), value="5"),
    ]
    write(tmp_path, data)
    path = "all.parquet" if source is SourceKind.PARQUET else "all.csv"
    feeds = [
        feed(
            *(spec.where["name"],),
            **{name: getattr(spec, name) for name in ("window", "min_value", "max_value")},
            source=source,
            path=path,
            time_zone=zone,
        )
        for spec in FEEDS
    ]
    known = collected(tmp_path, feeds)
    silent = {"wait": "STALE", "wait2": "NO_DATA", "queue": "NO_DATA", "queue2": "NO_DATA", "share": "STALE"}
    silent["share2"] = "NO_DATA"
    asked = [
        question(f"mean({name}) > {LIMITS[name.rstrip('2')][0]}{sustained}", feeds, **needs)
        for name in silent
        for sustained in ("", " for 3_days", " in 2 of 5 windows")
        for needs in ({}, {"min_samples": 3}, {"fresh_after": NOW - timedelta(days=1)})
    ]
    outcomes = []
    for each, found in zip(asked, screened(tmp_path, asked, feeds), strict=True):
        exact = evaluate(each.rule, known, now=NOW, needs=each.needs)
        assert found.outcome == exact.outcome, each.rule.text
        measurement = found.measurement(NOW)
        assert measurement is not None
        assert measurement.outcome is exact.outcome
        outcomes.append(exact.outcome)
    assert outcomes[::9] == list(silent.values())
    assert outcomes.count(RuleOutcome.DOES_NOT_HOLD) == 4


def test_a_silent_feed_with_a_row_that_no_scan_can_read_is_left_to_the_collector(tmp_path: Path):
    write(tmp_path, hourly("queue", "5"))
    place = tmp_path / "all.csv"
    place.write_text(place.read_text() + f"wait,{text_of(NOW - timedelta(days=20))},much,1\n")
    assert told(tmp_path, "wait > 5_days", CSV) == (None, "")
    assert told(tmp_path, "wait2 > 5_days", CSV)[0] is RuleOutcome.NO_DATA


def write_long(root: Path, order: str, kind: str = "TIMESTAMP") -> None:
    """Write 12 days of every series, a row each two minutes, in parts of 2,048 rows; some values are no number."""
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        relation = f"""
            SELECT n.name, (TIMESTAMP '{NOW:%Y-%m-%d}' + to_minutes(10 - 2 * p))::{kind} AS seen,
                CASE WHEN p % 97 = 0 THEN 'nan'::DOUBLE WHEN p % 101 = 0 THEN NULL
                    ELSE (hash(p, n.name) % 1000) / 100.0 END AS value,
                (hash(n.name, p) % 20)::DOUBLE AS of
            FROM range(12 * 720) r(p), (SELECT unnest($names) AS name) n ORDER BY {order}
        """  # noqa: S608 - texts of this test
        target = f"TO '{root / 'all.parquet'}' (FORMAT parquet, ROW_GROUP_SIZE 2048)"
        connection.execute(f"COPY ({relation}) {target}", {"names": NAMES})


IN_LONG = (
    *("max(wait over 7_days) > 9_days", "wait > 4.9_days", "wait > 6_days", "sum(queue2 over 7_days) > 3_000"),
    *("queue2 > 5 for 3_days", "min(queue2 over 7_days) < 1 and count(wait) > 9", "share < 80%", "share > 30%"),
)


@pytest.mark.parametrize("kind", [pytest.param("TIMESTAMP", marks=pytest.mark.slow), "TIMESTAMPTZ"])
def test_a_table_in_order_of_time_is_answered_as_in_any_other(tmp_path: Path, kind):
    asked = [question(text) for text in IN_LONG]
    told, turns = [], []
    for order in ("seen DESC, name", "name, seen"):
        write_long(tmp_path, order, kind)
        told.append([(each.outcome, each.measurement(NOW)) for each in screened(tmp_path, asked)])
        with opened(Table(path=tmp_path / "all.parquet", kind=SourceKind.PARQUET), seconds=30) as connection:
            parts = parts_in_time(connection, Table(path=tmp_path / "all.parquet", kind=SourceKind.PARQUET), "seen")
        ages = [((NOW - last) // MICROSECOND, (NOW - first) // MICROSECOND) for first, last in parts]
        cuts = cuts_of([atom for each in asked if (found := Surveyor(NOW).survey(each)) for atom in found.atoms])
        turns.append([in_turn(cut, ages) for cut in cuts])
    assert turns == [[True], [False]], "the one is read cell by cell, the other row by row"
    assert told[0] == told[1]
    known = collected(tmp_path)
    assert [outcome for outcome, _ in told[0]] == [
        evaluate(each.rule, known, now=NOW, needs=each.needs).outcome for each in asked
    ]


def test_only_parts_that_say_when_they_are_have_times(tmp_path: Path):
    write(tmp_path, [*hourly("wait", "4", "5"), Row(name="wait", at=None, value="3")])
    with opened(Table(path=tmp_path / "all.parquet", kind=SourceKind.PARQUET), seconds=30) as connection:
        table = Table(path=tmp_path / "all.parquet", kind=SourceKind.PARQUET)
        assert parts_in_time(connection, table, "seen") == [(NOW - timedelta(hours=2), NOW - timedelta(hours=1))]
        assert parts_in_time(connection, table, "nothing") == []
    write(tmp_path, [Row(name="wait", at=None, value="3")])
    with opened(table, seconds=30) as connection:
        assert parts_in_time(connection, table, "seen") == []
    with opened(Table(path=tmp_path / "all.csv", kind=SourceKind.CSV), seconds=30) as connection:
        assert parts_in_time(connection, Table(path=tmp_path / "all.csv", kind=SourceKind.CSV), "seen") == []

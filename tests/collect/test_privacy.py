import json
from pathlib import Path

import pytest
from collect.feeds import NOW, WEEK, a_collector, a_file
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tries import tries

from bot.collect.gather import uses_of
from bot.collect.privacy import MAX_TOPICS, OTHER, topic_of
from bot.model.finding import ComplaintCount
from bot.model.settings import Columns, FeedShape, FeedSpec, SourceKind

CANARY = "Jane Canary 123-45-6789"


def a_complaint_file(path: str, source: SourceKind = SourceKind.JSON_FILE, **columns: str) -> FeedSpec:
    named = Columns(**({"at": "at", "topic": "topic"} | columns))
    return a_file(source, path, shape=FeedShape.COMPLAINTS, columns=named)


@pytest.mark.parametrize(
    "topic",
    [
        "wait_time",
        "Noise - Street/Sidewalk",
        "HEAT/HOT WATER",
        "Missed Collection (All Materials)",
        "Café",
        "Payday loan, title loan, personal loan, or advance loan",
        "Form N-4",
    ],
)
def test_a_category_is_kept(topic: str):
    assert topic_of(topic) == topic


@pytest.mark.parametrize(
    "topic",
    [
        "",
        "   ",
        "123-45-6789",
        "my number is 123 45 6789",
        "call 5551234",
        "jane@example.org",
        "@everyone",
        "see http://example.org",
        "a" * 61,
        "one two three four five six seven eight nine ten eleven",
        "<script>",
        "::set-output",
        "[skip ci]",
        "# heading",
        "`code`",
        "line\u202ereversed",
        "zero\u200bwidth",
        "x" * 1_000_000,
    ],
)
def test_what_does_not_look_like_a_category_is_other(topic: str):
    assert topic_of(topic) == OTHER


def test_space_around_and_between_words_is_one_space():
    assert topic_of("  wait \n\t time ") == "wait time"


def test_complaints_are_counted_by_topic_and_the_rarer_ones_are_other(tmp_path: Path):
    topics = [f"topic {chr(97 + number // 26)}{chr(97 + number % 26)}" for number in range(MAX_TOPICS + 5)]
    rows = [{"at": "2026-01-05T08:00:00Z", "topic": topic} for topic in [topics[3], *topics]]
    rows.append({"at": "2025-01-01T00:00:00Z", "topic": "wait"})
    (tmp_path / "c.json").write_text(json.dumps(rows))
    with a_collector(tmp_path) as collector:
        counted = collector.gather([a_complaint_file("c.json")], now=NOW).complaints.popitem()[1]
    assert next(iter(counted.topics.items())) == (topics[3], 2)
    assert counted.topics[OTHER] == 5
    assert counted.total == MAX_TOPICS + 6


def collected(root: Path, spec: FeedSpec) -> str:
    """Return everything that collect gives for a feed, as text."""
    with a_collector(root) as collector:
        gathered = collector.gather([spec], now=NOW)
        return repr((gathered, uses_of(gathered, [spec.name]), gathered.readings))


complaint = st.fixed_dictionaries(
    {
        "at": st.sampled_from(["2026-01-05T08:00:00Z", "2026-01-05", CANARY, 7, None]),
        "topic": st.sampled_from(["wait", f"{CANARY} is angry", {"text": CANARY}, [CANARY], 5, None]),
        "text": st.just(CANARY),
        "citizen": st.just({"name": CANARY}),
    }
)
documents = st.one_of(
    st.lists(complaint, max_size=4),
    st.just(CANARY),
    st.just([CANARY]),
    st.just({CANARY: CANARY}),
    st.just([{CANARY: 1}]),
)


@settings(max_examples=tries(60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(document=documents, broken=st.booleans())
def test_no_text_of_a_complaint_ever_leaves(tmp_path: Path, document: object, broken: bool):  # noqa: FBT001 - drawn
    (tmp_path / "c.json").write_text(json.dumps(document) + (CANARY if broken else ""))
    assert "Canary" not in collected(tmp_path, a_complaint_file("c.json"))


@settings(max_examples=tries(25), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    header=st.sampled_from(["at,topic,text", f"{CANARY},x,y", "at,text", ""]),
    line=st.sampled_from(
        [f"2026-01-05,wait,{CANARY}", f'{CANARY},"{CANARY},{CANARY}', f"2026-01-05,{CANARY},\x00\xff"]
    ),
)
def test_no_line_of_a_complaint_table_ever_leaves(tmp_path: Path, header: str, line: str):
    (tmp_path / "c.csv").write_text(f"{header}\n{line}\n{line}\n", encoding="latin-1")
    assert "Canary" not in collected(tmp_path, a_complaint_file("c.csv", SourceKind.CSV))


def test_only_time_and_topic_are_asked_for(tmp_path: Path):
    (tmp_path / "c.csv").write_text(f"at,topic,text\n2026-01-05,wait,{CANARY}\n2026-01-05,,{CANARY}\n")
    with a_collector(tmp_path) as collector:
        counted = collector.gather([a_complaint_file("c.csv", SourceKind.CSV)], now=NOW).complaints.popitem()[1]
    assert isinstance(counted, ComplaintCount)
    assert counted.topics == {OTHER: 1, "wait": 1}


def test_without_a_topic_all_complaints_are_other(tmp_path: Path):
    (tmp_path / "c.csv").write_text("at\n2026-01-05\n2026-01-06\n")
    with a_collector(tmp_path) as collector:
        spec = a_complaint_file("c.csv", SourceKind.CSV, topic="")
        counted = collector.complaints(spec, WEEK)
    assert isinstance(counted, ComplaintCount)
    assert counted.topics == {OTHER: 2}


def test_complaints_that_carry_no_time_all_belong_to_the_window(tmp_path: Path):
    topics = ["wait", "wait", "fee", True]
    (tmp_path / "c.json").write_text(json.dumps([{"topic": topic} for topic in topics]))
    with a_collector(tmp_path) as collector:
        counted = collector.complaints(a_complaint_file("c.json", at=""), WEEK)
    assert isinstance(counted, ComplaintCount)
    assert counted.topics == {"wait": 2, "fee": 1, "true": 1}

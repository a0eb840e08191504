"""Runs the case files: each case is a rule with what must be said about it."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from rules.environment import NOW, WATCHED, compiled, duration, readings, scope

from bot.model.verdict import Measurement
from bot.rules.compile import Rule, compile_rule
from bot.rules.evaluate import Needs, evaluate
from bot.rules.format import format_rule
from bot.rules.parse import parse
from bot.rules.shape import threshold_of
from bot.rules.source import Fault, render
from bot.rules.syntax import Statement

FOLDER = Path(__file__).parent / "cases"


def cases(name: str) -> list[Any]:
    entries = yaml.load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    return [pytest.param(entry, id=f"{place}: {str(entry['rule'])[:50]}") for place, entry in enumerate(entries, 1)]


MORE = [case for name in ("groups", "before", "delay") for case in cases(name)]


def watched(case: dict[str, Any]) -> tuple[str, ...]:
    return tuple(case.get("watch", WATCHED))


def faults_of(case: dict[str, Any]) -> tuple[Fault, ...]:
    catalog = replace(scope(watched(case)), has_change=case.get("has_change", True))
    found = compile_rule(case["rule"], catalog)
    assert not isinstance(found, Rule), f"{case['rule']} compiles"
    return found


def measured(case: dict[str, Any]) -> Measurement:
    since, changed = case.get("fresh_after"), case.get("changed_at")
    needs = Needs(
        min_samples=case.get("min_samples", 1),
        coverage=case.get("coverage", 0.9),
        fresh_after=NOW - duration(since) if since else None,
        changed_at=NOW - duration(changed) if changed else None,
    )
    return evaluate(compiled(case["rule"], watched(case)), readings(case.get("data", {})), now=NOW, needs=needs)


@pytest.mark.parametrize("case", cases("format"))
def test_a_rule_is_written_back_with_its_meaning(case):
    statement = parse(case["rule"])
    assert isinstance(statement, Statement), statement
    text = format_rule(statement)
    assert text == case.get("text", case["rule"])
    assert parse(text) == statement


@pytest.mark.parametrize("case", cases("faults"))
def test_a_wrong_rule_is_told_where_and_why(case):
    faults = faults_of(case)
    carets = [" " * fault.offset + "^" * fault.width for fault in faults]
    expected = case["caret"] if isinstance(case["caret"], list) else [case["caret"]]
    assert carets == expected
    identifiers = [fault.id.removeprefix("rule-") for fault in faults]
    assert identifiers == (case["id"] if isinstance(case["id"], list) else [case["id"]])
    shown = "\n".join(render(case["rule"], fault) for fault in faults)
    for words in (case.get("says", ""), case.get("hint", "")):
        assert words in shown


@pytest.mark.parametrize("case", cases("names"))
def test_a_name_means_the_metric_nearest_to_what_is_watched(case):
    assert list(compiled(case["rule"], watched(case)).feeds) == case["feeds"]


@pytest.mark.parametrize("case", [*cases("values"), *cases("outcomes"), *cases("sustained"), *MORE])
def test_a_rule_is_measured_and_says_what_it_saw(case):
    measurement = measured(case)
    assert measurement.outcome == case["outcome"], measurement.sentence
    assert measurement.rule == case["rule"].replace("  ", " ").replace("\n", "")
    for words in case.get("says", []):
        assert words in measurement.sentence
    if "sentence" in case:
        assert measurement.sentence == case["sentence"]
    if "observed" in case:
        assert measurement.observed == case["observed"]
    if "samples" in case:
        assert measurement.samples == case["samples"]
    assert list(measurement.groups) == case.get("groups", [])


@pytest.mark.parametrize("case", cases("shapes"))
def test_a_simple_rule_is_one_threshold(case):
    rule = compiled(case["rule"], watched(case))
    found = threshold_of(rule)
    told = found and f"{found.reducer or 'bare'} {found.feed} {found.op} {found.limit} over {found.window}"
    assert told == case["threshold"]
    assert str(rule.hold) == str(case.get("hold"))
    if "reach" in case:
        assert rule.reach == duration(case["reach"])
    if "lookback" in case:
        assert rule.lookback == duration(case["lookback"])
    assert rule.baseline == (duration(case["baseline"]) if "baseline" in case else timedelta(0))
    assert rule.delay == (duration(case["delay"]) if "delay" in case else timedelta(0))

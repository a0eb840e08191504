"""Played tests of recipes as a terminal shows them, as JSON and as JUnit's XML; it plays and judges nothing."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from xml.etree import ElementTree as ET

from bot.model.errors import Diagnostic
from bot.model.json import Json
from bot.model.trial import Aspect, Curve, Mark, Miss, TrialResult, Way
from bot.recipes.tree import Document
from bot.report.charts import number
from bot.report.diagnostics import printable, text_of
from bot.rules.display import show_duration, show_time

_BARS = "▁▂▃▄▅▆▇█"
_LONGEST_SENTENCE = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """A test that was played: the file it stands in, what came of it, and how long that took."""

    document: Document
    result: TrialResult
    seconds: float

    def line(self, way: Way) -> int:
        """Return the line of something in the test's file."""
        return self.document.place(way).line

    @property
    def place(self) -> str:
        """Where the test stands."""
        return f"{self.document.path}:{self.line((*self.result.way, 'name'))}"


def headline_of(played: Played) -> str:
    """Name a test on one line."""
    return printable(f"{played.result.recipe}: {played.result.name}")


def details_of(played: Played) -> str:
    """Say for a test that failed what was expected and what came, and how its data ran."""
    lines = [f"  {played.place}"]
    for miss in played.result.misses:
        lines += (f"    {line}" for line in _miss_lines(played, miss))
    lines += (f"    {line}" for line in _picture(played.result))
    return "\n".join(printable(line) for line in lines)


def summary_of(played: Sequence[Played], *, broken: int) -> str:
    """Count: `12 tests: 11 passed, 1 failed`."""
    failed = sum(not each.result.passed for each in played)
    counts = [f"{len(played) - failed} passed"] + [f"{failed} failed"] * (failed > 0)
    counts += [f"{broken} could not be played"] * (broken > 0)
    total = len(played) + broken
    return f"{total} test{'s' * (total != 1)}: {', '.join(counts)}"


def json_of(played: Played) -> Json:
    """Return a test as JSON; times in seconds after its start."""
    result = played.result
    return {
        "path": played.document.path,
        "line": played.line((*result.way, "name")),
        "recipe": result.recipe,
        "name": result.name,
        "passed": result.passed,
        "looks": result.looks,
        "seconds": round(played.seconds, 6),
        "misses": [_miss_json(played, miss) for miss in result.misses],
    }


def _miss_json(played: Played, miss: Miss) -> Json:
    return {
        "line": played.line(miss.way),
        "after": miss.after.total_seconds(),
        "until": miss.until.total_seconds() if miss.until is not None else None,
        "aspect": miss.aspect,
        "expected": list(miss.expected),
        "came": list(miss.came),
        "said": list(miss.said),
    }


def _miss_lines(played: Played, miss: Miss) -> Iterator[str]:
    start = played.result.start
    if not miss.expected:
        until = f" to {_after(miss.until)}" if miss.until is not None else " to the end"
        yield f"from {_after(miss.after)}{until} ({show_time(start + miss.after)}): {miss.aspect}, unexpected"
        yield f"  came      {' '.join(miss.came)}"
    else:
        line = played.line(miss.way)
        yield f"line {line}, after {_after(miss.after)} ({show_time(start + miss.after)}): {miss.aspect}"
        yield from _difference(miss)
    yield from (f"  because   {_brief(sentence)}" for sentence in miss.said)


def _difference(miss: Miss) -> Iterator[str]:
    if miss.aspect is Aspect.REDLINE:
        yield from (f"  - {line}" for line in miss.expected if line not in miss.came)
        yield from (f"  + {line}" for line in miss.came if line not in miss.expected)
        yield from (["  + nothing is changed"] if not miss.came else [])
        return
    yield f"  expected  {' '.join(miss.expected)}"
    came = miss.came or ("nothing is said",)
    yield f"  came      {_brief(came[0])}"
    yield from (f"            {_brief(line)}" for line in came[1:])


def _picture(result: TrialResult) -> Iterator[str]:
    """Draw each feed over the time of the test, and what happened below."""
    if not result.curves:
        return
    wide = max(len(curve.feed) for curve in result.curves)
    for curve in result.curves:
        yield f"{curve.feed:<{wide}}  {bars_of(curve)}  {_range(curve)}"
    parts = len(result.curves[0].means)
    line = _ruler(result.marks, result.length, parts)
    yield f"{'':<{wide}}  {line}".rstrip()


def bars_of(curve: Curve) -> str:
    """Draw a curve with one sign for each part, on a scale from its least to its largest value; a blank is a gap."""
    span = curve.high - curve.low or math.inf
    steps = len(_BARS) - 1
    return "".join(" " if mean is None else _BARS[round((mean - curve.low) / span * steps)] for mean in curve.means)


def _range(curve: Curve) -> str:
    scale, unit = (100, "%") if curve.unit == "ratio" else (1, f" {curve.unit}")
    low, high = number(curve.low * scale), number(curve.high * scale)
    return f"{low}{unit}" if low == high else f"{low} to {high}{unit}"


def _ruler(marks: Iterable[Mark], length: timedelta, parts: int) -> str:
    """Write each event below its time, as far as there is room; the test's length stands at the end."""
    line = ""
    for mark in marks:
        at = min(parts - 1, int(mark.after / length * parts)) if length else 0
        if at >= len(line):
            line = f"{line:<{at}}^{mark.name} "
    return f"{line:<{parts}}  over {_after(length)}"


def _after(after: timedelta) -> str:
    """Write a time since the start in days and what is left of one: `3 days 5 hours`."""
    days = timedelta(days=after.days)
    parts = [show_duration(part) for part in (days, after - days) if part]
    return " ".join(parts) or "0 hours"


def _brief(text: str) -> str:
    shown = " ".join(text.split())
    return shown if len(shown) <= _LONGEST_SENTENCE else shown[: _LONGEST_SENTENCE - 1] + "…"


def junit_of(played: Sequence[Played], broken: Sequence[Diagnostic], *, at: datetime) -> str:
    """Write JUnit's XML, with the elements and attributes that its schemas demand; one suite for each file."""
    root = ET.Element("testsuites")
    suites = [(path, tuple(group)) for path, group in groupby(played, key=lambda each: each.document.path)]
    faults = {path: tuple(group) for path, group in groupby(broken, key=lambda each: each.path)}
    paths = dict.fromkeys([*faults, *(path for path, _ in suites)])
    by_path = dict(suites)
    for index, path in enumerate(sorted(paths)):
        _suite(root, path, by_path.get(path, ()), faults.get(path, ()), {"id": str(index), "timestamp": _stamp(at)})
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _suite(
    root: ET.Element, path: str, played: Sequence[Played], faults: Sequence[Diagnostic], own: dict[str, str]
) -> None:
    seconds = sum(each.seconds for each in played)
    attributes = {
        **own,
        "name": printable(path),
        "package": "pow",
        "hostname": "localhost",
        "tests": str(len(played) + len(faults)),
        "failures": str(sum(not each.result.passed for each in played)),
        "errors": str(len(faults)),
        "skipped": "0",
        "time": f"{seconds:.3f}",
    }
    suite = ET.SubElement(root, "testsuite", attributes)
    ET.SubElement(suite, "properties")
    for fault in faults:
        case = _case(suite, "pow", f"line {fault.line}: {fault.message}", 0.0)
        error = ET.SubElement(case, "error", {"message": printable(fault.message), "type": fault.id})
        error.text = text_of(fault)
    for each in played:
        case = _case(suite, each.result.recipe, each.result.name, each.seconds)
        if not each.result.passed:
            misses = each.result.misses
            count = f"{len(misses)} differences, the first" if len(misses) > 1 else "a difference"
            message = f"{count} about {misses[0].aspect}"
            failure = ET.SubElement(case, "failure", {"message": message, "type": "unexpected"})
            failure.text = details_of(each)
    ET.SubElement(suite, "system-out")
    ET.SubElement(suite, "system-err")


def _case(suite: ET.Element, group: str, name: str, seconds: float) -> ET.Element:
    attributes = {"classname": printable(group), "name": printable(name), "time": f"{seconds:.3f}"}
    return ET.SubElement(suite, "testcase", attributes)


def _stamp(at: datetime) -> str:
    """Write a time as the schema wants it: without an offset, in UTC."""
    return at.strftime("%Y-%m-%dT%H:%M:%S")

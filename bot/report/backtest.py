"""A backtest in words and tables: plain rows for the terminal, and Markdown for a pull request's comment.

A rule, a feed's message and a sentence may be anybody's text: in Markdown they pass through `untrusted`.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.model.clock import format_time
from bot.model.errors import Diagnostic
from bot.model.json import Json
from bot.model.rehearsal import Backtest, Curve, Episode, FalseActions, RehearsedWatch
from bot.model.series import FeedFailure
from bot.model.unit import RATIO
from bot.model.verdict import RuleOutcome, VerdictKind
from bot.report.charts import number
from bot.report.diagnostics import text_of
from bot.report.pull_request import MAX_BODY
from bot.report.untrusted import code, fenced, sanitize, visible

MARKER = "<!-- pow:backtest -->"
"""Marks the one comment that backtests are put into."""
_SHOWN = 10
_CHART = 40
_VERDICTS = {
    VerdictKind.ROLLBACK: "rolled back",
    VerdictKind.SUCCESS: "success",
    VerdictKind.ASK: "a person is asked at the deadline",
    VerdictKind.KEEP: "kept at the deadline",
    VerdictKind.HOLD: "still watching where the history ends",
}
_UNDECIDED = (RuleOutcome.GREY, RuleOutcome.NO_DATA, RuleOutcome.INSUFFICIENT, RuleOutcome.STALE, RuleOutcome.ERROR)

Row = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """A recipe's file before and after: a backtest of each, or what is wrong with it; None where it was not there."""

    path: str
    old: Backtest | tuple[Diagnostic, ...] | None
    new: Backtest | tuple[Diagnostic, ...] | None


def summary_rows(found: Backtest) -> tuple[Row, ...]:
    """Return what a backtest found as names and plain texts, the rule as it was written."""
    rows = [
        ("Rule", found.rule),
        ("History", f"{_day(found.span.start)} to {_day(found.span.end)}, {span_text(found.span.length)}"),
        ("Looked", f"{found.looks:,} times, every {span_text(found.every)}"),
        ("Fired", _fired(found)),
        ("Not decided", _undecided(found)),
        ("Proposals", f"{len(found.watches)}, {number(round(found.per_month, 2))} a month"),
        ("What the monitor says", _verdicts(found.watches)),
        ("False rollbacks", _false_rollbacks(found.false_actions) or f"not known: {found.undrawn}"),
        ("False successes", _false_successes(found.false_actions) or f"not known: {found.undrawn}"),
    ]
    return tuple(row for row in rows if row[1])


def _fired(found: Backtest) -> str:
    if not found.episodes:
        return "never"
    times = len(found.episodes)
    longest = max(episode.length for episode in found.episodes)
    count = "once" if times == 1 else f"{times} times"
    share = found.outcomes.get(RuleOutcome.HOLDS, 0) / found.looks
    return (
        f"{count}, {span_text(found.fired)} in all ({share:.1%} of the looks), at most {span_text(longest)} at once"
    )


def _undecided(found: Backtest) -> str:
    parts = [f"{found.outcomes[each]:,} {each}" for each in _UNDECIDED if found.outcomes.get(each)]
    return f"at {', '.join(parts)} of {found.looks:,} looks" if parts else ""


def _verdicts(watches: Sequence[RehearsedWatch]) -> str:
    counts = Counter(watch.verdict for watch in watches)
    return ", ".join(f"{counts[kind]} {words}" for kind, words in _VERDICTS.items() if counts[kind])


def _false_rollbacks(drawn: FalseActions | None) -> str:
    if drawn is None:
        return ""
    return (
        f"{drawn.rolled_back} of {drawn.watches} watches of {span_text(drawn.length)} without any change: "
        f"{drawn.rate:.1%}, between {drawn.low:.1%} and {drawn.high:.1%} with 95% confidence"
    )


def _false_successes(drawn: FalseActions | None) -> str:
    if drawn is None:
        return ""
    return (
        f"{drawn.succeeded} of the same {drawn.watches} watches would be called a success: {drawn.success_rate:.1%}"
    )


def episode_rows(episodes: Sequence[Episode], *, limit: int = _SHOWN) -> tuple[Row, ...]:
    """Return the first firings: when, and how long."""
    return tuple(
        (_time(each.begin), span_text(each.length) + (", until the end" if each.is_open else ""))
        for each in episodes[:limit]
    )


def watch_rows(watches: Sequence[RehearsedWatch], *, limit: int = _SHOWN) -> tuple[tuple[str, str, str], ...]:
    """Return the first proposals: when, how their watch ended, and the monitor's sentence."""
    return tuple((_time(each.begin), _ending(each), each.sentence) for each in watches[:limit])


def _ending(watch: RehearsedWatch) -> str:
    asked = f", a person asked {_time(watch.asked_at)}" if watch.asked_at and watch.asked_at < watch.end else ""
    return f"{_VERDICTS[watch.verdict]} after {span_text(watch.end - watch.begin)}{asked}"


def failure_text(failure: FeedFailure) -> str:
    """Say which feed gave nothing, and why."""
    return f"{failure.feed} could not be read: {failure.message}"


def markdown_of(found: Backtest) -> str:
    """Write one backtest as Markdown."""
    parts = [
        f"### Backtest of {code(found.recipe)}",
        _table(("", ""), [(name, _cell(name, text)) for name, text in summary_rows(found)]),
        _failures(found.failures),
        _chart(found.curve),
        _firings(found),
        _proposals(found),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def comment_of(compared: Sequence[Compared], *, head: str, left_out: Sequence[str] = ()) -> str:
    """Write the comment on a pull request that changes recipes: each one's old version against its new one."""
    opening = [
        MARKER,
        "### What these recipes would have done",
        (
            "Both versions replayed on the same data, as of the settings on the base branch. "
            "Nothing of this pull request was run."
        ),
    ]
    parts = [_compared(each) for each in compared] or ["No recipe differs."]
    if left_out:
        parts.append(f"Not replayed, for there are too many: {', '.join(map(code, left_out[:_SHOWN]))}.")
    closing = f"_As of {code(head[:12])}. Changes are supposed to take effect at once and to change nothing._"
    body = "\n\n".join([*opening, *parts, closing])
    if len(body) > MAX_BODY:
        body = f"{_without_fence(body[: MAX_BODY - 200])}\n\n_The rest is left out here for length._"
    return body + "\n"


def comparison_of(compared: Compared) -> str:
    """Write both versions of one recipe side by side as Markdown."""
    return _compared(compared) + "\n"


def backtest_json(found: Backtest) -> Mapping[str, Json]:
    """Return a backtest as JSON; times in seconds, the curve in its unit."""
    drawn = found.false_actions
    return {
        "recipe": found.recipe,
        "rule": found.rule,
        "since": format_time(found.span.start),
        "until": format_time(found.span.end),
        "every": found.every.total_seconds(),
        "looks": {outcome.value: count for outcome, count in sorted(found.outcomes.items())},
        "fired": found.fired.total_seconds(),
        "episodes": [_episode_json(each) for each in found.episodes],
        "proposals": [_watch_json(each) for each in found.watches],
        "proposals_per_month": found.per_month,
        "false_actions": None if drawn is None else _drawn_json(drawn),
        "undrawn": found.undrawn,
        "sources": [{"feed": each.feed, "samples": each.samples} for each in found.sources],
        "failures": [{"feed": each.feed, "kind": each.kind, "message": each.message} for each in found.failures],
        "curve": _curve_json(found.curve),
    }


def _episode_json(each: Episode) -> Mapping[str, Json]:
    return {"begin": format_time(each.begin), "end": format_time(each.end), "open": each.is_open}


def _watch_json(each: RehearsedWatch) -> Mapping[str, Json]:
    return {
        "begin": format_time(each.begin),
        "end": format_time(each.end),
        "verdict": each.verdict,
        "asked_at": None if each.asked_at is None else format_time(each.asked_at),
        "sentence": each.sentence,
    }


def _drawn_json(drawn: FalseActions) -> Mapping[str, Json]:
    return {
        "watches": drawn.watches,
        "length": drawn.length.total_seconds(),
        "rolled_back": drawn.rolled_back,
        "succeeded": drawn.succeeded,
        "rate": drawn.rate,
        "low": drawn.low,
        "high": drawn.high,
    }


def _curve_json(curve: Curve) -> Mapping[str, Json]:
    buckets: list[Json] = [[format_time(b.start), b.low, b.high, b.firing] for b in curve.buckets]
    return {"metric": curve.metric, "unit": curve.unit.name, "limit": curve.limit, "buckets": buckets}


def _without_fence(text: str) -> str:
    """Cut back to the last section that is whole, so that no fence or table stays open."""
    whole = text.rpartition("\n\n")[0]
    return whole if whole.count("```") % 2 == 0 else whole.rpartition("```")[0].rstrip()


def _compared(each: Compared) -> str:
    title = f"#### {code(each.path)}"
    if isinstance(each.new, tuple):
        return f"{title}\n\n{_broken('This version does not load', each.new)}"
    if each.new is None:
        return f"{title}\n\nThe recipe is removed."
    note = _broken("The version on the base branch does not load", each.old) if isinstance(each.old, tuple) else ""
    old = each.old if isinstance(each.old, Backtest) else None
    parts = [title, note, _side_by_side(old, each.new), _failures(each.new.failures), _chart(each.new.curve)]
    parts += [_firings(each.new), _proposals(each.new)]
    return "\n\n".join(part for part in parts if part)


def _side_by_side(old: Backtest | None, new: Backtest) -> str:
    if old is None:
        rows = [(name, _cell(name, text)) for name, text in summary_rows(new)]
        return _table(("", f"new: {code(new.recipe)}"), rows)
    before = dict(summary_rows(old))
    after = dict(summary_rows(new))
    names = dict.fromkeys([*before, *after])
    rows3 = [(name, _cell(name, before.get(name, "")), _cell(name, after.get(name, ""))) for name in names]
    return _table(("", f"before: {code(old.recipe)}", f"after: {code(new.recipe)}"), rows3)


def _broken(what: str, diagnostics: tuple[Diagnostic, ...]) -> str:
    shown = "\n".join(text_of(each)[:800] for each in diagnostics[:_SHOWN])
    return f"{what}:\n\n{fenced(shown)}"


def _failures(failures: Iterable[FeedFailure]) -> str:
    return "\n".join(f"- ⚠️ {sanitize(failure_text(each), limit=400)}" for each in failures)


def _firings(found: Backtest) -> str:
    rows = episode_rows(found.episodes)
    if not rows:
        return ""
    more = f"\n\n{len(found.episodes) - len(rows)} more are not shown." if len(found.episodes) > len(rows) else ""
    return _details("When it fires", _table(("From", "For"), rows) + more)


def _proposals(found: Backtest) -> str:
    rows = [(at, sanitize(how), sanitize(why, limit=300)) for at, how, why in watch_rows(found.watches)]
    if not rows:
        return ""
    more = f"\n\n{len(found.watches) - len(rows)} more are not shown." if len(found.watches) > len(rows) else ""
    return _details("What it would propose", _table(("At", "Ends", "The monitor's last word"), rows) + more)


def _details(title: str, text: str) -> str:
    return f"<details><summary>{title}</summary>\n\n{text}\n\n</details>"


def _chart(curve: Curve) -> str:
    """Draw the metric's highest values and the limit; only our own numbers and dates enter the diagram."""
    shown = thinned(curve, _CHART)
    values = [value for _, value in shown]
    if len(values) < 2:
        return ""
    scale = _scale(curve)
    numbers = [value * scale for value in values]
    limit = None if curve.limit is None else curve.limit * scale
    top = max([*numbers, limit or 0.0, 0.0])
    days = ", ".join(f'"{day}"' if place % 5 == 0 else '" "' for place, (day, _) in enumerate(shown))
    lines = [
        "```mermaid",
        "xychart-beta",
        f"    x-axis [{days}]",
        f'    y-axis "{_axis(curve)}" {number(min([*numbers, 0.0]))} --> {number(top * 1.1 if top > 0 else 1.0)}',
        f"    line [{', '.join(map(number, numbers))}]",
    ]
    if limit is not None:
        lines.append(f"    line [{', '.join([number(limit)] * len(numbers))}]")
    return "\n".join([*lines, "```"])


def thinned(curve: Curve, most: int) -> tuple[tuple[str, float], ...]:
    """Return at most so many stretches that hold a value, as the day each begins and its highest value."""
    size = -(-len(curve.buckets) // most)
    found = []
    for place in range(0, len(curve.buckets), size or 1):
        group = curve.buckets[place : place + size]
        highest = [bucket.high for bucket in group if bucket.high is not None]
        if highest:
            found.append((_day(group[0].start), max(highest)))
    return tuple(found)


def _scale(curve: Curve) -> float:
    """Shares are drawn in percent."""
    return 100.0 if curve.unit.dimension == RATIO and curve.unit.factor == 1.0 else 1.0


def _axis(curve: Curve) -> str:
    name = "%" if curve.unit.dimension == RATIO else curve.unit.name
    return name if name.replace("%", "").isalpha() or name == "%" else "value"


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(header)} |", f"|{'---|' * len(header)}"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])


def _cell(name: str, text: str) -> str:
    return code(text) if name == "Rule" and text else sanitize(text, limit=300) if text else "-"


def _day(moment: datetime) -> str:
    return format_time(moment)[:10]


def _time(moment: datetime) -> str:
    return visible(f"{format_time(moment)[:16].replace('T', ' ')}Z")


def span_text(length: timedelta) -> str:
    """Write a length of time: whole days, hours or minutes where it has them, else to a tenth."""
    for name, size in (("day", timedelta(days=1)), ("hour", timedelta(hours=1)), ("minute", timedelta(minutes=1))):
        if length >= size:
            count = number(round(length / size, 1))
            return f"{count} {name}{'' if count == '1' else 's'}"
    return f"{length.total_seconds():.0f} seconds"

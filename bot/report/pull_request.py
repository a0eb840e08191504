"""The pull request's title and body, written for a supervisor who has two minutes.

It renders values that others decided on; everything that came from a feed passes through `untrusted`.
"""

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import assert_never

from bot.model.change import Affected, Change, FileEdit, Impact, KeyChange
from bot.model.clock import format_time
from bot.model.finding import ComplaintCount, Finding
from bot.model.level import Level
from bot.model.names import Digest, RecipeId
from bot.model.recipe import Recipe, RollbackMode, Setting
from bot.model.rehearsal import Rehearsed
from bot.model.settings import Approvers
from bot.model.unit import Quantity
from bot.report.approvers import all_approvals
from bot.report.charts import daily_chart, daily_table, number
from bot.report.figures import Shown, around_figures, gist_of, marked_figures, marked_finding, refigured
from bot.report.ranking import hand_over_table, markdown_of, summary_of
from bot.report.untrusted import code, fenced, sanitize, visible

MAX_BODY = 58_000
"""GitHub takes 65,536 characters; the rest is left for whoever edits the text."""
_STEPS = 5
_TOPICS = 10
_VALUES, _END_OF_VALUES = "<!-- pow:values -->", "<!-- /pow:values -->"
_LEFT_OUT = "_Left out here for length; the evidence file has it._"
_MANY = 40
_PLAIN = re.compile(r"-?[A-Za-z0-9_][A-Za-z0-9_./-]{0,39}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Everything that the texts of one proposal are made of.

    `approvers` are those that policy names for the impact; `limit` is the rule's limit in the chart's unit.
    `rehearsed` is what the recipe would have done on the same data, where somebody has looked.
    """

    change: Change
    recipe: Recipe
    finding: Finding
    impact: Impact
    threshold: Level
    approvers: tuple[Approvers, ...]
    policy_digest: Digest
    evidence_path: str
    at: datetime
    limit: Quantity | None = None
    run_url: str = ""
    affected: Affected | None = None
    rehearsed: Rehearsed | None = None

    @property
    def needs_people(self) -> bool:
        """Whether somebody must approve; at LOW only if policy names someone."""
        asked = self.impact.level is not Level.LOW or bool(self.approvers)
        return self.impact.level.rank >= self.threshold.rank and asked


@dataclass(frozen=True, slots=True, kw_only=True)
class _Section:
    """A part of the body; the higher `weight` stays longer when room is short, None always stays."""

    title: str
    text: str
    weight: int | None = None


def title_of(case: Case) -> str:
    """Return the pull request's title: recipe, and the first value that changes."""
    return title_for(case.recipe.id, case.change.keys)


def title_for(recipe: RecipeId, keys: Sequence[KeyChange]) -> str:
    """Return a title for values: those that are proposed, or those that somebody has made of them."""
    first = keys[0]
    more = f" and {len(keys) - 1} more" if len(keys) > 1 else ""
    words = (_word(value) for value in (recipe, first.target, first.key, first.before, first.after))
    return "{}: {} {} from {} to {}".format(*words) + more


def retitled(recipe: RecipeId, keys: Sequence[KeyChange]) -> str:
    """Return the title of a pull request whose values somebody has edited."""
    return f"{title_for(recipe, keys)} (edited by hand)"


def rewritten(body: str, keys: Sequence[KeyChange], edits: Iterable[FileEdit]) -> str:
    """Return a body that shows the values on the branch as they are after somebody's edit.

    What shows the values stands between two marks. If there are not just these two, it is put before everything else.
    """
    what = "one value" if len(keys) == 1 else f"{len(keys)} values"
    said = f"Somebody has edited this branch: it now changes {what}. The gate's comment says who must approve that."
    block = _marked(f"{said}\n\n## The change\n\n{_redline(edits, MAX_BODY // 4)}")
    start, _, rest = body.partition(_VALUES)
    _, mark, end = rest.partition(_END_OF_VALUES)
    if body.count(_VALUES) == body.count(_END_OF_VALUES) == 1 and mark:
        return f"{start}{block}{end}"[:MAX_BODY]
    return f"{block}\n\n{_unmarked(body)}"[:MAX_BODY]


def _marked(text: str) -> str:
    """Put a text between the marks; a file that holds them itself shows without."""
    return f"{_VALUES}\n{_unmarked(text)}\n{_END_OF_VALUES}"


def _unmarked(text: str) -> str:
    return text.replace(_VALUES, "").replace(_END_OF_VALUES, "")


def body_of(case: Case) -> str:
    """Return the pull request's body, at most MAX_BODY characters; what is least needed is cut first."""
    after = "\n\n".join(
        [
            f"## What happens next\n\n{_next(case)}",
            f"## Not convinced?\n\n{_otherwise(case)}",
            f"{_closing(case)}\n",
        ]
    )
    before = f"{_opening(case)}\n\n{_values(case)}"
    figures = _figures(case, MAX_BODY - len(before) - len(after) - 4)
    return f"{before}\n\n{figures}\n\n{after}"[:MAX_BODY]


def shown_by(case: Case) -> Shown:
    """Tell which figures the texts of a case show; the daily ones and the backtest are no part of their gist."""
    texts = (case.finding.sentence, *case.finding.groups, _ranking(case.finding), _complaints(case.finding))
    return Shown(at=case.finding.at, gist=gist_of((*texts, _impact(case))))


def with_figures_of(case: Case, body: str, *, evidence_at: datetime) -> str:
    """Return a body with the figures of a case in place of its own, and everything else as it is.

    `evidence_at` is the time of the figures in the evidence file, which stays. Nothing that people have written is
    cut: where the whole would be longer than MAX_BODY, or its marks are gone, the body is returned unchanged.
    """
    around, opening = around_figures(body), _opening(case)
    if around is None:
        return body
    note = (
        f"_Figures as of {format_time(case.finding.at)}; the evidence file holds those of {format_time(evidence_at)},"
        " and the gate goes by that file._"
    )
    figures = _figures(case, MAX_BODY - around - len(opening), note=note)
    changed = refigured(body, opening, figures)
    return changed if len(changed) <= MAX_BODY else body


def _figures(case: Case, room: int, *, note: str = "") -> str:
    """Return the sections that hold figures, between their marks, in so many characters if that is possible."""
    sections = [
        _Section(title="The evidence", text="\n\n".join(part for part in (note, _evidence(case)) if part)),
        _Section(title="Day by day", text=_daily(case), weight=3),
        _Section(title="Where the time goes", text=_ranking(case.finding), weight=2),
        _Section(title="Complaints", text=_complaints(case.finding), weight=1),
        _Section(title="What it would have done so far", text=_rehearsed(case), weight=4),
        _Section(title="Impact, and who must approve", text=_impact(case)),
    ]
    shown = shown_by(case)
    fitted = _fitted([section for section in sections if section.text], room - len(marked_figures("", shown)))
    return marked_figures(fitted, shown)


def _fitted(sections: list[_Section], room: int) -> str:
    """Join the sections, replacing the lightest by a note until the whole fits."""
    removable = sorted((s for s in sections if s.weight is not None), key=lambda section: section.weight or 0)
    gone: list[_Section] = []
    while True:
        text = "\n\n".join(f"## {s.title}\n\n{_LEFT_OUT if s in gone else s.text}" for s in sections)
        if len(text) <= room or not removable:
            return text
        gone.append(removable.pop(0))


def _opening(case: Case) -> str:
    return marked_finding(f"**{sanitize(case.finding.sentence, limit=400)}**")


def _values(case: Case) -> str:
    count = len(case.change.keys)
    what = "one value" if count == 1 else f"{count} values"
    who = f"It needs {_people(case.approvers)}." if case.needs_people else "Nobody has to approve it."
    return _marked(f"This pull request changes {what}. {who}\n\n## The change\n\n{_change(case.change)}")


def redline_of(edits: Iterable[FileEdit]) -> str:
    """Return edits as a unified diff, plain text."""
    lines: list[str] = []
    for edit in edits:
        before = (edit.before or b"").decode(errors="replace").splitlines()
        after = edit.after.decode(errors="replace").splitlines()
        lines += difflib.unified_diff(before, after, f"a/{edit.path}", f"b/{edit.path}", lineterm="")
    return "\n".join(line[:400] for line in lines)


def _change(change: Change) -> str:
    """Show the redline, and how each computed value came about."""
    computed = [f"- {code(key.key)} of {code(key.target)}: {sanitize(key.how)}" for key in change.keys if key.how]
    said = ["Computed from the present values, within policy's ranges:\n", *computed[:_MANY]] if computed else []
    return "\n\n".join(part for part in (_redline(change.edits, MAX_BODY // 2), "\n".join(said)) if part)


def _redline(edits: Iterable[FileEdit], room: int) -> str:
    text = redline_of(edits)
    if len(text) <= room:
        return fenced(text, "diff")
    return fenced(text[:room], "diff") + "\n\nThe rest is under _Files changed_."


def _evidence(case: Case) -> str:
    finding = case.finding
    rows = [
        ("Rule", code(finding.rule)),
        ("Measured", sanitize(finding.observed)),
        *((("Holds in", _groups(finding.groups)),) if finding.groups else ()),
        ("At", format_time(finding.at)),
        *((f"Feed {code(use.feed)}", _use(use.samples, use.window.length)) for use in finding.sources[:_MANY]),
    ]
    table = ["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows)]
    return "\n".join([*table, "", f"All figures with the digests of what was read: {code(case.evidence_path)}."])


def _groups(groups: tuple[str, ...]) -> str:
    """Name the groups that a rule holds in, as many as a reader takes in."""
    shown = ", ".join(code(group) for group in groups[:_MANY])
    more = len(groups) - _MANY
    return f"{shown} and {more:,} more, which the evidence file names" if more > 0 else shown


def _use(samples: int, length: timedelta) -> str:
    return f"{samples:,} sample{'' if samples == 1 else 's'} over {_span(length)}"


def _daily(case: Case) -> str:
    parts = (
        daily_chart(case.finding.daily, case.finding.daily_unit, limit=case.limit),
        daily_table(case.finding.daily, case.finding.daily_unit),
    )
    note = f"The flat line is the rule's limit, {case.limit}." if case.limit and parts[0] else ""
    return "\n\n".join(part for part in (parts[0], note, parts[1]) if part)


def _ranking(finding: Finding) -> str:
    ranking = finding.ranking
    if ranking is None or not ranking.hand_overs:
        return ""
    return f"{summary_of(ranking)}.\n\n{markdown_of(hand_over_table(ranking, limit=_STEPS))}"


def complaints_in_words(counts: ComplaintCount) -> str:
    """Say how many complained, and about what most."""
    said = f"{counts.total:,} complaint{'' if counts.total == 1 else 's'} in {_span(counts.window.length)}"
    if not counts.topics:
        return said
    topic, count = min(counts.topics.items(), key=lambda item: (-item[1], item[0]))
    return f"{said}, {count:,} of them about {visible(topic, limit=60)}"


def _complaints(finding: Finding) -> str:
    counts = finding.complaints
    if counts is None:
        return ""
    many = "" if counts.total == 1 else "s"
    first = f"{counts.total:,} complaint{many} in {_span(counts.window.length)}; only their topics are counted."
    top = sorted(counts.topics.items(), key=lambda item: (-item[1], item[0]))[:_TOPICS]
    rows = [f"| {sanitize(topic, limit=60)} | {count:,} |" for topic, count in top]
    return "\n".join([first, "", "| Topic | Complaints |", "|---|--:|", *rows]) if rows else first


def _rehearsed(case: Case) -> str:
    """Say what a replay on the same data came to: an answer to whether the recipe cries wolf."""
    found = case.rehearsed
    if found is None:
        return ""
    if not found.rows:
        more = f"{code(f'pow backtest {case.recipe.id}')} reads all that its feeds keep."
        return f"The recipe was not replayed: {sanitize(found.why_not)}. {more}"
    note = "The recipe, replayed on the data above as if nothing it proposed had changed anything:"
    rows = [f"| {name} | {sanitize(text)} |" for name, text in found.rows]
    return "\n".join([note, "", "| | |", "|---|---|", *rows])


def _impact(case: Case) -> str:
    impact, threshold = case.impact, case.threshold
    if case.needs_people:
        why = f"Impact **{impact.level}** reaches the threshold {threshold}, so it needs {_people(case.approvers)}."
        rule = (
            "An approval counts when it is given on the newest commit, by such a person with write access "
            "who neither pushed to this branch, nor last edited the recipe, nor started the run that proposed this."
        )
    else:
        why = f"Impact **{impact.level}**, threshold {threshold}: policy lets this pass without people."
        rule = "The gate merges it by itself; a request for changes stops it."
    rows = [f"| {each.level} | {sanitize(each.sentence)} |" for each in impact.factors[:_MANY]]
    return "\n".join([why, "", "| Impact | Because |", "|---|---|", *rows, "", rule])


def _next(case: Case) -> str:
    recipe = case.recipe
    lines = [
        "1. After the merge the values go live through the gateway, and the connected systems follow.",
        f"2. **Success** means {code(recipe.success_metric)}, within {_span(recipe.watch.deadline)}.",
        f"3. **Rollback** is on {code(recipe.rollback_on)}: {_rollback(recipe)}.",
    ]
    return "\n".join(lines)


def _rollback(recipe: Recipe) -> str:
    if not recipe.reversible:
        return "the recipe is not reversible, so a person is asked"
    match recipe.watch.mode:
        case RollbackMode.AUTO:
            return "the bot reverts the merge by itself and puts the former values back"
        case RollbackMode.PROPOSE:
            return "the bot prepares the revert, and a person decides"
        case RollbackMode.SHADOW:
            return "the bot only reports it"
        case _:
            assert_never(recipe.watch.mode)


def _otherwise(case: Case) -> str:
    rest = _span(case.recipe.cooldown)
    lines = (
        f"- **Reject**: close this pull request. It is not proposed again for {rest}, unless the recipe changes.",
        "- **Edit**: commit another value on this branch. Impact is computed anew, and somebody else must approve.",
        "- **Wait**: ask for changes. Nothing merges while that stands.",
    )
    return "\n".join(lines)


def _closing(case: Case) -> str:
    run = f" · [run]({case.run_url})" if case.run_url.startswith(("https://", "http://")) else ""
    ids = [("Change", case.change.id), ("recipe", case.recipe.reference), ("policy", case.policy_digest[:19])]
    return "---\n\n" + " · ".join(f"{name} {code(value)}" for name, value in ids) + run


def _people(approvers: tuple[Approvers, ...]) -> str:
    return all_approvals(approvers, show=code)


def _word(value: Setting) -> str:
    """Show a value in the title if it is short and plain; the redline shows any other."""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return text if _PLAIN.fullmatch(text) else "(see below)"


def _span(length: timedelta) -> str:
    for name, size in (("day", timedelta(days=1)), ("hour", timedelta(hours=1)), ("minute", timedelta(minutes=1))):
        if length >= size:
            count = length / size
            return f"{number(round(count, 1))} {name}{'' if count == 1 else 's'}"
    return f"{number(length.total_seconds())} seconds"

"""Screens many rules with one grouped scan of each table that their feeds share; what is not clear is left open.

A rule that was screened needs no samples in memory. Whatever a scan cannot read exactly as the collector does, and
every failure, leaves the rules concerned open, and the collector and the evaluator decide them.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from itertools import islice

from bot.collect.query import Reach, UnreadableError
from bot.collect.samples import metric_query
from bot.collect.scan_layout import Family, family_of, is_table
from bot.collect.sources.file_place import place_of
from bot.model.names import FeedName
from bot.model.series import Window
from bot.model.settings import FeedSpec
from bot.model.verdict import Measurement, RuleOutcome
from bot.rules.scan import Atom, Question, Screening, Surveyor
from bot.rules.scan_answer import OPEN, Answer, measurement_of, outcome_of
from bot.rules.scan_sql import EPOCH

_ENGINE = "bot.collect.sources.grouped"
"""Loaded when there is something to scan: small loads need no engine."""
LEAST_RULES = 20
LEAST_BYTES = 2_000_000
"""A table is scanned for so many comparisons, or from this size on; below, reading the feeds costs less."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Screened:
    """What a scan says about one rule."""

    question: Question
    screening: Screening | None
    answers: tuple[Answer, ...]

    @property
    def outcome(self) -> RuleOutcome | None:
        """The rule's outcome, the same as the evaluator's; None where that must be asked."""
        return None if self.screening is None else outcome_of(self.screening, self.answers)

    def measurement(self, now: datetime) -> Measurement | None:
        """Say in words why the rule does not hold or cannot be decided; None if it holds or is open."""
        return None if self.screening is None else measurement_of(self.question, self.screening, self.answers, now)


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """How a screening runs: how feeds are reached, on how many threads, for how long, and whether it must pay."""

    access: Reach
    threads: int = 2
    seconds: float = 60.0
    always: bool = False


def screen(
    questions: Sequence[Question], feeds: Mapping[FeedName, FeedSpec], conditions: Conditions, *, now: datetime
) -> list[Screened]:
    """Judge many rules at once, in their order; each feed is taken to be read over its `history`."""
    surveyor = Surveyor(now)
    screenings = [surveyor.survey(question) for question in questions]
    atoms = [atom for screening in screenings if screening for atom in screening.atoms]
    answers = iter(_answers(atoms, feeds, conditions, now))
    return [
        Screened(
            question=question,
            screening=screening,
            answers=tuple(islice(answers, len(screening.atoms))) if screening else (),
        )
        for question, screening in zip(questions, screenings, strict=True)
    ]


def _answers(
    atoms: Sequence[Atom], feeds: Mapping[FeedName, FeedSpec], conditions: Conditions, now: datetime
) -> list[Answer]:
    answers = [OPEN] * len(atoms)
    for family, members in _families(atoms, feeds, conditions).items():
        if conditions.always or _pays(family, members):
            found: list[Answer] = import_module(_ENGINE).judge(
                family,
                [(atoms[place], spec) for place, spec in members],
                now=now,
                seconds=_seconds(members, conditions),
                threads=conditions.threads,
            )
            for (place, _), answer in zip(members, found, strict=True):
                answers[place] = answer
    return answers


def _families(
    atoms: Sequence[Atom], feeds: Mapping[FeedName, FeedSpec], conditions: Conditions
) -> dict[Family, list[tuple[int, FeedSpec]]]:
    """Put the places of the atoms together whose feeds one scan can read."""
    families: defaultdict[Family, list[tuple[int, FeedSpec]]] = defaultdict(list)
    known: dict[FeedName, Family | None] = {}
    alike: dict[tuple[object, ...], Family | None] = {}
    for place, atom in enumerate(atoms):
        name = atom.feed
        if name not in known:
            known[name] = _family(feeds[name], conditions, alike) if name in feeds else None
        family = known[name]
        if family is not None:
            families[family].append((place, feeds[name]))
    return families


def _family(spec: FeedSpec, conditions: Conditions, alike: dict[tuple[object, ...], Family | None]) -> Family | None:
    """Return a feed's family; `alike` remembers those that differ in name, range and texts of `where` only."""
    if not is_table(spec):
        return None
    key = (
        *(spec.source, spec.endpoint, spec.path, spec.max_bytes, spec.time_zone),
        *(spec.columns, spec.unit, tuple(spec.where)),
    )
    if key not in alike:
        alike[key] = _find_family(spec, conditions)
    return alike[key]


def _find_family(spec: FeedSpec, conditions: Conditions) -> Family | None:
    try:
        query = metric_query(spec, Window(start=EPOCH, end=EPOCH))
        path = place_of(query, conditions.access(spec))
        return family_of(spec, path, path.stat().st_size)
    except (UnreadableError, OSError):
        return None


def _seconds(members: Sequence[tuple[int, FeedSpec]], conditions: Conditions) -> float:
    """One scan may take as long as reading its feeds one by one, within the limit for all."""
    timeouts = {spec.name: spec.timeout.total_seconds() for _, spec in members}
    return min(conditions.seconds, sum(timeouts.values()))


def _pays(family: Family, members: Sequence[object]) -> bool:
    return len(members) >= LEAST_RULES or family.size >= LEAST_BYTES

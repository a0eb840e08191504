"""Screens many rules with one grouped scan of each table that their feeds share; what is not clear is left open.

A rule that was screened needs no samples in memory. Whatever a scan cannot read exactly as the collector does, and
every failure, leaves the rules concerned open, and the collector and the evaluator decide them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from itertools import islice
from typing import NamedTuple

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

_Member = tuple[int, FeedSpec]
"""The place of an atom, and its feed."""
_ENGINE = "bot.collect.sources.grouped"
"""Loaded when there is something to scan: small loads need no engine."""
LEAST_RULES = 20
LEAST_BYTES = 2_000_000
"""A table is scanned for so many comparisons, or from this size on; below, reading the feeds costs less."""


class Screened(NamedTuple):
    """What a scan says about one rule; a tuple, since there is one for every rule."""

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
        Screened(question, screening, tuple(islice(answers, len(screening.atoms))) if screening else ())
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
) -> dict[Family, list[_Member]]:
    """Put the places of the atoms together whose feeds one scan can read."""
    families: dict[Family, list[_Member]] = {}
    known: dict[FeedName, list[_Member] | None] = {}
    memory: dict[tuple[object, ...], list[_Member] | None] = {}
    key: tuple[object, ...] = ()
    members: list[_Member] | None = None
    for place, atom in enumerate(atoms):
        name = atom.feed
        spec = feeds.get(name)
        if spec is None:
            continue
        if name not in known:
            # Most feeds are like the one before: to compare two takes less than to look one up.
            if (alike := _alike(spec)) != key:
                key = alike
                if key not in memory:
                    family = _find_family(spec, conditions)
                    memory[key] = None if family is None else families.setdefault(family, [])
                members = memory[key]
            known[name] = members
        if (found := known[name]) is not None:
            found.append((place, spec))
    return families


def _alike(spec: FeedSpec) -> tuple[object, ...]:
    """Return all that a feed's family depends on: what differs besides is its name, range and texts of `where`."""
    return (
        *(spec.source, spec.shape, spec.endpoint, spec.path, spec.max_bytes, spec.time_zone, spec.time_format),
        *(spec.columns, spec.unit, bool(spec.labels), spec.hand_over, tuple(spec.where)),
    )


def _find_family(spec: FeedSpec, conditions: Conditions) -> Family | None:
    if not is_table(spec):
        return None
    try:
        query = metric_query(spec, Window(start=EPOCH, end=EPOCH))
        path = place_of(query, conditions.access(spec))
        return family_of(spec, path, path.stat().st_size)
    except (UnreadableError, OSError):
        return None


def _seconds(members: Sequence[_Member], conditions: Conditions) -> float:
    """One scan may take as long as reading its feeds one by one, within the limit for all."""
    seconds, counted = 0.0, set[FeedName]()
    for _, spec in members:
        if spec.name not in counted:
            counted.add(spec.name)
            seconds += spec.timeout.total_seconds()
        if seconds >= conditions.seconds:
            return conditions.seconds
    return seconds


def _pays(family: Family, members: Sequence[object]) -> bool:
    return len(members) >= LEAST_RULES or family.size >= LEAST_BYTES

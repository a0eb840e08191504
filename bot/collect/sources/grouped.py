"""The grouped scans of one table, run by DuckDB: comparisons in, answers out; what fails is left open."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from bot.collect.query import UnreadableError
from bot.collect.samples import metric_query
from bot.collect.scan_layout import Family, layout_of
from bot.collect.sources.table import Table, column_types, opened, parts_in_time
from bot.model.names import FeedName
from bot.model.series import Window
from bot.model.settings import FeedSpec
from bot.rules.scan import MICROSECOND, Atom, microseconds
from bot.rules.scan_answer import OPEN, Answer, answers_of, silent_answer, silent_in
from bot.rules.scan_plan import Cut, cuts_of, in_turn
from bot.rules.scan_sql import Layout, Scan, Slot, Track, silence, statement

MEMORY = "150MB"


Member = tuple[Atom, FeedSpec]
"""A comparison and its feed, whose `history` is how far back the collector would read it."""


def judge(family: Family, members: Sequence[Member], *, now: datetime, seconds: float, threads: int) -> list[Answer]:
    """Answer the comparisons on the feeds of a family, in their order; a scan that fails leaves its own open."""
    answers = [OPEN] * len(members)
    table = Table(path=Path(family.path), kind=family.source)
    try:
        with opened(table, seconds=seconds, memory=MEMORY, threads=threads) as connection:
            types = column_types(connection, table)
            job = _Job(connection=connection, table=table, family=family, types=types, members=members, now=now)
            silent = [place for cut in cuts_of([atom for atom, _ in members]) for place in job.scan(cut, answers)]
            if silent:
                job.search(silent, answers)
    except UnreadableError:
        return answers
    return answers


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    """The queries on one table; answers are written into a list with a place for each member."""

    connection: Any
    table: Table
    family: Family
    types: Mapping[str, str]
    members: Sequence[Member]
    now: datetime

    def scan(self, cut: Cut, answers: list[Answer]) -> list[int]:
        """Answer what one scan can; return the places of those that have no row in its time."""
        layout = self._layout(MICROSECOND * cut.edges[-1])
        if layout is None:
            return []
        scan = _scan(layout, cut, self.members, self.now, in_turn=self._in_turn(layout, cut))
        rows = self.connection.execute(*statement(scan)).fetchall()
        for place, answer in zip(cut.places, answers_of(rows, len(cut.places)), strict=True):
            answers[place] = answer
        return [cut.places[atom] for atom in silent_in(rows)]

    def _in_turn(self, layout: Layout, cut: Cut) -> bool:
        if layout.odd or not layout.instant or cut.step:
            return False
        parts = parts_in_time(self.connection, self.table, self.family.at)
        return in_turn(
            cut, [(microseconds(self.now - last), microseconds(self.now - first)) for first, last in parts]
        )

    def search(self, silent: Sequence[int], answers: list[Answer]) -> None:
        """Tell feeds that are old from those that are empty, by one more query over their histories."""
        feeds = {spec.name: spec for _, spec in (self.members[place] for place in silent)}
        layout = self._layout(max(spec.history for spec in feeds.values()))
        if layout is None:
            return
        tracks = [_track(spec, microseconds(spec.history)) for spec in feeds.values()]
        rows = self.connection.execute(*silence(layout, tracks, self.now)).fetchall()
        slots = {slot for (slot,) in rows}
        older = {name: slot in slots for slot, name in enumerate(feeds)}
        for place in silent:
            atom, spec = self.members[place]
            answers[place] = silent_answer(atom.form, has_older=older[spec.name])

    def _layout(self, span: timedelta) -> Layout | None:
        window = Window(start=self.now - span, end=self.now)
        query = metric_query(self.members[0][1], window)
        return layout_of(self.family, self.types, relation=self.table.relation, query=query)


def _scan(layout: Layout, cut: Cut, members: Sequence[Member], now: datetime, *, in_turn: bool) -> Scan:
    """Give each feed of a cut a track, and each atom the slot of its feed's."""
    slots: dict[FeedName, Slot] = {}
    specs: list[FeedSpec] = []
    horizons: list[int] = []
    atoms: list[tuple[Atom, Slot]] = []
    for place in cut.places:
        atom, spec = members[place]
        if spec.name not in slots:
            slots[spec.name] = Slot(len(specs))
            specs.append(spec)
            horizons.append(0)
        slot = slots[spec.name]
        horizons[slot] = max(horizons[slot], atom.form.reach, atom.form.fresh)
        atoms.append((atom, slot))
    tracks = [_track(spec, horizon) for spec, horizon in zip(specs, horizons, strict=True)]
    return Scan(layout=layout, tracks=tracks, atoms=atoms, now=now, edges=cut.edges, step=cut.step, in_turn=in_turn)


def _track(spec: FeedSpec, horizon: int) -> Track:
    return Track(
        keys=tuple(spec.where[key] for key in sorted(spec.where)),
        low=-math.inf if spec.min_value is None else spec.min_value,
        high=math.inf if spec.max_value is None else spec.max_value,
        horizon=horizon,
    )

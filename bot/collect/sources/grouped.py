"""The grouped scans of one table, run by DuckDB: comparisons in, answers out; what fails is left open."""

import math
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
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
from bot.rules.scan import MICROSECOND, Atom, Form, microseconds
from bot.rules.scan_answer import OPEN, Answer, answers_of, silent_answer, silent_in
from bot.rules.scan_plan import Cut, cuts_of, in_turn
from bot.rules.scan_sql import (
    Input,
    Layout,
    Scan,
    Slot,
    Track,
    answers_of_cells,
    cells_of,
    inputs_of,
    silence,
    tracks_of,
)

MEMORY = "150MB"


Member = tuple[Atom, FeedSpec]
"""A comparison and its feed, whose `history` is how far back the collector would read it."""


def judge(family: Family, members: Sequence[Member], *, now: datetime, seconds: float, threads: int) -> list[Answer]:
    """Answer the comparisons on the feeds of a family, in their order; a scan that fails leaves its own open."""
    answers = [OPEN] * len(members)
    table = Table(path=Path(family.path), kind=family.source)
    with ThreadPoolExecutor(max_workers=1) as pool:
        # What rules say is put into rows while the engine starts and reads the file's footer: it needs no Python.
        parts = [_Part(cut=cut, inputs=pool.submit(_inputs, cut, members, family.keys)) for cut in _cuts(members)]
        try:
            with opened(table, seconds=seconds, memory=MEMORY, threads=threads) as connection:
                types = column_types(connection, table)
                job = _Job(connection=connection, table=table, family=family, types=types, members=members, now=now)
                silent = [place for part in parts for place in job.scan(part, answers)]
                if silent:
                    job.search(silent, answers)
        except UnreadableError:
            return answers
    return answers


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """What one scan is to answer, and the tables of its rules, which may still be in the making."""

    cut: Cut
    inputs: Future[dict[str, Input]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    """The queries on one table; answers are written into a list with a place for each member."""

    connection: Any
    table: Table
    family: Family
    types: Mapping[str, str]
    members: Sequence[Member]
    now: datetime

    def scan(self, part: _Part, answers: list[Answer]) -> list[int]:
        """Answer what one scan can; return the places of those that have no row in its time."""
        cut = part.cut
        layout = self._layout(MICROSECOND * cut.edges[-1])
        if layout is None:
            return []
        turns = self._in_turn(layout, cut)
        scan = Scan(layout=layout, now=self.now, edges=cut.edges, step=cut.step, in_turn=turns)
        for name, table in part.inputs.result().items():
            self._load(name, table)
        self.connection.execute(f"CREATE OR REPLACE TEMP TABLE cells AS {cells_of(scan)}", dict(layout.parameters))
        rows = self.connection.execute(answers_of_cells(scan)).fetchall()
        for place, answer in zip(cut.places, answers_of(rows, len(cut.places)), strict=True):
            answers[place] = answer
        return [cut.places[atom] for atom in silent_in(rows)]

    def _load(self, name: str, table: Input) -> None:
        self.connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} ({table.columns})")
        appender = self.connection.appender(name)
        appender.append_rows(table.rows)
        appender.flush()

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
        tracks = [_track(spec, self.family.keys, microseconds(spec.history)) for spec in feeds.values()]
        self._load("tracks", tracks_of(tracks))
        query = silence(layout, self.now, max(track.horizon for track in tracks))
        rows = self.connection.execute(query, dict(layout.parameters)).fetchall()
        slots = {slot for (slot,) in rows}
        older = {name: slot in slots for slot, name in enumerate(feeds)}
        for place in silent:
            atom, spec = self.members[place]
            answers[place] = silent_answer(atom.form, has_older=older[spec.name])

    def _layout(self, span: timedelta) -> Layout | None:
        window = Window(start=self.now - span, end=self.now)
        query = metric_query(self.members[0][1], window)
        return layout_of(self.family, self.types, relation=self.table.relation, query=query)


def _cuts(members: Sequence[Member]) -> tuple[Cut, ...]:
    return cuts_of([atom for atom, _ in members])


def _inputs(cut: Cut, members: Sequence[Member], keys: Sequence[str]) -> dict[str, Input]:
    """Give each feed of a cut a track, and each atom the slot of its feed's."""
    slots: dict[FeedName, Slot] = {}
    specs: list[FeedSpec] = []
    horizons: list[int] = []
    atoms: list[tuple[Atom, Slot]] = []
    reaches: dict[Form, int] = {}
    for place in cut.places:
        atom, spec = members[place]
        slot = slots.get(spec.name)
        if slot is None:
            slot = slots[spec.name] = Slot(len(specs))
            specs.append(spec)
            horizons.append(0)
        form = atom.form
        horizons[slot] = max(horizons[slot], reaches.get(form) or reaches.setdefault(form, form.horizon))
        atoms.append((atom, slot))
    return inputs_of([_track(spec, keys, far) for spec, far in zip(specs, horizons, strict=True)], atoms)


def _track(spec: FeedSpec, keys: Sequence[str], horizon: int) -> Track:
    where, low, high = spec.where, spec.min_value, spec.max_value
    return Track(
        tuple([where[key] for key in keys]),
        -math.inf if low is None else low,
        math.inf if high is None else high,
        horizon,
    )

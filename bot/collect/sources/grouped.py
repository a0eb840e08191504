"""The grouped scans of one table, run by DuckDB: comparisons in, answers out; what fails is left open."""

import math
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from bot.collect.query import UnreadableError
from bot.collect.samples import metric_query
from bot.collect.scan_layout import Family, layout_of
from bot.collect.sources.table import Table, column_types, opened
from bot.model.names import FeedName
from bot.model.series import Window
from bot.model.settings import FeedSpec
from bot.rules.scan import MICROSECOND, Atom
from bot.rules.scan_answer import OPEN, Answer, answers_of
from bot.rules.scan_plan import Cut, cuts_of
from bot.rules.scan_sql import Layout, Scan, Slot, Track, statement

MEMORY = "150MB"


def judge(
    family: Family, members: Sequence[tuple[Atom, FeedSpec]], *, now: datetime, seconds: float, threads: int
) -> list[Answer]:
    """Answer the comparisons on the feeds of a family, in their order; a scan that fails leaves its own open."""
    answers = [OPEN] * len(members)
    table = Table(path=Path(family.path), kind=family.source)
    try:
        with opened(table, seconds=seconds, memory=MEMORY, threads=threads) as connection:
            types = column_types(connection, table)
            for cut in cuts_of([atom for atom, _ in members]):
                window = Window(start=now - MICROSECOND * cut.edges[-1], end=now)
                layout = layout_of(family, types, relation=table.relation, query=metric_query(members[0][1], window))
                if layout is not None:
                    scan = _scan(layout, cut, members, now)
                    rows = connection.execute(*statement(scan)).fetchall()
                    for place, answer in zip(cut.places, answers_of(rows, len(cut.places)), strict=True):
                        answers[place] = answer
    except UnreadableError:
        return answers
    return answers


def _scan(layout: Layout, cut: Cut, members: Sequence[tuple[Atom, FeedSpec]], now: datetime) -> Scan:
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
    return Scan(layout=layout, tracks=tracks, atoms=atoms, now=now, edges=cut.edges, step=cut.step)


def _track(spec: FeedSpec, horizon: int) -> Track:
    return Track(
        keys=tuple(spec.where[key] for key in sorted(spec.where)),
        low=-math.inf if spec.min_value is None else spec.min_value,
        high=math.inf if spec.max_value is None else spec.max_value,
        horizon=horizon,
    )

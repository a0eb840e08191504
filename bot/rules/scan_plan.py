"""Many comparisons of one source cut into as few scans as possible: one, unless some look at very narrow windows."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bot.rules.scan import Atom, Form

MAX_CELLS = 64
"""Cells that a scan of all series cuts time into; finer windows get a scan of their own series."""
MAX_STEPS = 20_000
MAX_GROUPS = 100_000
"""Groups of one scan, which it holds in memory."""


MAX_TURNS = 16
MOST_AGAIN = 1.25
"""A table is read cell by cell for so many cells, and if that reads at most this many times what there is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """The atoms of one scan by their places in the list, and where it cuts time; see `scan_sql.Scan`."""

    places: tuple[int, ...]
    edges: Sequence[int]
    step: int = 0


def cuts_of(atoms: Sequence[Atom]) -> tuple[Cut, ...]:
    """Divide atoms among scans; one that needs more cells than any scan may have is in none."""
    edges: set[int] = set()
    coarse: list[int] = []
    fine: defaultdict[int, list[int]] = defaultdict(list)
    is_coarse: dict[Form, bool] = {}
    for place, atom in enumerate(atoms):
        form = atom.form
        if form not in is_coarse:
            is_coarse[form] = form.reach < form.width * MAX_CELLS and len(edges.union(form.edges)) <= MAX_CELLS
            edges.update(form.edges if is_coarse[form] else ())
        if is_coarse[form]:
            coarse.append(place)
        else:
            fine[form.step].append(place)
    first = (Cut(places=tuple(coarse), edges=tuple(sorted(edges))),) if coarse else ()
    return (*first, *(cut for step, places in sorted(fine.items()) for cut in _fine(atoms, places, step)))


def in_turn(cut: Cut, parts: Sequence[tuple[int, int]]) -> bool:
    """Tell whether a table is best read cell by cell; `parts` are the ages of its parts, from youngest to oldest row.

    A part is read for every cell that it has rows of. In a table in order of time nearly every part is of one cell.
    """
    if cut.step or len(cut.edges) > MAX_TURNS or not parts:
        return False
    reads = 0
    for youngest, oldest in parts:
        reads += bisect_right(cut.edges, oldest) - bisect_right(cut.edges, youngest) + 1
    return reads <= MOST_AGAIN * len(parts)


def _fine(atoms: Sequence[Atom], places: Sequence[int], step: int) -> Iterator[Cut]:
    cells = max(max(atoms[place].form.reach, atoms[place].form.fresh) for place in places) // step
    if cells > MAX_STEPS:
        return
    batch = max(MAX_GROUPS // cells, 1)
    for first in range(0, len(places), batch):
        yield Cut(places=tuple(places[first : first + batch]), edges=range(step, step * cells + 1, step), step=step)

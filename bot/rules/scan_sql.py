"""The one grouped scan that judges many comparisons on their source, as DuckDB's SQL. It runs nothing.

The distinct beginnings of all windows cut time into cells. Every row falls into one cell, so that the work for a row
depends neither on how many rules there are nor on how many windows. A cell keeps how many samples it holds, their
sum, their weight, the smallest and the largest; the cells of a window are then put together for each comparison.

There are two statements. The first makes the table of the cells from the source; the second reads that table and
those of the rules. What the rules say is put into tables, and neither into the text nor into its parameters: DuckDB's
planner works through both again and again, which for 10,000 rules takes longer than to answer them.

What is clear in floating point is final, what is not is left open. Adding n numbers in any order is off by at most
(n - 1) * u * sum(|v|) with u = 2^-53, whoever adds them; sum(|v|) is at most n * max(|v|). The margin here is
4 * n * 2^-52 * max(|v|) on a mean, eight times that bound: it covers the division, the weights of a ratio and the
interpolation of a percentile as well. Beyond that, two values must differ by 2e-11 of the larger one, since both are
rounded to twelve digits before they are compared, which moves each by at most 5e-12 of itself.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from typing import NamedTuple, NewType

from bot.rules.scan import MICROSECOND, Atom, Form, microseconds
from bot.rules.syntax import Operator

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ODD = 65_535
"""The cell of rows that the query must not judge; every other cell has a smaller number."""

LARGEST = 1.7976931348623157e308
"""The largest float: what lies between it and its negative is finite, and a scan can skip by such a bound."""

Slot = NewType("Slot", int)
"""The number of a series in one scan."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """A source as SQL: a relation with its parameters, and expressions over its columns.

    `at` is a TIMESTAMP in UTC or NULL, `value` and `of` are DOUBLE or NULL; `of` is empty for plain readings. `odd`,
    if there is any, is true for rows that this query must not judge; it is never NULL. `instant` is the column itself
    where its values are those of `at`, as TIMESTAMP or, if `is_zoned`, as TIMESTAMP WITH TIME ZONE.
    """

    relation: str
    keys: tuple[str, ...]
    at: str
    value: str
    of: str = ""
    odd: str = ""
    instant: str = ""
    is_zoned: bool = False
    parameters: Mapping[str, object] = field(default_factory=dict)


class Track(NamedTuple):
    """One series of a scan: the texts of its keys, the range that its samples must lie in, and how far back it goes.

    Nothing older than `horizon`, one of the ages that time is cut at, is looked at. It is a row of a table.
    """

    keys: tuple[str, ...]
    low: float
    high: float
    horizon: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """How one scan reads its source, at one moment.

    `edges` are where time is cut: ages in microseconds, the youngest first; the last is how far back a scan looks.
    With `step` they are its multiples, and only the rows of the tracks are grouped. `in_turn` says that the source
    skips by `instant` most of what is not of a cell: then every cell is grouped by itself, which spares each row the
    question of which cell it is in.
    """

    layout: Layout
    now: datetime
    edges: Sequence[int]
    step: int = 0
    in_turn: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """A table that a query reads beside its source: the columns with their types, and the rows."""

    columns: str
    rows: Sequence[tuple[object, ...]]


def silence(layout: Layout, now: datetime, horizon: int) -> str:
    """Write the query that returns the slots of the tracks with a sample within their horizons, at most `horizon`.

    It reads the table of `tracks_of`, and is asked of tracks without odd rows: a scan finds those of all times.
    """
    usable = [
        *_usable(layout, f"t >= {_moment(now, horizon)}", f"t < {_moment(now, 0)}"),
        f"epoch_us(t) >= {microseconds(now - EPOCH)} - s.horizon",
        "(v BETWEEN s.low AND s.high)" if not layout.of else "(o = 0 OR v / o BETWEEN s.low AND s.high)",
    ]
    return f"SELECT DISTINCT s.slot FROM ({_rows(layout)}) r JOIN tracks s ON {_match('r', layout)} WHERE {' AND '.join(usable)}"  # noqa: E501, S608 - as in `_grouped`


def cells_of(scan: Scan) -> str:
    """Write the scan itself, rows to cells: the query behind the table `cells`. With `step` it reads `tracks`."""
    layout = scan.layout
    if scan.in_turn:
        ages = [0, *scan.edges]
        return "\n  UNION ALL ".join(
            _grouped(scan, str(place), [f"b >= {_instant(scan, oldest)}", f"b < {_instant(scan, youngest)}"])
            for place, (youngest, oldest) in enumerate(pairwise(ages))
        )
    times = [f"t >= {_moment(scan.now, scan.edges[-1])}", f"t < {_moment(scan.now, 0)}"]
    cell = _cell(scan)
    return _grouped(scan, f"CASE WHEN odd THEN {_ODD} ELSE {cell} END" if layout.odd else cell, times)


def answers_of_cells(scan: Scan) -> str:
    """Write the query that answers the atoms from the tables `cells`, `tracks`, `asked` and `forms`.

    It returns one row for each atom, see `bot.rules.scan_answer.answers_of`.
    """
    layout = scan.layout
    return _ANSWERS.format(
        age=_age(scan),
        odd="OR bool_or(age < 0)" if layout.odd else "",
        match=_match("c", layout),
        weight="p.weight" if layout.of else "p.n",
        loose="4 * n * 2.220446049250313e-16 * weight" if layout.of else "0.0",
    )


def tracks_of(tracks: Sequence[Track]) -> Input:
    """Return the table of the tracks, in the order of their slots."""
    keys = "".join(f", k{place} VARCHAR" for place in range(len(tracks[0].keys)))
    rows = [(slot, low, high, horizon, *texts) for slot, (texts, low, high, horizon) in enumerate(tracks)]
    return Input(columns=f"slot INTEGER, low DOUBLE, high DOUBLE, horizon BIGINT{keys}", rows=rows)


def inputs_of(tracks: Sequence[Track], atoms: Sequence[tuple[Atom, Slot]]) -> dict[str, Input]:
    """Return the tables of the rules by their names: each atom is asked of the track of its slot."""
    forms: dict[Form, int] = {}
    asked = [
        (place, slot, forms.setdefault(atom.form, len(forms)), atom.right.value)
        for place, (atom, slot) in enumerate(atoms)
    ]
    return {
        "tracks": tracks_of(tracks),
        "asked": Input(columns="atom INTEGER, slot INTEGER, form INTEGER, bound DOUBLE", rows=asked),
        "forms": Input(columns=_FORM_COLUMNS, rows=[(number, *_form_row(form)) for form, number in forms.items()]),
    }


def _form_row(form: Form) -> tuple[object, ...]:
    operator = form.operator
    return (
        *(form.reducer.value, form.factor),
        *(operator in _IF_EQUAL, operator in _IF_ABOVE, operator in _IF_BELOW),
        *(int(form.mode), form.width, form.reach, form.windows, form.total, form.required, form.min_samples),
        *(form.fresh, form.since, form.is_early),
    )


def _match(rows: str, layout: Layout) -> str:
    keys = range(len(layout.keys))
    return " AND ".join([f"CAST({rows}.k{place} AS VARCHAR) = s.k{place}" for place in keys]) or "true"


def _age(scan: Scan) -> str:
    """Write the youngest age of a cell; that of odd rows is negative."""
    if scan.step:
        return f"CASE WHEN cell = {_ODD} THEN -1 ELSE cell::BIGINT * {scan.step} END"
    whens = [f"WHEN {cell} THEN {age}" for cell, age in enumerate([0, *scan.edges[:-1]])]
    return f"(CASE cell {' '.join(whens)} ELSE -1 END)::BIGINT"


def _grouped(scan: Scan, cell: str, times: Sequence[str]) -> str:
    """Write the grouping of the rows of some times, by series and cell."""
    layout = scan.layout
    where = " AND ".join(_usable(layout, *times))
    if layout.odd:
        where = f"odd OR ({where})"
    point, weight = "v", ""
    if layout.of:
        point, weight = "CASE WHEN o > 0 THEN v / o END", ", sum(o) AS weight"
    among = f"SEMI JOIN tracks s ON {_match('r', layout)}" if scan.step else ""
    keys = "".join(f"k{place}, " for place in range(len(layout.keys)))
    columns = f"count(*) AS n, sum(v) AS total, min({point}) AS low, max({point}) AS high{weight}"
    return f"SELECT {keys}({cell})::USMALLINT AS cell, {columns} FROM ({_rows(layout)}) r {among} WHERE {where} GROUP BY ALL"  # noqa: E501, S608 - expressions that `bot.collect.scan` writes from quoted names of the file's own columns


def _usable(layout: Layout, *times: str) -> list[str]:
    """Write what is true of rows that are samples, but for the feed's own range."""
    weighed = [f"o BETWEEN 0 AND {LARGEST!r}", "(o > 0 OR v = 0)"] if layout.of else []
    return [*times, f"v BETWEEN -{LARGEST!r} AND {LARGEST!r}", *weighed]


def _cell(scan: Scan) -> str:
    """Write which cell a row is in. The oldest is asked for first, since most rows are in it."""
    if scan.step:
        return f"({microseconds(scan.now - EPOCH)} - epoch_us(t) - 1) // {scan.step}"
    whens = [
        f"WHEN t < {_moment(scan.now, scan.edges[place])} THEN {place + 1}"
        for place in reversed(range(len(scan.edges) - 1))
    ]
    return f"CASE {' '.join(whens)} ELSE 0 END" if whens else "0"


def _rows(layout: Layout) -> str:
    columns = [f"{key} AS k{place}" for place, key in enumerate(layout.keys)]
    columns += [f"{layout.at} AS t", f"{layout.value} AS v"]
    columns += [f"{layout.of} AS o"] * bool(layout.of) + [f"{layout.odd} AS odd"] * bool(layout.odd)
    columns += [f"{layout.instant} AS b"] * bool(layout.instant)
    return f"SELECT {', '.join(columns)} FROM {layout.relation}"  # noqa: S608 - as in `_grouped`


def _moment(now: datetime, age: int) -> str:
    moment = (now - MICROSECOND * age).astimezone(UTC).replace(tzinfo=None)
    return f"TIMESTAMP '{moment.isoformat(sep=' ')}'"


def _instant(scan: Scan, age: int) -> str:
    """Write a moment as `Layout.instant` is written, bare, so that the source can skip by it."""
    moment = _moment(scan.now, age)
    return f"TIMESTAMPTZ {moment.removeprefix('TIMESTAMP ')[:-1]}+00'" if scan.layout.is_zoned else moment


_IF_EQUAL = frozenset({Operator.AT_LEAST, Operator.AT_MOST, Operator.EQUAL})
_IF_ABOVE = frozenset({Operator.MORE, Operator.AT_LEAST, Operator.UNEQUAL})
_IF_BELOW = frozenset({Operator.LESS, Operator.AT_MOST, Operator.UNEQUAL})
"""The operators that a value equal to, above and below the limit meets."""

_FORM_COLUMNS = """
form INTEGER, reducer VARCHAR, factor DOUBLE, if_equal TINYINT, if_above TINYINT, if_below TINYINT, mode TINYINT,
width BIGINT, reach BIGINT, windows BIGINT, asked_for BIGINT, required BIGINT, least BIGINT, fresh BIGINT,
since BIGINT, early BOOLEAN
"""

# States of a window: 1 met, 0 not met, 2 too few samples, 3 open. Outcomes of an atom: see `bot.rules.scan_answer`.
_ANSWERS = """
WITH parts AS MATERIALIZED (
  SELECT s.slot, c.age, c.* EXCLUDE (age), c.low < s.low OR c.high > s.high AS outside
  FROM (SELECT * EXCLUDE (cell), {age} AS age FROM cells) c JOIN tracks s ON {match} AND c.age < s.horizon
), states AS (
  SELECT slot, min(age) FILTER (age >= 0) AS newest, coalesce(bool_or(outside), false) {odd} AS odd
  FROM parts GROUP BY slot
), sums AS (
  SELECT t.atom, p.age // t.width AS place, sum(p.n)::DOUBLE AS n, sum({weight})::DOUBLE AS weight,
    sum(p.total) AS total, min(p.low) AS low, max(p.high) AS high
  FROM (SELECT a.atom, a.slot, f.width, f.reach FROM asked a JOIN forms f ON f.form = a.form) t
  JOIN parts p ON p.slot = t.slot AND p.age >= 0 AND p.age < t.reach GROUP BY ALL
), sized AS (
  SELECT *, coalesce(greatest(abs(low), abs(high)), 0.0) AS size, {loose} AS loose FROM sums
), margins AS (
  SELECT *, 4 * n * 2.220446049250313e-16 * size AS margin FROM sized
), values AS MATERIALIZED (
  SELECT m.atom, m.place, m.weight, m.loose, a.form, a.bound, m.low IS NULL AS empty,
    m.size = 0 OR m.size BETWEEN 1e-280 AND 1e280 AS usual, CASE f.reducer
      WHEN 'mean' THEN m.total / nullif(weight, 0) - margin WHEN 'sum' THEN m.total - margin * weight
      WHEN 'count' THEN weight - loose WHEN 'max' THEN high WHEN 'min' THEN low
      ELSE low - margin END * factor AS lower,
    CASE f.reducer
      WHEN 'mean' THEN m.total / nullif(weight, 0) + margin WHEN 'sum' THEN m.total + margin * weight
      WHEN 'count' THEN weight + loose WHEN 'max' THEN high WHEN 'min' THEN low
      ELSE high + margin END * factor AS upper
  FROM margins m JOIN asked a ON a.atom = m.atom JOIN forms f ON f.form = a.form
), judged AS (
  SELECT v.atom, v.place, v.weight, v.lower, v.upper, CASE
    WHEN reducer <> 'count' AND loose > 0 AND abs(weight - least) <= loose THEN 3
    WHEN reducer <> 'count' AND weight < least THEN 2
    WHEN (weight = 0 AND reducer = 'mean') OR (empty AND reducer NOT IN ('mean', 'sum', 'count')) THEN 2
    WHEN (isfinite(lower) AND isfinite(upper) AND abs(lower) < 1e280 AND abs(upper) < 1e280 AND weight < 1e15
      AND usual) IS DISTINCT FROM true THEN 3
    WHEN lower = upper AND lower = bound THEN if_equal
    WHEN lower - slack > bound THEN if_above
    WHEN upper + slack < bound THEN if_below
    ELSE 3 END AS state
  FROM (SELECT *, 2e-11 * greatest(abs(lower), abs(upper), abs(bound)) AS slack FROM values) v
  JOIN forms f ON f.form = v.form
), counted AS (
  SELECT atom, count(*) AS present, count_if(state = 1) AS met, count_if(state = 0) AS unmet,
    count_if(state = 3) AS open, max(state) FILTER (place = 0) AS newest_state,
    max(weight) FILTER (place = 0) AS weight, max(lower) FILTER (place = 0) AS lower,
    max(upper) FILTER (place = 0) AS upper
  FROM judged GROUP BY atom
), joined AS (
  SELECT a.atom, f.*, s.newest, coalesce(s.odd, false) AS odd, coalesce(c.present, 0) AS present,
    coalesce(c.met, 0) AS met, coalesce(c.unmet, 0) AS unmet, coalesce(c.open, 0) AS open, c.newest_state,
    coalesce(c.weight, 0.0) AS weight, coalesce(c.lower, 0.0) AS lower, coalesce(c.upper, 0.0) AS upper
  FROM asked a JOIN forms f ON f.form = a.form LEFT JOIN states s ON s.slot = a.slot
  LEFT JOIN counted c ON c.atom = a.atom
)
SELECT atom, CASE
  WHEN odd OR newest IS NULL THEN NULL
  WHEN newest >= fresh OR (mode = 0 AND newest >= since) THEN 'STALE'
  WHEN newest_state = 3 THEN NULL
  WHEN mode = 0 THEN CASE newest_state WHEN 1 THEN 'HOLDS' WHEN 0 THEN 'DOES_NOT_HOLD' WHEN 2 THEN 'INSUFFICIENT'
    ELSE 'NO_DATA' END
  WHEN mode = 1 AND (early OR unmet > 0) THEN 'DOES_NOT_HOLD'
  WHEN mode = 2 AND met >= required THEN 'HOLDS'
  WHEN mode = 2 AND asked_for - unmet < required THEN 'DOES_NOT_HOLD'
  WHEN open > 0 THEN NULL
  WHEN met = 0 AND unmet = 0 THEN CASE WHEN present < windows THEN 'NO_DATA' ELSE 'INSUFFICIENT' END
  WHEN mode = 2 OR met < required THEN 'INSUFFICIENT'
  WHEN windows - met <= 2 THEN 'HOLDS'
  END AS outcome, met, unmet, weight, lower, upper, newest IS NULL AND NOT odd AS silent
FROM joined
"""

"""The one grouped query that judges many comparisons on their source, in DuckDB's SQL. It runs nothing.

The distinct beginnings of all windows cut time into cells. Every row falls into one cell, so that the work for a row
depends neither on how many rules there are nor on how many windows. A cell keeps how many samples it holds, their
sum, their weight, the smallest and the largest; the cells of a window are then put together for each comparison.

What is clear in floating point is final, what is not is left open. Adding n numbers in any order is off by at most
(n - 1) * u * sum(|v|) with u = 2^-53, whoever adds them; sum(|v|) is at most n * max(|v|). The margin here is
4 * n * 2^-52 * max(|v|) on a mean, eight times that bound: it covers the division, the weights of a ratio and the
interpolation of a percentile as well. Beyond that, two values must differ by 2e-11 of the larger one, since both are
rounded to twelve digits before they are compared, which moves each by at most 5e-12 of itself.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from typing import NewType

from bot.rules.scan import MICROSECOND, Atom, Form, microseconds

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """One series of a scan: the texts of its keys, the range that its samples must lie in, and how far back it goes.

    Nothing older than `horizon`, one of the ages that time is cut at, is looked at.
    """

    keys: tuple[str, ...]
    low: float
    high: float
    horizon: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """What one query answers: each atom on the track of its slot, at one moment.

    `edges` are where time is cut: ages in microseconds, the youngest first; the last is how far back a scan looks.
    With `step` they are its multiples, and only the rows of the tracks are grouped. `in_turn` says that the source
    skips by `instant` most of what is not of a cell: then every cell is grouped by itself, which spares each row the
    question of which cell it is in.
    """

    layout: Layout
    tracks: Sequence[Track]
    atoms: Sequence[tuple[Atom, Slot]]
    now: datetime
    edges: Sequence[int]
    step: int = 0
    in_turn: bool = False


def silence(layout: Layout, tracks: Sequence[Track], now: datetime) -> tuple[str, dict[str, object]]:
    """Write the query that returns the places of the tracks with a sample within their horizons, and its parameters.

    It is asked of tracks without odd rows: a scan finds those of all times.
    """
    keys = range(len(layout.keys))
    horizon = max(track.horizon for track in tracks)
    usable = [
        *_usable(layout, f"t >= {_moment(now, horizon)}", f"t < {_moment(now, 0)}"),
        f"epoch_us(t) >= {microseconds(now - EPOCH)} - s.horizon",
        "(v BETWEEN s.low AND s.high)" if not layout.of else "(o = 0 OR v / o BETWEEN s.low AND s.high)",
    ]
    text = _SILENCE.format(
        tracks=_TRACKS.format(track_keys=_track_keys(keys)),
        rows=_rows(layout),
        match=_match("r", len(keys)),
        where=" AND ".join(usable),
    )
    columns, lists = _track_parameters(tracks)
    texts, mark = _joined(columns)
    return text, {**layout.parameters, **texts, "mark": mark, **lists}


def statement(scan: Scan) -> tuple[str, dict[str, object]]:
    """Write the query and its parameters; it returns one row for each atom that has data, see `answers_of`."""
    keys = range(len(scan.layout.keys))
    text = _TEMPLATE.format(
        cells=_cells(scan),
        odd="OR bool_or(age < 0)" if scan.layout.odd else "",
        match=_match("c", len(keys)),
        tracks=_TRACKS.format(track_keys=_track_keys(keys)),
        weight="p.weight" if scan.layout.of else "p.n",
        loose="4 * n * 2.220446049250313e-16 * weight" if scan.layout.of else "0.0",
    )
    return text, {**scan.layout.parameters, **_parameters(scan)}


def _track_keys(keys: Iterable[int]) -> str:
    return "".join(f", unnest(string_split($key_{place}, $mark)) AS k{place}" for place in keys)


def _match(rows: str, keys: int) -> str:
    return " AND ".join(["true", *(f"CAST({rows}.k{place} AS VARCHAR) = s.k{place}" for place in range(keys))])


def _cells(scan: Scan) -> str:
    """Write the scan itself: rows to cells."""
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


def _grouped(scan: Scan, cell: str, times: Sequence[str]) -> str:
    """Write the grouping of the rows of some times, by series and cell."""
    layout = scan.layout
    where = " AND ".join(_usable(layout, *times))
    if layout.odd:
        where = f"odd OR ({where})"
    point, weight = "v", ""
    if layout.of:
        point, weight = "CASE WHEN o > 0 THEN v / o END", ", sum(o) AS weight"
    among = f"SEMI JOIN tracks s ON {_match('r', len(layout.keys))}" if scan.step else ""
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
    return f"SELECT {', '.join(columns)} FROM {layout.relation}"  # noqa: S608 - as in `_cells`


def _moment(now: datetime, age: int) -> str:
    moment = (now - MICROSECOND * age).astimezone(UTC).replace(tzinfo=None)
    return f"TIMESTAMP '{moment.isoformat(sep=' ')}'"


def _instant(scan: Scan, age: int) -> str:
    """Write a moment as `Layout.instant` is written, bare, so that the source can skip by it."""
    moment = _moment(scan.now, age)
    return f"TIMESTAMPTZ {moment.removeprefix('TIMESTAMP ')[:-1]}+00'" if scan.layout.is_zoned else moment


def _parameters(scan: Scan) -> dict[str, object]:
    forms: dict[Form, int] = {}
    numbers = [forms.setdefault(atom.form, len(forms)) for atom, _ in scan.atoms]
    track_columns, track_lists = _track_parameters(scan.tracks)
    columns: dict[str, Iterable[object]] = {
        **track_columns,
        "slot": [slot for _, slot in scan.atoms],
        "form": numbers,
        "limit": [atom.right.value for atom, _ in scan.atoms],
    }
    texts, mark = _joined(columns)
    return {
        **texts,
        "mark": mark,
        **track_lists,
        "cell": [*range(len(scan.edges)), _ODD],
        "age": [0, *scan.edges[:-1], -1],
        **_form_parameters(list(forms)),
    }


def _track_parameters(tracks: Sequence[Track]) -> tuple[dict[str, Iterable[object]], dict[str, object]]:
    """Return the tracks as long columns, and the ranges and horizons that they share as lists."""
    kinds: dict[tuple[float, float, int], int] = {}
    spans = [kinds.setdefault((track.low, track.high, track.horizon), len(kinds)) for track in tracks]
    keys = {f"key_{place}": [track.keys[place] for track in tracks] for place in range(len(tracks[0].keys))}
    return {**keys, "span": spans}, {
        "low": [low for low, _, _ in kinds],
        "high": [high for _, high, _ in kinds],
        "horizon": [horizon for _, _, horizon in kinds],
    }


def _joined(columns: Mapping[str, Iterable[object]]) -> tuple[dict[str, str], str]:
    """Write long columns as one text each, which DuckDB takes in a fraction of the time of a list.

    The mark between two values is a character that none of them has; a float's shortest text is exact.
    """
    texts = {name: list(map(str, values)) for name, values in columns.items()}
    used = set().union(*map(set, ("".join(values) for values in texts.values())))
    mark = next(character for character in map(chr, range(0x1F, 0xD800)) if character not in used)
    return {name: mark.join(values) for name, values in texts.items()}, mark


def _form_parameters(forms: Sequence[Form]) -> dict[str, object]:
    return {
        "reducer": [form.reducer.value for form in forms],
        "operator": [form.operator.value for form in forms],
        "factor": [form.factor for form in forms],
        "mode": [int(form.mode) for form in forms],
        "width": [form.width for form in forms],
        "reach": [form.reach for form in forms],
        "windows": [form.windows for form in forms],
        "total": [form.total for form in forms],
        "required": [form.required for form in forms],
        "least": [form.min_samples for form in forms],
        "fresh": [form.fresh for form in forms],
        "since": [form.since for form in forms],
        "early": [form.is_early for form in forms],
    }


_TRACKS = """
spans AS (
  SELECT unnest(range(len($low))) AS span, unnest($low::DOUBLE[]) AS low, unnest($high::DOUBLE[]) AS high,
    unnest($horizon::BIGINT[]) AS horizon
), tracks AS MATERIALIZED (
  SELECT i.* EXCLUDE (span), n.low, n.high, n.horizon FROM (
    SELECT generate_subscripts(string_split($span, $mark), 1) - 1 AS slot,
      unnest(string_split($span, $mark)::BIGINT[]) AS span{track_keys}) i JOIN spans n ON n.span = i.span
)"""

_SILENCE = """
WITH {tracks}
SELECT DISTINCT s.slot FROM ({rows}) r JOIN tracks s ON {match} WHERE {where}
"""

# States of a window: 1 met, 0 not met, 2 too few samples, 3 open. Outcomes of an atom: see `bot.rules.scan_answer`.
_TEMPLATE = """
WITH {tracks}, ages AS (
  SELECT unnest($cell::USMALLINT[]) AS cell, unnest($age::BIGINT[]) AS age
), forms AS (
  SELECT unnest(range(len($mode))) AS form, unnest($reducer::VARCHAR[]) AS reducer,
    unnest($operator::VARCHAR[]) AS op, unnest($factor::DOUBLE[]) AS factor, unnest($mode::TINYINT[]) AS mode,
    unnest($width::BIGINT[]) AS width, unnest($reach::BIGINT[]) AS reach, unnest($windows::BIGINT[]) AS windows,
    unnest($total::BIGINT[]) AS total, unnest($required::BIGINT[]) AS required, unnest($least::BIGINT[]) AS least,
    unnest($fresh::BIGINT[]) AS fresh, unnest($since::BIGINT[]) AS since, unnest($early::BOOLEAN[]) AS early
), atoms AS MATERIALIZED (
  SELECT i.atom, i.slot, i.bound, f.* EXCLUDE (form) FROM (
    SELECT generate_subscripts(string_split($slot, $mark), 1) - 1 AS atom,
      unnest(string_split($slot, $mark)::BIGINT[]) AS slot, unnest(string_split($form, $mark)::BIGINT[]) AS form,
      unnest(string_split($limit, $mark)::DOUBLE[]) AS bound) i JOIN forms f ON f.form = i.form
), cells AS MATERIALIZED (
  {cells}
), parts AS MATERIALIZED (
  SELECT s.slot, a.age, c.* EXCLUDE (cell), c.low < s.low OR c.high > s.high AS outside
  FROM cells c JOIN ages a ON a.cell = c.cell JOIN tracks s ON {match} AND a.age < s.horizon
), states AS (
  SELECT slot, min(age) FILTER (age >= 0) AS newest, coalesce(bool_or(outside), false) {odd} AS odd
  FROM parts GROUP BY slot
), sums AS (
  SELECT t.atom, p.age // t.width AS place, sum(p.n)::DOUBLE AS n, sum({weight})::DOUBLE AS weight,
    sum(p.total) AS total, min(p.low) AS low, max(p.high) AS high
  FROM atoms t JOIN parts p ON p.slot = t.slot AND p.age >= 0 AND p.age < t.reach GROUP BY ALL
), sized AS (
  SELECT *, coalesce(greatest(abs(low), abs(high)), 0.0) AS size, {loose} AS loose FROM sums
), margins AS (
  SELECT *, 4 * n * 2.220446049250313e-16 * size AS margin FROM sized
), values AS (
  SELECT m.*, t.* EXCLUDE (atom, total, windows, slot), CASE reducer
      WHEN 'mean' THEN m.total / nullif(weight, 0) - margin WHEN 'sum' THEN m.total - margin * weight
      WHEN 'count' THEN weight - loose WHEN 'max' THEN high WHEN 'min' THEN low
      ELSE low - margin END * factor AS lower,
    CASE reducer
      WHEN 'mean' THEN m.total / nullif(weight, 0) + margin WHEN 'sum' THEN m.total + margin * weight
      WHEN 'count' THEN weight + loose WHEN 'max' THEN high WHEN 'min' THEN low
      ELSE high + margin END * factor AS upper
  FROM margins m JOIN atoms t ON t.atom = m.atom
), compared AS (
  SELECT *, 2e-11 * greatest(abs(lower), abs(upper), abs(bound)) AS slack,
    abs(weight - least) <= loose AND loose > 0 AND reducer <> 'count' AS unsure,
    isfinite(lower) AND isfinite(upper) AND abs(lower) < 1e280 AND abs(upper) < 1e280 AND weight < 1e15
      AND (size = 0 OR size BETWEEN 1e-280 AND 1e280) AS computed
  FROM values
), tested AS (
  SELECT *, lower - slack > bound AS above, upper + slack < bound AS below, lower = upper AND lower = bound AS equal
  FROM compared
), judged AS (
  SELECT atom, place, weight, lower, upper, CASE
    WHEN unsure THEN 3
    WHEN weight < least AND reducer <> 'count' THEN 2
    WHEN (weight = 0 AND reducer = 'mean') OR (low IS NULL AND reducer NOT IN ('mean', 'sum', 'count')) THEN 2
    WHEN computed IS DISTINCT FROM true THEN 3
    WHEN equal THEN CASE WHEN op IN ('>=', '<=', '==') THEN 1 ELSE 0 END
    WHEN above THEN CASE WHEN op IN ('>', '>=', '!=') THEN 1 ELSE 0 END
    WHEN below THEN CASE WHEN op IN ('<', '<=', '!=') THEN 1 ELSE 0 END
    ELSE 3 END AS state
  FROM tested
), counted AS (
  SELECT atom, count(*) AS present, count_if(state = 1) AS met, count_if(state = 0) AS unmet,
    count_if(state = 3) AS open, max(state) FILTER (place = 0) AS newest_state,
    max(weight) FILTER (place = 0) AS weight, max(lower) FILTER (place = 0) AS lower,
    max(upper) FILTER (place = 0) AS upper
  FROM judged GROUP BY atom
), joined AS (
  SELECT t.*, s.newest, coalesce(s.odd, false) AS odd, coalesce(c.present, 0) AS present, coalesce(c.met, 0) AS met,
    coalesce(c.unmet, 0) AS unmet, coalesce(c.open, 0) AS open, c.newest_state, c.weight, c.lower, c.upper
  FROM atoms t LEFT JOIN states s ON s.slot = t.slot LEFT JOIN counted c ON c.atom = t.atom
)
SELECT atom, CASE
  WHEN odd OR newest IS NULL THEN NULL
  WHEN newest >= fresh OR (mode = 0 AND newest >= since) THEN 'STALE'
  WHEN newest_state = 3 THEN NULL
  WHEN mode = 0 THEN CASE newest_state WHEN 1 THEN 'HOLDS' WHEN 0 THEN 'DOES_NOT_HOLD' WHEN 2 THEN 'INSUFFICIENT'
    ELSE 'NO_DATA' END
  WHEN mode = 1 AND (early OR unmet > 0) THEN 'DOES_NOT_HOLD'
  WHEN mode = 2 AND met >= required THEN 'HOLDS'
  WHEN mode = 2 AND total - unmet < required THEN 'DOES_NOT_HOLD'
  WHEN open > 0 THEN NULL
  WHEN met = 0 AND unmet = 0 THEN CASE WHEN present < windows THEN 'NO_DATA' ELSE 'INSUFFICIENT' END
  WHEN mode = 2 OR met < required THEN 'INSUFFICIENT'
  WHEN windows - met <= 2 THEN 'HOLDS'
  END AS outcome, met, unmet, weight, lower, upper, newest IS NULL AND NOT odd AS silent
FROM joined
"""

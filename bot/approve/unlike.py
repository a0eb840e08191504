"""Where two records of a decision differ, fact by fact (pure)."""

from collections.abc import Iterator, Mapping

from bot.model.json import Json, written
from bot.model.replay import Difference
from bot.report.untrusted import visible

NOTHING = "nothing"
_LABELS = ("id", "path", "name", "sha", "pull", "review", "after")
"""What tells the parts of a list apart; a list whose parts have none, or share one, is compared as a whole."""
_LONGEST = 160


def unlike(recorded: Json, again: Json, what: str = "") -> Iterator[Difference]:
    """Yield every fact of two JSON values that differs, named by where it stands: `reviews[12].counts`."""
    if isinstance(recorded, Mapping) and isinstance(again, Mapping):
        yield from _parts(recorded, again, f"{what}." if what else "", "")
        return
    old, new = _labelled(recorded), _labelled(again)
    if old is not None and new is not None and (list(old) == list(new) or {*old} != {*new}):
        yield from _parts(old, new, f"{what}[", "]")
    elif written(recorded) != written(again):
        yield Difference(what=what, recorded=_short(recorded), replayed=_short(again))


def _parts(recorded: Mapping[str, Json], again: Mapping[str, Json], before: str, after: str) -> Iterator[Difference]:
    for name in sorted({*recorded, *again}):
        what = visible(f"{before}{name}{after}")
        if name not in again:
            yield Difference(what=what, recorded=_short(recorded[name]), replayed=NOTHING)
        elif name not in recorded:
            yield Difference(what=what, recorded=NOTHING, replayed=_short(again[name]))
        else:
            yield from unlike(recorded[name], again[name], what)


def _labelled(value: Json) -> Mapping[str, Json] | None:
    """Return the parts of a list by what names them; None for anything else."""
    if not isinstance(value, list | tuple):
        return None
    found = {label: part for part in value if (label := _label(part)) is not None}
    return found if len(found) == len(value) else None


def _label(part: Json) -> str | None:
    named = [part[name] for name in _LABELS if name in part] if isinstance(part, Mapping) else []
    return str(named[0]) if named else None


def _short(value: Json) -> str:
    """Show a value in one line, short enough to be read."""
    return visible(" ".join(written(value).split()), limit=_LONGEST)

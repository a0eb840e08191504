"""What takes a merge back: git's own revert where it can, and where lines conflict, the values one by one (pure)."""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.approve.footprint import Footprint, values_changed
from bot.forge.port import RevertConflict, Reverted
from bot.model.change import KeyChange
from bot.model.recipe import Setting
from bot.propose.desired import Unreadable, block_of, path_of, same, values_of
from bot.propose.impact import shown
from bot.propose.redline import Refused, set_value


@dataclass(frozen=True, slots=True, kw_only=True)
class Inverse:
    """Files as they become; `left` says what of the merge stays, and why: then it is no inverse but a part of one."""

    files: Mapping[str, bytes | None]
    left: tuple[str, ...] = ()


def inverse_of(revert: Reverted | RevertConflict, footprint: Footprint) -> Inverse:
    """Return what a rollback writes; where git conflicts, each value that still is the merge's goes back by itself.

    A value that somebody set since is theirs and stays; no file at all means that nothing is left to take back.
    """
    if isinstance(revert, Reverted):
        return Inverse(files=revert.files)
    left = [f"git cannot revert it by itself: conflict in {', '.join(revert.paths)}"]
    changes = values_changed(footprint.before, footprint.merged)
    if isinstance(changes, Unreadable):
        return Inverse(files={}, left=(*left, f"{changes.path} is not understood: {changes.reason}"))
    files: dict[str, bytes] = {}
    for change in changes:
        fault = _put_back(change, footprint, files)
        if fault is not None:
            left.append(fault)
    return Inverse(files=files, left=tuple(left))


def _put_back(change: KeyChange, footprint: Footprint, files: dict[str, bytes]) -> str | None:
    """Put one value back in `files`; says why not, where somebody else's value stands."""
    path, name = path_of(change.target), f"{change.target} {change.key}"
    content = files.get(path) or footprint.now.get(path)
    if content is None:
        return f"{path} is gone"
    values = values_of(path, content)
    if isinstance(values, Unreadable):
        return f"{path} is not understood: {values.reason}"
    present = values.get(change.key)
    if present is None or not same(present, change.after):
        is_back = present is not None and same(present, change.before)
        return None if is_back else f"{name} was set to {_value(present)} since, which stays"
    edited = set_value(path, content, block_of(change.target, change.key), change.before)
    if isinstance(edited, Refused):
        return f"{name} cannot be put back: {edited.reason}"
    files[path] = edited.after
    return None


def _value(present: Setting | None) -> str:
    return "nothing" if present is None else shown(present)

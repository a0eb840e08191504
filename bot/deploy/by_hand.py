"""Values that people set on the base branch past the bot, and which of them are not live (pure).

The bot deploys nothing that it did not propose. What a person set may be live all the same: an adoption brings live
values into Git, and values by hand may have been set at the gateway, too. Only where the two differ is there anything
to tell.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bot.deploy.desired import Desired, MergedFile, parse_desired
from bot.model.errors import BotError
from bot.model.names import CommitSha
from bot.model.recipe import Setting
from bot.report.incident import Difference
from bot.sync.setting import is_same, text_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Landed:
    """A commit of the base branch and the desired-state files that it changed.

    `by_hand`: neither the commit nor a record says that it belongs to a change.
    """

    commit: CommitSha
    is_merge: bool
    by_hand: bool
    files: tuple[MergedFile, ...]

    def shares_file(self, other: "Landed") -> bool:
        """Tell whether both touch the same target."""
        return bool({file.path for file in self.files} & {file.path for file in other.files})


@dataclass(frozen=True, slots=True, kw_only=True)
class ByHand:
    """The values of one target that stand at the head and that a person's commit set."""

    landed: Landed
    desired: Desired
    keys: tuple[str, ...]


def standing_by_hand(path: str, content: bytes, landed: Iterable[Landed]) -> tuple[ByHand, ...]:
    """Return who of `landed` (newest first) set the values of `content`, the file at the head, by hand.

    Of every value the newest commit that set it counts: what the bot merged afterwards is the bot's to deploy.
    BotError where the file cannot be read.
    """
    desired = parse_desired(path, content)
    left = dict(desired.values)
    found: list[ByHand] = []
    for each in landed:
        for file in each.files:
            keys = _set_by(file, left) if file.path == path else ()
            left = {key: value for key, value in left.items() if key not in keys}
            if keys and each.by_hand:
                found.append(ByHand(landed=each, desired=desired, keys=keys))
    return tuple(found)


def differences(found: ByHand, live: Mapping[str, Setting]) -> tuple[Difference, ...]:
    """Return the values set by hand that are not live."""
    wanted = found.desired.values
    return tuple(
        Difference(
            target=found.desired.target,
            key=key,
            desired=text_of(wanted[key]),
            live=text_of(live[key]) if key in live else None,
        )
        for key in found.keys
        if key not in live or not is_same(live[key], wanted[key])
    )


def _set_by(file: MergedFile, standing: Mapping[str, Setting]) -> tuple[str, ...]:
    """Return the keys to which a commit gave the value that stands."""
    before, after = _values(file.path, file.before), _values(file.path, file.after)
    return tuple(
        key
        for key, value in standing.items()
        if key in after and is_same(after[key], value) and not (key in before and is_same(before[key], value))
    )


def _values(path: str, content: bytes | None) -> Mapping[str, Setting]:
    """Read a former state of a file; of one that nobody can read, nothing was ever live."""
    if content is None:
        return {}
    try:
        return parse_desired(path, content).values
    except BotError:
        return {}

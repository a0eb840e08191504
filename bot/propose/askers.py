"""Who asked for a run, by the numbers of their accounts: a login can be given up, and taken by somebody else."""

from collections.abc import Iterable
from dataclasses import dataclass

from bot.forge.port import ForgeReader
from bot.model.errors import BotError
from bot.model.names import Login

_MACHINE = "[bot]"


@dataclass(slots=True, kw_only=True)
class Askers:
    """The accounts behind some logins, looked up when they are needed and then known."""

    forge: ForgeReader
    logins: tuple[Login, ...]
    known: tuple[int, ...] | None = None

    def numbers(self) -> tuple[int, ...]:
        """Return the numbers of the people among them; BotError where one is nobody's account any more."""
        if self.known is None:
            self.known = numbers_of(self.forge, self.logins)
        return self.known


def numbers_of(forge: ForgeReader, logins: Iterable[Login], *, perhaps: Iterable[Login] = ()) -> tuple[int, ...]:
    """Return the numbers of people's accounts; those of `perhaps` may be names of something else.

    BotError where a login that the forge itself told is nobody's any more: whoever has left it could not be barred.
    """
    asking, maybe = dict.fromkeys(logins), dict.fromkeys(perhaps)
    found = {each: forge.account(each) for each in {**asking, **maybe} if not each.endswith(_MACHINE)}
    if gone := [each for each in asking if each in found and found[each] is None]:
        sentence = f"who asked for this run as {gone[0]} has no such account any more, and could not be barred"
        raise BotError(sentence, hint="the schedule looks without being asked")
    return tuple(dict.fromkeys(account.id for account in found.values() if account is not None))

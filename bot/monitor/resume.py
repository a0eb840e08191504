"""`pow resume`: a person lifts a hold, with a reason that stays in the ledger. Gather → decide → record.

The record is the only write, and a hold can be lifted once, so a repeated command changes nothing.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from bot.ledger.holds import Hold, holds
from bot.ledger.site import Site
from bot.model.errors import BotError
from bot.model.forge import ActorKind
from bot.model.names import Login
from bot.model.record import Draft, Phase, Record
from bot.model.settings import Policy
from bot.report.untrusted import visible

SHORTEST, LONGEST = 10, 300
"""Characters of a reason."""
_ADDRESS = re.compile(r"\S@\S")
_LONG_NUMBER = re.compile(r"\d(?:[ ./-]?\d){6}")
"""Seven digits in a row: a number of a case, a person or a telephone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumed:
    """What became of the request: a record that is there now, and whether this run wrote it."""

    record: Record
    is_new: bool


def resume(site: Site, *, target: str, reason: str, policy: Policy) -> Resumed:
    """Lift what stands on a target (`all`: on the whole agency); BotError where there is nothing, or nobody may.

    Who asks is the token's own account if that is a person's, otherwise whoever dispatched the run.
    """
    said = checked_reason(reason)
    standing = {hold.target: hold for hold in holds(site.ledger.records(), policy.breaker)}
    hold = standing.get(target)
    if hold is None:
        last = _last_resumed(site.ledger.records(), target)
        if last is None:
            raise BotError(f"nothing holds `{visible(target, limit=80)}`", hint=_known(standing))
        return Resumed(record=last, is_new=False)
    by = _who(site, policy)
    return Resumed(record=site.ledger.append(lifted(site, hold, by=by, reason=said)), is_new=True)


def checked_reason(reason: str) -> str:
    """Return a reason as it may stand in Git for ever: one visible line, long enough to say something.

    BotError for one that looks as if it held personal data: the ledger cannot forget.
    """
    said = visible(reason, limit=LONGEST + 1)
    hint = '`pow resume TARGET --reason "what you looked at, and why it may go on"`'
    if len(said) < SHORTEST:
        raise BotError(f"the reason is shorter than {SHORTEST} characters", hint=hint)
    if len(said) > LONGEST:
        raise BotError(f"the reason is longer than {LONGEST} characters", hint=hint)
    if _ADDRESS.search(said) or _LONG_NUMBER.search(said):
        raise BotError(
            "the reason holds an address or a long number, which may be somebody's",
            hint="it stays in Git for ever: say it without, and name a document instead",
        )
    return said


def _who(site: Site, policy: Policy) -> Login:
    """Return the person who asks, with write access now."""
    identity = site.forge.identity()
    person = identity is not None and identity.kind is ActorKind.USER
    asking = (identity.login,) if identity is not None and person else site.started_by
    barred = {login.casefold() for login in (*policy.bots, *policy.excluded_approvers)}
    people = [login for login in asking if not login.endswith("[bot]") and login.casefold() not in barred]
    if not people or len(people) != len(asking):
        hint = "run it with a token of your own, or start the workflow `resume` on the forge"
        raise BotError("nobody who may lift a hold asks for it: a machine cannot", hint=hint)
    for login in people:
        if not site.forge.permission(login).can_write:
            raise BotError(f"{visible(login)} has no write access, so cannot lift a hold", hint="ask a maintainer")
    return people[-1]


def lifted(site: Site, hold: Hold, *, by: Login, reason: str) -> Draft:
    """Return the record that lifts a hold, once."""
    facts = {"target": hold.target, "hold": hold.kind.value, "by": by, "reason": reason}
    return Draft(change=hold.change, phase=Phase.RESUMED, at=site.now, facts=facts, key=hold.key)


def _last_resumed(records: tuple[Record, ...], target: str) -> Record | None:
    found = (each for each in reversed(records) if each.phase is Phase.RESUMED and each.facts.get("target") == target)
    return next(found, None)


def _known(standing: Mapping[str, Hold]) -> str:
    if not standing:
        return "`pow status` shows what is on hold: nothing is"
    return f"on hold: {', '.join(visible(target, limit=80) for target in sorted(standing))}; see `pow status`"

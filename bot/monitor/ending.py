"""How a watch ends, and what the monitor says of a change: what it writes down, and who is asked."""

from collections.abc import Mapping

from bot.approve.footprint import is_back
from bot.model.event import Event, Mark, Step
from bot.model.json import Json
from bot.model.names import Login
from bot.model.record import Draft, Phase
from bot.monitor.act import PERSON_LABEL
from bot.monitor.answer import KEEP
from bot.monitor.round import Round
from bot.monitor.watched import Watched
from bot.propose.change import rollback_id
from bot.report.watch import kept_comment, watch_marker

ROLLED_BACK, KEPT = "rolled_back", "kept"
"""How a change ends that did not succeed."""


def close_with_rollback(now: Round, watched: Watched, closing: Mapping[str, Json]) -> Event:
    """Close a change as its rollback was closed; the same words, whichever run comes to it."""
    rollback, ended = rollback_id(watched.id), closing.get("outcome")
    if ended == ROLLED_BACK:
        recovery = closing.get("recovery")
        sentence = f"rolled back by change {rollback}: {recovery}"
        close(now, watched, ROLLED_BACK, sentence, recovery=recovery)
        return said_of(watched, Mark.DONE, sentence, closed=ROLLED_BACK)
    if is_back(now.footprint(watched)):
        return close_taken_back(now, watched)
    return close_kept(now, watched, f"its rollback {rollback} ended as {ended}")


def close_taken_back(now: Round, watched: Watched) -> Event:
    """Close a change whose values were put back past the bot."""
    branch = now.site.repository.default_branch()
    sentence = f"taken back by hand: {branch} holds the values from before {watched.merge[:12]} again"
    close(now, watched, ROLLED_BACK, sentence)
    hint = "approving the pull request that did so, merged as it is, makes it live; else set the live values, too"
    return said_of(watched, Mark.WARNING, sentence, hint=hint, closed=ROLLED_BACK)


def keep(now: Round, watched: Watched, keeper: Login) -> Event:
    """Close a change that a person wants to keep; the comment comes first, for what is closed is not looked at."""
    body = kept_comment(watched.id, keeper, at=now.site.now)
    now.site.forge.put_comment(watched.pull, marker=watch_marker(watched.id), body=body)
    return close_kept(now, watched, f"{keeper} answered `{KEEP}`", by=keeper)


def close_kept(now: Round, watched: Watched, why: str, **facts: Json) -> Event:
    """Close a change that people kept although the bot would have taken it back."""
    sentence = f"{why}, so the change is kept"
    close(now, watched, KEPT, sentence, **facts)
    return said_of(watched, Mark.WARNING, sentence, hint="it is not watched any longer", closed=KEPT)


def close(now: Round, watched: Watched, outcome: str, sentence: str, **more: Json) -> None:
    """Write down how a change ended."""
    facts: Mapping[str, Json] = {
        "outcome": outcome,
        "recovery": None,
        "sentence": sentence,
        "measurement": {},
        **more,
    }
    now.site.ledger.append(Draft(change=watched.id, phase=Phase.CLOSED, at=now.site.now, facts=facts))


def ask(now: Round, watched: Watched, sentence: str, *, how: str = "") -> Event:
    """Hand a change over to a person."""
    now.site.forge.add_labels(watched.pull, (PERSON_LABEL,))
    hint = f"look at pull request {watched.pull}{how}"
    return said_of(watched, Mark.WARNING, f"a person must decide: {sentence}", hint=hint)


def said_of(watched: Watched, mark: Mark, sentence: str, *, hint: str = "", **data: Json) -> Event:
    """Say something about a change, even about one whose records are damaged."""
    proposed = watched.latest.get(Phase.PROPOSED, {})
    return Event(
        step=Step.MONITOR,
        mark=mark,
        sentence=sentence,
        change=watched.id,
        subject=str(proposed.get("recipe", "")),
        hint=hint,
        data={"pull": proposed.get("pull"), **data},
    )

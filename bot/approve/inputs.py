"""What the gate decided on, as the ledger keeps it, and back (pure).

Written down is what only the forge and the kill switch could tell at that moment, and digests of the bytes. Policy,
recipe, trailers and the bytes themselves stay in Git, and earlier records in the ledger, so that a replay reads them
there and believes no copy. Of a team only those are named who reviewed, for nobody else in it decides anything.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import assert_never

from bot.approve.facts import GateFacts, NoProof, OtherPull, RollbackProof, lower
from bot.approve.rego import Answered, Failed, RegoAnswer
from bot.model.forge import Actor, ChangedFile, FileStatus, Push, Review
from bot.model.json import Json, digest_of
from bot.model.names import Digest, Login
from bot.model.switch import Stop

RULES = 1
"""The number of the rules by which `decide` judges: to be raised where the same facts get another answer or words.

What each number decides stands in `tests/approve/rules/`, so that no change of it goes unnoticed.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """The facts of a record that Git does not hold: `facts` lacks all that is read again, `files` have no bytes.

    `rules` is the number of the gate's rules.
    """

    facts: GateFacts
    files: tuple[ChangedFile, ...]
    rules: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Lacking:
    """What a record does not hold, or not in a form that can be read, so that nobody can decide on it again."""

    names: tuple[str, ...]


def inputs_json(facts: GateFacts) -> Mapping[str, Json]:
    """Return everything that decides about a pull request and stands neither in Git nor in earlier records."""
    pull = facts.pull
    return {
        "rules": RULES,
        "ledger": facts.ledger,
        "default_branch": facts.default_branch,
        "identity": _actor(facts.identity),
        "pull": {
            "state": pull.state.value,
            "draft": pull.draft,
            "same_repository": pull.same_repository,
            "head_branch": pull.head_branch,
            "base_branch": pull.base_branch,
            "author": _actor(pull.author),
        },
        "commits": [
            {"sha": each.sha, "author": _actor(each.author), "committer": _actor(each.committer)}
            for each in facts.commits
        ],
        "pushes": None if facts.pushes is None else [_push(each) for each in facts.pushes],
        "files": [_file(each.path, each.status, each.base, each.head) for each in facts.files],
        "evidence": _digest(facts.evidence),
        "recipe": facts.recipe.digest if facts.recipe else None,
        "governance": {path: _digest(content) for path, content in facts.governance.items()},
        "originators": [_actor(each) for each in facts.originators],
        "reviews": [_review(each) for each in facts.reviews],
        "permissions": {login: each.value for login, each in facts.permissions.items()},
        "teams": {slug: _reviewers(members, facts) for slug, members in facts.teams.items()},
        "stops": [_stop(each) for each in facts.switch.stops],
        "others": [_other(each) for each in facts.others],
        "rollback": _rollback(facts.rollback),
        "rego": _rego(facts.rego),
    }


def _actor(actor: Actor | None) -> Json:
    return None if actor is None else {"login": actor.login, "id": actor.id, "kind": actor.kind.value}


def _push(push: Push) -> Json:
    return {"after": push.after, "actor": _actor(push.actor)}


def _file(path: str, status: FileStatus, base: bytes | None, head: bytes | None) -> Json:
    return {"path": path, "status": status.value, "base": _digest(base), "head": _digest(head)}


def _digest(content: bytes | None) -> Digest | None:
    return None if content is None else digest_of(content)


def _review(review: Review) -> Json:
    claim = review.claim
    return {
        "id": review.id,
        "author": _actor(review.author),
        "state": review.state.value,
        "commit": review.commit,
        "url": review.url,
        "claim": {"reason_length": claim.length, "reason_digest": claim.digest} if claim else None,
    }


def _reviewers(members: frozenset[Login], facts: GateFacts) -> Json:
    named = {lower(each.author.login) for each in facts.reviews if each.author is not None}
    return sorted(member for member in members if lower(member) in named)


def _stop(stop: Stop) -> Json:
    return {
        "reach": stop.reach.value,
        "name": stop.name,
        "where": stop.where,
        "reason": stop.reason,
        "known": stop.known,
    }


def _other(other: OtherPull) -> Json:
    return {
        "pull": other.number,
        "author": other.author,
        "paths": None if other.paths is None else sorted(other.paths),
    }


def _rollback(found: RollbackProof | NoProof | None) -> Json:
    match found:
        case None:
            return None
        case RollbackProof():
            return {"original": found.original, "merge": found.merge, "files": found.files}
        case NoProof():
            return {"no_proof": found.reason}
        case _:
            assert_never(found)


def _rego(answer: RegoAnswer | None) -> Json:
    match answer:
        case None:
            return None
        case Answered():
            return {"denials": list(answer.denials)}
        case Failed():
            return {"failed": answer.reason}
        case _:
            assert_never(answer)

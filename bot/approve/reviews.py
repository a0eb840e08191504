"""Which reviews count, each with its reason, and whether enough people of the right teams approved (pure)."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from bot.approve.facts import GateFacts, lower
from bot.approve.seats import empty_seats
from bot.model.decision import CountedReview
from bot.model.forge import Actor, ActorKind, Review, ReviewState
from bot.model.names import Login, TeamSlug
from bot.model.settings import Approvers, Policy

_OPINIONS = frozenset(
    {ReviewState.APPROVED, ReviewState.CHANGES_REQUESTED, ReviewState.DISMISSED, ReviewState.UNKNOWN}
)
"""What replaces a person's earlier opinion; a comment or a draft does not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """All reviews judged: who approved, who blocks, and what is missing per group of approvers."""

    reviews: tuple[CountedReview, ...]
    approved_by: tuple[Actor, ...]
    blocked_by: tuple[Login, ...]
    missing: tuple[Approvers, ...]
    unreadable: tuple[TeamSlug, ...]


def tally(
    facts: GateFacts,
    policy: Policy,
    required: tuple[Approvers, ...],
    *,
    must_read: tuple[Approvers, ...] | None = None,
    also: Callable[[Review], str | None] = lambda _: None,
) -> Tally:
    """Judge every review of a pull request against the approvers that are required.

    Teams of `must_read` (left out: all that are required) that could not be read are named; no others matter.
    `also` names one more thing that may be wrong with a review.
    """
    latest = _latest(facts.reviews)
    judged = tuple(
        _judge(review, _fault(review, latest, facts) or also(review), facts, policy, required)
        for review in facts.reviews
    )
    approved = tuple(
        review.author
        for review, counted in zip(facts.reviews, judged, strict=True)
        if counted.counts and review.author is not None
    )
    return Tally(
        reviews=judged,
        approved_by=approved,
        blocked_by=tuple(_blockers(latest.values(), facts)),
        missing=empty_seats(
            approved,
            required,
            in_team=lambda person, team: _in_team(person, facts.teams.get(team)),
            is_named=lambda person, login: lower(person.login) == lower(login),
        ),
        unreadable=tuple(
            team for team in _teams(required if must_read is None else must_read) if team not in facts.teams
        ),
    )


def _latest(reviews: Iterable[Review]) -> Mapping[int, Review]:
    """Return each person's last opinion, by account number; reviews are in order of submission."""
    return {review.author.id: review for review in reviews if review.author is not None and review.state in _OPINIONS}


def _judge(
    review: Review, fault: str | None, facts: GateFacts, policy: Policy, required: tuple[Approvers, ...]
) -> CountedReview:
    fault = fault or _unfit(review.author, facts, policy, required)
    return CountedReview(
        id=review.id,
        login=review.author.login if review.author else None,
        user_id=review.author.id if review.author else None,
        state=review.state.value,
        commit=review.commit,
        counts=fault is None,
        reason=fault or f"an approval of the head by {_as_whom(review.author, facts, required)}",
        url=review.url,
    )


def _fault(review: Review, latest: Mapping[int, Review], facts: GateFacts) -> str | None:
    """Say what is wrong with the review itself."""
    if review.state is not ReviewState.APPROVED:
        return _NO_APPROVAL[review.state]
    if review.author is None:
        return "its author's account is gone"
    if latest.get(review.author.id) is not review:
        return "this person gave a later opinion"
    if review.commit is None:
        return "the commit that was reviewed is not known"
    if review.commit != facts.pull.head:
        return f"it was given on {review.commit[:12]}, the head is {facts.pull.head[:12]}"
    return None


_NO_APPROVAL = {
    ReviewState.CHANGES_REQUESTED: "it asks for changes",
    ReviewState.COMMENTED: "a comment is no opinion",
    ReviewState.DISMISSED: "it was dismissed",
    ReviewState.PENDING: "it is not submitted",
    ReviewState.UNKNOWN: "the forge reports a state that the gate does not know",
}


def _unfit(author: Actor | None, facts: GateFacts, policy: Policy, required: tuple[Approvers, ...]) -> str | None:
    """Say why a person may not approve this change."""
    if author is None or author.kind is not ActorKind.USER or lower(author.login) in _logins(policy.bots):
        return "only people approve, this is a machine's account"
    if lower(author.login) in _logins(policy.excluded_approvers):
        return "policy excludes this account from approving"
    if (role := _role(author, facts)) is not None:
        return f"this person is {role}"
    return _powerless(author, facts) or _outside(author, facts, required)


def _powerless(author: Actor, facts: GateFacts) -> str | None:
    permission = facts.permissions.get(author.login)
    if permission is None:
        return "this person's rights could not be read"
    return None if permission.can_write else "this person has no write access now"


def _outside(author: Actor, facts: GateFacts, required: tuple[Approvers, ...]) -> str | None:
    """Say why a person fills no required seat."""
    if _as_whom(author, facts, required):
        return None
    if not required:
        return "nobody has to approve"
    if any(team not in facts.teams for team in _teams(required)):
        return "the members of a required team could not be read"
    return "this person is in no required team" if _teams(required) else "this person is not among those required"


def _as_whom(author: Actor | None, facts: GateFacts, required: tuple[Approvers, ...]) -> str:
    """Say by which teams a person may approve, or that it is by name; nothing where it is by neither."""
    teams = [team for team in _teams(required) if _in_team(author, facts.teams.get(team))]
    if teams:
        return f"a member of {' and '.join(teams)}"
    users = _logins(login for group in required for login in group.users)
    return "a person whom policy names" if author is not None and lower(author.login) in users else ""


def _teams(required: tuple[Approvers, ...]) -> tuple[TeamSlug, ...]:
    return tuple(dict.fromkeys(team for group in required for team in group.teams))


def _role(author: Actor, facts: GateFacts) -> str | None:
    """Say how a person had a hand in the change; accounts compare by number and by login."""
    if _is(author, facts.pull.author):
        return "the author of the pull request"
    for commit in facts.commits:
        if any(actor is not None and _is(author, actor) for actor in (commit.author, commit.committer)):
            return f"an author of commit {commit.sha[:12]}"
    if any(push.actor is not None and _is(author, push.actor) for push in facts.pushes or ()):
        return "one of those who pushed to the branch"
    if any(actor is not None and _is(author, actor) for actor in facts.originators):
        return "the last editor of the recipe"
    started = facts.trailers.started_by if facts.trailers else ()
    numbers = {*(facts.trailers.accounts if facts.trailers else ()), *facts.accounts_asking}
    if author.id in numbers or lower(author.login) in _logins((*started, *facts.asked_by)):
        return "the one who started the run that proposed it"
    return None


def _blockers(opinions: Iterable[Review], facts: GateFacts) -> Iterable[Login]:
    """Name whoever asks for changes and has write access, or whose access cannot be read; on any commit."""
    for review in opinions:
        if review.state is ReviewState.CHANGES_REQUESTED and review.author is not None:
            permission = facts.permissions.get(review.author.login)
            if permission is None or permission.can_write:
                yield review.author.login


def _in_team(person: Actor | None, members: frozenset[Login] | None) -> bool:
    return person is not None and members is not None and lower(person.login) in _logins(members)


def _is(one: Actor, other: Actor) -> bool:
    return one.id == other.id or lower(one.login) == lower(other.login)


def _logins(logins: Iterable[Login]) -> frozenset[str]:
    return frozenset(lower(login) for login in logins)

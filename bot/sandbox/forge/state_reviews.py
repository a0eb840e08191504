"""Reviews of pull requests and who is asked for one."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar, assert_never

from bot.model.json import Json
from bot.model.names import CommitSha
from bot.sandbox.forge import state_issues
from bot.sandbox.forge.entities import Account, Happening, Identity, Pull, Review, ReviewState, Role, Team
from bot.sandbox.forge.permissions import has_access, role_of
from bot.sandbox.forge.refusals import LONGEST_BODY, check_length, not_found, simple, unprocessable
from bot.sandbox.forge.state import ForgeState, Repository

_T = TypeVar("_T")
_EVENTS = {
    "APPROVE": ReviewState.APPROVED,
    "REQUEST_CHANGES": ReviewState.CHANGES_REQUESTED,
    "COMMENT": ReviewState.COMMENTED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewRequest:
    """What a reviewer sends; without an event the review stays pending, seen by its author only."""

    event: str | None = None
    body: str = ""
    commit: str | None = None


def submitted(repository: Repository, pull: Pull, who: Identity) -> list[Review]:
    """Return a pull request's reviews in order, with the asker's own pending one."""
    return [
        review
        for review in repository.reviews
        if review.pull == pull.number and (review.submitted_at is not None or review.author == who.account)
    ]


def find(repository: Repository, pull: Pull, number: int, who: Identity) -> Review:
    """Return a review that the asker may see, or refuse with 404."""
    for review in submitted(repository, pull, who):
        if review.id == number:
            return review
    raise not_found()


def create(state: ForgeState, repository: Repository, pull: Pull, who: Identity, request: ReviewRequest) -> Review:
    """Add a review; `request.commit` may name any commit of the repository, as on GitHub."""
    author = _author(who)
    wanted = _check_event(repository, pull, who, request)
    check_length("PullRequestReview", "body", request.body, LONGEST_BODY)
    commit = request.commit or pull.head_sha
    if repository.git.kind(commit) != "commit":
        raise simple("The commit_id is not part of the pull request")
    pending = any(r.author == author and r.submitted_at is None for r in submitted(repository, pull, who))
    if wanted is ReviewState.PENDING and pending:
        raise simple("User can only have one pending review per pull request")
    review = Review(
        id=state.next_id(),
        pull=pull.number,
        author=author,
        body=request.body,
        state=wanted,
        commit=CommitSha(commit),
        submitted_at=None if wanted is ReviewState.PENDING else state.clock.now(),
    )
    repository.reviews.append(review)
    _answered(state, repository, pull, review)
    return review


def submit(
    state: ForgeState, repository: Repository, review: Review, who: Identity, request: ReviewRequest
) -> Review:
    """Submit the author's pending review."""
    pull = repository.pulls[review.pull]
    if review.submitted_at is not None:
        raise simple("Can not submit a review that is not pending")
    wanted = _check_event(repository, pull, who, replace(request, body=request.body or review.body))
    changed = replace(review, state=wanted, body=request.body or review.body, submitted_at=state.clock.now())
    _store(repository, changed)
    _answered(state, repository, pull, changed)
    return changed


def edit(repository: Repository, review: Review, who: Identity, body: str) -> Review:
    """Replace a review's text; nothing but the text can be edited, and only by the author.

    https://docs.github.com/en/rest/pulls/reviews#update-a-review-for-a-pull-request: "Updates the contents of a
    specified review summary comment"; state, commit and time of the review stay as they were.
    """
    if review.author != who.account:
        raise not_found()
    check_length("PullRequestReview", "body", body, LONGEST_BODY)
    changed = replace(review, body=body)
    _store(repository, changed)
    return changed


def forget_commit(repository: Repository, commit: CommitSha) -> None:
    """Collect a commit as garbage, as far as reviews are concerned: they no longer name it."""
    repository.reviews[:] = [
        replace(review, commit=None) if review.commit == commit else review for review in repository.reviews
    ]


def dismiss(state: ForgeState, repository: Repository, review: Review, actor: Account, message: str) -> Review:
    """Take away an approval or a request for changes."""
    match review.state:
        case ReviewState.APPROVED | ReviewState.CHANGES_REQUESTED:
            pass
        case ReviewState.PENDING | ReviewState.COMMENTED | ReviewState.DISMISSED:
            raise simple(f"Can not dismiss a {review.state.value.lower()} pull request review")
        case _:
            assert_never(review.state)
    dismissed: Json = {
        "state": review.state.value.lower(),
        "review_id": review.id,
        "dismissal_message": message,
    }
    what = Happening(name="review_dismissed", details={"dismissed_review": dismissed})
    state_issues.record(state, repository, review.pull, actor, what)
    changed = replace(review, state=ReviewState.DISMISSED)
    _store(repository, changed)
    state_issues.touch(state, repository, review.pull)
    return changed


def _author(who: Identity) -> Account:
    if who.account is None:
        raise not_found()
    return who.account


def _check_event(repository: Repository, pull: Pull, who: Identity, request: ReviewRequest) -> ReviewState:
    if request.event is None:
        return ReviewState.PENDING
    wanted = _EVENTS.get(request.event)
    if wanted is None:
        raise unprocessable(f'Invalid request.\n\nInvalid property /event: "{request.event}" is not possible.')
    own = _author(who) == repository.issues[pull.number].author
    if own and wanted is ReviewState.APPROVED:
        raise simple("Can not approve your own pull request")
    if own and wanted is ReviewState.CHANGES_REQUESTED:
        raise simple("Can not request changes on your own pull request")
    actions = who.app is not None and who.app.slug == "github-actions"
    if actions and wanted is ReviewState.APPROVED and not repository.settings.actions_may_write_pulls:
        raise simple("GitHub Actions is not permitted to approve pull requests.")
    if wanted is not ReviewState.APPROVED and not request.body.strip():
        raise simple("You need to leave a comment indicating the requested changes.")
    return wanted


def _store(repository: Repository, review: Review) -> None:
    place = next(i for i, held in enumerate(repository.reviews) if held.id == review.id)
    repository.reviews[place] = review


def _answered(state: ForgeState, repository: Repository, pull: Pull, review: Review) -> None:
    if review.submitted_at is None:
        return
    rest = tuple(account for account in pull.reviewers if account != review.author)
    repository.pulls[pull.number] = replace(pull, reviewers=rest)
    state_issues.touch(state, repository, pull.number)


# Who is asked


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """People and teams who are asked, or asked no longer."""

    name: str
    people: Sequence[Account]
    teams: Sequence[Team]


def ask(
    state: ForgeState,
    repository: Repository,
    pull: Pull,
    actor: Account,
    *,
    logins: Sequence[str],
    slugs: Sequence[str],
) -> Pull:
    """Ask people and teams for a review."""
    people = [_collaborator(state, repository, login) for login in logins]
    teams = [_team(state, repository, slug) for slug in slugs]
    if repository.issues[pull.number].author in people:
        raise unprocessable("Review cannot be requested from pull request author.")
    asked = replace(pull, reviewers=_with(pull.reviewers, people), teams=_with(pull.teams, teams))
    _record_asking(state, repository, pull, actor, Asked(name="review_requested", people=people, teams=teams))
    repository.pulls[pull.number] = asked
    state_issues.touch(state, repository, pull.number)
    return asked


def unask(
    state: ForgeState,
    repository: Repository,
    pull: Pull,
    actor: Account,
    *,
    logins: Sequence[str],
    slugs: Sequence[str],
) -> Pull:
    """Take back what was asked; names that were not asked are ignored."""
    names = {login.casefold() for login in logins}
    teams = {slug.casefold() for slug in slugs}
    gone = [a for a in pull.reviewers if a.login.casefold() in names]
    gone_teams = [t for t in pull.teams if t.slug.casefold() in teams]
    _record_asking(
        state, repository, pull, actor, Asked(name="review_request_removed", people=gone, teams=gone_teams)
    )
    rest = replace(
        pull,
        reviewers=tuple(a for a in pull.reviewers if a not in gone),
        teams=tuple(t for t in pull.teams if t not in gone_teams),
    )
    repository.pulls[pull.number] = rest
    state_issues.touch(state, repository, pull.number)
    return rest


def _record_asking(state: ForgeState, repository: Repository, pull: Pull, actor: Account, asked: "Asked") -> None:
    for account in asked.people:
        what = Happening(name=asked.name, reviewer=account)
        state_issues.record(state, repository, pull.number, actor, what)
    for team in asked.teams:
        state_issues.record(state, repository, pull.number, actor, Happening(name=asked.name, team=team))


def _with(held: tuple[_T, ...], more: Iterable[_T]) -> tuple[_T, ...]:
    return (*held, *(item for item in more if item not in held))


def _collaborator(state: ForgeState, repository: Repository, login: str) -> Account:
    account = state.accounts.get(login.casefold())
    if account is None or role_of(repository, login) < Role.READ:
        raise _stranger(repository)
    return account


def _team(state: ForgeState, repository: Repository, slug: str) -> Team:
    team = state.teams.get((repository.owner.login.casefold(), slug.casefold()))
    if team is None or not has_access(team, repository):
        raise _stranger(repository)
    return team


def _stranger(repository: Repository) -> Exception:
    return unprocessable(
        "Reviews may only be requested from collaborators. One or more of the users or teams you specified"
        f" is not a collaborator of the {repository.full_name} repository."
    )

"""The reading half of the forge port over PyGithub."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import takewhile
from typing import Any, TypeVar
from urllib.parse import quote

from github import Github
from github.GitRef import GitRef
from github.Repository import Repository as GithubRepository

from bot.forge.convert import (
    actor_of,
    closers_of,
    comment_of,
    files_of,
    issue_text_of,
    labelled_of,
    labelling_of,
    permission_of,
    pull_commit_of,
    pull_of,
    push_of,
    raw_actor,
    review_of,
)
from bot.forge.failures import Patience, next_page, translated
from bot.model.errors import ForgeError, NotFoundError, PermissionDeniedError
from bot.model.forge import (
    Actor,
    ActorKind,
    ChangedFile,
    Comment,
    Labelled,
    Labelling,
    Permission,
    PullCommit,
    PullRequest,
    PullState,
    Push,
    Review,
)
from bot.model.forge import RepoRef as Ref
from bot.model.names import BranchName, CommitSha, Login, PullNumber, TeamSlug

MOST_FILES = 3000
"""GitHub lists no more files of a pull request: https://docs.github.com/en/rest/pulls/pulls#list-pull-requests-files"""
MOST_COMMITS = 250
"""GitHub lists no more commits of a pull request (same page)."""
_Item = TypeVar("_Item")


class GithubReader:
    """Asks GitHub; every list is read to its end, and one that GitHub cuts off is an error."""

    def __init__(self, github: Github, repo: Ref, *, identity_login: Login | None = None) -> None:
        self._github = github
        self._ref = repo
        self._identity_login = identity_login
        self._identity: Actor | None = None
        self._identity_known = False
        self._asking = Patience().asking
        with translated("connect to GitHub"):
            self._repository: GithubRepository = github.get_repo(str(repo))

    def identity(self) -> Actor | None:
        """Return the account of the token: the configured login, else what GitHub says, else None."""
        if not self._identity_known:
            self._identity = self._find_identity()
            self._identity_known = True
        return self._identity

    def pulls(
        self, *, state: PullState | None = None, head: BranchName | None = None, since: datetime | None = None
    ) -> tuple[PullRequest, ...]:
        """Return pull requests, newest first; `merged_by` is None in lists."""
        wanted = state.value if state else "all"
        with self._asking("list pull requests"):
            if head is None:
                found = self._repository.get_pulls(state=wanted, sort="created", direction="desc")
            else:
                full = f"{self._ref.owner}:{head}"
                found = self._repository.get_pulls(state=wanted, sort="created", direction="desc", head=full)
            # Newest first, and read page by page: what follows one that is too old is not asked for.
            young = takewhile(lambda pull: since is None or pull.created_at >= since, found)
            pulls = tuple(pull_of(pull, full=False) for pull in young)
        # GitHub ignores a `head` that it does not understand, and then lists everything; and one that it does
        # understand names an owner, who may have a fork of the repository, too.
        return tuple(pull for pull in pulls if head is None or (pull.head_branch == head and pull.same_repository))

    def pull(self, number: PullNumber) -> PullRequest:
        """Return one pull request as it is now."""
        with self._asking(f"read pull request {number}"):
            return pull_of(self._repository.get_pull(number).complete(), full=True)

    def files(self, number: PullNumber) -> tuple[ChangedFile, ...]:
        """Return every changed file."""
        with self._asking(f"list the files of pull request {number}"):
            found = list(self._repository.get_pull(number).get_files())
            return tuple(each for file in _whole(found, MOST_FILES, number, "files") for each in files_of(file))

    def commits(self, number: PullNumber) -> tuple[PullCommit, ...]:
        """Return every commit, oldest first."""
        with self._asking(f"list the commits of pull request {number}"):
            found = list(self._repository.get_pull(number).get_commits())
            return tuple(pull_commit_of(each) for each in _whole(found, MOST_COMMITS, number, "commits"))

    def reviews(self, number: PullNumber) -> tuple[Review, ...]:
        """Return every review in order of submission."""
        with self._asking(f"list the reviews of pull request {number}"):
            return tuple(review_of(review) for review in self._repository.get_pull(number).get_reviews())

    def comments(self, number: PullNumber) -> tuple[Comment, ...]:
        """Return every comment, oldest first."""
        with self._asking(f"list the comments of pull request {number}"):
            return tuple(comment_of(comment) for comment in self._repository.get_issue(number).get_comments())

    def permission(self, login: Login) -> Permission:
        """Return a person's present rights; NONE for strangers."""
        url = f"{self._repository.url}/collaborators/{quote(login, safe='')}/permission"
        try:
            with self._asking(f"read the permission of {login}"):
                _, data = self._repository.requester.requestJsonAndCheck("GET", url)
        except NotFoundError:
            return Permission.NONE
        return permission_of(permission=str(data.get("permission")), role=str(data.get("role_name")))

    def account(self, login: Login) -> Actor | None:
        """Return the account that has a login now; GitHub forgets the login that a renamed one had."""
        try:
            with self._asking(f"look up the account {login}"):
                _, data = self._repository.requester.requestJsonAndCheck("GET", f"/users/{quote(login, safe='')}")
        except NotFoundError:
            return None
        return raw_actor(data)

    def team(self, slug: TeamSlug) -> frozenset[Login]:
        """Return the present active members of a team of the repository's organization.

        Every member of an organization may make a team, under a slug that a renamed one has left, too; only who
        administers the repository gives a team access to it. So a team without access is none.
        """
        try:
            with self._asking(f"read the team {slug}"):
                team = self._github.get_organization(self._ref.owner).get_team_by_slug(slug)
                self._repository.requester.requestJsonAndCheck("GET", f"{team.url}/repos/{self._ref}")
                return frozenset(Login(member.login) for member in team.get_members())
        except (NotFoundError, PermissionDeniedError) as error:
            raise PermissionDeniedError(
                f"cannot see the team {self._ref.owner}/{slug}: {error.message}",
                hint="give the token `Organization: Members: read` and the team write access to the repository;"
                " a repository owned by a person has no teams",
            ) from error

    def pushes(self, branch: BranchName) -> tuple[Push, ...]:
        """Return every movement of a branch, oldest first."""
        with self._asking(f"read who pushed to {branch}"):
            found = [push_of(entry) for entry in self._pages("activity", ref=f"refs/heads/{branch}")]
        return tuple(reversed(found))

    def labelled(self, label: str) -> tuple[Labelled, ...]:
        """Return every open issue and pull request with a label."""
        with self._asking(f"list what is labelled {label}"):
            return tuple(labelled_of(issue) for issue in self._repository.get_issues(state="open", labels=[label]))

    def texts_labelled(self, label: str) -> tuple[Comment, ...]:
        """Return the own text of every open issue and pull request with a label."""
        with self._asking(f"read what is labelled {label}"):
            return tuple(issue_text_of(issue) for issue in self._repository.get_issues(state="open", labels=[label]))

    def labellings(self, number: PullNumber) -> tuple[Labelling, ...]:
        """Return every movement of a label on an issue or pull request, oldest first."""
        with self._asking(f"read who labelled #{number}"):
            found = [labelling_of(event) for event in self._pages(f"issues/{number}/events")]
        return tuple(each for each in found if each is not None)

    def closings(self, number: PullNumber) -> tuple[Actor | None, ...]:
        """Return who closed an issue or pull request, each time, oldest first."""
        with self._asking(f"read who closed #{number}"):
            return closers_of(self._pages(f"issues/{number}/events"))

    def _pages(self, path: str, **asked: str) -> Iterator[Mapping[str, Any]]:
        """Yield every entry of a list as GitHub sends it, all pages."""
        url: str | None = f"{self._repository.url}/{path}"
        parameters: dict[str, str | int] | None = {"per_page": 100, **asked}
        while url is not None:
            headers, data = self._repository.requester.requestJsonAndCheck("GET", url, parameters=parameters)
            yield from data
            url, parameters = next_page(headers), None

    def head(self, branch: BranchName) -> CommitSha | None:
        """Return a branch's head from the forge itself."""
        ref = self._branch_ref(branch)
        return CommitSha(ref.object.sha) if ref else None

    def editors(self, path: str, at: CommitSha) -> tuple[Actor | None, ...]:
        """Return author and committer of the last commit up to `at` that touched a file; empty for none."""
        with self._asking(f"read who edited {path}"):
            for commit in self._repository.get_commits(sha=at, path=path):
                return (actor_of(commit.author), actor_of(commit.committer))
        return ()

    def _branch_ref(self, branch: BranchName) -> GitRef | None:
        try:
            with self._asking(f"read the branch {branch}"):
                return self._repository.get_git_ref(f"heads/{branch}").complete()
        except NotFoundError:
            return None

    def _find_identity(self) -> Actor | None:
        login = self._identity_login
        try:
            with self._asking("read the token's account"):
                if login is not None:
                    return actor_of(self._github.get_user(login))
                user = self._github.get_user()
                return Actor(login=Login(user.login), id=user.id, kind=ActorKind(user.type))
        except (PermissionDeniedError, NotFoundError):
            return None


def _whole(found: list[_Item], most: int, number: PullNumber, what: str) -> Iterable[_Item]:
    if len(found) >= most:
        raise ForgeError(
            f"pull request {number} has more {what} than GitHub lists ({most})",
            hint="close it, and open smaller ones",
        )
    return found

"""The forge port over PyGithub: looks before each write, and reads back after an unclear answer."""

import base64
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from types import TracebackType
from typing import Any, Protocol, Self
from urllib.parse import quote

from github import Github
from github.GithubObject import NotSet, is_defined
from github.IssueEvent import IssueEvent
from github.PaginatedList import PaginatedList
from github.Team import Team

from bot.forge.connection import Meter, Pacing, connect
from bot.forge.convert import issue_text_of, pull_of
from bot.forge.failures import says
from bot.forge.github_display import GithubDisplay, shorten
from bot.forge.github_reader import GithubReader
from bot.forge.marking import all_own, find_own, marked
from bot.model.decision import Approved
from bot.model.errors import ConflictError, ForgeError, NotFoundError, UnavailableError, WorkspaceError
from bot.model.event import Cost
from bot.model.forge import Check, Comment, Commit, PullRequest, PullState, RepoRef
from bot.model.json import Json
from bot.model.names import BranchName, CommitSha, Login, PullNumber, TeamSlug

__all__ = ["GithubForge", "Pacing"]

LONGEST_BODY = 65_536
"""Of a pull request or a comment; GitHub refuses more."""
_NO_TEAM: Mapping[str, Any] = {"requested_team": None}


class Clone(Protocol):
    """What a local clone knows without asking GitHub; a git repository does."""

    def default_branch(self) -> BranchName:
        """Return the name of the base branch."""
        ...

    def commit(self, sha: CommitSha) -> Commit:
        """Return one commit; WorkspaceError where the clone does not have it."""
        ...


class GithubForge(GithubReader):
    """One repository on github.com, on GitHub Enterprise Server, or in the sandbox."""

    def __init__(
        self,
        github: Github,
        repo: RepoRef,
        *,
        identity_login: Login | None = None,
        clone: Clone | None = None,
        meter: Meter | None = None,
        settling: tuple[float, ...] = (),
    ) -> None:
        super().__init__(github, repo, identity_login=identity_login)
        self._meter = meter or Meter()
        self._clone = clone
        self._trees: dict[CommitSha, str] = {}
        self._settling = settling
        self._opened: set[PullNumber] = set()
        is_app = identity_login is not None and identity_login.endswith("[bot]")
        slug = identity_login.removesuffix("[bot]") if identity_login is not None and is_app else None
        self._display = GithubDisplay(self._repository, self._asking, slug=slug)

    @classmethod
    def connect(
        cls,
        repo: RepoRef,
        *,
        base_url: str,
        token: str,
        pacing: Pacing | None = None,
        identity_login: str | None = None,
        clone: Clone | None = None,
    ) -> Self:
        """Connect with a token; `identity_login` names its account where GitHub will not (App tokens).

        What a `clone` knows is not asked for.
        """
        meter, login = Meter(), Login(identity_login) if identity_login else None
        pace = pacing or Pacing.kind()
        github = connect(base_url=base_url, token=token, pacing=pace, meter=meter)
        return cls(github, repo, identity_login=login, clone=clone, meter=meter, settling=pace.settling)

    @property
    def cost(self) -> Cost:
        """What was asked so far; an Enterprise Server without limits tells of none."""
        left, limit = self._github.requester.rate_limiting
        known = limit > 0
        return Cost(
            requests=self._meter.requests,
            writes=self._meter.writes,
            left=left if known else None,
            limit=limit if known else None,
        )

    def close(self) -> None:
        """Close the connections."""
        self._github.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # Git data

    def commit(self, parent: CommitSha | None, files: Mapping[str, bytes | None], message: str) -> CommitSha:
        """Write a commit that sets or removes files; GitHub signs it where the token is an App's."""
        with self._asking("write a commit"):
            tree = self._tree_of(parent) if parent else None
            if files or tree is None:
                elements = [self._element(path, content) for path, content in sorted(files.items())]
                tree = self._send("POST", "git/trees", tree=elements, **({"base_tree": tree} if tree else {}))["sha"]
            parents = [parent] if parent else []
            sha = CommitSha(self._send("POST", "git/commits", message=message, tree=tree, parents=parents)["sha"])
        self._trees[sha] = tree
        return sha

    def _tree_of(self, commit: CommitSha) -> str:
        """Return a commit's tree: our own commits are known, others are in the clone, the rest is asked for."""
        if commit not in self._trees:
            try:
                self._trees[commit] = self._clone.commit(commit).tree if self._clone else self._asked_tree(commit)
            except WorkspaceError:
                self._trees[commit] = self._asked_tree(commit)
        return self._trees[commit]

    def _asked_tree(self, commit: CommitSha) -> str:
        return self._repository.get_git_commit(commit).tree.sha

    def _send(self, method: str, path: str, **body: Any) -> Any:
        """Send one write and return its answer: PyGithub's own objects would ask once more for what we know."""
        url = f"{self._repository.url}/{path}"
        _, answer = self._repository.requester.requestJsonAndCheck(method, url, input=body)
        return answer

    def create_branch(self, branch: BranchName, commit: CommitSha) -> None:
        """Create a branch; ConflictError if it exists."""
        try:
            with self._asking(f"create the branch {branch}"):
                self._repository.create_git_ref(f"refs/heads/{branch}", commit)
        except UnavailableError:
            if self.head(branch) != commit:
                raise
        except ForgeError as error:
            raise _conflict_if(error, "already exists") from error

    def move_branch(self, branch: BranchName, commit: CommitSha) -> None:
        """Fast-forward a branch; ConflictError if that is not one."""
        try:
            with self._asking(f"move the branch {branch}"):
                self._send("PATCH", f"git/refs/heads/{quote(branch)}", sha=commit, force=False)
        except UnavailableError:
            if self.head(branch) != commit:
                raise
        except ForgeError as error:
            if says(error, "reference does not exist"):
                raise NotFoundError(f"no branch {branch}") from error
            raise _conflict_if(error, "not a fast forward", "does not exist") from error

    def delete_branch(self, branch: BranchName) -> None:
        """Delete a branch; no error if it is gone."""
        ref = self._branch_ref(branch)
        if ref is None:
            return
        try:
            with self._asking(f"delete the branch {branch}"):
                ref.delete()
        except ForgeError:
            if self.head(branch) is not None:
                raise

    # Pull requests

    def open_pull(self, *, branch: BranchName, base: BranchName, title: str, body: str, draft: bool) -> PullRequest:
        """Open a pull request; ConflictError if there is one for the branch, which GitHub itself looks up."""
        text = shorten(body, LONGEST_BODY)
        try:
            with self._asking(f"open a pull request for {branch}"):
                pull = self._repository.create_pull(base, branch, title=title, body=text, draft=draft)
                self._opened.add(PullNumber(pull.number))
                return pull_of(pull, full=False)
        except UnavailableError:
            for found in self.pulls(state=PullState.OPEN, head=branch):
                if found.base_branch == base:
                    return found
            raise
        except ForgeError as error:
            raise _conflict_if(error, "already exists") from error

    def edit_pull(
        self,
        number: PullNumber,
        *,
        title: str | None = None,
        body: str | None = None,
        state: PullState | None = None,
    ) -> None:
        """Change a pull request's title, body or state, where they differ."""
        with self._asking(f"edit pull request {number}"):
            pull = self._repository.get_pull(number).complete()
            text = None if body is None else shorten(body, LONGEST_BODY)
            new_body = NotSet if text is None or _is_same_text(pull.body or "", text) else text
            new_state = NotSet if state is None or state.value == pull.state else state.value
            new_title = NotSet if title is None or title == pull.title else title
            if is_defined(new_title) or is_defined(new_body) or is_defined(new_state):
                pull.edit(title=new_title, body=new_body, state=new_state)

    def add_labels(self, number: PullNumber, labels: tuple[str, ...], *, known: frozenset[str] | None = None) -> None:
        """Add the labels that are not there; GitHub makes what the repository lacks."""

        def add() -> None:
            with self._asking(f"label pull request {number}"):
                issue = self._repository.get_issue(number)
                missing = set(labels) - ({label.name for label in issue.get_labels()} if known is None else known)
                if missing:
                    issue.add_to_labels(*sorted(missing))

        self._once_found(number, add)

    def request_reviews(
        self, number: PullNumber, teams: tuple[TeamSlug, ...], *, known: frozenset[TeamSlug] | None = None
    ) -> None:
        """Ask teams for a review, each once: a team that has answered is not asked again."""

        def ask() -> None:
            with self._asking(f"ask for reviews of pull request {number}"):
                asked = self._asked_teams(number) if known is None else known
                missing = [str(team) for team in teams if team not in asked]
                if missing:
                    self._repository.get_pull(number).create_review_request(team_reviewers=missing)

        self._once_found(number, ask)

    def _once_found(self, number: PullNumber, write: Callable[[], None]) -> None:
        """Write to a pull request; GitHub may take seconds to find one that this run has just opened."""
        for pause in self._settling if number in self._opened else ():
            try:
                return write()
            except NotFoundError:
                time.sleep(pause)
        return write()

    def put_comment(self, number: PullNumber, *, marker: str, body: str) -> None:
        """Create our comment with this marker, or edit it; another's comment is never touched.

        No forge creates one only where there is none. So what is new is looked for again, and of two that are there
        the older one stays: two runs in the same instant come to the same.
        """
        # Cut before marking: a comment that lost its marker would be written anew at every run.
        text = marked(shorten(body, LONGEST_BODY - len(marked("", marker))), marker)
        own = self._own_comments(number, marker)
        if not own:
            with self._asking(f"comment on pull request {number}"):
                self._repository.get_issue(number).create_comment(text)
            own = self._own_comments(number, marker)
        elif not _is_same_text(own[0].body, text):
            with self._asking(f"comment on pull request {number}"):
                self._repository.get_issue(number).get_comment(own[0].id).edit(text)
        # Where nobody tells which account is ours, the younger one may be another bot's.
        for twin in own[1:] if self.identity() is not None else ():
            with suppress(NotFoundError), self._asking(f"take a comment on pull request {number} back"):
                self._repository.get_issue(number).get_comment(twin.id).delete()

    def _own_comments(self, number: PullNumber, marker: str) -> tuple[Comment, ...]:
        return all_own(self.comments(number), marker=marker, identity=self.identity())

    def open_issue(
        self, *, marker: str, title: str, body: str, labels: tuple[str, ...], since: datetime
    ) -> PullNumber:
        """Open an issue unless our own with this marker is there; its labels and state are people's to change.

        Of two that were opened in the same instant the younger one is closed by whoever opened it.
        """
        text = marked(shorten(body, LONGEST_BODY - len(marked("", marker))), marker)
        own = self._own_issue(marker, since)
        if own is not None:
            return own
        with self._asking("open an issue"):
            opened = PullNumber(self._repository.create_issue(title, body=text, labels=list(labels)).number)
        kept = self._own_issue(marker, since)
        if kept is None or kept >= opened:
            return opened
        self.close_issue(opened)
        return kept

    def _own_issue(self, marker: str, since: datetime) -> PullNumber | None:
        with self._asking("look for the issue"):
            texts = [issue_text_of(issue) for issue in self._repository.get_issues(state="all", since=since)]
        own = find_own(texts, marker=marker, identity=self.identity())
        return None if own is None else PullNumber(own.id)

    def close_issue(self, number: PullNumber) -> None:
        """Close an issue; one that is closed stays so."""
        with self._asking(f"close issue {number}"):
            self._repository.get_issue(number).edit(state="closed")

    def merge(self, approved: Approved, *, title: str, message: str) -> CommitSha:
        """Merge with a merge commit, pinned to the approved head.

        A merge that has happened is a success, whatever the answer was: an earlier run may have died after it.
        """
        before = self._merged(approved)
        if before is not None:
            return before
        try:
            with self._asking(f"merge pull request {approved.pull}"):
                status = self._repository.get_pull(approved.pull).merge(
                    commit_title=title, commit_message=message, merge_method="merge", sha=approved.head
                )
                return CommitSha(status.sha)
        except (UnavailableError, ConflictError):
            after = self._merged(approved)
            if after is None:
                raise
            return after

    def _merged(self, approved: Approved) -> CommitSha | None:
        pull = self.pull(approved.pull)
        return pull.merge_commit if pull.merged and pull.head == approved.head else None

    def _asked_teams(self, number: PullNumber) -> set[str]:
        url = f"{self._repository.url}/issues/{number}/events"
        # An event of another kind has no such field, and PyGithub would ask GitHub for it, event by event.
        events = PaginatedList(
            IssueEvent, self._repository.requester, url, attributesTransformer=lambda event: {**_NO_TEAM, **event}
        )
        teams: list[Team | None] = [event.requested_team for event in events if event.event == "review_requested"]
        return {team.slug for team in teams if team is not None}

    # What is shown, and what is started

    def publish(self, commit: CommitSha, check: Check) -> None:
        """Show a check on a commit unless the same one is already shown there."""
        self._display.publish(commit, check)

    def record_deployment(self, commit: CommitSha, *, environment: str, success: bool, description: str) -> None:
        """Show a deployment of a commit with its status, once per commit, environment and outcome."""
        self._display.record_deployment(commit, environment=environment, success=success, description=description)

    def send_event(self, event: str, payload: Mapping[str, Json]) -> None:
        """Send a repository dispatch."""
        with self._asking(f"send the event {event}"):
            self._repository.create_repository_dispatch(event, dict(payload))

    def dispatch(self, workflow: str) -> None:
        """Start a workflow on the default branch."""
        with self._asking(f"start the workflow {workflow}"):
            url = f"{self._repository.url}/actions/workflows/{workflow}/dispatches"
            body = {"ref": self._clone.default_branch() if self._clone else self._repository.default_branch}
            self._repository.requester.requestJsonAndCheck("POST", url, input=body)

    def _element(self, path: str, content: bytes | None) -> Mapping[str, Any]:
        """Return a tree's entry; text travels in it, anything else needs a blob first."""
        entry = {"path": path, "mode": "100644", "type": "blob"}
        if content is None:
            return {**entry, "sha": None}
        try:
            text = content.decode("utf-8")
        except UnicodeDecodeError:
            text = "\0"
        if "\0" not in text:
            return {**entry, "content": text}
        blob = base64.b64encode(content).decode("ascii")
        return {**entry, "sha": self._send("POST", "git/blobs", content=blob, encoding="base64")["sha"]}


def _is_same_text(shown: str, wanted: str) -> bool:
    """Compare texts as GitHub may hand them back: other line ends, no blanks at either end."""
    return "\n".join(shown.splitlines()).strip() == "\n".join(wanted.splitlines()).strip()


def _conflict_if(error: ForgeError, *phrases: str) -> ForgeError:
    """Tell GitHub's one status for everything wrong (422) apart by its words."""
    return ConflictError(error.message, hint=error.hint) if says(error, *phrases) else error

"""Merging pull requests, and bringing their branches up to date with the base."""

from dataclasses import dataclass
from typing import assert_never

from bot.model.names import CommitSha
from bot.sandbox.forge import state_forks, state_pulls, state_refs
from bot.sandbox.forge.entities import Account, Pull, PushKind
from bot.sandbox.forge.git import Commit
from bot.sandbox.forge.git_merge import Conflict, MergeMethod, MergeTexts, merge, rebase, squash
from bot.sandbox.forge.refusals import Refusal, unprocessable
from bot.sandbox.forge.state import ForgeState, Repository

BASE_MOVED = "Base branch was modified. Review and try the merge again."
HEAD_MOVED = "Head branch was modified. Review and try the merge again."
NOT_MERGEABLE = "Pull Request is not mergeable"


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeRequest:
    """What the caller asks for; `sha` is the head that was reviewed, None takes whatever it is now."""

    method: MergeMethod = MergeMethod.MERGE
    sha: str | None = None
    title: str | None = None
    message: str | None = None


def merge_pull(
    state: ForgeState, repository: Repository, pull: Pull, actor: Account, request: MergeRequest
) -> CommitSha:
    """Merge an open pull request and return the commit that its base then points to."""
    state_pulls.require_open(repository, pull)
    _check_method(repository, request.method)
    if request.sha is not None and request.sha != pull.head_sha:
        raise Refusal(409, HEAD_MOVED)
    base = repository.git.branch(pull.base_ref)
    if base is None:
        raise Refusal(405, NOT_MERGEABLE)
    merged = _make(state, repository, pull, actor, request)
    if isinstance(merged, Conflict):
        raise Refusal(405, NOT_MERGEABLE)
    ref = state_refs.HEADS + pull.base_ref
    if not state_refs.move(
        state, repository, ref, actor, state_refs.Moved(before=base, after=merged, kind=PushKind.MERGE)
    ):
        raise Refusal(405, BASE_MOVED)
    if repository.pulls[pull.number].merged_at is None:  # squashed or rebased: the head itself is not in the base
        state_refs.mark_merged(state, repository, pull, actor, merged)
    return merged


def _check_method(repository: Repository, method: MergeMethod) -> None:
    settings = repository.settings
    match method:
        case MergeMethod.MERGE:
            allowed, name = settings.merge_commits, "Merge commits"
        case MergeMethod.SQUASH:
            allowed, name = settings.squash_merges, "Squash merges"
        case MergeMethod.REBASE:
            allowed, name = settings.rebase_merges, "Rebase merges"
        case _:
            assert_never(method)
    if not allowed:
        raise Refusal(405, f"{name} are not allowed on this repository.")


def _make(
    state: ForgeState, repository: Repository, pull: Pull, actor: Account, request: MergeRequest
) -> CommitSha | Conflict:
    git = repository.git
    base = git.branch(pull.base_ref) or pull.base_sha
    committer = state.signature(state.web_flow)
    if request.method is MergeMethod.REBASE:
        return rebase(git, base, pull.head_sha, committer)
    texts = MergeTexts(
        message=_message(repository, pull, request), author=state.signature(actor), committer=committer
    )
    make = merge if request.method is MergeMethod.MERGE else squash
    return make(git, base, pull.head_sha, texts)


def _message(repository: Repository, pull: Pull, request: MergeRequest) -> str:
    title, body = _default_message(repository, pull, request.method)
    title = request.title or title
    body = body if request.message is None else request.message
    return f"{title}\n\n{body}" if body else title


def _default_message(repository: Repository, pull: Pull, method: MergeMethod) -> tuple[str, str]:
    issue = state_pulls.issue_of(repository, pull)
    if method is MergeMethod.MERGE:
        origin = f"{state_forks.owner_of(repository, pull)}/{pull.head_ref}"
        return f"Merge pull request #{pull.number} from {origin}", issue.title
    own = state_pulls.commits(repository, pull)
    if len(own) == 1:
        subject, body = _parts(own[0])
        return f"{subject} (#{pull.number})", body
    listed = "\n\n".join(f"* {commit.message.strip()}" for commit in own)
    return f"{issue.title} (#{pull.number})", listed


def _parts(commit: Commit) -> tuple[str, str]:
    subject, _, body = commit.message.strip().partition("\n")
    return subject, body.strip()


def update_branch(
    state: ForgeState, repository: Repository, pull: Pull, actor: Account, expected: str | None
) -> None:
    """Merge the base into the pull request's branch."""
    git = repository.git
    base = git.branch(pull.base_ref)
    if pull.fork is not None:
        raise Refusal(403, "Must have push access to the head repository")
    if expected is not None and expected != pull.head_sha:
        raise unprocessable("expected head sha didn’t match current head ref.")  # noqa: RUF001 -- GitHub's own
    if base is None or git.is_ancestor(base, pull.head_sha):
        raise unprocessable("There are no new commits on the base branch.")
    message = f"Merge branch '{pull.base_ref}' into {pull.head_ref}"
    texts = MergeTexts(message=message, author=state.signature(actor), committer=state.signature(state.web_flow))
    merged = merge(git, pull.head_sha, base, texts)
    if isinstance(merged, Conflict):
        raise unprocessable("merge conflict between base and head")
    ref = state_refs.HEADS + pull.head_ref
    state_refs.move(state, repository, ref, actor, state_refs.Moved(before=pull.head_sha, after=merged))

"""Pull requests: opening, changing, finding, and whether one can be merged; merging itself is in `state_merges`."""

from dataclasses import dataclass, replace

from bot.model.names import CommitSha
from bot.sandbox.forge import state_forks, state_issues
from bot.sandbox.forge.entities import Account, Issue, Pull, TestMerge
from bot.sandbox.forge.git import ABSENT, Commit
from bot.sandbox.forge.git_diff import FileChange, changes
from bot.sandbox.forge.git_merge import Conflict, MergeTexts, merge
from bot.sandbox.forge.refusals import Refusal, custom, invalid, not_found
from bot.sandbox.forge.state import ForgeState, Repository


def find(repository: Repository, number: int) -> Pull:
    """Return a pull request or refuse with 404."""
    if number not in repository.pulls:
        raise not_found()
    return repository.pulls[number]


def issue_of(repository: Repository, pull: Pull) -> Issue:
    """Return the half of a pull request that it shares with issues."""
    return repository.issues[pull.number]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPull:
    """What a pull request is opened with; `head` is `branch` or `owner:branch`.

    `head_repo` names a fork that belongs to the owner of the repository itself.
    """

    head: str
    base: str
    title: str
    body: str | None = None
    draft: bool = False
    head_repo: str | None = None


def create(state: ForgeState, repository: Repository, author: Account, new: NewPull) -> Pull:
    """Open a pull request from a branch of the same repository or of a fork."""
    base = new.base
    found = state_forks.source(state, repository, new.head, name=new.head_repo)
    source, head_ref = found or (None, "")
    head_sha = source.git.branch(head_ref) if source else None
    base_sha = repository.git.branch(base)
    if base_sha is None:
        raise invalid("PullRequest", "base")
    if source is None or head_sha is None:
        raise invalid("PullRequest", "head")
    fork = None if source is repository else source.full_name
    _check_new(repository, fork, head_ref, base)
    if fork is not None:
        repository.git.bring(source.git, head_sha)
    if repository.git.divergence(base_sha, head_sha)[0] == 0:
        raise custom("PullRequest", f"No commits between {base} and {head_ref}")
    issue = state_issues.create(state, repository, author, title=new.title, body=new.body)
    pull = Pull(
        id=state.next_id(),
        number=issue.number,
        head_ref=head_ref,
        head_sha=head_sha,
        base_ref=base,
        base_sha=base_sha,
        draft=new.draft,
        fork=fork,
    )
    repository.pulls[pull.number] = pull
    repository.git.update_ref(f"refs/pull/{pull.number}/head", new=head_sha, old=ABSENT)
    return pull


def own_branch(repository: Repository, head: str) -> str | None:
    """Read `branch` or `owner:branch`; None where the owner is another one."""
    owner, colon, branch = head.rpartition(":")
    if colon and owner.casefold() != repository.owner.login.casefold():
        return None
    return branch


def _open_between(repository: Repository, fork: str | None, head_ref: str, base_ref: str) -> Pull | None:
    for pull in repository.pulls.values():
        same = (pull.fork, pull.head_ref, pull.base_ref) == (fork, head_ref, base_ref)
        if same and repository.issues[pull.number].state == "open":
            return pull
    return None


def _check_new(repository: Repository, fork: str | None, head_ref: str, base: str) -> None:
    if found := _open_between(repository, fork, head_ref, base):
        label = state_forks.label_of(repository, found)
        raise custom("PullRequest", f"A pull request already exists for {label}.")


def retarget(state: ForgeState, repository: Repository, pull: Pull, base: str) -> Pull:
    """Change the branch that a pull request wants to be merged into."""
    base_sha = repository.git.branch(base)
    if base_sha is None:
        raise invalid("PullRequest", "base")
    if repository.git.divergence(base_sha, pull.head_sha)[0] == 0:
        raise custom("PullRequest", f"There are no new commits between base branch '{base}' and head branch")
    changed = replace(pull, base_ref=base, base_sha=base_sha)
    repository.pulls[pull.number] = changed
    state_issues.touch(state, repository, pull.number)
    return changed


def set_state(state: ForgeState, repository: Repository, pull: Pull, actor: Account, wanted: str) -> None:
    """Close or reopen; what is merged, or has lost its branch, stays closed."""
    if wanted not in {"open", "closed"}:
        raise invalid("PullRequest", "state")
    if wanted == "open" and issue_of(repository, pull).state == "closed":
        _reopen(state, repository, pull)
    state_issues.set_state(state, repository, pull.number, actor, wanted)


def _reopen(state: ForgeState, repository: Repository, pull: Pull) -> None:
    head = state_forks.branch_of(state, repository, pull)
    base = repository.git.branch(pull.base_ref)
    reason = None
    if pull.merged_at is not None:
        reason = "The pull request is already merged."
    elif head is None or base is None:
        reason = f"The {pull.base_ref if head else pull.head_ref} branch has been deleted."
    elif repository.git.is_ancestor(head, base):
        reason = f"There are no new commits on the {pull.head_ref} branch."
    elif other := _open_between(repository, pull.fork, pull.head_ref, pull.base_ref):
        reason = f"There is already an open pull request (#{other.number}) from {pull.head_ref}."
    if reason or head is None or base is None:
        raise custom("PullRequest", f"state cannot be changed. {reason}", field="state")
    repository.pulls[pull.number] = replace(pull, head_sha=head, base_sha=base)
    repository.git.update_ref(f"refs/pull/{pull.number}/head", new=head, old=pull.head_sha)


def commits(repository: Repository, pull: Pull) -> tuple[Commit, ...]:
    """Return the pull request's own commits, oldest first."""
    git = repository.git
    return git.commits(git.rev_list("--reverse", "--topo-order", pull.head_sha, f"^{pull.base_sha}"))


def files(repository: Repository, pull: Pull) -> tuple[FileChange, ...]:
    """Return what the pull request changes, against the point where it left its base."""
    git = repository.git
    fork_point = git.merge_base(pull.base_sha, pull.head_sha) or pull.base_sha
    return changes(git, fork_point, pull.head_sha)


def known_test_merge(repository: Repository, pull: Pull) -> TestMerge | None:
    """Return the test merge of the present head and base, when it has been made."""
    test = pull.test_merge
    if test is None or test.head != pull.head_sha:
        return None
    return test if test.base == repository.git.branch(pull.base_ref) else None


def late_test_merge(state: ForgeState, repository: Repository, pull: Pull) -> TestMerge | None:
    """Return the test merge if it was there before this call; else make it, for the next reader to find.

    GitHub answers `mergeable: null` on the first read after a change and computes meanwhile.
    """
    base = repository.git.branch(pull.base_ref)
    if base is None or issue_of(repository, pull).state != "open":
        return None
    known = known_test_merge(repository, pull)
    if known is None:
        made = TestMerge(head=pull.head_sha, base=base, commit=_try_merge(state, repository, pull, base))
        repository.pulls[pull.number] = replace(pull, test_merge=made)
    return known


def _try_merge(state: ForgeState, repository: Repository, pull: Pull, base: CommitSha) -> CommitSha | None:
    bot = state.signature(state.web_flow)
    texts = MergeTexts(message=f"Merge {pull.head_sha} into {base}", author=bot, committer=bot)
    merged = merge(repository.git, base, pull.head_sha, texts)
    if isinstance(merged, Conflict):
        return None
    name = f"refs/pull/{pull.number}/merge"
    repository.git.update_ref(name, new=merged, old=repository.git.ref(name) or ABSENT)
    return merged


def containing(repository: Repository, sha: str) -> list[Pull]:
    """Return the pull requests whose own commits, or whose merge, include a commit."""
    found = []
    for pull in repository.pulls.values():
        own = {commit.sha for commit in commits(repository, pull)}
        if sha in own or sha == pull.merge_commit_sha:
            found.append(pull)
    return found


def require_open(repository: Repository, pull: Pull) -> None:
    """Refuse to merge what is merged, closed or a draft."""
    if issue_of(repository, pull).state != "open":
        raise Refusal(405, "Pull Request is not mergeable")
    if pull.draft:
        raise Refusal(405, "Pull Request is still a draft")

"""JSON for pull requests and reviews."""

from bot.model.clock import format_time
from bot.sandbox.forge import render, state_checks, state_forks, state_pulls
from bot.sandbox.forge.entities import Pull, Review, TestMerge
from bot.sandbox.forge.exchange import View
from bot.sandbox.forge.render import Rendered, association, node_id, stamp
from bot.sandbox.forge.render_issues import shared
from bot.sandbox.forge.state import Repository


def pull_listed(view: View, repository: Repository, pull: Pull) -> Rendered:
    """Render a pull request as lists show it."""
    issue = state_pulls.issue_of(repository, pull)
    return {
        **shared(view, repository, issue),
        **_addresses(view, repository, pull),
        "id": pull.id,
        "node_id": node_id("PullRequest", pull.id),
        "draft": pull.draft,
        "merged_at": stamp(pull.merged_at),
        "merge_commit_sha": _merge_commit(repository, pull),
        "requested_reviewers": [render.user(view, account) for account in pull.reviewers],
        "requested_teams": [render.team(view, team) for team in pull.teams],
        "head": _head(view, repository, pull),
        "base": _side(view, repository, pull.base_ref, pull.base_sha),
        "auto_merge": None,
    }


def pull(view: View, repository: Repository, found: Pull, test: TestMerge | None) -> Rendered:
    """Render a pull request on its own; `test` None is a merge that was not tried yet."""
    files = state_pulls.files(repository, found)
    merges = None if test is None else test.commit is not None
    return {
        **pull_listed(view, repository, found),
        "merged": found.merged_at is not None,
        "merged_by": render.maybe_user(view, found.merged_by),
        "mergeable": merges,
        "rebaseable": merges,
        "mergeable_state": _mergeable_state(repository, found, test),
        "maintainer_can_modify": found.maintainer_can_modify,
        "comments": sum(comment.issue == found.number for comment in repository.comments.values()),
        "review_comments": 0,
        "commits": len(state_pulls.commits(repository, found)),
        "additions": sum(change.additions for change in files),
        "deletions": sum(change.deletions for change in files),
        "changed_files": len(files),
    }


def _merge_commit(repository: Repository, found: Pull) -> str | None:
    if found.merged_at is not None:
        return found.merge_commit_sha
    test = state_pulls.known_test_merge(repository, found)
    return test.commit if test else None


def _mergeable_state(repository: Repository, found: Pull, test: TestMerge | None) -> str:
    if test is None:
        return "unknown"
    if test.commit is None:
        return "dirty"
    if found.draft:
        return "draft"
    reported = state_checks.contexts(repository, found.head_sha).values()
    return "clean" if all(state == "success" for state in reported) else "unstable"


def _side(view: View, repository: Repository, ref: str, sha: str) -> Rendered:
    return {
        "label": f"{repository.owner.login}:{ref}",
        "ref": ref,
        "sha": sha,
        "user": render.user(view, repository.owner),
        "repo": render.repository_inside(view, repository),
    }


def _head(view: View, repository: Repository, found: Pull) -> Rendered:
    """Render where the branch is; of a fork that was deleted GitHub shows no repository."""
    if found.fork is None:
        return _side(view, repository, found.head_ref, found.head_sha)
    fork = view.state.repositories.get(found.fork.casefold())
    if fork is not None:
        return _side(view, fork, found.head_ref, found.head_sha)
    owner = view.state.accounts.get(state_forks.owner_of(repository, found).casefold())
    return {
        "label": state_forks.label_of(repository, found),
        "ref": found.head_ref,
        "sha": found.head_sha,
        "user": render.maybe_user(view, owner),
        "repo": None,
    }


def _addresses(view: View, repository: Repository, found: Pull) -> Rendered:
    api = view.repository(repository)
    url, html = f"{api}/pulls/{found.number}", f"{view.html(repository)}/pull/{found.number}"
    issue_url, statuses = f"{api}/issues/{found.number}", f"{api}/statuses/{found.head_sha}"
    flat = {
        "review_comments_url": f"{url}/comments",
        "review_comment_url": api + "/pulls/comments{/number}",
        "commits_url": f"{url}/commits",
        "comments_url": f"{issue_url}/comments",
        "statuses_url": statuses,
        "html_url": html,
        "issue_url": issue_url,
    }
    links = {key.removesuffix("_url"): {"href": value} for key, value in flat.items()}
    more = {"url": url, "diff_url": f"{html}.diff", "patch_url": f"{html}.patch"}
    return {**flat, **more, "_links": {"self": {"href": url}, **links}}


def pull_minimal(view: View, repository: Repository, found: Pull) -> Rendered:
    """Render a pull request as a check run names it."""
    url = view.repository(repository)
    repo = {"id": repository.id, "url": url, "name": repository.name}
    return {
        "id": found.id,
        "number": found.number,
        "url": f"{url}/pulls/{found.number}",
        "head": {"ref": found.head_ref, "sha": found.head_sha, "repo": repo},
        "base": {"ref": found.base_ref, "sha": found.base_sha, "repo": repo},
    }


def review(view: View, repository: Repository, found: Review) -> Rendered:
    """Render a review; a pending one has no time."""
    html = f"{view.html(repository)}/pull/{found.pull}#pullrequestreview-{found.id}"
    pull_url = f"{view.repository(repository)}/pulls/{found.pull}"
    rendered: Rendered = {
        "id": found.id,
        "node_id": node_id("PullRequestReview", found.id),
        "user": render.maybe_user(view, found.author),
        "body": found.body,
        "state": found.state.value,
        "html_url": html,
        "pull_request_url": pull_url,
        "author_association": association(view, repository, found.author),
        "_links": {"html": {"href": html}, "pull_request": {"href": pull_url}},
        "commit_id": found.commit,
    }
    if found.submitted_at is not None:
        rendered["submitted_at"] = format_time(found.submitted_at)
    return rendered

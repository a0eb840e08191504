"""JSON for issues, comments and events, and for the half that pull requests share with issues."""

from bot.model.clock import format_time
from bot.sandbox.forge import render, state_issues
from bot.sandbox.forge.entities import Comment, Event, Issue
from bot.sandbox.forge.exchange import View
from bot.sandbox.forge.render import Rendered, association, node_id, stamp
from bot.sandbox.forge.state import Repository


def shared(view: View, repository: Repository, issue: Issue) -> Rendered:
    """Render what issues and pull requests have in common."""
    assignees = [render.user(view, account) for account in issue.assignees]
    labels = state_issues.labels_of(repository, issue)
    return {
        "number": issue.number,
        "state": issue.state,
        "locked": False,
        "active_lock_reason": None,
        "title": issue.title,
        "body": issue.body,
        "user": render.user(view, issue.author),
        "labels": [render.label(view, repository, label) for label in labels],
        "milestone": None,
        "assignee": assignees[0] if assignees else None,
        "assignees": assignees,
        "author_association": association(view, repository, issue.author),
        "created_at": format_time(issue.created_at),
        "updated_at": format_time(issue.updated_at),
        "closed_at": stamp(issue.closed_at),
    }


def issue(view: View, repository: Repository, found: Issue) -> Rendered:
    """Render an issue, or a pull request seen as one."""
    kind = "pull" if found.number in repository.pulls else "issues"
    url = f"{view.repository(repository)}/issues/{found.number}"
    return {
        **shared(view, repository, found),
        "id": found.id,
        "node_id": node_id("Issue", found.id),
        "url": url,
        "repository_url": view.repository(repository),
        "labels_url": url + "/labels{/name}",
        "comments_url": url + "/comments",
        "events_url": url + "/events",
        "html_url": f"{view.html(repository)}/{kind}/{found.number}",
        "state_reason": found.state_reason,
        "closed_by": render.maybe_user(view, found.closed_by),
        "comments": sum(comment.issue == found.number for comment in repository.comments.values()),
        **_pull_links(view, repository, found),
    }


def _pull_links(view: View, repository: Repository, found: Issue) -> Rendered:
    pull = repository.pulls.get(found.number)
    if pull is None:
        return {}
    html = f"{view.html(repository)}/pull/{pull.number}"
    links = {
        "url": f"{view.repository(repository)}/pulls/{pull.number}",
        "html_url": html,
        "diff_url": f"{html}.diff",
        "patch_url": f"{html}.patch",
        "merged_at": stamp(pull.merged_at),
    }
    return {"draft": pull.draft, "pull_request": links}


def comment(view: View, repository: Repository, found: Comment) -> Rendered:
    """Render a comment."""
    url = f"{view.repository(repository)}/issues"
    kind = "pull" if found.issue in repository.pulls else "issues"
    return {
        "id": found.id,
        "node_id": node_id("IssueComment", found.id),
        "url": f"{url}/comments/{found.id}",
        "html_url": f"{view.html(repository)}/{kind}/{found.issue}#issuecomment-{found.id}",
        "issue_url": f"{url}/{found.issue}",
        "user": render.user(view, found.author),
        "body": found.body,
        "created_at": format_time(found.created_at),
        "updated_at": format_time(found.updated_at),
        "author_association": association(view, repository, found.author),
        "performed_via_github_app": render.app(view, found.app),
    }


def event(view: View, repository: Repository, found: Event) -> Rendered:
    """Render something that happened to an issue or a pull request."""
    url = view.repository(repository)
    commit_url = f"{url}/commits/{found.what.commit}" if found.what.commit else None
    rendered: Rendered = {
        "id": found.id,
        "node_id": node_id("Event", found.id),
        "url": f"{url}/issues/events/{found.id}",
        "actor": render.user(view, found.actor),
        "event": found.what.name,
        "commit_id": found.what.commit,
        "commit_url": commit_url,
        "created_at": format_time(found.at),
        "performed_via_github_app": None,
        **found.what.details,
    }
    if found.what.label is not None:
        rendered["label"] = {"name": found.what.label.name, "color": found.what.label.color}
    if found.what.reviewer is not None:
        rendered["requested_reviewer"] = render.user(view, found.what.reviewer)
    if found.what.team is not None:
        rendered["requested_team"] = render.team(view, found.what.team)
    if found.what.reviewer is not None or found.what.team is not None:
        rendered["review_requester"] = render.user(view, found.actor)
    return rendered

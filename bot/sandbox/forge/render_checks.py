"""JSON for check runs, statuses, deployments, and the activity of a repository."""

from collections.abc import Sequence

from bot.model.clock import format_time
from bot.sandbox.forge import render, state_checks
from bot.sandbox.forge.entities import CheckRun, Deployment, DeploymentStatus, Push, Status
from bot.sandbox.forge.exchange import View
from bot.sandbox.forge.render import Rendered, node_id, stamp
from bot.sandbox.forge.render_pulls import pull_minimal
from bot.sandbox.forge.state import Repository
from bot.sandbox.forge.state_refs import open_pulls


def check_run(view: View, repository: Repository, check: CheckRun) -> Rendered:
    """Render a check run."""
    url = f"{view.repository(repository)}/check-runs/{check.id}"
    html = f"{view.html(repository)}/runs/{check.id}"
    pulls = [pull for pull in open_pulls(repository) if pull.head_sha == check.head_sha]
    return {
        "id": check.id,
        "name": check.name,
        "node_id": node_id("CheckRun", check.id),
        "head_sha": check.head_sha,
        "external_id": check.external_id or "",
        "url": url,
        "html_url": html,
        "details_url": check.details_url or html,
        "status": check.status,
        "conclusion": check.conclusion,
        "started_at": stamp(check.started_at),
        "completed_at": stamp(check.completed_at),
        "output": {
            "title": check.title,
            "summary": check.summary,
            "text": check.text,
            "annotations_count": check.annotations,
            "annotations_url": f"{url}/annotations",
        },
        "check_suite": {"id": check.suite},
        "app": render.app(view, check.app),
        "pull_requests": [pull_minimal(view, repository, pull) for pull in pulls if pull.fork is None],
    }


def _status_facts(view: View, repository: Repository, status: Status) -> Rendered:
    moment = format_time(status.at)
    return {
        "id": status.id,
        "node_id": node_id("StatusContext", status.id),
        "url": f"{view.repository(repository)}/statuses/{status.sha}",
        "avatar_url": f"{view.root}/avatars/{status.creator.id}",
        "state": status.state,
        "description": status.description,
        "target_url": status.target_url,
        "context": status.context,
        "created_at": moment,
        "updated_at": moment,
    }


def status(view: View, repository: Repository, found: Status) -> Rendered:
    """Render a commit status with its creator."""
    return {
        **_status_facts(view, repository, found),
        "creator": render.user(view, found.creator),
    }


def combined_status(
    view: View, repository: Repository, sha: str, shown: Sequence[Status], total: Sequence[Status]
) -> Rendered:
    """Render what all contexts together say; `shown` is one page of `total`."""
    url = view.repository(repository)
    return {
        "state": state_checks.combined(total),
        "statuses": [_status_facts(view, repository, found) for found in shown],
        "sha": sha,
        "total_count": len(total),
        "repository": render.repository_brief(view, repository),
        "commit_url": f"{url}/commits/{sha}",
        "url": f"{url}/commits/{sha}/status",
    }


def deployment(view: View, repository: Repository, found: Deployment) -> Rendered:
    """Render a deployment."""
    url = view.repository(repository)
    return {
        "url": f"{url}/deployments/{found.id}",
        "id": found.id,
        "node_id": node_id("Deployment", found.id),
        "sha": found.sha,
        "ref": found.ref,
        "task": found.task,
        "payload": found.payload,
        "original_environment": found.environment,
        "environment": found.environment,
        "description": found.description,
        "creator": render.user(view, found.creator),
        "created_at": format_time(found.created_at),
        "updated_at": format_time(found.updated_at),
        "statuses_url": f"{url}/deployments/{found.id}/statuses",
        "repository_url": url,
        "transient_environment": found.transient,
        "production_environment": found.production,
        "performed_via_github_app": render.app(view, found.app),
    }


def deployment_status(view: View, repository: Repository, found: DeploymentStatus) -> Rendered:
    """Render a report on a deployment."""
    url = view.repository(repository)
    moment = format_time(found.at)
    return {
        "url": f"{url}/deployments/{found.deployment}/statuses/{found.id}",
        "id": found.id,
        "node_id": node_id("DeploymentStatus", found.id),
        "state": found.state,
        "creator": render.user(view, found.creator),
        "description": found.description,
        "environment": found.environment,
        "environment_url": found.environment_url,
        "log_url": found.log_url,
        "target_url": found.log_url,
        "created_at": moment,
        "updated_at": moment,
        "deployment_url": f"{url}/deployments/{found.deployment}",
        "repository_url": url,
        "performed_via_github_app": render.app(view, found.app),
    }


def push(view: View, found: Push) -> Rendered:
    """Render one movement of a ref."""
    return {
        "id": found.id,
        "node_id": node_id("PushActivity", found.id),
        "before": found.before,
        "after": found.after,
        "ref": found.ref,
        "timestamp": format_time(found.at),
        "activity_type": found.kind.value,
        "actor": render.maybe_user(view, found.actor),
    }

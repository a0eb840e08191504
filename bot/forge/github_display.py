"""What GitHub shows beside a commit: check runs, statuses and deployments, each written only when it is new."""

from collections.abc import Mapping
from typing import Any

from github.CheckRun import CheckRun
from github.Deployment import Deployment
from github.Repository import Repository as GithubRepository

from bot.forge.failures import Asking, next_page
from bot.model.errors import PermissionDeniedError
from bot.model.forge import Check, CheckConclusion
from bot.model.names import CommitSha

LONGEST_SUMMARY = 65_000
"""GitHub takes 65,535: https://docs.github.com/en/rest/checks/runs#create-a-check-run"""
LONGEST_DESCRIPTION = 140
"""Of a status and of a deployment status, the same pages."""
_TASK = "pow"
"""Marks the deployments that we record; jobs with an environment make some of their own."""


class GithubDisplay:
    """Shows checks and deployments on one repository.

    Check runs are for Apps; where the token may not make one, commit statuses stand in for the rest of the run.
    """

    def __init__(self, repository: GithubRepository, asking: Asking, *, slug: str | None) -> None:
        self._repository = repository
        self._asking = asking
        self._slug = slug
        self._may_check = True

    def publish(self, commit: CommitSha, check: Check) -> None:
        """Show a check unless the same one is already shown."""
        if self._may_check:
            try:
                self._publish_run(commit, check)
            except PermissionDeniedError:
                self._may_check = False
        if not self._may_check:
            self._publish_status(commit, check)

    def record_deployment(self, commit: CommitSha, *, environment: str, success: bool, description: str) -> None:
        """Show a deployment of a commit with its status, once per commit, environment and outcome."""
        state, text = "success" if success else "failure", shorten(description, LONGEST_DESCRIPTION)
        with self._asking(f"record the deployment of {commit[:12]}"):
            found = self._repository.get_deployments(sha=commit, environment=environment, task=_TASK)
            deployment = next(iter(found), None) or self._create_deployment(commit, environment, text)
            if not any(status.state == state for status in deployment.get_statuses()):
                deployment.create_status(state=state, description=text, environment=environment, auto_inactive=True)

    def _create_deployment(self, commit: CommitSha, environment: str, description: str) -> Deployment:
        """Create a deployment; the defaults would merge the base into it, and wait for every check."""
        return self._repository.create_deployment(
            ref=commit,
            task=_TASK,
            auto_merge=False,
            required_contexts=[],
            environment=environment,
            description=description,
        )

    def _publish_run(self, commit: CommitSha, check: Check) -> None:
        title, summary = check.title[:255], shorten(check.summary, LONGEST_SUMMARY)
        wanted = (_conclusion(check.conclusion), title, summary)
        with self._asking(f"publish the check {check.name}"):
            runs = self._repository.get_commit(commit).get_check_runs(check_name=check.name, filter="latest")
            if any(_shown(run) == wanted for run in runs if self._is_own(run)):
                return
            output: dict[str, Any] = {"title": title, "summary": summary}
            if check.conclusion is CheckConclusion.PENDING:
                self._repository.create_check_run(check.name, commit, status="in_progress", output=output)
            else:
                self._repository.create_check_run(
                    check.name, commit, status="completed", conclusion=check.conclusion.value, output=output
                )

    def _is_own(self, run: CheckRun) -> bool:
        return self._slug is None or run.app.slug == self._slug

    def _publish_status(self, commit: CommitSha, check: Check) -> None:
        """Show a commit status; it has room for the title only."""
        wanted = {
            "state": check.conclusion.value,
            "context": check.name,
            "description": shorten(check.title, LONGEST_DESCRIPTION),
        }
        with self._asking(f"publish the status {check.name}"):
            if wanted not in self._statuses(commit):
                url = f"{self._repository.url}/statuses/{commit}"
                self._repository.requester.requestJsonAndCheck("POST", url, input=wanted)

    def _statuses(self, commit: CommitSha) -> list[Mapping[str, Any]]:
        """Read the latest status of each context, all pages; PyGithub's own way costs one request more."""
        url: str | None = f"{self._repository.url}/commits/{commit}/status"
        asked: dict[str, str | int] | None = {"per_page": 100}
        found: list[Mapping[str, Any]] = []
        while url is not None:
            headers, data = self._repository.requester.requestJsonAndCheck("GET", url, parameters=asked)
            found += [
                {key: each.get(key) for key in ("state", "context", "description")} for each in data["statuses"]
            ]
            url, asked = next_page(headers), None
        return found


def shorten(text: str, most: int) -> str:
    """Cut a text that GitHub would refuse, and show that it was cut."""
    return text if len(text) <= most else text[: most - 1] + "…"


def _conclusion(conclusion: CheckConclusion) -> str | None:
    return None if conclusion is CheckConclusion.PENDING else conclusion.value


def _shown(run: CheckRun) -> tuple[str | None, str | None, str | None]:
    return run.conclusion, run.output.title, run.output.summary

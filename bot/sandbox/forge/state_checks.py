"""What machines say about a commit: check runs of Apps and commit statuses."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from bot.model.names import CommitSha
from bot.sandbox.forge.entities import Account, App, CheckRun, Identity, Status
from bot.sandbox.forge.refusals import Refusal, check_length, invalid, not_found, unprocessable
from bot.sandbox.forge.state import ForgeState, Repository

LONGEST_SUMMARY = 65_535
LONGEST_STATUS = 140
STATES = ("error", "failure", "pending", "success")
_RUNNING = ("queued", "in_progress", "completed", "waiting", "requested", "pending")
_CONCLUSIONS = (
    "action_required",
    "cancelled",
    "failure",
    "neutral",
    "success",
    "skipped",
    "stale",
    "timed_out",
)
_GOOD = {"success", "neutral", "skipped"}


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckReport:
    """What an App sends about a check run; None leaves a field as it is."""

    name: str | None = None
    status: str | None = None
    conclusion: str | None = None
    external_id: str | None = None
    details_url: str | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None
    title: str | None = None
    summary: str | None = None
    text: str | None = None
    annotations: int = 0


def app_of(who: Identity) -> App:
    """Return the App that asks; check runs are for Apps alone."""
    if who.app is None:
        raise Refusal(403, "You must authenticate via a GitHub App.")
    return who.app


def create_check(state: ForgeState, repository: Repository, app: App, sha: str, report: CheckReport) -> CheckRun:
    """Start (or report at once) a check run on a commit."""
    if repository.git.kind(sha) != "commit":
        raise unprocessable(f"No commit found for SHA: {sha}")
    if not report.name:
        raise invalid("CheckRun", "name", code="missing_field")
    blank = CheckRun(
        id=state.next_id(),
        suite=_suite(state, repository, app, sha),
        app=app,
        name=report.name,
        head_sha=CommitSha(sha),
        status="queued",
        conclusion=None,
        external_id=None,
        details_url=None,
        started_at=report.started_at or state.clock.now(),
        completed_at=None,
        title=None,
        summary=None,
        text=None,
        annotations=0,
    )
    return _apply(state, repository, blank, report)


def update_check(state: ForgeState, repository: Repository, app: App, number: int, report: CheckReport) -> CheckRun:
    """Report more about a check run; only the App that made it may."""
    check = find_check(repository, number)
    if check.app.id != app.id:
        raise Refusal(
            403,
            f"Invalid app_id `{app.id}` - check run can only be modified by the GitHub App that created it.",
        )
    return _apply(state, repository, check, report)


def find_check(repository: Repository, number: int) -> CheckRun:
    """Return a check run or refuse with 404."""
    if number not in repository.checks:
        raise not_found()
    return repository.checks[number]


def checks_on(repository: Repository, sha: str) -> list[CheckRun]:
    """Return a commit's check runs, newest first."""
    return [check for check in reversed(repository.checks.values()) if check.head_sha == sha]


def latest_checks(checks: Iterable[CheckRun]) -> list[CheckRun]:
    """Keep the newest check run of each App and name, given newest first."""
    kept: dict[tuple[int, str], CheckRun] = {}
    for check in checks:
        kept.setdefault((check.app.id, check.name), check)
    return list(kept.values())


def _suite(state: ForgeState, repository: Repository, app: App, sha: str) -> int:
    same = (check for check in checks_on(repository, sha) if check.app.id == app.id)
    first = next(same, None)
    return first.suite if first else state.next_id()


def _apply(state: ForgeState, repository: Repository, check: CheckRun, report: CheckReport) -> CheckRun:
    _check_report(report)
    finished = report.conclusion is not None or report.status == "completed"
    if report.status == "completed" and (report.conclusion or check.conclusion) is None:
        raise invalid("CheckRun", "conclusion", code="missing_field")
    changed = replace(
        check,
        name=report.name or check.name,
        status="completed" if finished else report.status or check.status,
        conclusion=report.conclusion or (check.conclusion if report.status in {None, "completed"} else None),
        external_id=report.external_id or check.external_id,
        details_url=report.details_url or check.details_url,
        started_at=report.started_at or check.started_at,
        completed_at=report.completed_at or (state.clock.now() if finished else check.completed_at),
        title=report.title or check.title,
        summary=report.summary or check.summary,
        text=report.text or check.text,
        annotations=check.annotations + report.annotations,
    )
    repository.checks[check.id] = changed
    return changed


def _check_report(report: CheckReport) -> None:
    if report.status is not None and report.status not in _RUNNING:
        raise invalid("CheckRun", "status")
    if report.conclusion is not None and report.conclusion not in _CONCLUSIONS:
        raise invalid("CheckRun", "conclusion")
    check_length("CheckRun", "summary", report.summary, LONGEST_SUMMARY)
    check_length("CheckRun", "text", report.text, LONGEST_SUMMARY)
    if (report.summary is not None or report.text is not None) and report.title is None:
        raise invalid("CheckRun", "output.title", code="missing_field")


# Statuses


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusReport:
    """What is said about a commit under the name of a context."""

    state: str
    context: str = "default"
    description: str | None = None
    target_url: str | None = None


def create_status(
    state: ForgeState, repository: Repository, creator: Account, sha: str, report: StatusReport
) -> Status:
    """Add a status to a commit; the newest of a context counts."""
    if report.state not in STATES:
        raise invalid("Status", "state")
    check_length("Status", "description", report.description, LONGEST_STATUS)
    if repository.git.kind(sha) != "commit":
        raise unprocessable(f"No commit found for SHA: {sha}")
    made = Status(
        id=state.next_id(),
        sha=CommitSha(sha),
        context=report.context,
        state=report.state,
        description=report.description,
        target_url=report.target_url,
        creator=creator,
        at=state.clock.now(),
    )
    repository.statuses.append(made)
    return made


def statuses_on(repository: Repository, sha: str) -> list[Status]:
    """Return a commit's statuses, newest first."""
    return [status for status in reversed(repository.statuses) if status.sha == sha]


def latest_statuses(repository: Repository, sha: str) -> list[Status]:
    """Return the newest status of each context."""
    kept: dict[str, Status] = {}
    for status in statuses_on(repository, sha):
        kept.setdefault(status.context, status)
    return list(kept.values())


def combined(statuses: Iterable[Status]) -> str:
    """Return failure if anything failed, pending if anything runs or nothing is there, else success."""
    states = {status.state for status in statuses}
    if states & {"error", "failure"}:
        return "failure"
    return "pending" if "pending" in states or not states else "success"


def contexts(repository: Repository, sha: str) -> dict[str, str]:
    """Return success, pending or failure for everything reported on a commit, by name."""
    found = {}
    for check in latest_checks(checks_on(repository, sha)):
        done = "success" if check.conclusion in _GOOD else "failure"
        found[check.name] = done if check.status == "completed" else "pending"
    for status in latest_statuses(repository, sha):
        found[status.context] = status.state
    return found

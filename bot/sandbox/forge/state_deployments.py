"""Deployments and reports on them, with GitHub's defaults, traps included."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot.model.json import Json
from bot.model.names import CommitSha
from bot.sandbox.forge import state_checks, state_refs
from bot.sandbox.forge.entities import Account, Deployment, DeploymentStatus, Identity
from bot.sandbox.forge.git_merge import Conflict, MergeTexts, merge
from bot.sandbox.forge.refusals import Refusal, check_length, invalid, not_found, unprocessable
from bot.sandbox.forge.state import ForgeState, Repository

STATES = ("error", "failure", "inactive", "in_progress", "queued", "pending", "success")
LONGEST_DESCRIPTION = 140


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentRequest:
    """What is to be deployed; `required_contexts` None means that everything reported must be a success."""

    ref: str
    task: str = "deploy"
    auto_merge: bool = True
    required_contexts: Sequence[str] | None = None
    payload: Json = ""
    environment: str = "production"
    description: str | None = None
    transient: bool = False
    production: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AutoMerged:
    """The default branch was merged into the ref instead of making a deployment."""

    commit: CommitSha
    message: str


def create(
    state: ForgeState, repository: Repository, who: Identity, request: DeploymentRequest
) -> Deployment | AutoMerged:
    """Ask for a deployment; as on GitHub the ref may be brought up to date instead."""
    creator = who.account
    if creator is None:
        raise not_found()
    sha = repository.git.resolve(request.ref)
    if sha is None:
        raise unprocessable(f"No ref found for: {request.ref}")
    if request.auto_merge and (merged := _auto_merge(state, repository, creator, request.ref)):
        return merged
    _check_contexts(repository, sha, request)
    now = state.clock.now()
    in_production = request.environment == "production"
    deployment = Deployment(
        id=state.next_id(),
        sha=sha,
        ref=request.ref,
        task=request.task,
        environment=request.environment,
        payload=request.payload,
        description=request.description,
        transient=request.transient,
        production=in_production if request.production is None else request.production,
        creator=creator,
        app=who.app,
        created_at=now,
        updated_at=now,
    )
    repository.deployments[deployment.id] = deployment
    return deployment


def _auto_merge(state: ForgeState, repository: Repository, actor: Account, ref: str) -> AutoMerged | None:
    git = repository.git
    tip, default = git.branch(ref), git.branch(repository.default_branch)
    if tip is None or default is None or git.is_ancestor(default, tip):
        return None
    texts = MergeTexts(
        message=f"Merge branch '{repository.default_branch}' into {ref}",
        author=state.signature(actor),
        committer=state.signature(state.web_flow),
    )
    merged = merge(git, tip, default, texts)
    if isinstance(merged, Conflict):
        raise Refusal(409, f"Conflict merging {repository.default_branch} into {ref}.")
    state_refs.move(state, repository, state_refs.HEADS + ref, actor, state_refs.Moved(before=tip, after=merged))
    return AutoMerged(commit=merged, message=f"Auto-merged {repository.default_branch} into {ref} on deployment.")


def _check_contexts(repository: Repository, sha: str, request: DeploymentRequest) -> None:
    reported = state_checks.contexts(repository, sha)
    wanted = reported if request.required_contexts is None else request.required_contexts
    states = {name: reported.get(name, "pending") for name in wanted}
    if all(found == "success" for found in states.values()):
        return
    listed = [{"context": name, "state": found} for name, found in states.items()]
    error = {
        "contexts": listed,
        "resource": "Deployment",
        "field": "required_contexts",
        "code": "invalid",
    }
    raise Refusal(409, f"Conflict: Commit status checks failed for {request.ref}.", errors=[error])


def find(repository: Repository, number: int) -> Deployment:
    """Return a deployment or refuse with 404."""
    if number not in repository.deployments:
        raise not_found()
    return repository.deployments[number]


def statuses_of(repository: Repository, deployment: Deployment) -> list[DeploymentStatus]:
    """Return the reports on a deployment, newest first."""
    return [s for s in reversed(repository.deployment_statuses) if s.deployment == deployment.id]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentReport:
    """What is reported about a deployment."""

    state: str
    description: str = ""
    environment: str | None = None
    environment_url: str = ""
    log_url: str = ""
    auto_inactive: bool = True


def add_status(
    state: ForgeState,
    repository: Repository,
    deployment: Deployment,
    who: Identity,
    report: DeploymentReport,
) -> DeploymentStatus:
    """Report on a deployment; a success makes earlier ones of a non-production environment inactive."""
    if report.state not in STATES:
        raise invalid("DeploymentStatus", "state")
    check_length("DeploymentStatus", "description", report.description, LONGEST_DESCRIPTION)
    if report.state == "success" and report.auto_inactive:
        _retire(state, repository, deployment, who)
    return _store(state, repository, deployment, who, report)


def _store(
    state: ForgeState,
    repository: Repository,
    deployment: Deployment,
    who: Identity,
    report: DeploymentReport,
) -> DeploymentStatus:
    if who.account is None:
        raise not_found()
    now = state.clock.now()
    status = DeploymentStatus(
        id=state.next_id(),
        deployment=deployment.id,
        state=report.state,
        description=report.description,
        environment=report.environment or deployment.environment,
        environment_url=report.environment_url,
        log_url=report.log_url,
        creator=who.account,
        app=who.app,
        at=now,
    )
    repository.deployment_statuses.append(status)
    repository.deployments[deployment.id] = replace(deployment, updated_at=now)
    return status


def _retire(state: ForgeState, repository: Repository, newest: Deployment, who: Identity) -> None:
    for deployment in tuple(repository.deployments.values()):
        earlier = deployment.id < newest.id and deployment.environment == newest.environment
        if not earlier or deployment.transient or deployment.production:
            continue
        statuses = statuses_of(repository, deployment)
        if statuses and statuses[0].state == "success":
            _store(state, repository, deployment, who, DeploymentReport(state="inactive"))

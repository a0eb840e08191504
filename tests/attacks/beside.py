"""Attacks by other pull requests: people's own on the same target, look-alikes, and those that come from forks."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from attacks.attack import EVIL, GOVERNANCE, GOVERNANCE_PATH, UNGOVERNED
from attacks.grounds import PASSPORT, Scene, Setting
from propose.office import POLICY, RECIPE, SERVICE_PATH

from bot.sandbox.forge import state_forks

STRANGER = "eve"
"""May read the repository, and so fork it."""
MINE = "mine"
LOCKED = "locked by #1 of pow-bot[bot]"
FROM_A_FORK = "it changes the desired state from another repository"
NO, WAITS, YES = "failure", None, "success"
"""What a check on a pull request's head says; it waits while it is in progress."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """One attack by another pull request, whose number `opens` returns.

    The gate must say `says` of it, and show `shown` on its head; "" for both where nothing is said or shown of it.
    """

    id: str
    opens: Callable[[Scene], int]
    says: str
    shown: str | None = NO
    setting: Setting = PASSPORT


def my_pull(scene: Scene, files: Mapping[str, Any] | None = None, *, base: str = "main", **fields: str) -> int:
    """Let somebody open a pull request of their own on the target of the bot's, and have it approved."""
    scene.push({SERVICE_PATH: EVIL} if files is None else files, by="mallory", branch=MINE)
    return opened(scene, head=MINE, base=base, **fields)


def opened(scene: Scene, *, by: str = "mallory", **fields: str) -> int:
    """Let somebody open a pull request, and supervisors approve it."""
    number = int(scene.ask("POST", "pulls", by=by, **{"title": "x", "base": "main", **fields}).json()["number"])
    for who in ("sam", "ada"):
        scene.ask("POST", f"pulls/{number}/reviews", by=who, event="APPROVE", body="Seen.")
    return number


def behind_a_draft(scene: Scene) -> int:
    """Turn the bot's pull request into a draft; the forge has no REST call for it, a person clicks."""
    number = my_pull(scene)
    scene.repository.pulls[1] = replace(scene.pull(), draft=True)
    return number


def seen_behind_a_draft(scene: Scene) -> int:
    """Let the gate look meanwhile, and turn it back."""
    number = behind_a_draft(scene)
    scene.gate()
    scene.repository.pulls[1] = replace(scene.pull(), draft=False)
    return number


def through_another_base(scene: Scene) -> int:
    """Open it for another branch, where nothing locks, let the gate look, and bring it to main."""
    scene.point("release", scene.main(), by="mallory")
    number = my_pull(scene, base="release")
    scene.gate()
    scene.ask("PATCH", f"pulls/{number}", by="mallory", base="main")
    return number


def the_bots_own_commit(scene: Scene) -> int:
    """Open a pull request whose head is the bot's very commit, so that both show the same checks."""
    scene.point(MINE, scene.pull().head_sha, by="mallory")
    return opened(scene, head=MINE)


# From forks


def fork_of(scene: Scene, *, name: str = "") -> Scene:
    """Fork the repository, for the stranger or (`name`) for its own owner; returns the fork as a scene."""
    owner = "agency" if name else STRANGER
    made = state_forks.fork(scene.state, scene.repository, owner, name=name)
    if name:
        scene.state.grant(STRANGER, made.full_name, "write")
    return replace(scene, repository=made)


def of_a_fork(scene: Scene, files: Mapping[str, Any] | None = None, *, branch: str = "", message: str = "x") -> int:
    """Let a stranger change files in a fork, on a branch of the bot's own name, and open a pull request."""
    theirs, branch = fork_of(scene), branch or scene.pull().head_ref
    theirs.push(
        {SERVICE_PATH: EVIL} if files is None else files,
        by=STRANGER,
        branch=branch,
        onto=scene.main(),
        message=message,
    )
    return opened(scene, by=STRANGER, head=f"{STRANGER}:{branch}")


def twin(scene: Scene) -> int:
    """Copy all that the bot's pull request is: files, message, branch, title, text and labels."""
    own, issue = scene.repository.git.commit(scene.pull().head_sha), scene.repository.issues[1]
    theirs, branch = fork_of(scene), scene.pull().head_ref
    paths = (SERVICE_PATH, f"patches/evidence/{branch.rpartition('/')[2]}.json")
    files = {path: scene.file(path, own.sha) for path in paths}
    theirs.push(files, by=STRANGER, branch=branch, onto=scene.main(), message=own.message)
    head, text = f"{STRANGER}:{branch}", issue.body or ""
    number = opened(scene, by=STRANGER, head=head, title=issue.title, body=text)
    scene.ask("POST", f"issues/{number}/labels", by="mallory", labels=["pow", "impact:LOW"])
    return number


def the_bots_commit_in_a_fork(scene: Scene) -> int:
    theirs, branch = fork_of(scene), scene.pull().head_ref
    theirs.point(branch, scene.pull().head_sha, by=STRANGER)
    return opened(scene, by=STRANGER, head=f"{STRANGER}:{branch}")


def of_a_deleted_fork(scene: Scene) -> int:
    """Delete the fork after it: the forge names no repository of the head any more."""
    number = of_a_fork(scene)
    state_forks.delete(scene.state, scene.state.repository(f"{STRANGER}/{scene.repository.name}"))
    return number


def of_a_fork_of_the_same_owner(scene: Scene) -> int:
    theirs, branch = fork_of(scene, name=f"{scene.repository.name}-fork"), scene.pull().head_ref
    theirs.push({SERVICE_PATH: EVIL}, by=STRANGER, branch=branch, onto=scene.main())
    return opened(scene, by=STRANGER, head=f"agency:{branch}", head_repo=theirs.repository.name)


BESIDE = (
    Beside(id="a later one on the same target", opens=my_pull, says=LOCKED, shown=WAITS),
    Beside(id="a later one, the bot's a draft", opens=behind_a_draft, says=LOCKED, shown=WAITS),
    Beside(id="a later one, seen behind a draft", opens=seen_behind_a_draft, says=LOCKED, shown=WAITS),
    Beside(id="a later one, brought from another base", opens=through_another_base, says=LOCKED, shown=WAITS),
    Beside(
        id="the bot's own commit under another name",
        opens=the_bots_own_commit,
        says="its commit is that of pull request 1, whose checks stand there",
        shown="",
    ),
    Beside(
        id="values together with their governance",
        opens=lambda s: my_pull(s, {SERVICE_PATH: EVIL, GOVERNANCE_PATH: GOVERNANCE}),
        says=f"{GOVERNANCE_PATH}:1:1: there is no such file on the base branch",
        setting=UNGOVERNED,
    ),
    Beside(
        id="values together with a policy that asks for no governance",
        opens=lambda s: my_pull(s, {SERVICE_PATH: EVIL, "pow/settings/policy.yml": POLICY}),
        says=f"{GOVERNANCE_PATH}:1:1: there is no such file on the base branch",
        setting=UNGOVERNED,
    ),
    Beside(id="a fork, under the bot's branch name", opens=of_a_fork, says=FROM_A_FORK),
    Beside(id="a fork that copies all of the bot's", opens=twin, says=FROM_A_FORK),
    Beside(
        id="a fork with the bot's very commit",
        opens=the_bots_commit_in_a_fork,
        says="its commit is that of pull request 1, whose checks stand there",
        shown="",
    ),
    Beside(id="a fork that is deleted", opens=of_a_deleted_fork, says=FROM_A_FORK),
    Beside(id="a fork of the same owner", opens=of_a_fork_of_the_same_owner, says=FROM_A_FORK),
    Beside(
        id="a fork's values together with their governance",
        opens=lambda s: of_a_fork(s, {SERVICE_PATH: EVIL, GOVERNANCE_PATH: GOVERNANCE}),
        says=FROM_A_FORK,
        setting=UNGOVERNED,
    ),
    Beside(
        id="a fork's recipe",
        opens=lambda s: of_a_fork(s, {"pow/passport_backlog.yml": RECIPE.replace(b"MEDIUM", b"HIGH")}),
        says="",
        shown=YES,
    ),
)

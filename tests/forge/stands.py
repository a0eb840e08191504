"""The same small situation on two forges: an agency's repository, the bot's forge on it, and people who act."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from fakes.builders import START, a_bot, a_person, a_pull_request
from fakes.forge import MemoryForge
from fakes.world import MAIN, MemoryWorld
from openapi.conformance import conforming

from bot.forge.connection import Pacing, connect
from bot.forge.github import GithubForge
from bot.forge.port import Forge
from bot.model.clock import FixedClock
from bot.model.forge import Comment, Permission, RepoRef, ReviewState
from bot.model.json import Json
from bot.model.names import BranchName, CommitSha, Login, PullNumber, TeamSlug
from bot.sandbox.forge import state_forks
from bot.sandbox.forge.app import create_app
from bot.sandbox.forge.serve import serve
from bot.sandbox.forge.state import ForgeState
from bot.sandbox.forge.state import Repository as SandboxRepository

WORKFLOW = ".github/workflows/deploy.yml"
FILES = {
    WORKFLOW: b"on: workflow_dispatch\n",
    "README.md": b"agency\n",
    "patches/services/PHOTO.yml": b"service: PHOTO\nchanges:\n  blur: 2\n",
}
BOT_LOGIN = Login("pow-bot[bot]")
APP_TOKEN, PLAIN_TOKEN, ACTIONS_TOKEN = "app-token", "machine-token", "actions-token"
PEOPLE = {"sam": "write", "ada": "maintain", "root": "admin", "tim": "triage", "rob": "read"}
TEAM = TeamSlug("supervisors")
PERMISSIONS = {
    **dict.fromkeys(("contents", "pull_requests", "issues", "checks", "statuses", "deployments", "actions"), "write"),
    "members": "read",
}


class Stand(Protocol):
    """The bot's forge, what people do, and what is shown where no port reads it."""

    @property
    def forge(self) -> Forge:
        """The bot's forge."""
        ...

    def push(self, branch: str, files: Mapping[str, bytes | None], *, by: str = "sam") -> CommitSha:
        """Let a person commit on a branch."""
        ...

    def open_from_fork(self, branch: str, *, by: str) -> PullNumber:
        """Let a person open a pull request from this branch of a fork that has the same owner as the repository."""
        ...

    def review(self, number: PullNumber, by: str, state: ReviewState) -> None:
        """Let a person review."""
        ...

    def comment(self, number: PullNumber, by: str, body: str) -> None:
        """Let a person comment."""
        ...

    def file_issue(self, by: str) -> PullNumber:
        """Let a person open an issue."""
        ...

    def label(self, number: PullNumber, label: str, by: str, *, added: bool = True) -> None:
        """Let a person put a label on an issue or pull request, or take it off."""
        ...

    def close_issue(self, number: PullNumber, by: str) -> None:
        """Let a person close an issue."""
        ...

    def tree(self, commit: CommitSha) -> Mapping[str, bytes]:
        """Return every file of a commit."""
        ...

    def shown(self, commit: CommitSha) -> list[tuple[str, str, str]]:
        """Return every check ever shown on a commit: name, conclusion, title."""
        ...

    def deployments(self) -> list[tuple[CommitSha, str, list[bool]]]:
        """Return every deployment: commit, environment, the outcomes of its statuses."""
        ...

    def dispatched(self) -> list[str]:
        """Return every workflow that was started."""
        ...

    def events(self) -> list[tuple[str, dict[str, Json]]]:
        """Return every event that was sent, with what it carries."""
        ...

    def asked(self, number: PullNumber) -> list[str]:
        """Return the teams that were asked for a review, once for each time."""
        ...


@dataclass(slots=True)
class MemoryStand:
    """The fakes."""

    world: MemoryWorld
    forge: Forge

    @classmethod
    def open(cls) -> "MemoryStand":
        """Build it."""
        world = MemoryWorld(FILES)
        world.permissions = {Login(login): Permission(role) for login, role in PEOPLE.items()}
        world.teams = {TEAM: frozenset({Login("sam"), Login("ada")})}
        return cls(world, MemoryForge(world, actor=a_bot(BOT_LOGIN)))

    def push(self, branch: str, files: Mapping[str, bytes | None], *, by: str = "sam") -> CommitSha:
        return self.world.push(branch, files, by=a_person(by))

    def open_from_fork(self, branch: str, *, by: str) -> PullNumber:
        base = self.world.branches[MAIN]
        tree = {**self.world.snapshots[base].files, "README.md": b"theirs\n"}
        head = self.world.store((base,), tree, "Change it", author=a_person(by))
        number = PullNumber(len(self.world.pulls) + len(self.world.issues) + 1)
        own = {"number": number, "author": a_person(by), "same_repository": False}
        pull = a_pull_request(head=head, head_branch=BranchName(branch), base=base, **own)
        self.world.pulls[pull.number] = pull
        return pull.number

    def review(self, number: PullNumber, by: str, state: ReviewState) -> None:
        self.world.review(number, a_person(by), state)

    def comment(self, number: PullNumber, by: str, body: str) -> None:
        held = self.world.comments.setdefault(number, [])
        held.append(Comment(id=self.world.next_id(), author=a_person(by), body=body))

    def file_issue(self, by: str) -> PullNumber:
        return self.world.file_issue(by=a_person(by))

    def label(self, number: PullNumber, label: str, by: str, *, added: bool = True) -> None:
        self.world.label(number, label, by=a_person(by), added=added)

    def close_issue(self, number: PullNumber, by: str) -> None:
        self.world.close_issue(number, by=a_person(by))

    def tree(self, commit: CommitSha) -> Mapping[str, bytes]:
        return self.world.snapshots[commit].files

    def shown(self, commit: CommitSha) -> list[tuple[str, str, str]]:
        return [(c.name, c.conclusion.value, c.title) for c in self.world.checks.get(commit, {}).values()]

    def deployments(self) -> list[tuple[CommitSha, str, list[bool]]]:
        return [(each.commit, each.environment, [each.success]) for each in self.world.deployments]

    def dispatched(self) -> list[str]:
        return self.world.dispatched

    def events(self) -> list[tuple[str, dict[str, Json]]]:
        return self.world.events

    def asked(self, number: PullNumber) -> list[str]:
        return [str(team) for team in self.world.requested.get(number, [])]


@dataclass(slots=True)
class SandboxStand:
    """PyGithub against the sandbox."""

    base_url: str
    state: ForgeState
    name: str
    forge: GithubForge
    went_wrong: bool = False

    def go_wrong(self, fault: Mapping[str, Any]) -> None:
        """Inject a fault; from now on not every answer is GitHub's."""
        self.state.faults.set([{**fault, "path": f"/repos/agency/{self.name}{fault['path']}"}])
        self.went_wrong = True

    @property
    def repository(self) -> SandboxRepository:
        """The sandbox's own record of the repository."""
        return self.state.repository(f"agency/{self.name}")

    def connect(
        self, token: str, *, login: str | None = None, pacing: Pacing | None = None, name: str = ""
    ) -> GithubForge:
        """Connect as somebody, to a fork where one is named."""
        return GithubForge.connect(
            RepoRef(owner="agency", name=name or self.name),
            base_url=f"{self.base_url}/api/v3",
            token=token,
            pacing=pacing or Pacing.off(),
            identity_login=login,
        )

    def push(self, branch: str, files: Mapping[str, bytes | None], *, by: str = "sam") -> CommitSha:
        with self.connect(f"token-{by}") as person:
            name = BranchName(branch)
            head = person.head(name)
            commit = person.commit(head or person.head(BranchName("main")), files, "Edit by hand")
            if head is None:
                person.create_branch(name, commit)
            else:
                person.move_branch(name, commit)
            return commit

    def open_from_fork(self, branch: str, *, by: str) -> PullNumber:
        fork = state_forks.fork(self.state, self.repository, "agency", name=f"{self.name}-fork")
        self.state.grant(by, fork.full_name, "write")
        with self.connect(f"token-{by}", name=fork.name) as person:
            main = person.head(BranchName("main"))
            person.create_branch(BranchName(branch), person.commit(main, {"README.md": b"theirs\n"}, "Change it"))
        sent = {"head": f"agency:{branch}", "head_repo": fork.name, "base": "main", "title": "Theirs"}
        return PullNumber(self._ask("POST", "pulls", by=by, body=sent)["number"])

    def review(self, number: PullNumber, by: str, state: ReviewState) -> None:
        events = {"APPROVED": "APPROVE", "CHANGES_REQUESTED": "REQUEST_CHANGES", "COMMENTED": "COMMENT"}
        body: dict[str, Any] = {"body": "Seen.", "event": events[state.value]}
        self._ask("POST", f"pulls/{number}/reviews", by=by, body=body)

    def comment(self, number: PullNumber, by: str, body: str) -> None:
        self._ask("POST", f"issues/{number}/comments", by=by, body={"body": body})

    def file_issue(self, by: str) -> PullNumber:
        return PullNumber(self._ask("POST", "issues", by=by, body={"title": "Help"})["number"])

    def label(self, number: PullNumber, label: str, by: str, *, added: bool = True) -> None:
        if added:
            self._ask("POST", f"issues/{number}/labels", by=by, body={"labels": [label]})
        else:
            self._ask("DELETE", f"issues/{number}/labels/{label}", by=by)

    def close_issue(self, number: PullNumber, by: str) -> None:
        self._ask("PATCH", f"issues/{number}", by=by, body={"state": "closed"})

    def tree(self, commit: CommitSha) -> Mapping[str, bytes]:
        git = self.repository.git
        return {e.path: git.blob(e.sha or "") for e in git.tree(commit, recursive=True) if e.type == "blob"}

    def shown(self, commit: CommitSha) -> list[tuple[str, str, str]]:
        runs = self._ask("GET", f"commits/{commit}/check-runs?filter=all")["check_runs"]
        runs.sort(key=lambda run: run["id"])
        return [(run["name"], run["conclusion"] or "pending", run["output"]["title"]) for run in runs]

    def deployments(self) -> list[tuple[CommitSha, str, list[bool]]]:
        found = []
        for each in self._ask("GET", "deployments"):
            statuses = self._ask("GET", f"deployments/{each['id']}/statuses")
            found.append((each["sha"], each["environment"], [status["state"] == "success" for status in statuses]))
        return found

    def dispatched(self) -> list[str]:
        return [each.workflow for each in self.state.dispatches if each.repository.endswith(f"/{self.name}")]

    def events(self) -> list[tuple[str, dict[str, Json]]]:
        own = (each for each in self.state.dispatches if each.repository.endswith(f"/{self.name}"))
        return [(each.event_type, dict(each.client_payload)) for each in own]

    def asked(self, number: PullNumber) -> list[str]:
        events = self._ask("GET", f"issues/{number}/events")
        return [e["requested_team"]["slug"] for e in events if e["event"] == "review_requested"]

    def _ask(self, method: str, path: str, *, by: str = "root", body: dict[str, Any] | None = None) -> Any:
        client = connect(base_url=f"{self.base_url}/api/v3", token=f"token-{by}", pacing=Pacing.off())
        try:
            return client.requester.requestJsonAndCheck(method, f"/repos/agency/{self.name}/{path}", input=body)[1]
        finally:
            client.close()


@dataclass(slots=True)
class Sandbox:
    """One running sandbox for many tests, each with a repository of its own."""

    state: ForgeState
    base_url: str
    complaints: list[str]
    count: int = 0

    @contextmanager
    def stand(self) -> Iterator[SandboxStand]:
        """Make a repository and connect the bot's App to it."""
        self.count += 1
        name = f"pow{self.count}"
        self.state.create_repository("agency", name, FILES, private=True)
        for login, role in PEOPLE.items():
            self.state.grant(login, f"agency/{name}", role)
        self.state.faults.set([])
        ref = RepoRef(owner="agency", name=name)
        url = f"{self.base_url}/api/v3"
        with GithubForge.connect(
            ref, base_url=url, token=APP_TOKEN, pacing=Pacing.off(), identity_login=BOT_LOGIN
        ) as forge:
            yield SandboxStand(self.base_url, self.state, name, forge)
        self.state.faults.set([])


@contextmanager
def running_sandbox(root: Path) -> Iterator[Sandbox]:
    """Serve a sandbox with people, a team and three kinds of token; each exchange is held to GitHub's description."""
    state = ForgeState.create(root, FixedClock(at=START))
    state.add_organization("agency")
    for login in PEOPLE:
        state.add_user(login, token=f"token-{login}")
    state.add_team("agency", TEAM, members=["sam", "ada"])
    state.add_app("pow-bot", token=APP_TOKEN, permissions=PERMISSIONS)
    state.add_user("machine", token=PLAIN_TOKEN)
    actions = {name: level for name, level in PERMISSIONS.items() if name != "members"}
    state.add_app("github-actions", token=ACTIONS_TOKEN, permissions=actions)
    app, complaints = conforming(create_app(state))
    with serve(app) as served:
        yield Sandbox(state, served.base_url, complaints)

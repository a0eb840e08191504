"""Where attacks are run: the sandbox over HTTP, real git, and the bot's real steps; each attack on a copy of its own.

A setting is brought up to its open proposal once, by the bot itself, and then copied: bare repository, tables and
clone. What people do goes over HTTP with their own tokens.
"""

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
from deploy.gateway_server import Management, a_gateway, targets_at
from fakes.builders import START
from forge.stands import PERMISSIONS
from propose.office import FILES, Office
from replaying import must_replay
from sync.loopback import a_client

from bot.approve import step as gate
from bot.approve.simulate import Supposition, simulate
from bot.collect.gather import Collector
from bot.deploy import step as deploy
from bot.deploy.gateway import Gateway
from bot.forge.connection import Pacing
from bot.forge.git import GitRepository
from bot.forge.github import GithubForge
from bot.ledger.git_ledger import GitLedger
from bot.ledger.site import Site
from bot.model.clock import FixedClock
from bot.model.decision import GateDecision
from bot.model.event import Step, StepReport
from bot.model.forge import RepoRef, ReviewState
from bot.model.names import BranchName, CommitSha, Login, PullNumber
from bot.model.record import Phase
from bot.propose import step as detect
from bot.recipes.library import Library, load_library
from bot.sandbox.forge.app import create_app
from bot.sandbox.forge.entities import Pull
from bot.sandbox.forge.git import GitRepository as BareRepository
from bot.sandbox.forge.serve import serve
from bot.sandbox.forge.state import ForgeState, Repository
from bot.sync.exchange import JsonClient

MAIN = BranchName("main")
LEDGER = "pow-ledger"
FIRST = PullNumber(1)
BOT_TOKEN, HELPER_TOKEN, ACTIONS_TOKEN = "bot-token", "helper-token", "actions-token"
BOT = "pow-bot[bot]"
ROLES = {
    "root": "admin",
    "rita": "maintain",
    "sam": "write",
    "ada": "write",
    "gus": "write",
    "dora": "write",
    "sava": "write",
    "mallory": "write",
    "tim": "triage",
    "eve": "read",
}
"""The people: `rita` to `dora`, `tim` and `eve` are supervisors, `sava` and `dora` security, `mallory` nothing."""
TEAMS = {
    "supervisors": ("rita", "sam", "ada", "gus", "dora", "tim", "eve"),
    "security": ("sava", "dora"),
}
WORKFLOWS = {f".github/workflows/{name}.yml": b"on: workflow_dispatch\n" for name in ("gate", "deploy", "monitor")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What a repository and its feeds hold before the bot proposes; equal settings are brought up once."""

    name: str = "passport"
    files: tuple[tuple[str, bytes], ...] = ()
    texts: tuple[str, ...] = ()
    """What the feeds say where they may say anything: complaint topics, and steps of the process log."""
    started_by: tuple[Login, ...] = ()


PASSPORT = Setting()


@dataclass(slots=True, kw_only=True)
class Scene:
    """One repository with one open proposal, the bot's steps on it, and what people can do to it."""

    state: ForgeState
    repository: Repository
    base_url: str
    clone: Path
    office: Office
    forge: GithubForge
    http: httpx.Client
    management: Management
    client: JsonClient
    setting: Setting
    later: timedelta = timedelta(0)
    """How long after the proposal the bot's steps run."""

    # The bot

    def site(self, *, fetched: bool = True) -> Site:
        """Open the clone, as a fresh process does; gate and simulation fetch by themselves."""
        repository = GitRepository.open(self.clone, token=BOT_TOKEN, server_url=self.base_url)
        if fetched:
            repository.fetch()
        return Site(
            repo=RepoRef(owner="agency", name=self.repository.name),
            forge=self.forge,
            repository=repository,
            ledger=GitLedger(repository, self.forge),
            now=START + self.later,
            started_by=self.setting.started_by,
        )

    def detect(self, site: Site | None = None) -> StepReport:
        """Run `pow detect`."""
        site = site or self.site()
        base = self.main()
        with httpx.Client(verify=False) as client:  # noqa: S501 - every feed of the office is a file
            collector = Collector(endpoints={}, root=self.office.root, client=client)
            return detect.run(site, library=self.library(), base=base, collector=collector)

    def gate(self) -> StepReport:
        """Run `pow gate`, and decide again on whatever it has decided."""
        report = gate.run(self.site(fetched=False), library=self.library(), base=self.main())
        if Phase.DECIDED in self.phases():
            site = self.site()
            must_replay(site.repository, site.ledger.records())
        return report

    def would_merge(self, *approvers: str) -> GateDecision:
        """Run `pow simulate` as if these people approved now."""
        supposed = tuple(Supposition(state=ReviewState.APPROVED, login=Login(login)) for login in approvers)
        site = self.site(fetched=False)
        return simulate(site, FIRST, supposed, library=self.library(), base=self.main())

    def deploy(self) -> StepReport:
        """Run `pow deploy`."""
        site = self.site()
        settings = self.library().settings
        assert settings is not None
        targets = targets_at(self.management.server.url)
        gateway = Gateway(targets=targets, client=self.client)
        return deploy.run(site, settings=replace(settings, targets=targets), gateway=gateway, adapters={})

    # What there is

    def library(self) -> Library:
        """Return recipes and settings as they stand on main."""
        git = self.repository.git
        below = [entry for entry in git.tree(f"{MAIN}:pow", recursive=True) if entry.type == "blob"]
        return _loaded(tuple((f"pow/{entry.path}", entry.sha or "") for entry in below), git.blob)

    def pull(self) -> Pull:
        """Return the proposal as the forge's own tables have it now."""
        return self.repository.pulls[1]

    def main(self) -> CommitSha:
        """Return the head of main."""
        head = self.repository.git.branch(MAIN)
        assert head is not None
        return head

    def file(self, path: str, at: str) -> bytes | None:
        """Return a file of a commit."""
        entry = self.repository.git.entry(at, path)
        return self.repository.git.blob(entry.sha) if entry and entry.sha else None

    def phases(self) -> list[Phase]:
        """Return the phases of all records, as the names of their files tell them."""
        tree = self.repository.git.tree(LEDGER, recursive=True)
        return [Phase(entry.path.rpartition("-")[2].removesuffix(".json")) for entry in tree if entry.type == "blob"]

    def incidents(self) -> list[dict[str, Any]]:
        """Return the issues that stand for an incident."""
        found: list[dict[str, Any]] = self.ask("GET", "issues?state=all&labels=pow:incident").json()
        return found

    # People

    def ask(self, method: str, path: str, *, by: str = "root", token: str = "", **body: Any) -> httpx.Response:
        """Send one request as somebody; a refusal is an error."""
        response = self.request(method, path, by=by, token=token, **body)
        response.raise_for_status()
        return response

    def request(self, method: str, path: str, *, by: str = "root", token: str = "", **body: Any) -> httpx.Response:
        """Send one request as somebody, whatever the answer is."""
        url = f"{self.base_url}/api/v3/repos/{self.repository.full_name}/{path}"
        headers = {"Authorization": f"Bearer {token or f'token-{by}'}", "Content-Type": "application/json"}
        return self.http.request(method, url, headers=headers, content=json.dumps(body) if body else None)

    def review(self, by: str, event: str = "APPROVE", *, token: str = "", **more: Any) -> int:
        """Review the proposal; returns the review's number."""
        asked = {"event": event, "body": "Seen.", **more}
        return int(self.ask("POST", "pulls/1/reviews", by=by, token=token, **asked).json()["id"])

    def push(
        self,
        files: Mapping[str, Any],
        *,
        by: str,
        branch: str = "",
        onto: str = "",
        message: str = "Edit by hand",
        author: str = "",
    ) -> CommitSha:
        """Commit on the proposal's branch (or another) and push it, by force where `onto` is not its head.

        A value is a file's new text, None to remove it, or a tree entry's own fields (`mode` and so on). `author`
        is the login in whose name the commit is made, or an address that nobody has.
        """
        branch = branch or self.pull().head_ref
        head = self.repository.git.branch(branch)
        parent = onto or head or self.main()
        entries = [{"path": path, "mode": "100644", "type": "blob", **_entry(each)} for path, each in files.items()]
        base = self.repository.git.commit(parent).tree
        tree = self.ask("POST", "git/trees", by=by, base_tree=base, tree=entries).json()["sha"] if entries else base
        who = {"author": self._person(author), "committer": self._person(author)} if author else {}
        sent = {"message": message, "tree": tree, "parents": [parent], **who}
        commit = str(self.ask("POST", "git/commits", by=by, **sent).json()["sha"])
        self.point(branch, commit, by=by)
        return CommitSha(commit)

    def point(self, branch: str, commit: str, *, by: str) -> None:
        """Let somebody move or create a branch, by force if need be."""
        if self.repository.git.branch(branch) is None:
            self.ask("POST", "git/refs", by=by, ref=f"refs/heads/{branch}", sha=commit)
        else:
            self.ask("PATCH", f"git/refs/heads/{branch}", by=by, sha=commit, force=True)

    def merge(self, by: str = "root", **more: Any) -> CommitSha:
        """Press the merge button, gate or no gate."""
        return CommitSha(str(self.ask("PUT", "pulls/1/merge", by=by, **more).json()["sha"]))

    def blob(self, text: str, *, by: str) -> str:
        """Store a blob."""
        return str(self.ask("POST", "git/blobs", by=by, content=text, encoding="utf-8").json()["sha"])

    def _person(self, name: str) -> dict[str, str]:
        account = self.state.accounts.get(name.casefold())
        email = account.email if account else name
        return {"name": name, "email": email, "date": "2026-03-02T09:00:00Z"}


def _entry(value: Any) -> dict[str, Any]:
    if isinstance(value, dict):
        return value
    if value is None:
        return {"sha": None}
    return {"content": value.decode() if isinstance(value, bytes) else value}


_LIBRARIES: dict[tuple[tuple[str, str], ...], Library] = {}


def _loaded(blobs: tuple[tuple[str, str], ...], read: Callable[[str], bytes]) -> Library:
    """Read recipes and settings; the same bytes are met in scene after scene."""
    if blobs not in _LIBRARIES:
        _LIBRARIES[blobs] = load_library({path: read(blob) for path, blob in blobs}, endpoints={})
    return _LIBRARIES[blobs]


@dataclass(slots=True, kw_only=True)
class Grounds:
    """One running sandbox and gateway."""

    root: Path
    state: ForgeState
    base_url: str
    http: httpx.Client
    management: Management
    client: JsonClient
    ready: dict[tuple[Setting, bool], tuple[Repository, Path, Office]] = field(default_factory=dict)
    count: int = 0

    @contextmanager
    def scene(self, setting: Setting = PASSPORT, *, proposed: bool = True) -> Iterator[Scene]:
        """Give a copy of a setting in which the bot has proposed, or has done nothing yet."""
        if (setting, proposed) not in self.ready:
            with self._fresh(setting) as scene:
                report = scene.detect() if proposed else StepReport(step=Step.DETECT, events=())
                assert not report.failed, [event.sentence for event in report.events]
                self.ready[setting, proposed] = scene.repository, scene.clone, scene.office
        repository, clone, office = self.ready[setting, proposed]
        self._seed()
        name = self._name()
        copied = self._copied(repository, name)
        target = self.root / f"clone-{name}"
        shutil.copytree(clone, target)
        config = target / ".git" / "config"
        config.write_text(config.read_text().replace(f"/{repository.name}.git", f"/{name}.git"))
        with self._opened(copied, target, office, setting) as scene:
            yield scene
        shutil.rmtree(target)
        shutil.rmtree(copied.git.directory)

    @contextmanager
    def _fresh(self, setting: Setting) -> Iterator[Scene]:
        self._seed()
        name = self._name()
        files = {**FILES, **WORKFLOWS, **dict(setting.files)}
        repository = self.state.create_repository("agency", name, files, private=True)
        for login, role in ROLES.items():
            self.state.grant(login, repository.full_name, role)
        clone = self.root / f"clone-{name}"
        url = f"{self.base_url.replace('://', f'://x-access-token:{BOT_TOKEN}@')}/agency/{name}.git"
        subprocess.run(["git", "clone", "--quiet", url, str(clone)], check=True, capture_output=True)
        office = _office(self.root / f"office-{name}", setting)
        with self._opened(repository, clone, office, setting) as scene:
            yield scene

    @contextmanager
    def _opened(self, repository: Repository, clone: Path, office: Office, setting: Setting) -> Iterator[Scene]:
        self.management.services = {"PHOTO_VALIDATOR": {"max_blur_px": 2}}
        self.management.patches.clear()
        self.management.keys.clear()
        with self.connected(repository.name) as forge:
            yield Scene(
                state=self.state,
                repository=repository,
                base_url=self.base_url,
                clone=clone,
                office=office,
                forge=forge,
                http=self.http,
                management=self.management,
                client=self.client,
                setting=setting,
            )

    def connected(self, name: str) -> GithubForge:
        """Connect the bot to a repository."""
        ref = RepoRef(owner="agency", name=name)
        url = f"{self.base_url}/api/v3"
        return GithubForge.connect(ref, base_url=url, token=BOT_TOKEN, pacing=Pacing.off(), identity_login=BOT)

    def _name(self) -> str:
        self.count += 1
        return f"pow{self.count}"

    def _seed(self) -> None:
        """Bring people and teams back to what they are before any attack."""
        if "ren" in self.state.accounts:
            self.state.delete_user("ren")
        for login in ROLES:
            if self.state.identity(f"token-{login}") is None:
                self.state.accounts.pop(login, None)
            if login not in self.state.accounts:
                self.state.add_user(login, token=f"token-{login}")
        for slug, members in TEAMS.items():
            self.state.add_team("agency", slug, members=members)
        self.state.add_app("pow-bot", token=BOT_TOKEN, permissions=PERMISSIONS)
        self.state.on_write = None
        self.state.faults.set([])

    def _copied(self, original: Repository, name: str) -> Repository:
        """Copy a repository with everything around it under another name."""
        directory = self.root / "forge" / "agency" / f"{name}.git"
        shutil.copytree(original.git.directory, directory)
        copied = replace(
            original,
            id=self.state.next_id(),
            name=name,
            git=BareRepository(directory),
            settings=replace(original.settings),
            **{table: dict(getattr(original, table)) for table in _TABLES},
            **{rows: list(getattr(original, rows)) for rows in _LISTS},
        )
        self.state.repositories[copied.key] = copied
        for login, role in ROLES.items():
            self.state.grant(login, copied.full_name, role)
        return copied


_TABLES = ("grants", "labels", "issues", "pulls", "comments", "checks", "deployments")
_LISTS = ("reviews", "events", "statuses", "deployment_statuses", "pushes")


def _office(folder: Path, setting: Setting) -> Office:
    folder.mkdir()
    office = Office(folder)
    at = [START.replace(hour=hour).isoformat() for hour in range(9)]
    complaints = [{"at": at[7], "topic": text, "text": f"my SSN is 078-05-1120 {text}"} for text in setting.texts]
    steps = [
        {"case": f"{number}-{text}", "activity": step, "start": at[hour], "end": at[hour + 1]}
        for number, text in enumerate(setting.texts)
        for step, hour in ((text, 0), (f"after {text}", 2 + number))
    ]
    for name, rows in (("complaints", complaints), ("events", steps)):
        if rows:
            (folder / "data" / f"{name}.json").write_text(json.dumps(rows))
    return office


@contextmanager
def open_grounds(root: Path) -> Iterator[Grounds]:
    """Serve a forge and a gateway."""
    state = ForgeState.create(root / "forge", FixedClock(at=START))
    state.quota.limit = 1_000_000  # time stands still here, and with it the hour in which requests are counted
    state.add_organization("agency")
    state.add_app("helper", token=HELPER_TOKEN, permissions=PERMISSIONS)
    state.add_app("github-actions", token=ACTIONS_TOKEN, permissions=PERMISSIONS)
    with ExitStack() as stack:
        served = stack.enter_context(serve(create_app(state)))
        yield Grounds(
            root=root,
            state=state,
            base_url=served.base_url,
            http=stack.enter_context(httpx.Client(trust_env=False)),
            management=stack.enter_context(a_gateway()),
            client=stack.enter_context(a_client()),
        )

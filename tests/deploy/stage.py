"""A repository with desired state, a gateway and a system; the gate is played by the records that it writes."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from deploy.gateway_server import Management, a_gateway, targets_at
from fakes.builders import a_person
from fakes.forge import MemoryForge
from fakes.ledger import MemoryLedger
from fakes.repository import MemoryRepository
from fakes.world import MAIN, MemoryWorld
from sync.loopback import a_client
from sync.samples import a_spec
from sync.system_server import System, a_system

from bot.deploy.gateway import Gateway
from bot.deploy.step import run
from bot.ledger.site import Site
from bot.model.decision import Approved, Authority
from bot.model.event import Event, Mark, StepReport
from bot.model.forge import PullRequest, RepoRef
from bot.model.impact import ImpactPolicy
from bot.model.json import digest_of
from bot.model.level import Level
from bot.model.names import BranchName, ChangeId, CommitSha, Digest
from bot.model.record import Draft, Phase, Record
from bot.model.settings import Policy, Settings
from bot.sync.exchange import JsonClient
from bot.sync.registry import build_adapters

PHOTO = "patches/services/PHOTO_VALIDATOR.yml"
PRINTER = "patches/services/PRINTER.yml"
JOURNEY = "patches/journeys/passport_renewal.yml"


def a_service(service: str = "PHOTO_VALIDATOR", **values: Any) -> bytes:
    lines = "".join(f"  {key}: {value}  # as adopted\n" for key, value in values.items())
    return f"service: {service}\nchanges:\n{lines}".encode()


def a_journey(version: str) -> bytes:
    return f"journey: passport_renewal\nversion: {version}\n".encode()


def an_id(number: int) -> ChangeId:
    return ChangeId(f"{number:016x}")


FILES = {
    PHOTO: a_service(max_blur_px=2, retries=1),
    PRINTER: a_service("PRINTER", speed=5),
    JOURNEY: a_journey("v1"),
}


@dataclass(kw_only=True)
class Stage:
    """Everything that `pow deploy` works on."""

    world: MemoryWorld
    forge: MemoryForge
    ledger: MemoryLedger
    management: Management
    system: System
    client: JsonClient

    # What happens before a deployment

    def propose(self, number: int, files: Mapping[str, bytes]) -> PullRequest:
        """Let the bot propose an edit of the desired state on top of main."""
        change, base = an_id(number), self.world.branches[MAIN]
        branch = BranchName(f"pow/recipe/{change}")
        edits = {**files, f"patches/evidence/{change}.json": b"{}"}
        before = self.world.snapshots[base].files
        head = self.forge.commit(base, edits, f"Propose\n\nChange-Id: {change}\nChange-Kind: patch")
        self.forge.create_branch(branch, head)
        pull = self.forge.open_pull(branch=branch, base=MAIN, title="Propose", body="", draft=False)
        listed = [
            {"path": path, "before": digest_of(before[path]) if path in before else None, "after": digest_of(after)}
            for path, after in files.items()
        ]
        self.record(number, Phase.PROPOSED, pull=pull.number, head=head, base=base, files=listed)
        return pull

    def decide(self, number: int, pull: PullRequest, result: str = "approved") -> None:
        head = self.forge.pull(pull.number).head
        self.record(number, Phase.DECIDED, key=head, result=result, pull=pull.number, head=head)

    def merge(self, number: int, pull: PullRequest) -> CommitSha:
        """Merge as the gate does, without its record."""
        approved = Approved(pull=pull.number, head=self.forge.pull(pull.number).head, authority=Authority.PEOPLE)
        return self.forge.merge(approved, title="Merge", message=f"By the gate\n\nChange-Id: {an_id(number)}")

    def land(self, number: int, files: Mapping[str, bytes]) -> CommitSha:
        """Bring a change all the way to main, with all of its records."""
        self.world.now += timedelta(minutes=1)
        pull = self.propose(number, files)
        self.decide(number, pull)
        merge = self.merge(number, pull)
        self.record_merge(number, merge)
        return merge

    def record_merge(self, number: int, merge: CommitSha) -> None:
        parent, head = self.world.snapshots[merge].commit.parents
        self.record(number, Phase.MERGED, key=merge, merge=merge, head=head, parent=parent)

    def record(self, number: int, phase: Phase, *, key: str = "", **facts: Any) -> None:
        self.ledger.append(Draft(change=an_id(number), phase=phase, at=self.world.now, facts=facts, key=key))

    # The deployment and what came of it

    def run(self) -> StepReport:
        """Run the step as a fresh process would."""
        site = Site(
            repo=RepoRef(owner="agency", name="pow"),
            forge=self.forge,
            repository=MemoryRepository(self.world),
            ledger=self.ledger,
            now=self.world.now,
        )
        targets = targets_at(self.management.server.url, a_spec())
        targets = replace(targets, endpoints={**targets.endpoints, "adapter": self.system.server.url})
        return run(
            site,
            settings=Settings(feeds=(), targets=targets, policy=A_POLICY),
            gateway=Gateway(targets=targets, client=self.client),
            adapters=build_adapters(targets, client=self.client, now=self.world.now),
        )

    def live(self, service: str = "PHOTO_VALIDATOR") -> dict[str, Any]:
        return self.management.services[service]

    def of(self, number: int, phase: Phase) -> tuple[Record, ...]:
        return tuple(record for record in self.ledger.of(an_id(number)) if record.phase is phase)


A_POLICY = Policy(
    digest=Digest("sha256:0"),
    approvals={},
    threshold_cap=Level.HIGH,
    impact=ImpactPolicy(default=Level.LOW, services={}, keys={}, journeys=Level.LOW, relative_change=()),
    ranges={},
)
SUPERVISOR = a_person("supervisor")


def told(report: StepReport, mark: Mark) -> list[Event]:
    return [event for event in report.events if event.mark is mark]


@contextmanager
def a_stage() -> Iterator[Stage]:
    with a_gateway() as management, a_system() as system, a_client() as client:
        management.services = {
            "PHOTO_VALIDATOR": {"max_blur_px": 2, "retries": 1, "secret": "s3cret"},
            "PRINTER": {"speed": 5},
        }
        world = MemoryWorld(FILES)
        yield Stage(
            world=world,
            forge=MemoryForge(world),
            ledger=MemoryLedger(world),
            management=management,
            system=system,
            client=client,
        )

"""What end-to-end tests share: a small town, one pass of the bot in it, and the state it is in, told without names.

Nothing here is a mock: the town is the product's own sandbox, and the bot runs as a process of its own.
"""

import re
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from openpyxl import load_workbook
from replaying import must_replay

from bot.forge.git import GitRepository
from bot.ledger.envelope import unseal
from bot.ledger.git_ledger import read_ledger
from bot.ledger.looks import LOOKS_BRANCH
from bot.model.record import Phase, Record
from bot.sandbox.actions.runner import Finished, run_command
from bot.sandbox.agency.office import Situation
from bot.sandbox.town import Staging, Town, open_town

ROOT = Path(__file__).resolve().parents[1]
SMALL = Situation(submissions_per_window=3.0, clerks=2, backlog_days=27.5)
"""An office that opens quickly and still has a backlog of more than twenty days."""

LEDGER = "pow-ledger"
_VOLATILE = re.compile(
    r"[0-9a-f]{40}|sha256:[0-9a-f]{64}|(?<=head `)[0-9a-f]{12}|127\.0\.0\.1:\d+|(?<=review-)\d+|(?<='id': )\d+"
    # A merge has another hash in each town; the space of no width keeps the forge from making a link of it.
    r"|(?<=from before merge )(?:[0-9a-f]\u200b?){12}"
    # A patch that was applied just before a kill is found applied by the next run, which has no number for it.
    r"|'patch_id': '[^']*'|'status': '(?:APPLIED|UNCHANGED)'"
)


@contextmanager
def a_town(staging: Staging | None = None) -> Iterator[Town]:
    """Open a small town in a folder that is gone afterwards; in the end every decision in it must replay."""
    with (
        tempfile.TemporaryDirectory(prefix="pow-town-") as folder,
        open_town(Path(folder), ROOT, staging or Staging(situation=SMALL)) as town,
    ):
        yield town
        if any(record.phase is Phase.DECIDED for record in records(town)):
            repository = GitRepository.open(a_clone(town, Path(folder) / "audit"))
            must_replay(repository, read_ledger(repository))


def a_clone(town: Town, target: Path) -> Path:
    """Clone the town's repository, as anybody may who only reads."""
    subprocess.run(["git", "clone", "--quiet", str(town.bare), str(target)], check=True, capture_output=True)
    return target


def bot(town: Town, command: str = "pow run") -> Finished:
    """Run one command of the bot to its end; the workflows it started are left to whoever wants them."""
    finished = run_command(town.machine(), command)
    town.pending.clear()
    return finished


def records(town: Town) -> tuple[Record, ...]:
    """Read the ledger straight from Git, in order of the records' indexes."""
    names = town.git("for-each-ref", "--format=%(refname:short)").decode().split()
    if LEDGER not in names:
        return ()
    paths = town.git("ls-tree", "-r", "--name-only", LEDGER).decode().split()
    return tuple(sorted((unseal(town.read(p, at=LEDGER), path=p) for p in paths), key=lambda r: r.index))


def told(town: Town) -> Mapping[str, Any]:
    """Tell everything that a run leaves behind, without what differs between two equal runs: hashes and ports."""
    with town.as_person("maria") as client:
        pulls = client.get("pulls", params={"state": "all", "sort": "created", "direction": "asc"}).json()
        return {
            "pulls": [_told_pull(client, pull) for pull in pulls],
            "ledger": [_told_record(record) for record in records(town)],
            "main": _commits(town),
            "branches": sorted(_branches(town) - {LOOKS_BRANCH}),  # notes of looks: one more run, one more note
            "files": town.git("ls-tree", "-r", "main", "patches").decode().splitlines(),
            "live": dict(town.agency.management.service("PHOTO_VALIDATOR").config),
            "mainframe": _lines(town.folder / "mainframe" / "status.txt"),
            "sheet": _rows(town.folder / "sheets" / "configuration.xlsx"),
        }


def _branches(town: Town) -> set[str]:
    return set(town.git("for-each-ref", "--format=%(refname:short)").decode().split())


def _told_pull(client: Any, pull: Mapping[str, Any]) -> Mapping[str, Any]:
    number = pull["number"]
    return {
        "number": number,
        "title": pull["title"],
        "body": _plain(pull["body"]),
        "branch": pull["head"]["ref"],
        "state": (pull["state"], pull["merged_at"] is not None),
        "labels": sorted(label["name"] for label in pull["labels"]),
        "teams": sorted(team["slug"] for team in pull["requested_teams"]),
        "comments": [_plain(c["body"]) for c in client.get(f"issues/{number}/comments").json()],
        "checks": sorted(
            (run["name"], run["status"], run["conclusion"])
            for run in client.get(f"commits/{pull['head']['sha']}/check-runs").json()["check_runs"]
        ),
    }


def _told_record(record: Record) -> tuple[Any, ...]:
    return (record.index, record.change, record.sequence, record.phase, _plain(str(record.facts)))


def _commits(town: Town) -> list[str]:
    return [_plain(text) for text in town.git("log", "--format=%s%n%b%x00", "main").decode().split("\0")]


def _plain(text: str) -> str:
    return _VOLATILE.sub("_", text)


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


def _rows(path: Path) -> list[tuple[Any, ...]]:
    if not path.exists():
        return []
    book = load_workbook(path)
    rows = [row for sheet in book for row in sheet.iter_rows(values_only=True)]
    book.close()
    return rows

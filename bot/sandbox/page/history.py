"""What Git tells of the loop: main's first-parent history and the ledger's records, as values that a page shows."""

from collections.abc import Iterator, Mapping

from bot.ledger.chain import read_chain
from bot.ledger.lifecycle import standings
from bot.model.change import LEDGER_BRANCH
from bot.model.clock import format_time, parse_time
from bot.model.json import Json
from bot.model.record import Phase, Record
from bot.sandbox.town import Town

_COMMITS = 60
_FIELDS = ("%H", "%an", "%cI", "%s", "%b")
_MARKS = {Phase.MERGED: "merge", Phase.DEPLOYED: "deploy", Phase.REVERTED: "revert"}


class LedgerReader:
    """Reads the ledger out of the bare repository; a record once read is not read again."""

    def __init__(self, town: Town) -> None:
        self._town = town
        self._files: dict[str, bytes] = {}

    def records(self) -> tuple[Record, ...]:
        """Return every record by index; LedgerError if the chain is broken."""
        town = self._town
        if not town.git("for-each-ref", f"refs/heads/{LEDGER_BRANCH}"):
            return ()
        names = town.git("ls-tree", "-r", "--name-only", LEDGER_BRANCH).decode().split("\n")
        listed = [name for name in names if name]
        self._files = {name: self._files.get(name) or town.read(name, at=LEDGER_BRANCH) for name in listed}
        return read_chain(self._files)


def commits_of(town: Town) -> list[Json]:
    """Return main's newest commits, first parents only, newest first; `body` ends with the trailers."""
    form = f"--format={'%x00'.join(_FIELDS)}"  # a commit holds no NUL, whoever wrote it
    text = town.git("log", "-z", "--first-parent", f"-{_COMMITS}", form, "main", "--").decode(errors="replace")
    values = text.split("\0")
    return [_commit(*values[place : place + len(_FIELDS)]) for place in range(0, len(values) - 1, len(_FIELDS))]


def _commit(sha: str, author: str, at: str, subject: str, body: str) -> Json:
    moment = format_time(parse_time(at))
    return {"sha": sha, "author": author, "at": moment, "subject": subject, "body": body.strip()}


def records_json(records: tuple[Record, ...]) -> list[Json]:
    """Return the ledger as a list, newest first, each record with its facts."""
    return [
        {
            "index": record.index,
            "at": format_time(record.at),
            "change": record.change,
            "phase": record.phase.value,
            "sentence": _sentence(record),
            "digest": record.digest,
            "facts": record.facts,
        }
        for record in reversed(records)
    ]


def _sentence(record: Record) -> str:
    """Say in one line what a record is about, in its own words where it has some."""
    facts = record.facts
    named = [facts.get(name) for name in ("recipe", "result", "outcome", "verdict", "sentence")]
    words = [word for word in named if isinstance(word, str) and word]
    pull = facts.get("pull")
    return ", ".join([*words, *([f"pull request {pull}"] if isinstance(pull, int) else [])])


def changes_json(records: tuple[Record, ...]) -> list[Json]:
    """Return where every change stands."""
    return [
        {
            "change": each.change,
            "recipe": each.recipe,
            "stage": each.stage.value,
            "outcome": each.outcome,
            "pull": each.pull,
            "rollback_of": each.rollback_of,
        }
        for each in standings(records)
    ]


def marks_of(records: tuple[Record, ...]) -> list[Json]:
    """Return when something was merged, deployed or reverted, for the charts."""
    return list(_marks(records))


def _marks(records: tuple[Record, ...]) -> Iterator[Mapping[str, Json]]:
    recipes = {each.change: each.recipe for each in standings(records)}
    for record in records:
        if record.phase in _MARKS:
            what = _MARKS[record.phase]
            yield {"at": int(record.at.timestamp()), "kind": what, "label": f"{what}: {recipes[record.change]}"}

"""`pow audit`: what an auditor asks of a clone; needs no forge, no token and no network."""

from collections.abc import Mapping

import click

from bot.cli.environment import read_environment
from bot.cli.show import one_line, show_json
from bot.model.json import Json
from bot.model.names import ChangeId
from bot.model.replay import Outcome, Replay, Replayed


@click.group("audit")
def command() -> None:
    """Look into the ledger as the clone at hand has it."""


@command.command("replay")
@click.argument("change", required=False)
@click.option("--all", "everything", is_flag=True, help="All decisions; so it is without CHANGE, too.")
@click.option("--json", "as_json", is_flag=True, help="Print the decisions and what differs as JSON.")
def replay_command(*, change: str | None, everything: bool, as_json: bool) -> int:
    """Decide again on what the gate decided, on CHANGE or on everything, from its facts, and compare.

    Reads the clone as last fetched, and nothing else. Exit code 0 if every decision follows from its facts, 1 if one
    does not, cannot be decided on again, or was never made although the change merged.
    """
    from bot.approve.replay import replay
    from bot.forge.git import GitRepository
    from bot.ledger.git_ledger import read_ledger
    from bot.model.errors import BotError
    from bot.report.replay import lines_of

    if change is not None and everything:
        raise click.UsageError("give CHANGE or --all, not both")
    repository = GitRepository.open(read_environment().root)
    records = read_ledger(repository)
    if change is not None and all(record.change != change for record in records):
        raise BotError(f"the ledger of this clone has no change {change}", hint="`pow status --all` names them")
    found = replay(repository, records, change=None if change is None else ChangeId(change))
    if as_json:
        show_json(_json(found))
    else:
        for line in lines_of(found):
            indent = len(line) - len(line.lstrip(" "))
            click.echo(" " * indent + one_line(line))
    return int(not found.all_follow)


def _json(found: Replay) -> Mapping[str, Json]:
    return {
        "all_follow": found.all_follow,
        "counts": {outcome.value: found.count(outcome) for outcome in Outcome},
        "decisions": [_decision(each) for each in found.decisions],
        "merged_without_decision": [
            {"change": each.change, "merge": each.facts.get("merge"), "head": each.facts.get("head")}
            for each in found.undecided
        ],
    }


def _decision(replayed: Replayed) -> Mapping[str, Json]:
    record = replayed.record
    return {
        "change": record.change,
        "record": record.index,
        "pull": record.facts.get("pull"),
        "result": record.facts.get("result"),
        "outcome": replayed.outcome.value,
        "differences": [
            {"what": each.what, "recorded": each.recorded, "replayed": each.replayed} for each in replayed.differences
        ],
        "lacks": list(replayed.lacks),
        "hint": replayed.hint,
    }

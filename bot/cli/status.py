"""`pow status`: where every change stands, derived from the ledger."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from bot.cli.environment import Environment, read_environment
from bot.cli.show import one_line, show_json, wants_colour
from bot.ledger.holds import Hold, told
from bot.ledger.lifecycle import Stage, Standing
from bot.model.clock import format_time
from bot.model.json import Json
from bot.model.names import ChangeId
from bot.model.switch import Switch

if TYPE_CHECKING:
    from bot.cli.queue import Queue
    from bot.ledger.site import Site
    from bot.model.settings import Policy

_COLOURS = {Stage.CLOSED: "green", Stage.REVERTING: "red", Stage.PROPOSED: "yellow"}


@click.command("status", short_help="Show where every change stands, and what is stopped.")
@click.option("--all", "with_closed", is_flag=True, help="Closed changes too.")
@click.option("--json", "as_json", is_flag=True, help="Print the changes as JSON.")
def command(*, with_closed: bool, as_json: bool) -> int:
    """Show where every change stands, as the ledger tells it, what waits to be proposed, and what people stopped."""
    from bot.cli.wiring import open_site

    environment = read_environment()
    with open_site(environment) as site:
        status = _status(site, environment, with_closed=with_closed)
    if as_json:
        show_json(_status_json(status))
    else:
        _show(status, with_closed=with_closed)
    return 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Status:
    """Everything that is shown."""

    changes: tuple[Standing, ...]
    waits: Mapping[ChangeId, str]
    limits: tuple[str, ...]
    queue: "Queue"
    switch: Switch
    held: tuple[Hold, ...]


def _status(site: "Site", environment: Environment, *, with_closed: bool) -> _Status:
    from bot.cli.queue import queue_of
    from bot.cli.waits import waits_of
    from bot.ledger.holds import holds
    from bot.ledger.lifecycle import standings
    from bot.model.limits import Breaker
    from bot.propose.budget import opened

    records, policy = site.ledger.records(), _policy(site, environment)
    changes = tuple(each for each in standings(records) if with_closed or each.is_open)
    return _Status(
        changes=changes,
        waits=waits_of(site, records, changes),
        limits=opened(records, policy).reached(policy) if policy else (),
        queue=queue_of(site, records, policy),
        switch=site.kill_switch.state(),
        held=holds(records, policy.breaker if policy else Breaker()),
    )


def _status_json(status: _Status) -> Mapping[str, Json]:
    from bot.cli.queue import queue_json

    return {
        "changes": [{**_json(each), "waits": status.waits.get(each.change, "")} for each in status.changes],
        "switch": _switch_json(status.switch),
        "holds": [_hold_json(each) for each in status.held],
        "limits": list(status.limits),
        "queue": queue_json(status.queue),
    }


def _show(status: _Status, *, with_closed: bool) -> None:
    from bot.cli.queue import show_queue

    for stop in status.switch.stops:
        click.echo(click.style(f"! {one_line(stop.sentence)}", fg="red"), color=wants_colour())
    for sentence in status.switch.ignored:
        click.echo(f"· {one_line(sentence)}")
    _show_changes(status.changes, with_closed=with_closed)
    for change, sentence in status.waits.items():
        click.echo(f"· {change} {one_line(sentence)}")
    for limit in status.limits:
        click.echo(click.style(f"! {limit}; what fires beyond it waits", fg="red"), color=wants_colour())
    show_queue(status.queue)
    for hold in status.held:
        line = f'on hold: {told(hold)}; `pow resume {hold.target} --reason "..."` lifts it'
        click.echo(click.style(one_line(line), fg="yellow"), color=wants_colour())


def _show_changes(changes: tuple[Standing, ...], *, with_closed: bool) -> None:
    if not changes:
        click.echo("no change is open" if not with_closed else "no change yet")
        return
    rows = [("change", "recipe", "stage", "outcome", "pull", "since"), *map(_row, changes)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for number, row in enumerate(rows):
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        colour = "bright_white" if number == 0 else _COLOURS.get(changes[number - 1].stage)
        click.echo(click.style(line, fg=colour), color=wants_colour())


def _policy(site: "Site", environment: Environment) -> "Policy | None":
    """Return the policy on the base branch; None where the settings cannot be read."""
    from bot.recipes.library import load_library

    base = site.repository.head(site.repository.default_branch())
    files = site.repository.read_many("pow/settings/", base) if base is not None else {}
    settings = load_library(files, endpoints=environment.endpoints).settings
    return settings.policy if settings else None


def _hold_json(hold: Hold) -> Mapping[str, Json]:
    return {
        "target": hold.target,
        "kind": hold.kind.value,
        "change": hold.change,
        "recipe": hold.recipe,
        "pull": hold.pull,
        "since": format_time(hold.since),
    }


def _switch_json(switch: Switch) -> Mapping[str, Json]:
    stops: list[Json] = [
        {"reach": each.reach, "name": each.name, "where": each.where, "reason": each.reason, "known": each.known}
        for each in switch.stops
    ]
    return {"stops": stops, "ignored": list(switch.ignored)}


def _row(standing: Standing) -> tuple[str, ...]:
    cells = (
        standing.change,
        standing.recipe + (" (rollback)" if standing.rollback_of else ""),
        standing.stage,
        standing.outcome or "-",
        str(standing.pull or "-"),
        format_time(standing.updated_at),
    )
    return tuple(one_line(cell) for cell in cells)


def _json(standing: Standing) -> Mapping[str, Json]:
    return {
        "change": standing.change,
        "recipe": standing.recipe,
        "targets": list(standing.targets),
        "stage": standing.stage,
        "outcome": standing.outcome,
        "pull": standing.pull,
        "merge": standing.merge,
        "rollback": standing.rollback,
        "rollback_of": standing.rollback_of,
        "opened_at": format_time(standing.opened_at),
        "updated_at": format_time(standing.updated_at),
    }

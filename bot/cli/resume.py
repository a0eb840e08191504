"""`pow resume`."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from bot.cli.environment import read_environment
from bot.cli.show import one_line, show_json
from bot.model.clock import format_time
from bot.model.json import Json

if TYPE_CHECKING:
    from bot.monitor.resume import Resumed


@click.command("resume", short_help="Lift the hold that a rollback put on its target.")
@click.argument("target", required=False)
@click.option("--reason", help="What you looked at, and why it may go on; it stays in the ledger for ever.")
@click.option("--json", "as_json", is_flag=True, help="Print what was lifted as JSON.")
def command(*, target: str | None, reason: str | None, as_json: bool) -> int:
    r"""Lift the hold on TARGET, a service or `journeys/NAME`; `all` for the breaker of the whole agency.

    A rollback puts its targets on hold: nothing is proposed for them until a person with write access says so.
    What is not given here is taken from POW_RESUME_TARGET and POW_RESUME_REASON.

    \b
    Example:
      pow resume PHOTO_VALIDATOR --reason "the camera was replaced"
    """
    from bot.cli.wiring import open_work
    from bot.monitor.resume import resume

    environment = read_environment()
    asked, why = target or environment.resume_target, reason or environment.resume_reason
    if not asked:
        raise click.UsageError("name a TARGET: `pow status` shows what is on hold")
    if not why:
        raise click.UsageError('give a reason: --reason "what you looked at, and why it may go on"')
    with open_work(environment) as work:
        done = resume(work.site, target=asked, reason=why, policy=work.settings.policy)
    if as_json:
        show_json(json_of(done))
    else:
        click.echo(one_line(told(done)))
    return 0


def told(done: "Resumed") -> str:
    """Say what goes on, and who lifted the hold."""
    facts = done.record.facts
    when = "" if done.is_new else f", on {format_time(done.record.at)} already"
    return f"{facts.get('target')} goes on: {facts.get('by')} lifted the hold{when}"


def json_of(done: "Resumed") -> Mapping[str, Json]:
    """Return the same as JSON; `is_new` is false where the hold was lifted before."""
    facts = done.record.facts
    at = format_time(done.record.at)
    return {"target": facts.get("target"), "by": facts.get("by"), "at": at, "is_new": done.is_new}

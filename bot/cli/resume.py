"""`pow resume`."""

import click

from bot.cli.environment import read_environment
from bot.cli.show import one_line
from bot.model.clock import format_time


@click.command("resume", short_help="Lift the hold that a rollback put on its target.")
@click.argument("target", required=False)
@click.option("--reason", help="What you looked at, and why it may go on; it stays in the ledger for ever.")
def command(*, target: str | None, reason: str | None) -> int:
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
    facts = done.record.facts
    when = "" if done.is_new else f", on {format_time(done.record.at)} already"
    click.echo(one_line(f"{facts.get('target')} goes on: {facts.get('by')} lifted the hold{when}"))
    return 0

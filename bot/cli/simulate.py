"""`pow simulate`: what the gate would say if somebody gave a review."""

import click

from bot.cli.environment import read_environment
from bot.cli.show import one_line, show_json
from bot.model.decision import GateStatus
from bot.model.names import PullNumber


@click.command("simulate", short_help="Say what the gate would decide, given these reviews.")
@click.argument("pull", type=click.IntRange(min=1))
@click.option(
    "--as-if",
    "texts",
    multiple=True,
    metavar="WHAT:LOGIN",
    help="A review to suppose: approved-by:alice, changes-requested-by:bob, commented-by:eve, emergency-by:kim. "
    "May be repeated.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the decision as JSON.")
def command(*, pull: int, texts: tuple[str, ...], as_json: bool) -> int:
    r"""Say what the gate would decide on PULL, as if these reviews had been given; nothing is written.

    Exit code 0 if it would merge, 1 if not.

    \b
    Example:
      pow simulate 12 --as-if approved-by:alice
    """
    from bot.approve.rego_program import LocalProgram
    from bot.approve.simulate import SUPPOSITIONS, read_supposition, simulate
    from bot.cli.wiring import open_work
    from bot.report.gate import lines_of

    supposed = []
    for text in texts:
        supposition = read_supposition(text)
        if supposition is None:
            forms = ", ".join(f"{word}:LOGIN" for word in SUPPOSITIONS)
            raise click.BadParameter(f"`{text}` supposes nothing known; write one of {forms}", param_hint="--as-if")
        supposed.append(supposition)
    with open_work(read_environment()) as work:
        number = PullNumber(pull)
        decision = simulate(
            work.site, number, tuple(supposed), library=work.library, base=work.base, rego=LocalProgram()
        )
    lines = lines_of(decision)
    if as_json:
        show_json(
            {
                "pull": decision.pull,
                "head": decision.head,
                "status": decision.status.value,
                "would_merge": decision.status is GateStatus.APPROVED,
                "supposed": list(texts),
                "waiting_for": list(decision.waiting_for),
                "lines": list(lines),
            }
        )
    else:
        for line in lines:
            indent = len(line) - len(line.lstrip(" "))
            click.echo(" " * indent + one_line(line))
    return int(decision.status is not GateStatus.APPROVED)

"""The command line: loads a command's module when it is called, and turns every outcome into an exit code.

Exit codes: 0 done, 1 expected failure, 2 usage, 3 bug, 130 interrupt.
"""

import gc
import importlib
import io
import sys

import click

from bot.model.errors import BotError, DiagnosticError

COMMANDS = {
    "run": "bot.cli.run",
    "detect": "bot.cli.detect",
    "gate": "bot.cli.gate",
    "simulate": "bot.cli.simulate",
    "deploy": "bot.cli.deploy",
    "monitor": "bot.cli.monitor",
    "status": "bot.cli.status",
    "resume": "bot.cli.resume",
    "lint": "bot.cli.lint",
    "govern": "bot.cli.govern",
    "explain": "bot.cli.explain",
    "test": "bot.cli.test",
    "backtest": "bot.cli.backtest",
    "show": "bot.cli.show_recipe",
    "adopt": "bot.cli.adopt",
    "diagnose": "bot.cli.diagnose",
    "audit": "bot.cli.audit",
    "trigger": "bot.cli.trigger",
    "wake": "bot.cli.wake",
    "demo": "bot.cli.demo",
}
EXPECTED, BUG, INTERRUPT = 1, 3, 130
_PATIENCE = 100_000
"""New objects that the collector of garbage waits for: what a command loads is kept, and there is none."""

_ENGINE = "duckdb"
"""What reports leaks at the end unless everything is tidied up."""
_QUERY_INTERRUPTED = "Query interrupted"
"""What DuckDB says in a RuntimeError where Ctrl-C comes while it works: it takes the KeyboardInterrupt for itself."""


class _Commands(click.Group):
    """A group that imports a command only when it is asked for, so that every command starts fast."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 -- click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 -- likewise
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(COMMANDS[cmd_name]).command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that is named; of a name that is none say which it may have been."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            import difflib

            near = difflib.get_close_matches(args[0].lower(), list(COMMANDS), n=1)
            hint = f" Did you mean '{near[0]}'?" if near else ""
            ctx.fail(f"No such command {args[0]!r}.{hint}")
        return super().resolve_command(ctx, args)


@click.command(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 done; 1 something is wrong, or could not be done; 2 wrong usage; 3 a bug; 130 interrupted.",
)
@click.version_option(package_name="pow-bot", prog_name="pow")
def cli() -> None:
    """Find the step that wastes citizens' time, propose a fix, and prove it or take it back."""


def main(arguments: list[str] | None = None) -> None:
    """Run one command and exit with its code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal without UTF-8 gets signs it can show
    gc.set_threshold(_PATIENCE)
    code = run(sys.argv[1:] if arguments is None else arguments)
    if _ENGINE not in sys.modules:
        gc.freeze()  # what is left goes with the process, and need not be looked through once more
    sys.exit(code)


def run(arguments: list[str], *, command: click.Command = cli) -> int:
    """Run one command and return its exit code; nothing but a code ever leaves here."""
    try:
        answer = command.main(args=arguments, prog_name="pow", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return _interrupted()
    except SystemExit:
        # So click ends a command whose reader has gone, as with `pow ... | head -1`.
        return EXPECTED
    except Exception as error:  # noqa: BLE001 -- the one place where a bug becomes a report
        return _ended_by(error, arguments)
    return answer if isinstance(answer, int) else 0


def _ended_by(error: Exception, arguments: list[str]) -> int:
    """Say why a command ended, and return its exit code."""
    match error:
        case BotError():
            _show_failure(error)
            return EXPECTED
        case PermissionError():
            _show_failure(_denied(error))
            return EXPECTED
        case RuntimeError() if str(error) == _QUERY_INTERRUPTED:
            return _interrupted()
        case _:
            _show_bug(arguments)
            return BUG


def _interrupted() -> int:
    click.echo("interrupted", err=True)
    return INTERRUPT


def _denied(error: PermissionError) -> BotError:
    what = error.filename if isinstance(error.filename, str) else "a file or folder"
    return BotError(f"{what}: {error.strerror}", hint="check its permissions, and as whom the command runs")


def _show_failure(error: BotError) -> None:
    from bot.cli.show import show_diagnostics, show_error

    if isinstance(error, DiagnosticError):
        show_diagnostics(error.diagnostics)
    show_error(error)


def _show_bug(arguments: list[str]) -> None:
    import shlex
    import traceback

    from bot.cli.show import show_bug

    show_bug(traceback.format_exc(), f"pow {shlex.join(arguments)}")


if __name__ == "__main__":
    main()

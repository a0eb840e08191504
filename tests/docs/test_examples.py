"""Runs what the pages show: console sessions on the sandbox, YAML against its schema, rules against the feeds."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from docs.pages import ROOT, Block, blocks, commands, documents, name_of, pattern_of
from stage import SMALL, a_town

from bot.cli import steps
from bot.cli.environment import Environment, read_environment
from bot.cli.wiring import open_work
from bot.ledger.holds import holds
from bot.model.names import FeedName, Login
from bot.model.record import Phase
from bot.model.settings import Settings
from bot.model.trigger import EVENT_TYPE
from bot.monitor.resume import resume
from bot.recipes.files import read_files
from bot.recipes.library import load_library, metrics_of
from bot.recipes.lint import lint
from bot.rules.catalog import Scope
from bot.rules.compile import Rule, compile_rule
from bot.rules.source import render
from bot.sandbox.town import BOT_TOKEN, Staging, Town

STAGES = {"first", "history", "checkout", "never"}
PORT = "8014"
BLOCKS = [block for path in documents() for block in blocks(path)]
PAGES = [name_of(path) for path in documents()]


def of(*languages: str) -> list[Block]:
    return [block for block in BLOCKS if block.language in languages]


def place(block: Block) -> str:
    return f"{block.page}:{block.line}"


# Console sessions


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    """A home of its own, where git knows a name and nothing else is set."""
    folder: Path = tmp_path_factory.mktemp("home")
    (folder / ".gitconfig").write_text("[user]\nname = Reader\nemail = reader@example.org\n")
    return folder


@pytest.fixture(scope="module")
def first_town() -> Iterator[Town]:
    with a_town() as town:
        yield town


@pytest.fixture(scope="module")
def history(tmp_path_factory) -> Iterator[Path]:
    """A clone of a repository in which a change was made, watched and taken back."""
    folder = tmp_path_factory.mktemp("history")
    without_backlog: Mapping[str, bytes | None] = {"pow/passport_backlog.yml": None}
    with a_town(Staging(situation=SMALL, files=without_backlog)) as town:
        _tell(town, folder / "bot")
        _clone(str(town.bare), folder / "clone")
        yield folder / "clone"


def _tell(town: Town, workspace: Path) -> None:
    _clone(town.machine().clone_url, workspace)

    def run(step: str) -> None:
        report = getattr(steps, step)(_bot_environment(town, workspace))
        assert not report.failed, report

    assert not steps.detect(_triggered(_bot_environment(town, workspace), workspace.parent)).failed
    for person in ("sam", "cora"):
        town.review(1, login=person, event="APPROVE", body="Evidence looks right.")
    run("gate")
    run("deploy")
    town.advance(timedelta(hours=3))
    for step in ("monitor", "gate", "deploy"):
        run(step)
    town.advance(timedelta(hours=3))
    run("monitor")
    maria = replace(_bot_environment(town, workspace), token="ghp_maria", bot_login="")
    with open_work(maria) as work:
        policy = work.settings.policy
        for hold in holds(work.site.ledger.records(), policy.breaker):
            resume(work.site, target=hold.target, reason="the figures were looked at", policy=policy)


def _triggered(environment: Environment, folder: Path) -> Environment:
    """Return the environment of a run that an agent asked for."""
    payload = {"recipe": "PASSPORT_MANUAL_CHECKS", "reason": "clerks are behind", "by": "photo-agent"}
    event = folder / "event.json"
    event.write_text(json.dumps({"action": EVENT_TYPE, "client_payload": payload}))
    return replace(
        environment,
        event_name="repository_dispatch",
        event_path=str(event),
        started_by=(Login("photo-agent[bot]"),),
    )


def _bot_environment(town: Town, workspace: Path) -> Environment:
    machine = town.machine()
    own = {
        "GITHUB_TOKEN": machine.token,
        "POW_BOT_LOGIN": machine.login,
        "GITHUB_API_URL": machine.api_url,
        "GITHUB_SERVER_URL": machine.server_url,
        "GITHUB_REPOSITORY": machine.repository,
        "GITHUB_WORKSPACE": str(workspace),
    }
    return read_environment({**machine.variables, **machine.secrets, **machine.environment, **own})


def _clone(url: str, target: Path) -> None:
    subprocess.run(["git", "clone", "--quiet", url, str(target)], check=True, capture_output=True)


@dataclass(kw_only=True)
class Session:
    """A shell in which the commands of one page run one after the other."""

    process: "subprocess.Popen[str]"
    port: str

    def run(self, text: str) -> tuple[str, int]:
        """Run one command; returns what it printed and its exit code."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f'{text.replace(PORT, self.port)}\necho "=done=$?"\n')
        self.process.stdin.flush()
        printed = ""
        for line in self.process.stdout:
            if match := re.search(r"=done=(\d+)$", line.rstrip()):
                return printed.replace(self.port, PORT) + line[: match.start()], int(match[1])
            printed += line
        pytest.fail(f"the shell ended: {printed}")


@pytest.fixture
def session(tmp_path, home) -> Iterator[Session]:
    variables = {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]),
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_PAGER": "cat",
    }
    with subprocess.Popen(
        ["bash"],
        cwd=tmp_path,
        env=variables,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        yield Session(process=process, port=PORT)
        process.kill()


def play(session: Session, page: str, stage: str) -> None:
    """Run a page's blocks of one stage in their order, and write the files that it shows between them."""
    ran = 0
    for block in (block for block in BLOCKS if block.page == page):
        if block.language == "console" and block.stage == stage and "already" not in block.remark:
            for command in commands(block):
                printed, code = session.run(command.text)
                assert (code != 0) == command.fails, f"{place(block)}: {command.text}\n{printed}"
                told = f"{place(block)}: {command.text} printed\n{printed}"
                assert not command.output or pattern_of(command.output).fullmatch(printed), told
                ran += 1
        elif ran and block.language == "yaml" and block.place:
            session.run(f"cat > {block.place[1]} <<'END'\n{block.text}END")
    assert ran


def test_the_first_recipe_of_the_readme_works_from_start_to_end(session, first_town):
    session.port = first_town.base_url.rpartition(":")[2]
    assert first_town.forge.account_by_email("1004+maria@users.noreply.github.com")
    play(session, "README.md", "first")


@pytest.mark.slow
def test_the_demo_says_what_the_readme_shows_of_it(tmp_path):
    shown = next(block for block in BLOCKS if block.stage == "demo")
    command = [sys.executable, "-m", "bot.cli.main", "demo", "--plain", "--folder", str(tmp_path / "demo")]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    told = iter(_without_numbers(done.stdout).splitlines())
    for line in _without_numbers(shown.text).splitlines():
        wanted = pattern_of((f"…{line}",))
        assert any(wanted.fullmatch(f"{each}\n") for each in told), f"not in this order: {line}"


def _without_numbers(text: str) -> str:
    """Leave the figures out: they are a seed's, and the sentences are what the page promises."""
    return re.sub(r"\d+(?:\.\d+)?", "#", text)


def test_the_readme_uses_the_sandboxs_own_token():
    assert BOT_TOKEN in Path(ROOT / "README.md").read_text()


@pytest.mark.parametrize("page", sorted({block.page for block in BLOCKS if block.stage == "history"}))
def test_auditors_commands_work_on_a_history_that_the_bot_wrote(session, history, page):
    session.run(f"cd {history}")
    play(session, page, "history")


@pytest.mark.parametrize("page", sorted({block.page for block in BLOCKS if block.stage == "checkout"}))
def test_commands_for_a_checkout_work_in_one(session, page):
    session.run(f"cp -r {ROOT}/pow {ROOT}/patches . && mkdir docs && cp -r {ROOT}/docs/examples docs/")
    play(session, page, "checkout")


@pytest.mark.parametrize("block", of("console"), ids=place)
def test_every_console_block_says_where_it_runs_or_why_it_does_not(block):
    assert block.stage in STAGES
    assert block.stage != "never" or block.remark


def test_the_history_holds_every_phase(history):
    names = subprocess.run(
        ["git", "-C", str(history), "ls-tree", "-r", "--name-only", "origin/pow-ledger"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert {phase for phase in Phase if f"-{phase}.json" not in names} == set()


# YAML


@pytest.mark.parametrize("page", [page for page in PAGES if any(b.page == page for b in of("yaml"))])
def test_yaml_on_a_page_makes_a_repository_without_faults(page):
    assert lint(files_of(page), endpoints={}) == ()


def files_of(page: str) -> dict[str, bytes]:
    """Return this repository with what a page shows of its files."""
    files = dict(read_files(ROOT))
    for block in of("yaml"):
        if block.page != page or block.place is None:
            continue
        how, path = block.place
        if not path.startswith((".github/", "docs/")):
            files[path] = block.text.encode() if how == "file" else _merged(files[path], block.text)
    return files


@pytest.mark.parametrize("block", of("yaml"), ids=place)
def test_every_yaml_block_names_its_file(block):
    assert block.place, "begin with `# file: PATH` or `# part of: PATH`"
    assert yaml.safe_load(block.text)


def _merged(present: bytes, part: str) -> bytes:
    return yaml.safe_dump(_joined(yaml.safe_load(present), yaml.safe_load(part)), sort_keys=False).encode()


def _joined(old: Any, new: Any) -> Any:
    if isinstance(old, dict) and isinstance(new, dict):
        return {**old, **{key: _joined(old.get(key), value) for key, value in new.items()}}
    return new


# Rules


@cache
def settings_of(page: str) -> Settings:
    settings = load_library(files_of(page), endpoints={}).settings
    assert settings is not None
    return settings


def compiled(block: Block, text: str, *, has_change: bool = True) -> object:
    """Compile a rule over the feeds of this repository and those that its page shows."""
    feeds = settings_of(block.page).feeds
    watched = tuple(FeedName(feed.name) for feed in feeds)
    return compile_rule(text, Scope(watched=watched, metrics=metrics_of(feeds), has_change=has_change))


@pytest.mark.parametrize("block", of("rule"), ids=place)
def test_every_rule_on_a_page_is_one(block):
    for line in block.text.splitlines():
        assert isinstance(compiled(block, line), Rule), f"{line}: {compiled(block, line)}"


@pytest.mark.parametrize("block", of("rule-fault", "rule-no-change"), ids=place)
def test_every_fault_on_a_page_is_the_one_that_the_bot_tells(block):
    rule = block.text.splitlines()[1].removeprefix("  ")
    found = compiled(block, rule, has_change=block.language == "rule-fault")
    assert isinstance(found, tuple)
    assert render(rule, found[0]) + "\n" == block.text

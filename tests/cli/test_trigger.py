"""`pow trigger`, and the event's file that a runner hands over."""

import json
from pathlib import Path
from typing import Any

import pytest
from recipes.repository_files import FILES

from bot.cli.environment import Environment, read_environment
from bot.cli.main import EXPECTED, run
from bot.cli.trigger_event import read_trigger
from bot.model.errors import BotError

GOOD = {"recipe": "PASSPORT_BACKLOG", "reason": "why now", "by": "agent"}
EVENT: dict[str, Any] = {"action": "pow-trigger", "client_payload": GOOD}


def started(file: Path | str, **more: str) -> Environment:
    """Return the environment of a run that an event started."""
    said = {"GITHUB_EVENT_NAME": "repository_dispatch", "GITHUB_EVENT_PATH": str(file), "GITHUB_ACTOR": "a2a[bot]"}
    return read_environment({**said, **more})


def written(tmp_path: Path, content: bytes) -> Path:
    file = tmp_path / "event.json"
    file.write_bytes(content)
    return file


def test_the_event_names_recipe_reason_and_who_asked(tmp_path: Path) -> None:
    trigger = read_trigger(started(written(tmp_path, json.dumps(EVENT).encode())))

    assert trigger is not None
    assert (trigger.payload.recipe, trigger.payload.reason) == ("PASSPORT_BACKLOG", "why now")
    assert trigger.originators == ("a2a[bot]", "agent")


def test_another_event_is_no_trigger() -> None:
    assert read_trigger(started("", GITHUB_EVENT_NAME="schedule")) is None


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "cannot be read"),
        (b"[]", "cannot be read"),
        (b"[" * 100_000, "cannot be read"),
        (b'{"action": "' + b"x" * 5_000_000 + b'"}', "cannot be read"),
        (b"\xff", "cannot be read"),
        (json.dumps({**EVENT, "action": "deploy"}).encode(), "not of the type pow-trigger"),
        (json.dumps({"action": "pow-trigger"}).encode(), "it is no mapping"),
        (json.dumps({**EVENT, "client_payload": {**GOOD, "recipe": "::stop::"}}).encode(), "`recipe` is not"),
    ],
)
def test_what_is_no_trigger_is_refused_unsaid(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(BotError, match=message) as caught:
        read_trigger(started(written(tmp_path, content)))

    assert "::stop::" not in caught.value.message + caught.value.hint


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(BotError, match="cannot be read"):
        read_trigger(started(tmp_path / "gone"))


def test_without_an_account_nobody_could_be_barred(tmp_path: Path) -> None:
    with pytest.raises(BotError, match="which account sent the trigger"):
        read_trigger(started(written(tmp_path, json.dumps(EVENT).encode()), GITHUB_ACTOR=""))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("passport", "--reason", "why now", "--by", "agent"), "`recipe` is not a recipe's id"),
        (("PASSPORT_BACKLOG", "--reason", "a\nb", "--by", "agent"), "`reason` is not one line"),
        (("PASSPORT_BACKLOG", "--reason", "why now", "--by", "@sam"), "`by` is not a name"),
        (("PASSPORT_BACKLOGS", "--reason", "why now", "--by", "agent"), "did you mean `PASSPORT_BACKLOG`?"),
        (("PASSPORT_BACKLOG", "--reason", "why now", "--by", "agent"), "GITHUB_TOKEN is not set"),
    ],
)
def test_what_cannot_be_asked_for_is_told_before_anything_is_sent(
    arguments: tuple[str, ...],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for path, text in FILES.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GITHUB_REPOSITORY", "agency/pow")
    monkeypatch.delenv("GITHUB_TOKEN", raising=False)

    assert run(["trigger", *arguments]) == EXPECTED
    assert message in capsys.readouterr().err

"""Attacks on reminders: words that look like one already said, to keep the bot silent or to have it say it again."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from attacks.grounds import HELPER_TOKEN, Scene

from bot.model.decision import WaitStep
from bot.model.names import ChangeId
from bot.report.reminder import reminder_marker


@dataclass(frozen=True, slots=True, kw_only=True)
class Silencing:
    """One attack; whatever it is, the bot reminds once."""

    id: str
    does: Callable[[Scene], object]


def forged(scene: Scene) -> str:
    """Return a text with all markers of all reminders."""
    change = ChangeId(scene.pull().head_ref.rpartition("/")[2])
    return "\n\n".join(["Nothing to see.", *(reminder_marker(change, step) for step in WaitStep)])


def edited(scene: Scene) -> None:
    """Take the marker out of the bot's own reminder."""
    scene.later = timedelta(days=1)
    scene.gate()
    (own,) = [each for each in scene.repository.comments.values() if "<!-- pow:wait:" in each.body]
    scene.ask("PATCH", f"issues/comments/{own.id}", by="root", body="Nothing to see.")


def marker_added(scene: Scene) -> None:
    """Write the marker into another comment of the bot's."""
    scene.gate()
    (own,) = [each for each in scene.repository.comments.values() if each.author.login == "pow-bot[bot]"]
    scene.ask("PATCH", f"issues/comments/{own.id}", by="root", body=f"{own.body}\n\n{forged(scene)}")


SILENCINGS = (
    Silencing(
        id="a forged reminder",
        does=lambda s: s.ask("POST", "issues/1/comments", by="mallory", body=forged(s)),
    ),
    Silencing(id="a forged reminder in a review", does=lambda s: s.review("sava", "COMMENT", body=forged(s))),
    Silencing(
        id="a forged reminder in the text", does=lambda s: s.ask("PATCH", "pulls/1", by="mallory", body=forged(s))
    ),
    Silencing(
        id="a forged reminder of another bot",
        does=lambda s: s.ask("POST", "issues/1/comments", token=HELPER_TOKEN, body=forged(s)),
    ),
    Silencing(id="the reminder rewritten", does=edited),
    Silencing(id="the gate's comment made a reminder", does=marker_added),
)

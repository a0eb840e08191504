"""When a comment was written, and whether somebody edited it since: an answer to the bot depends on it."""

from datetime import timedelta

from forge.stands import SandboxStand
from forge.test_github import propose

from bot.forge.connection import Pacing, connect
from bot.model.clock import FixedClock


def edit_as_root(stand: SandboxStand, comment: int, body: str) -> None:
    with connect(base_url=f"{stand.base_url}/api/v3", token="token-root", pacing=Pacing.off()) as client:
        path = f"/repos/agency/{stand.name}/issues/comments/{comment}"
        client.requester.requestJsonAndCheck("PATCH", path, input={"body": body})


def test_a_comment_has_its_time_and_an_edit_by_anybody_shows(on_sandbox: SandboxStand) -> None:
    pull = propose(on_sandbox)
    on_sandbox.comment(pull.number, "sam", "I am not sure.")
    (written,) = on_sandbox.forge.comments(pull.number)
    began = on_sandbox.state.clock
    assert (written.created_at, written.edited) == (began.now(), False)
    on_sandbox.state.clock = FixedClock(at=began.now() + timedelta(minutes=1))
    try:
        edit_as_root(on_sandbox, written.id, "/keep")
        (edited,) = on_sandbox.forge.comments(pull.number)
    finally:
        on_sandbox.state.clock = began
    assert (edited.author.login, edited.body) == ("sam", "/keep"), "it looks as if sam had said so"
    assert (edited.created_at, edited.edited) == (began.now(), True)

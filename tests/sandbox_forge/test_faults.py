import asyncio
import time

import httpx
import pytest
from github import GithubException
from sandbox_forge.forges import NO_TLS, REPO, Forge

from bot.sandbox.forge.app import create_app
from bot.sandbox.forge.faults import Delay, Fault

ISSUES = f"{REPO}/issues"
BASE_MOVED = "Base branch was modified. Review and try the merge again."


def test_an_answer_is_put_in_place_of_the_forges_for_so_many_times(forge: Forge):
    forge.pull("pow/x", {"a": b"1"})
    fault = {
        "method": "PUT",
        "path": "/repos/*/pulls/*/merge",
        "kind": "answer",
        "status": 405,
        "message": BASE_MOVED,
        "times": 2,
    }
    forge.state.faults.set([fault])
    pull = forge.github().get_repo("agency/pow").get_pull(1)
    for _ in range(2):
        with pytest.raises(GithubException, match="Base branch was modified"):
            pull.merge()
    assert pull.merge().merged


def test_a_fault_strikes_from_the_nth_match_and_after_so_many_writes(forge: Forge):
    late = {"path": ISSUES, "method": "POST", "kind": "answer", "status": 502, "nth": 2, "after_writes": 1}
    forge.state.faults.set([late])
    rest = forge.rest()
    statuses = [rest.post(ISSUES, json={"title": str(number)}).status_code for number in range(4)]
    assert statuses == [201, 201, 502, 201]


def test_a_fault_may_carry_headers_and_any_body(forge: Forge):
    fault = {
        "path": REPO,
        "kind": "answer",
        "status": 503,
        "body": "<html>",
        "headers": {"Retry-After": "7", "Content-Type": "text/html"},
    }
    forge.state.faults.set([fault])
    answer = forge.rest().get(REPO)
    assert (answer.text, answer.headers["retry-after"], answer.headers["content-type"]) == (
        "<html>",
        "7",
        "text/html",
    )


@pytest.mark.parametrize(("kind", "made"), [("drop_before", 0), ("drop_after", 1)])
def test_a_cut_connection_leaves_the_client_not_knowing_whether_it_was_done(forge: Forge, kind: str, made: int):
    forge.state.faults.set([{"path": ISSUES, "method": "POST", "kind": kind}])
    rest = forge.rest()
    with pytest.raises(httpx.RemoteProtocolError):
        rest.post(ISSUES, json={"title": "x"})
    assert len(forge.repository.issues) == made
    assert rest.post(ISSUES, json={"title": "y"}).status_code == 201


def test_a_truncated_answer_ends_early(forge: Forge):
    forge.state.faults.set([{"path": REPO, "kind": "truncate", "keep": 20}])
    rest = forge.rest()
    with pytest.raises(httpx.RemoteProtocolError, match="received 20 bytes"):
        rest.get(REPO)
    assert rest.get(REPO).status_code == 200


def test_a_delayed_answer_comes_late(forge: Forge):
    forge.state.faults.set([Fault(path_pattern=REPO, effect=Delay(seconds=0.2))])
    start = time.monotonic()
    assert forge.rest().get(REPO).status_code == 200
    assert time.monotonic() - start >= 0.2


def test_a_client_in_the_same_process_sees_a_cut_as_a_broken_connection(forge: Forge):
    forge.state.faults.set([{"path": REPO, "kind": "drop_before"}])

    async def ask() -> None:
        transport = httpx.ASGITransport(create_app(forge.state))
        async with httpx.AsyncClient(transport=transport, base_url="http://forge") as client:
            await client.get(f"/api/v3{REPO}")

    with pytest.raises(ConnectionResetError):
        asyncio.run(ask())


def test_an_unknown_kind_of_fault_is_refused_with_those_that_are_known():
    with pytest.raises(ValueError, match="known: answer, delay, drop_before, drop_after, truncate"):
        Fault.from_json({"path": "*", "kind": "explode"})


def test_git_suffers_faults_too(forge: Forge):
    forge.state.faults.set([{"path": "/agency/pow.git/*", "kind": "answer", "status": 500, "times": 9}])
    answer = httpx.get(f"{forge.url}/agency/pow.git/info/refs?service=git-upload-pack", verify=NO_TLS)
    assert answer.status_code == 500

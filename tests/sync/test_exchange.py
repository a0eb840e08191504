"""What the HTTP client under gateway and adapters does with servers that misbehave."""

from dataclasses import replace
from threading import Event

import httpx
import pytest
from sync.loopback import Call, Lose, Reply, a_client, serve

from bot.model.errors import TargetError
from bot.sync.exchange import MAX_BYTES, Answer, NoAnswer, Patience, Request


def _echo(_: Call) -> Reply:
    return Reply(body={"status": "fine"})


def test_a_request_carries_token_key_and_json():
    with serve(_echo) as server, a_client() as client:
        answer = client.send(
            Request(method="POST", url=f"{server.url}/x", body={"a": 1}, idempotency_key="change:merge")
        )
    assert answer == Answer(status=200, body={"status": "fine"})
    [call] = server.calls
    assert call.body == {"a": 1}
    assert call.headers["authorization"] == "Bearer T0KEN"
    assert call.headers["idempotency-key"] == "change:merge"
    assert call.headers["content-type"] == "application/json"


def test_without_a_token_no_authorization_is_sent():
    with serve(_echo) as server, a_client(bearer="") as client:
        client.send(Request(method="GET", url=server.url))
    assert "authorization" not in server.calls[0].headers


def test_the_token_is_asked_for_before_each_attempt():
    tokens = iter(["first", "second"])
    with serve(_echo) as server, a_client() as client:
        server.faults.append(("GET", Reply(status=503)))
        replace(client, token=lambda: next(tokens)).send(Request(method="GET", url=server.url))
    assert [call.headers["authorization"] for call in server.calls] == ["Bearer first", "Bearer second"]


@pytest.mark.parametrize(
    "fault", [Lose.REQUEST, Lose.ANSWER, Reply(status=500), Reply(status=503), Reply(status=429)], ids=str
)
def test_an_unclear_answer_is_asked_for_again(fault: Lose | Reply):
    with serve(_echo) as server, a_client() as client:
        server.faults += [("GET", fault)] * 2
        assert client.send(Request(method="GET", url=server.url)).status == 200
    assert len(server.calls) == 3


def test_attempts_are_bounded_and_the_last_answer_is_given():
    with serve(lambda _: Reply(status=503, body={"detail": "down"})) as server, a_client() as client:
        assert client.attempt(Request(method="GET", url=server.url)) == Answer(status=503, body={"detail": "down"})
    assert len(server.calls) == 3


def test_waits_between_attempts_grow():
    waited: list[float] = []
    with serve(lambda _: Reply(status=503)) as server, a_client() as client:
        patience = Patience(sleep=waited.append)
        replace(client, patience=patience).attempt(Request(method="GET", url=server.url))
    assert waited == pytest.approx([0.8, 1.6, 3.2])


def test_a_server_that_is_down_is_an_error_with_a_hint_and_without_the_token():
    with serve(_echo) as server:
        url = server.url
    with a_client() as client, pytest.raises(TargetError) as caught:
        client.send(Request(method="GET", url=f"{url}/secret-free"))
    assert "GET 127.0.0.1/secret-free: no connection" in caught.value.message
    assert "targets.yml" in caught.value.hint
    assert "T0KEN" not in caught.value.message + caught.value.hint


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_token_is_an_error_that_names_the_variable(status: int):
    with serve(lambda _: Reply(status=status, body={"detail": "token refused: expired"})) as server:
        with a_client() as client, pytest.raises(TargetError, match="token refused: expired") as caught:
            client.send(Request(method="GET", url=server.url))
        assert "POW_GATEWAY_TOKEN" in caught.value.hint
        assert len(server.calls) == 1


def test_redirects_are_not_followed():
    with serve(_echo) as other, serve(lambda _: Reply(status=307, headers={"Location": other.url})) as server:
        with a_client() as client:
            assert client.send(Request(method="GET", url=server.url)).status == 307
        assert other.calls == []


def test_an_answer_that_is_too_large_is_no_answer():
    with serve(lambda _: Reply(raw=b"[" + b"1," * MAX_BYTES + b"1]")) as server, a_client() as client:
        outcome = client.attempt(Request(method="GET", url=server.url))
    assert outcome == NoAnswer(reason="the answer is larger than 1,048,576 bytes")


def test_an_answer_that_takes_too_long_is_no_answer():
    ticks = iter(range(0, 10_000, 15))
    with serve(lambda _: Reply(raw=b"x" * 500_000)) as server, a_client() as client:
        slow = replace(client, monotonic=lambda: float(next(ticks)))
        outcome = slow.attempt(Request(method="GET", url=server.url))
    assert outcome == NoAnswer(reason="the answer took longer than 20 seconds")


@pytest.mark.parametrize("raw", [b"", b"<html>", b"\xff\xfe", b'{"a": NaN}', b"[" * 100_000, b"1" * 5_000])
def test_what_is_no_json_reads_as_nothing(raw: bytes):
    with serve(lambda _: Reply(raw=raw)) as server, a_client() as client:
        assert client.send(Request(method="GET", url=server.url)) == Answer(status=200, body=None)


@pytest.mark.parametrize("url", ["http://api.gov/x", "ftp://127.0.0.1/x", "file:///etc/passwd", "", "http://[::2]/"])
def test_a_token_never_goes_over_plain_http_to_another_machine(url: str):
    with a_client() as client, pytest.raises(TargetError, match="plain http is for this machine only"):
        client.send(Request(method="GET", url=url))


def test_a_users_secret_in_a_url_is_not_shown():
    assert Request(method="GET", url="https://user:pass@api.gov/x?key=1").place == "GET api.gov/x"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"reason": "over the cap", "detail": "x"}, "over the cap"),
        ({"detail": "Slow down"}, "Slow down"),
        ({"error": 7}, "7"),
        ({"detail": {"nested": 1}}, "status 400"),
        ({"detail": None}, "status 400"),
        (["no object"], "status 400"),
        (None, "status 400"),
    ],
)
def test_a_refusal_gives_the_servers_reason(body: object, reason: str):
    assert Answer(status=400, body=body).reason == reason


def test_a_servers_reason_is_one_short_visible_line():
    hostile = Answer(status=400, body={"detail": "a\n\x1b[31mred\u202e \u200b::error::\t b"})
    assert hostile.reason == "a [31mred ::error:: b"
    assert len(Answer(status=400, body={"detail": "x" * 10_000}).reason) == 200


def test_a_server_that_does_not_answer_in_time_is_no_answer():
    release = Event()

    def answer(_: Call) -> Reply:
        release.wait(5)
        return Reply()

    with serve(answer) as server, a_client() as client, httpx.Client(timeout=0.05) as impatient:
        outcome = replace(client, http=impatient).attempt(Request(method="GET", url=server.url))
        release.set()
    assert outcome == NoAnswer(reason="no answer in time")

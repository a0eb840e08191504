"""The page over HTTP: what it answers, to whom, and what it forbids."""

import asyncio
import json
import re
from importlib.resources import files
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from bot.sandbox.page.actions import Pass
from bot.sandbox.page.desk import Desk
from bot.sandbox.page.routes import TOKEN_HEADER, page_routes

HERE = "http://127.0.0.1:8000"
BODY = json.dumps({"kind": "pass", "hours": 1}).encode()
SCRIPT = files("bot.sandbox.page").joinpath("page.js").read_text()


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.open()
    return desk


def send(desk: Desk, method: str, path: str, *, base: str = HERE, **options: Any) -> httpx.Response:
    async def sending() -> httpx.Response:
        transport = httpx.ASGITransport(app=Starlette(routes=page_routes(desk)))
        async with httpx.AsyncClient(transport=transport, base_url=base) as client:
            return await client.request(method, path, **options)

    return asyncio.run(sending())


def post(desk: Desk, content: bytes = BODY, **headers: str) -> httpx.Response:
    return send(desk, "POST", "/actions", content=content, headers={TOKEN_HEADER: desk.token, **headers})


@pytest.mark.parametrize(
    ("path", "kind"),
    [("/", "text/html"), ("/page.css", "text/css"), ("/page.js", "text/javascript"), ("/state", "application/json")],
)
def test_every_answer_forbids_the_page_what_it_does_not_need(desk, path, kind):
    answer = send(desk, "GET", path)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith(kind)
    policy = answer.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost", "localhost:1", "[::1]:8000", "LOCALHOST:8000"])
def test_this_machine_is_answered_under_all_its_names(desk, host):
    assert send(desk, "GET", "/", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "127.0.0.1.evil.example",
        "evil.example:8000",
        "localhost@evil.example",
        "",
        "[::1",
        "127.0.0.1/x",
    ],
)
@pytest.mark.parametrize(("method", "path"), [("GET", "/"), ("GET", "/state"), ("POST", "/actions")])
def test_a_foreign_name_that_points_here_is_refused(desk, host, method, path):
    answer = send(desk, method, path, content=BODY, headers={"Host": host, TOKEN_HEADER: desk.token})
    assert answer.status_code == 421
    assert desk.token not in answer.text
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]


def test_an_action_with_the_token_is_taken(desk):
    assert post(desk, Origin=HERE).status_code == 202
    assert desk.take() == Pass(hours=1)


@pytest.mark.parametrize("headers", [{}, {TOKEN_HEADER: ""}, {TOKEN_HEADER: "guess"}, {TOKEN_HEADER: "\u00e9"}])
def test_an_action_without_the_token_is_refused(desk, headers):
    raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    answer = send(desk, "POST", "/actions", content=BODY, headers=raw)
    assert answer.status_code == 403
    assert "reload" in answer.json()["hint"]


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://127.0.0.1:9999", "https://127.0.0.1:8000"]
)
def test_an_action_from_another_origin_is_refused_even_with_the_token(desk, origin):
    assert post(desk, Origin=origin).status_code == 403


def test_each_start_has_its_own_token():
    assert Desk().token != Desk().token


def test_a_wrong_action_is_refused_with_its_reason(desk):
    answer = post(desk, b'{"kind": "pass", "hours": 5}')
    assert answer.status_code == 422
    assert "`hours`" in answer.json()["message"]


def test_a_long_body_is_refused(desk):
    assert post(desk, b" " * 20_000 + BODY).status_code == 413


def test_nobody_at_work_is_said(desk):
    desk.close()
    answer = post(desk)
    assert answer.status_code == 503
    assert "pow demo --serve" in answer.json()["hint"]


def test_actions_cannot_be_read(desk):
    assert send(desk, "GET", "/actions").status_code == 405


def test_the_state_comes_once_per_version(desk):
    desk.publish({"now": "Monday"})
    first = send(desk, "GET", "/state").json()
    assert first["state"] == {"now": "Monday"}
    same = send(desk, "GET", f"/state?after={first['version']}")
    assert (same.status_code, same.content) == (204, b"")
    assert send(desk, "GET", "/state?after=nonsense").json() == first


def test_hostile_text_leaves_as_json_and_nothing_else(desk):
    title = "</script><script>alert(1)</script><img src=x onerror=alert(1)>"
    desk.publish({"pulls": [{"title": title}]})
    assert send(desk, "GET", "/state").json()["state"]["pulls"][0]["title"] == title
    assert "onerror" not in send(desk, "GET", "/").text


def test_the_page_carries_the_token_and_nothing_inline_or_from_elsewhere(desk):
    page = send(desk, "GET", "/").text
    assert f'content="{desk.token}"' in page
    assert "{{" not in page
    assert not re.findall(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=|javascript:", page)
    assert set(re.findall(r'(?:src|href)="([^"]+)"', page)) == {"/page.css", "/page.js", "#review"}
    assert not re.findall(r"@import|url\(", send(desk, "GET", "/page.css").text)


@pytest.mark.parametrize(
    "way",
    ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "Function(", "DOMParser", "srcdoc"],
)
def test_the_script_has_no_way_to_make_markup_of_text(way):
    assert way not in SCRIPT


def test_the_script_speaks_to_this_server_only():
    addresses = set(re.findall(r"""["'`](\w+:)?(//[^"'`\s]+)""", SCRIPT))
    assert addresses == {("http:", "//www.w3.org/2000/svg")}  # a namespace, never fetched
    assert set(re.findall(r"fetch\([`\"](/\w+)", SCRIPT)) == {"/state", "/actions"}


def test_the_script_draws_every_part_that_the_page_has():
    page = files("bot.sandbox.page").joinpath("page.html").read_text()
    asked = set(re.findall(r'(?:byId|redraw)\("([\w-]+)"', SCRIPT)) - {"value-label"}
    assert asked <= set(re.findall(r'id="([\w-]+)"', page))

import json
import re
from dataclasses import replace

import pytest
from openapi.conformance import Exchange, complaints, document
from openapi.refresh import CUT, cut, operations
from openapi_core import OpenAPI

from bot.sandbox.forge.app import OPERATIONS

LABEL = {"id": 1, "node_id": "x", "url": "https://x.example", "name": "a", "color": "fff", "description": None}
GOOD = Exchange(
    method="POST",
    path="/api/v3/repos/a/b/labels",
    query=b"",
    request_headers={},
    request_body=b'{"name": "a"}',
    status=201,
    answer_headers={"content-type": "application/json; charset=utf-8"},
    answer_body=json.dumps({**LABEL, "default": False}).encode(),
)
ERROR = b'{"message": "m", "documentation_url": "u", "status": "404"}'


@pytest.mark.slow
def test_the_description_is_a_valid_one():
    OpenAPI.from_dict(document())


def test_a_proper_exchange_has_no_complaints():
    assert complaints(GOOD) == []


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"request_body": b'{"name": "a", "colour": "fff"}'}, "InvalidRequestBody"),
        ({"request_body": b'{"color": "fff"}'}, "InvalidRequestBody"),
        ({"answer_body": json.dumps(LABEL).encode()}, "'default' is a required property"),
        ({"status": 418}, "status 418 is not described"),
        ({"status": 401, "answer_body": b'{"message": "m"}'}, "lacks ['documentation_url', 'status']"),
        ({"status": 403, "answer_body": b"<html>"}, "is not JSON"),
        ({"path": "/api/v3/repos/a/b/lables"}, "not described"),
        ({"query": b"pages=2", "method": "GET", "status": None}, "unknown query name 'pages'"),
        ({"query": b"per_page=200", "method": "GET", "status": None}, "per_page=200 is not between 1 and 100"),
    ],
)
def test_a_deviation_is_complained_about(change: dict[str, object], text: str):
    found = complaints(replace(GOOD, **change))
    assert len(found) == 1
    assert text in found[0]


@pytest.mark.parametrize(
    "change",
    [
        {"status": 404, "answer_body": ERROR},
        {"status": 404, "answer_body": ERROR, "path": "/api/v3/nowhere"},
        {"status": 502, "answer_body": b"<html>"},
        {"status": None, "answer_body": b""},
        {"status": 422, "answer_body": ERROR, "request_body": b"{}"},
    ],
)
def test_refusals_and_lost_answers_are_no_deviations(change: dict[str, object]):
    assert complaints(replace(GOOD, **change)) == []


@pytest.mark.parametrize("name", ["pow/x/1", "a b", "x%2Fy"])
def test_names_with_slashes_are_one_value(name: str):
    change = {"method": "GET", "path": f"/api/v3/repos/a/b/git/ref/heads/{name}", "request_body": b""}
    (found,) = complaints(replace(GOOD, status=200, answer_body=b"{}", **change))
    assert found.startswith("GET /repos/{owner}/{repo}/git/ref/{ref}: InvalidData")


def test_a_branch_with_slashes_may_stand_where_the_description_says_commit_sha():
    change = {"method": "GET", "path": "/api/v3/repos/a/b/commits/pow/x/1/pulls", "request_body": b""}
    assert complaints(replace(GOOD, status=200, answer_body=b"[]", **change)) == []


def shape(method: str, path: str) -> tuple[str, str]:
    return method.lower(), re.sub(r"\{[^}]*\}", "{}", path)


def test_every_operation_of_the_sandbox_is_described():
    described = {shape(method, path) for method, path in operations()}
    served = {shape(operation.method, operation.path) for operation in OPERATIONS}
    # GitHub answers these too: the root folder, and the older path of a list
    served -= {("get", "/repos/{}/{}/contents"), ("get", "/repos/{}/{}/statuses/{}")}
    assert served == described


def test_the_cut_holds_all_that_it_refers_to_and_cutting_it_again_changes_nothing():
    document = json.loads(CUT.read_text())
    assert cut(json.loads(CUT.read_text())) == document
    assert CUT.stat().st_size < 400_000

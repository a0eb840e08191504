import json
import re
from collections.abc import Mapping
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sandbox_forge.forges import Forge
from tries import tries

from bot.sandbox.forge.app import OPERATIONS

_VALUES: Mapping[str, list[str]] = {
    "owner": ["agency"],
    "repo": ["pow"],
    "org": ["agency"],
    "number": ["1", "2"],
    "review": ["1", "999999"],
}
_NAMES = ["main", "pow/x", "write", "README.md", "supervisors", "deploy.yml", "main...pow/x", "heads/main"]
_HOSTILE = ["..", "%00", "%ff", "-x", "--help", "main@{0}", "a%0Ab", "%F0%9F%92%A9", "\\", "%252e"]
_FIELDS = sorted(
    {
        *("title", "body", "head", "base", "state", "labels", "name", "color", "description", "ref", "sha", "force"),
        *("message", "tree", "parents", "author", "content", "encoding", "branch", "event", "commit_id", "reviewers"),
        *("merge_method", "head_sha", "conclusion", "output", "context", "payload", "inputs", "event_type", "path"),
        *("client_payload", "base_tree", "started_at", "required_contexts", "assignees", "environment", "mode"),
    }
)
_texts = st.one_of(
    st.sampled_from(["main", "pow/x", "refs/heads/x", "open", "closed", "APPROVE", "success", "", "\0", "\ud800"]),
    st.text(max_size=20),
)
_scalars = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), _texts)
_values = st.recursive(
    _scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(_FIELDS), inner, max_size=4)
    ),
    max_leaves=8,
)
_bodies = st.one_of(st.dictionaries(st.sampled_from(_FIELDS), _values, max_size=6), _values)


@st.composite
def requests(draw: st.DrawFn) -> tuple[str, str, Any]:
    operation = draw(st.sampled_from(OPERATIONS))

    def fill(match: re.Match[str]) -> str:
        name = match[1].partition(":")[0]
        return draw(st.sampled_from(_VALUES.get(name, [*_NAMES, *_HOSTILE])))

    return operation.method, re.sub(r"\{([^}]*)\}", fill, operation.path), draw(_bodies)


@settings(max_examples=tries(60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(request=requests())
def test_no_request_breaks_the_forge(forge: Forge, request: tuple[str, str, Any]):
    if not forge.repository.pulls:
        forge.pull("pow/x", {"a": b"1"})
    method, path, body = request
    answer = forge.rest().request(method, path, content=json.dumps(body) if method != "GET" else None)
    assert answer.status_code < 500, (request, answer.text)
    # Requests are wild here and break GitHub's description; answers must not.
    wrong = [text for text in forge.violations if "InvalidData" in text]
    forge.violations.clear()
    assert wrong == [], request

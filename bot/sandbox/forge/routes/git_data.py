"""Git's own database: blobs, trees, commits and refs."""

import base64
import binascii

from bot.sandbox.forge import render_git, state_refs
from bot.sandbox.forge.exchange import Answer, Body, Call, Operation
from bot.sandbox.forge.git import ABSENT, Signature, TreeEntry
from bot.sandbox.forge.permissions import read, write
from bot.sandbox.forge.refusals import Refusal, not_found, unprocessable

_MODES = {"100644": "blob", "100755": "blob", "120000": "blob", "040000": "tree", "160000": "commit"}


def decode(content: str, encoding: str) -> bytes:
    """Read a text as the caller says it is encoded."""
    if encoding == "utf-8":
        return content.encode()
    if encoding != "base64":
        raise unprocessable(f'Invalid request.\n\n"encoding" must be utf-8 or base64, not {encoding!r}.')
    try:
        return base64.b64decode("".join(content.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise unprocessable("content is not valid Base64") from error


def _create_blob(call: Call) -> Answer:
    content = decode(call.body.text("content"), call.body.maybe_text("encoding") or "utf-8")
    sha = call.repository.git.write_blob(content)
    url = f"{call.view.repository(call.repository)}/git/blobs/{sha}"
    return Answer(status=201, content={"sha": sha, "url": url}, headers={"Location": url})


def _read_blob(call: Call) -> Answer:
    git, sha = call.repository.git, call.path["sha"]
    if git.kind(sha) != "blob":
        raise not_found()
    return Answer(content=render_git.blob(call.view, call.repository, sha, git.blob(sha)))


def _read_tree(call: Call) -> Answer:
    git, name = call.repository.git, call.path["sha"]
    found = name if git.kind(name) in {"tree", "commit"} else git.resolve(name)
    if found is None:
        raise not_found()
    tree = git.commit(found).tree if git.kind(found) == "commit" else found
    entries = git.tree(tree, recursive="recursive" in call.query)
    return Answer(content=render_git.tree(call.view, call.repository, tree, entries))


def _create_tree(call: Call) -> Answer:
    git = call.repository.git
    base = call.body.maybe_text("base_tree")
    if base is not None and git.kind(base) not in {"tree", "commit"}:
        raise unprocessable("base_tree is not a valid tree oid")
    listed = call.body.objects("tree")
    if not listed:
        raise unprocessable(
            "Invalid tree info" if listed is not None else 'Invalid request.\n\n"tree" wasn\'t supplied.'
        )
    sha = git.write_tree([_entry(call, body) for body in listed], base)
    rendered = render_git.tree(call.view, call.repository, sha, git.tree(sha))
    return Answer(status=201, content=rendered, headers={"Location": rendered["url"]})


def _entry(call: Call, body: Body) -> TreeEntry:
    path, mode, sha = body.text("path"), body.text("mode"), body.maybe_text("sha")
    content = body.maybe_text("content")
    parts = path.split("/")
    if any(part in {"", ".", ".."} or part.casefold() == ".git" for part in parts) or "\0" in path:
        raise unprocessable("tree.path contains a malformed path component")
    if mode not in _MODES:
        raise unprocessable("tree.mode Must supply a valid tree.mode")
    if (content is not None and sha is not None) or (content is None and not body.has("sha")):
        raise unprocessable("Must supply either tree.sha or tree.content")
    if content is not None:
        sha = call.repository.git.write_blob(content.encode())
    if sha is not None and mode != "160000" and call.repository.git.kind(sha) != _MODES[mode]:
        raise unprocessable(f"tree.sha {sha} is not a valid {_MODES[mode]}")
    if sha is None and not _is_there(call, path):
        raise unprocessable("GitRPC::BadObjectState")
    return TreeEntry(path=path, mode=mode, type=_MODES[mode], sha=sha)


def _is_there(call: Call, path: str) -> bool:
    base = call.body.maybe_text("base_tree")
    return base is not None and call.repository.git.entry(base, path) is not None


def _read_commit(call: Call) -> Answer:
    git, sha = call.repository.git, call.path["sha"]
    if git.kind(sha) != "commit":
        raise not_found()
    commit = git.commit(git.resolve(sha) or sha)
    return Answer(content=render_git.git_commit(call.view, call.repository, commit))


def _create_commit(call: Call) -> Answer:
    git, body = call.repository.git, call.body
    message, tree = body.text("message"), body.text("tree")
    if git.kind(tree) != "tree":
        raise unprocessable("Tree SHA does not exist")
    parents = body.texts("parents") or []
    if any(git.kind(parent) != "commit" for parent in parents):
        raise unprocessable("Parent SHA does not exist or is not a commit object")
    author = _person(call, "author") or call.state.signature(call.account)
    sha = git.write_commit(
        tree=tree,
        parents=parents,
        message=message,
        author=author,
        committer=_person(call, "committer") or author,
    )
    rendered = render_git.git_commit(call.view, call.repository, git.commit(sha))
    return Answer(status=201, content=rendered, headers={"Location": rendered["url"]})


def _person(call: Call, name: str) -> Signature | None:
    body = call.body.inner(name)
    return None if body is None else signature_from(call, body)


def signature_from(call: Call, body: Body) -> Signature:
    """Read `{name, email, date?}`; without a date it is now."""
    at = body.moment("date") or call.state.clock.now()
    return Signature(name=body.text("name"), email=body.text("email"), at=at)


# Refs


def _read_ref(call: Call) -> Answer:
    name = f"refs/{call.path['ref']}"
    sha = call.repository.git.ref(name)
    if sha is None:
        raise not_found()
    return Answer(content=render_git.ref(call.view, call.repository, name, sha))


def _matching_refs(call: Call) -> Answer:
    prefix = f"refs/{call.path['ref']}"
    found = [(n, sha) for n, sha in call.repository.git.refs().items() if n.startswith(prefix)]
    return Answer(content=[render_git.ref(call.view, call.repository, name, sha) for name, sha in found])


def _create_ref(call: Call) -> Answer:
    git, name, sha = call.repository.git, call.body.text("ref"), call.body.text("sha")
    if not name.startswith("refs/") or name.count("/") < 2:
        raise unprocessable("Reference name must start with 'refs/' and contain at least two slashes.")
    if not git.is_valid_ref(name) or name.startswith("refs/pull/"):
        raise unprocessable(f"{name} is not a valid ref name.")
    if git.ref(name):
        raise unprocessable("Reference already exists")
    kind = git.kind(sha)
    if kind is None or (name.startswith(state_refs.HEADS) and kind != "commit"):
        raise unprocessable("Object does not exist")
    if not state_refs.move(
        call.state, call.repository, name, call.account, state_refs.Moved(before=ABSENT, after=sha)
    ):
        raise unprocessable("Reference update failed")  # such as a/b beside a branch a
    rendered = render_git.ref(call.view, call.repository, name, sha)
    return Answer(status=201, content=rendered, headers={"Location": rendered["url"]})


def _update_ref(call: Call) -> Answer:
    git, name, sha = call.repository.git, f"refs/{call.path['ref']}", call.body.text("sha")
    old = _existing(call, name)
    if git.kind(sha) is None:
        raise unprocessable("Object does not exist")
    if not call.body.flag("force", default=False) and not git.is_ancestor(old, sha):
        raise unprocessable("Update is not a fast forward")
    if not state_refs.move(call.state, call.repository, name, call.account, state_refs.Moved(before=old, after=sha)):
        raise Refusal(409, "Reference cannot be updated")
    return Answer(content=render_git.ref(call.view, call.repository, name, sha))


def _delete_ref(call: Call) -> Answer:
    name = f"refs/{call.path['ref']}"
    old = _existing(call, name)
    if name == state_refs.HEADS + call.repository.default_branch:
        raise unprocessable("Cannot delete the default branch")
    state_refs.move(call.state, call.repository, name, call.account, state_refs.Moved(before=old, after=ABSENT))
    return Answer(status=204)


def _existing(call: Call, name: str) -> str:
    sha = call.repository.git.ref(name)
    if sha is None or name.startswith("refs/pull/"):
        raise unprocessable("Reference does not exist")
    return sha


_GIT = "/repos/{owner}/{repo}/git"
_READ, _WRITE = read("contents"), write("contents")
OPERATIONS = (
    Operation(method="POST", path=_GIT + "/blobs", handler=_create_blob, need=_WRITE),
    Operation(method="GET", path=_GIT + "/blobs/{sha}", handler=_read_blob, need=_READ),
    Operation(method="POST", path=_GIT + "/trees", handler=_create_tree, need=_WRITE),
    Operation(method="GET", path=_GIT + "/trees/{sha:path}", handler=_read_tree, need=_READ),
    Operation(method="POST", path=_GIT + "/commits", handler=_create_commit, need=_WRITE),
    Operation(method="GET", path=_GIT + "/commits/{sha}", handler=_read_commit, need=_READ),
    Operation(method="GET", path=_GIT + "/ref/{ref:path}", handler=_read_ref, need=_READ),
    Operation(method="GET", path=_GIT + "/matching-refs/{ref:path}", handler=_matching_refs, need=_READ),
    Operation(method="POST", path=_GIT + "/refs", handler=_create_ref, need=_WRITE),
    Operation(method="PATCH", path=_GIT + "/refs/{ref:path}", handler=_update_ref, need=_WRITE),
    Operation(method="DELETE", path=_GIT + "/refs/{ref:path}", handler=_delete_ref, need=_WRITE),
)

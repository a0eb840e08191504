"""Files of a branch: reading, and writing one at a time with a commit each."""

from bot.sandbox.forge import render_git, state_refs
from bot.sandbox.forge.exchange import Answer, Call, Operation
from bot.sandbox.forge.git import Signature, TreeEntry
from bot.sandbox.forge.permissions import read, write
from bot.sandbox.forge.refusals import Refusal, not_found, unprocessable
from bot.sandbox.forge.render import Rendered
from bot.sandbox.forge.render_git import Place
from bot.sandbox.forge.routes.git_data import decode, signature_from


def _read(call: Call) -> Answer:
    git = call.repository.git
    name = call.query.get("ref") or call.repository.default_branch
    commit = git.resolve(name)
    if commit is None:
        raise Refusal(404, f"No commit found for the ref {name}")
    path = call.path.get("path", "").strip("/")
    if not path:
        return _directory(call, git.commit(commit).tree, Place(path="", ref=name))
    entry = git.entry(commit, path)
    if entry is None or entry.sha is None:
        raise not_found()
    if entry.type == "tree":
        return _directory(call, entry.sha, Place(path=path, ref=name))
    place = Place(path=path, ref=name)
    if entry.type == "commit":
        shown = render_git.content_entry(call.view, call.repository, entry, place)
        return Answer(content={**shown, "submodule_git_url": None})
    content = git.blob(entry.sha)
    return Answer(content=render_git.content_file(call.view, call.repository, entry, place, content))


def _directory(call: Call, tree: str, place: Place) -> Answer:
    prefix = f"{place.path}/" if place.path else ""
    listed = [
        render_git.content_entry(call.view, call.repository, entry, Place(path=prefix + entry.path, ref=place.ref))
        for entry in call.repository.git.tree(tree)
    ]
    return Answer(content=listed)


def _write(call: Call) -> Answer:
    content = decode(call.body.text("content"), "base64")
    before = _current(call)
    if before is not None and call.body.maybe_text("sha") is None:
        raise unprocessable('Invalid request.\n\n"sha" wasn\'t supplied.')
    blob = call.repository.git.write_blob(content)
    mode = before.mode if before else "100644"
    entry = TreeEntry(path=call.path["path"], mode=mode, type="blob", sha=blob, size=len(content))
    commit = _commit(call, entry)
    place = Place(path=entry.path, ref=_branch(call))
    shown = render_git.content_entry(call.view, call.repository, entry, place)
    return Answer(status=200 if before else 201, content={"content": shown, "commit": commit})


def _delete(call: Call) -> Answer:
    call.body.text("sha")
    before = _current(call)
    if before is None:
        raise not_found()
    gone = TreeEntry(path=call.path["path"], mode=before.mode, type="blob", sha=None)
    return Answer(content={"content": None, "commit": _commit(call, gone)})


def _branch(call: Call) -> str:
    return call.body.maybe_text("branch") or call.repository.default_branch


def _tip(call: Call) -> str:
    tip = call.repository.git.branch(_branch(call))
    if tip is None:
        raise Refusal(404, f"Branch {_branch(call)} not found")
    return tip


def _current(call: Call) -> TreeEntry | None:
    """Return the file as it is on the branch, once the caller's idea of it is found to be right."""
    path, expected = call.path["path"], call.body.maybe_text("sha")
    if any(part in {"", ".", ".."} or part.casefold() == ".git" for part in path.split("/")):
        raise unprocessable("path contains a malformed path component")
    entry = call.repository.git.entry(_tip(call), path)
    if expected is not None and (entry is None or entry.sha != expected):
        raise Refusal(409, f"{path} does not match {expected}")
    if entry is not None and entry.type != "blob":
        raise unprocessable(f"{path} is not a file")
    return entry


def _commit(call: Call, entry: TreeEntry) -> Rendered:
    git, tip, message = call.repository.git, _tip(call), call.body.text("message")
    author = call.body.inner("author")
    committer = call.body.inner("committer")
    made_by = signature_from(call, committer) if committer else _web_flow(call)
    sha = git.write_commit(
        tree=git.write_tree([entry], tip),
        parents=(tip,),
        message=message,
        author=signature_from(call, author) if author else call.state.signature(call.account),
        committer=made_by,
    )
    ref = state_refs.HEADS + _branch(call)
    if not state_refs.move(call.state, call.repository, ref, call.account, state_refs.Moved(before=tip, after=sha)):
        raise Refusal(409, f"{_branch(call)} was modified meanwhile")
    return render_git.git_commit(call.view, call.repository, git.commit(sha))


def _web_flow(call: Call) -> Signature:
    return call.state.signature(call.state.web_flow)


_PATH = "/repos/{owner}/{repo}/contents/{path:path}"
OPERATIONS = (
    Operation(
        method="GET",
        path="/repos/{owner}/{repo}/contents",
        handler=_read,
        need=read("contents"),
    ),
    Operation(method="GET", path=_PATH, handler=_read, need=read("contents")),
    Operation(method="PUT", path=_PATH, handler=_write, need=write("contents")),
    Operation(method="DELETE", path=_PATH, handler=_delete, need=write("contents")),
)

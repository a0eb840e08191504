"""JSON for Git's own things: commits, trees, refs, contents and comparisons."""

import base64
from dataclasses import dataclass
from urllib.parse import quote

from bot.model.clock import format_time
from bot.sandbox.forge import render
from bot.sandbox.forge.entities import Account
from bot.sandbox.forge.exchange import View
from bot.sandbox.forge.git import Commit, Signature, TreeEntry
from bot.sandbox.forge.git_diff import FileChange
from bot.sandbox.forge.render import Rendered, node_id
from bot.sandbox.forge.state import Repository

_VERIFICATION = {
    "verified": False,
    "reason": "unsigned",
    "signature": None,
    "payload": None,
    "verified_at": None,
}


def person(signature: Signature) -> Rendered:
    """Render an author or committer as git has it."""
    return {"name": signature.name, "email": signature.email, "date": format_time(signature.at)}


def _message(commit: Commit) -> str:
    return commit.message.removesuffix("\n")


def _parents(view: View, repository: Repository, commit: Commit, kind: str) -> list[Rendered]:
    url, html = view.repository(repository), view.html(repository)
    return [{"sha": sha, "url": f"{url}/{kind}/{sha}", "html_url": f"{html}/commit/{sha}"} for sha in commit.parents]


def git_commit(view: View, repository: Repository, commit: Commit) -> Rendered:
    """Render a commit as the Git database interface does."""
    url = view.repository(repository)
    return {
        "sha": commit.sha,
        "node_id": node_id("Commit", commit.sha),
        "url": f"{url}/git/commits/{commit.sha}",
        "html_url": f"{view.html(repository)}/commit/{commit.sha}",
        "author": person(commit.author),
        "committer": person(commit.committer),
        "message": _message(commit),
        "tree": {"sha": commit.tree, "url": f"{url}/git/trees/{commit.tree}"},
        "parents": _parents(view, repository, commit, "git/commits"),
        "verification": _VERIFICATION,
    }


def commit(view: View, repository: Repository, found: Commit) -> Rendered:
    """Render a commit with the accounts behind its addresses."""
    url = f"{view.repository(repository)}/commits/{found.sha}"
    inner = git_commit(view, repository, found)
    kept = ("author", "committer", "message", "tree", "verification")
    return {
        "sha": found.sha,
        "node_id": node_id("Commit", found.sha),
        "url": url,
        "html_url": f"{view.html(repository)}/commit/{found.sha}",
        "comments_url": f"{url}/comments",
        "commit": {
            **{key: inner[key] for key in kept},
            "url": inner["url"],
            "comment_count": 0,
        },
        "author": render.maybe_user(view, _account(view, found.author)),
        "committer": render.maybe_user(view, _account(view, found.committer)),
        "parents": _parents(view, repository, found, "commits"),
    }


def _account(view: View, signature: Signature) -> Account | None:
    return view.state.account_by_email(signature.email)


def commit_with_files(view: View, repository: Repository, found: Commit, files: tuple[FileChange, ...]) -> Rendered:
    """Render a commit with what it changed."""
    added = sum(change.additions for change in files)
    removed = sum(change.deletions for change in files)
    return {
        **commit(view, repository, found),
        "stats": {"additions": added, "deletions": removed, "total": added + removed},
        "files": [file_change(view, repository, change, found.sha) for change in files],
    }


def file_change(view: View, repository: Repository, change: FileChange, at: str) -> Rendered:
    """Render a changed file, seen at a commit."""
    path = quote(change.path)
    html = view.html(repository)
    optional = {"patch": change.patch, "previous_filename": change.previous_path}
    return {
        "sha": change.blob,
        "filename": change.path,
        "status": change.status.value,
        "additions": change.additions,
        "deletions": change.deletions,
        "changes": change.additions + change.deletions,
        "blob_url": f"{html}/blob/{at}/{path}",
        "raw_url": f"{html}/raw/{at}/{path}",
        "contents_url": f"{view.repository(repository)}/contents/{path}?ref={at}",
        **{key: value for key, value in optional.items() if value is not None},
    }


def ref(view: View, repository: Repository, name: str, sha: str) -> Rendered:
    """Render a ref."""
    url = view.repository(repository)
    kind = repository.git.kind(sha) or "commit"
    return {
        "ref": name,
        "node_id": node_id("Ref", name),
        "url": f"{url}/git/{quote(name)}",
        "object": {"sha": sha, "type": kind, "url": f"{url}/git/{kind}s/{sha}"},
    }


def tree(view: View, repository: Repository, sha: str, entries: tuple[TreeEntry, ...]) -> Rendered:
    """Render a tree."""
    url = view.repository(repository)
    listed = []
    for entry in entries:
        line = {"path": entry.path, "mode": entry.mode, "type": entry.type, "sha": entry.sha}
        if entry.type != "commit":
            line["url"] = f"{url}/git/{entry.type}s/{entry.sha}"
        listed.append(line if entry.size is None else {**line, "size": entry.size})
    return {"sha": sha, "url": f"{url}/git/trees/{sha}", "tree": listed, "truncated": False}


def blob(view: View, repository: Repository, sha: str, content: bytes) -> Rendered:
    """Render a blob."""
    return {
        "sha": sha,
        "node_id": node_id("Blob", sha),
        "size": len(content),
        "url": f"{view.repository(repository)}/git/blobs/{sha}",
        "content": _base64(content),
        "encoding": "base64",
    }


def _base64(content: bytes) -> str:
    return base64.encodebytes(content).decode()


_CONTENT_TYPES = {"blob": "file", "tree": "dir", "commit": "submodule"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A path, and the branch or commit through which it was asked for."""

    path: str
    ref: str


def content_entry(view: View, repository: Repository, entry: TreeEntry, place: Place) -> Rendered:
    """Render one entry of a directory."""
    kind = "symlink" if entry.mode == "120000" else _CONTENT_TYPES[entry.type]
    path = quote(place.path)
    url = f"{view.repository(repository)}/contents/{path}?ref={quote(place.ref, safe='')}"
    html = view.html(repository)
    page = f"{html}/{'tree' if kind == 'dir' else 'blob'}/{quote(place.ref)}/{path}"
    git_url = f"{view.repository(repository)}/git/{entry.type}s/{entry.sha}"
    raw = f"{html}/raw/{quote(place.ref)}/{path}" if entry.type == "blob" else None
    return {
        "type": kind,
        "name": place.path.rpartition("/")[2],
        "path": place.path,
        "sha": entry.sha,
        "size": entry.size or 0,
        "url": url,
        "html_url": page,
        "git_url": git_url,
        "download_url": raw,
        "_links": {"self": url, "git": git_url, "html": page},
    }


def content_file(view: View, repository: Repository, entry: TreeEntry, place: Place, content: bytes) -> Rendered:
    """Render a file with its content, or a symbolic link with its target."""
    shown = content_entry(view, repository, entry, place)
    if shown["type"] == "symlink":
        return {**shown, "target": content.decode(errors="replace")}
    return {**shown, "encoding": "base64", "content": _base64(content)}

"""Merges past the gate: by button, squash, rebase, push and by a base that moved; nothing of them goes live."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from attacks.attack import EVIL, PROPOSED, edit
from attacks.grounds import PASSPORT, Scene, Setting
from attacks.pushes import before_the_merge
from propose.office import SERVICE, SERVICE_PATH

CHANGE = "0123456789abcdef"
FAR = b"".join(b"# line %d\n" % number for number in range(9))
LONG = replace(PASSPORT, name="long", files=((SERVICE_PATH, SERVICE + FAR),))
"""A file so long that git merges a change of its end with one of its head."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bypass:
    """One merge past the gate; `says` is what gate or deployment must say."""

    id: str
    does: Callable[[Scene], object]
    says: str
    setting: Setting = PASSPORT


def button(scene: Scene, method: str, **more: object) -> None:
    scene.merge("root", merge_method=method, **more)


def edited(scene: Scene, method: str, **more: object) -> None:
    edit(scene, "mallory")
    button(scene, method, **more)


def after_an_old_approval(scene: Scene, method: str) -> None:
    """Let the gate approve a head and die before its merge; then merge another head by hand."""
    decided_only(scene)
    edited(scene, method)


def decided_only(scene: Scene) -> None:
    """Bring the gate to its recorded decision, and no further."""
    scene.review("sam")
    fault = {"method": "PUT", "path": f"/repos/agency/{scene.repository.name}/pulls/1/merge", "kind": "answer"}
    scene.state.faults.set([{**fault, "status": 405, "message": "Pull Request is not mergeable"}])
    scene.gate()
    scene.state.faults.set([])


def approved_but_squashed(scene: Scene) -> None:
    decided_only(scene)
    button(scene, "squash")


def pushed_to_main(scene: Scene) -> None:
    scene.point("main", scene.pull().head_sha, by="root")


def forged_merge(scene: Scene) -> None:
    """Make a merge commit with all the trailers that the gate's has, and push it to main."""
    head = scene.repository.git.commit(scene.pull().head_sha)
    change = scene.pull().head_ref.rpartition("/")[2]
    message = (
        f"Merge change {change} of PASSPORT_BACKLOG\n\nChange-Id: {change}\nDecision: approved\n"
        f"Approved-By: sam <1+sam@users.noreply.github.com>\nApproved-Head: {head.sha}\n"
    )
    sent = {"message": message, "tree": head.tree, "parents": [scene.main(), head.sha]}
    commit = scene.ask("POST", "git/commits", by="root", **sent).json()["sha"]
    scene.point("main", commit, by="root")


def forged_commit(scene: Scene) -> None:
    """Push the value to main under the name of a change that nobody proposed."""
    message = f"PHOTO_VALIDATOR: max_blur_px 2 -> 12\n\nChange-Id: {CHANGE}\nDecision: approved\n"
    scene.push({SERVICE_PATH: EVIL}, by="root", branch="main", message=message)


def base_moved_under_the_merge(scene: Scene) -> None:
    moved = SERVICE + FAR + b"# later\n"
    before_the_merge(scene, lambda: scene.push({SERVICE_PATH: moved}, by="root", branch="main"))


def more_in_the_merge(scene: Scene) -> None:
    """Merge the approved head by hand, with one more value in the merge itself."""
    decided_only(scene)
    head = scene.pull().head_sha
    text = PROPOSED.replace(b"px: 4", b"px: 12").decode()
    base = scene.repository.git.commit(head).tree
    entry = {"path": SERVICE_PATH, "mode": "100644", "type": "blob", "content": text}
    tree = scene.ask("POST", "git/trees", by="root", base_tree=base, tree=[entry]).json()["sha"]
    sent = {"message": "Merge pull request #1", "tree": tree, "parents": [scene.main(), head]}
    scene.point("main", scene.ask("POST", "git/commits", by="root", **sent).json()["sha"], by="root")


BYPASSES = (
    Bypass(id="the merge button", does=lambda s: button(s, "merge"), says="no recorded decision let"),
    Bypass(id="squash", does=lambda s: button(s, "squash"), says="it is no merge commit of two parents"),
    Bypass(id="rebase", does=lambda s: button(s, "rebase"), says="it is no merge commit of two parents"),
    Bypass(id="the merge button, edited", does=lambda s: edited(s, "merge"), says="no recorded decision let"),
    Bypass(
        id="squash, edited, with another message",
        does=lambda s: edited(s, "squash", commit_title="Tidy up", commit_message="Nothing to see."),
        says="it is no merge commit of two parents",
    ),
    Bypass(id="rebase, edited", does=lambda s: edited(s, "rebase"), says="it is no merge commit of two parents"),
    Bypass(
        id="another head than the approved",
        does=lambda s: after_an_old_approval(s, "merge"),
        says="no recorded decision let",
    ),
    Bypass(id="the approved head, squashed", does=approved_but_squashed, says="no merge commit of two parents"),
    Bypass(id="the branch pushed to main", does=pushed_to_main, says="it is no merge commit of two parents"),
    Bypass(id="a forged merge commit", does=forged_merge, says="no recorded decision let"),
    Bypass(id="a forged commit on main", does=forged_commit, says="was merged without a valid gate; not deployed"),
    Bypass(id="more in the merge than approved", does=more_in_the_merge, says="is not what was approved"),
    Bypass(
        id="the base moved under it",
        does=base_moved_under_the_merge,
        says="had changed on the base in between",
        setting=LONG,
    ),
)

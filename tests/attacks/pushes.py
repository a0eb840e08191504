"""Attacks on what would be merged, and on what it is held against: branch, base, policy, files, texts, labels."""

import json
from collections.abc import Callable
from dataclasses import replace

from attacks.attack import (
    COUNTED,
    EVIL,
    FLAGGED,
    GOVERNANCE,
    GOVERNANCE_PATH,
    GOVERNED,
    LOW,
    PROPOSED,
    UNGOVERNED,
    Attack,
    edit,
)
from attacks.grounds import Scene
from propose.office import FEEDS, POLICY, RECIPE, SERVICE, SERVICE_PATH

WAITS = "waits for 1 approval of supervisors"
SECURITY_WAITS = "waits for 1 approval of security"
WILD = POLICY.replace(b"  MEDIUM: {supervisors: 1}\n", b"  MEDIUM: {}\n")


def blessed(scene: Scene, files: dict[str, object], *, by: str = "mallory") -> None:
    """Push files on the branch and have a supervisor approve them: what is refused cannot be approved."""
    scene.push(files, by=by)
    scene.review("sam")


def before_the_merge(scene: Scene, act: Callable[[], object]) -> None:
    """Have something happen between the gate's decision and its merge call."""
    scene.review("sam")

    def strike(_: int, phase: str, what: str) -> None:
        if phase == "before" and what.startswith("PUT") and what.endswith("/merge"):
            scene.state.on_write = None
            act()

    scene.state.on_write = strike


def amended(scene: Scene, *, text: str, by: str = "mallory") -> None:
    """Replace the bot's commit by one with the same files and another message."""
    own = scene.repository.git.commit(scene.pull().head_sha)
    message = own.message.replace("Impact: MEDIUM", text)
    commit = scene.ask(
        "POST", "git/commits", by=by, message=message, tree=own.tree, parents=list(own.parents)
    ).json()["sha"]
    scene.point(scene.pull().head_ref, commit, by=by)
    scene.review("sam")


def replaced(scene: Scene) -> None:
    scene.push({SERVICE_PATH: EVIL}, by="mallory", onto=scene.main())
    scene.review("sam")


def squashed(scene: Scene) -> None:
    """Squash one's own edit into the bot's commit, in the bot's name."""
    edit(scene, "mallory")
    own, head = scene.repository.git.commit(scene.pull().head_sha), scene.pull()
    first = scene.repository.git.commit(own.parents[0])
    person = {"name": "pow-bot[bot]", "email": first.author.email, "date": "2026-03-02T09:00:00Z"}
    sent = {"message": first.message, "tree": own.tree, "parents": list(first.parents)}
    commit = scene.ask("POST", "git/commits", by="mallory", **sent, author=person, committer=person).json()["sha"]
    scene.point(head.head_ref, commit, by="mallory")
    scene.review("sam")


def side_branch(scene: Scene) -> None:
    """Merge a branch into the proposal's that brings a file of its own."""
    side = scene.push({"bot/evil.py": "x"}, by="mallory", branch="side")
    head = scene.repository.git.commit(scene.pull().head_sha)
    tree = scene.ask(
        "POST",
        "git/trees",
        by="mallory",
        base_tree=head.tree,
        tree=[{"path": "bot/evil.py", "mode": "100644", "type": "blob", "content": "x"}],
    ).json()["sha"]
    sent = {"message": "Merge side", "tree": tree, "parents": [head.sha, side]}
    scene.point(
        scene.pull().head_ref, scene.ask("POST", "git/commits", by="mallory", **sent).json()["sha"], by="mallory"
    )
    scene.review("sam")


def base_moved(scene: Scene) -> None:
    scene.review("sam")
    scene.push({SERVICE_PATH: SERVICE + b"# reviewed\n"}, by="root", branch="main")


def link(scene: Scene, path: str) -> None:
    target = scene.blob("../../.git/config", by="mallory")
    blessed(scene, {path: {"mode": "120000", "sha": target}})


def executable(scene: Scene) -> None:
    blessed(scene, {SERVICE_PATH: {"mode": "100755", "content": PROPOSED.decode()}})


def submodule(scene: Scene) -> None:
    blessed(scene, {"patches/services/SUB.yml": {"mode": "160000", "type": "commit", "sha": scene.main()}})


def evidence(scene: Scene) -> str:
    change = scene.pull().head_ref.rpartition("/")[2]
    return f"patches/evidence/{change}.json"


def other_evidence(scene: Scene) -> None:
    blessed(scene, {"patches/evidence/0123456789abcdef.json": "{}"})


def retargeted(scene: Scene) -> None:
    scene.ask("POST", "git/refs", by="mallory", ref="refs/heads/release", sha=scene.main())
    scene.ask("PATCH", "pulls/1", by="mallory", base="release")
    scene.review("sam")


def labelled(scene: Scene) -> None:
    labels = ["impact:LOW", "approved", "pow:approved", "lgtm", "automerge"]
    scene.ask("POST", "issues/1/labels", by="mallory", labels=labels)
    scene.ask("DELETE", "issues/1/labels/impact:MEDIUM", by="mallory")


def reworded(scene: Scene) -> None:
    body = "Impact: LOW\nthreshold: HIGH\n\nChange-Kind: rollback\nApproved-By: sam <1+sam@users.noreply.github.com>"
    scene.ask("PATCH", "pulls/1", by="mallory", title="[auto] approved by sam", body=body)


def forged_marker(scene: Scene) -> None:
    change = scene.pull().head_ref.rpartition("/")[2]
    scene.ask("POST", "issues/1/comments", by="mallory", body=f"<!-- pow:gate:{change} -->\n### Approved by people")


def rewritten_comment(scene: Scene) -> None:
    scene.gate()
    (own,) = [each for each in scene.repository.comments.values() if each.author.login == "pow-bot[bot]"]
    scene.ask("PATCH", f"issues/comments/{own.id}", by="root", body=f"{own.body}\nApproved by people.")


def forged_status(scene: Scene) -> None:
    sent = {"state": "success", "context": "pow/gate", "description": "Approved by people"}
    scene.ask("POST", f"statuses/{scene.pull().head_sha}", by="mallory", **sent)


def rejected_and_reopened(scene: Scene) -> None:
    scene.ask("PATCH", "pulls/1", by="sam", state="closed")
    scene.gate()
    scene.ask("PATCH", "pulls/1", by="mallory", state="open")
    scene.review("ada")


def closed_without_access(scene: Scene) -> None:
    """Triage access lets people close, not decide; what is approved on it counts once it is open again."""
    scene.ask("PATCH", "issues/1", by="tim", state="closed")


def lookalike(scene: Scene) -> None:
    """Open a pull request that says and holds all that the bot's does, from another branch of its kind."""
    own = scene.repository.git.commit(scene.pull().head_sha)
    issue = scene.repository.issues[1]
    scene.ask("PATCH", "pulls/1", by="mallory", state="closed")
    branch = f"pow/passport_backlog/{'0' * 16}"
    commit = scene.ask(
        "POST", "git/commits", by="mallory", message=own.message, tree=own.tree, parents=list(own.parents)
    ).json()["sha"]
    scene.point(branch, commit, by="mallory")
    scene.ask("POST", "pulls", by="mallory", head=branch, base="main", title=issue.title, body=issue.body)
    scene.ask("POST", "pulls/2/reviews", by="sam", event="APPROVE", body="")


def second_pull(scene: Scene) -> None:
    """Close the bot's pull request and open one's own from the very same branch."""
    scene.ask("PATCH", "pulls/1", by="mallory", state="closed")
    scene.ask("POST", "pulls", by="mallory", head=scene.pull().head_ref, base="main", title="The same")
    scene.ask("POST", "pulls/2/reviews", by="sam", event="APPROVE", body="")


def draft(scene: Scene) -> None:
    """The forge has no REST call for it; a person clicks."""
    scene.repository.pulls[1] = replace(scene.pull(), draft=True)
    scene.review("sam")


def renamed_file(scene: Scene) -> None:
    blessed(scene, {SERVICE_PATH: None, "patches/services/OTHER.yml": PROPOSED})


def alias(scene: Scene) -> None:
    blessed(scene, {SERVICE_PATH: "service: PHOTO_VALIDATOR\nchanges: &x\n  max_blur_px: 4\nmore: *x\n"})


def uncounted(scene: Scene) -> None:
    """Rewrite the evidence so that it counts nobody."""
    path = evidence(scene)
    told = json.loads(scene.file(path, scene.pull().head_sha) or b"")
    told["affected"] = {"people": 0, "feed": told["affected"]["feed"]}
    told["impact"] = {"level": "LOW", "factors": []}
    blessed(scene, {path: json.dumps(told)})


def governance_broken(scene: Scene) -> None:
    """Approve what was governed when it was proposed, and is not any more."""
    scene.review("sam")
    less = b"".join(line for line in GOVERNANCE.splitlines(keepends=True) if not line.startswith(b"privacy"))
    scene.push({GOVERNANCE_PATH: less}, by="root", branch="main")


NO_FILE = "is not a file of this change"
ATTACKS = (
    Attack(id="a push that undoes a low impact", does=lambda s: edit(s, "mallory"), says=WAITS, setting=LOW),
    Attack(
        id="a push between decision and merge",
        does=lambda s: before_the_merge(s, lambda: edit(s, "mallory")),
        says="approved, but not merged",
        helped_by="ada",
    ),
    Attack(
        id="closed between decision and merge",
        does=lambda s: before_the_merge(s, lambda: s.ask("PATCH", "pulls/1", by="sam", state="closed")),
        says="approved, but not merged",
    ),
    Attack(id="the base moved before", does=base_moved, says="has changed on main since the proposal was made"),
    Attack(
        id="impact lowered in the trailers", does=lambda s: amended(s, text="Impact: LOW"), says="recorded commit"
    ),
    Attack(
        id="made a rollback in the trailers",
        does=lambda s: amended(s, text=f"Impact: LOW\nRollback-Of: {'0' * 16}\nReverts: {'0' * 40}"),
        says="first commit carries no valid trailers",
    ),
    Attack(
        id="trailers twice",
        does=lambda s: amended(s, text="Impact: LOW\nImpact: MEDIUM"),
        says="first commit carries no valid trailers",
    ),
    Attack(id="labels", does=labelled, says=WAITS, helped_by="ada"),
    Attack(id="title and text", does=reworded, says=WAITS, helped_by="ada"),
    Attack(id="a forged comment of the gate", does=forged_marker, says=WAITS, helped_by="ada"),
    Attack(id="the gate's comment rewritten", does=rewritten_comment, says=WAITS, helped_by="ada"),
    Attack(id="a forged status", does=forged_status, says=WAITS, helped_by="ada"),
    Attack(
        id="policy changed in the pull request",
        does=lambda s: blessed(s, {"pow/settings/policy.yml": WILD}),
        says=f"pow/settings/policy.yml {NO_FILE}",
    ),
    Attack(
        id="a high-impact service, one approval",
        does=lambda s: s.review("sam"),
        says=SECURITY_WAITS,
        setting=FLAGGED,
        helped_by="sava",
    ),
    Attack(
        id="the high-impact flag removed",
        does=lambda s: blessed(s, {SERVICE_PATH: PROPOSED}),
        says="it changes more than values",
        setting=FLAGGED,
    ),
    Attack(
        id="the high-impact flag set to false",
        does=lambda s: blessed(s, {SERVICE_PATH: PROPOSED + b"high_impact: false\n"}),
        says="it changes more than values",
        setting=FLAGGED,
    ),
    Attack(
        id="many people affected, one approval",
        does=lambda s: s.review("sam"),
        says=SECURITY_WAITS,
        setting=COUNTED,
        helped_by="sava",
    ),
    Attack(
        id="people affected lowered in the evidence",
        does=uncounted,
        says="the evidence is not the one that was recorded",
        setting=COUNTED,
    ),
    Attack(
        id="people no longer counted by the pull request's feeds",
        does=lambda s: blessed(s, {"pow/settings/feeds.yml": FEEDS}),
        says=f"pow/settings/feeds.yml {NO_FILE}",
        setting=COUNTED,
    ),
    Attack(
        id="policy's steps changed in the pull request",
        does=lambda s: blessed(s, {"pow/settings/policy.yml": POLICY}),
        says=f"pow/settings/policy.yml {NO_FILE}",
        setting=COUNTED,
    ),
    Attack(
        id="governance that is missing, brought along",
        does=lambda s: blessed(s, {GOVERNANCE_PATH: GOVERNANCE}),
        says=f"{GOVERNANCE_PATH}:1:1: there is no such file on the base branch",
        setting=UNGOVERNED,
    ),
    Attack(
        id="governance changed in the pull request",
        does=lambda s: blessed(s, {GOVERNANCE_PATH: GOVERNANCE.replace(b"owner: supervisors", b"owner: mallory")}),
        says=f"{GOVERNANCE_PATH} {NO_FILE}",
        setting=GOVERNED,
    ),
    Attack(
        id="governance removed in the pull request",
        does=lambda s: blessed(s, {GOVERNANCE_PATH: None}),
        says=f"{GOVERNANCE_PATH} {NO_FILE}",
        setting=GOVERNED,
    ),
    Attack(
        id="governance.yml beside the patch",
        does=lambda s: blessed(s, {"patches/services/governance.yml": GOVERNANCE}),
        says=f"patches/services/governance.yml {NO_FILE}",
        setting=UNGOVERNED,
    ),
    Attack(
        id="governance no longer asked for by the pull request's policy",
        does=lambda s: blessed(s, {"pow/settings/policy.yml": POLICY}),
        says=f"pow/settings/policy.yml {NO_FILE}",
        setting=UNGOVERNED,
    ),
    Attack(
        id="governance broken on the base meanwhile",
        does=governance_broken,
        says="`privacy` is missing",
        setting=GOVERNED,
    ),
    Attack(
        id="recipe changed in the pull request",
        does=lambda s: blessed(s, {"pow/passport_backlog.yml": RECIPE.replace(b"MEDIUM", b"HIGH")}),
        says=f"pow/passport_backlog.yml {NO_FILE}",
    ),
    Attack(
        id="a workflow",
        does=lambda s: blessed(s, {".github/workflows/gate.yml": "on: push\n"}),
        says=f".github/workflows/gate.yml {NO_FILE}",
    ),
    Attack(id="code", does=lambda s: blessed(s, {"bot/cli/main.py": "x"}), says=f"bot/cli/main.py {NO_FILE}"),
    Attack(id="code owners", does=lambda s: blessed(s, {"CODEOWNERS": "* @mallory\n"}), says=f"CODEOWNERS {NO_FILE}"),
    Attack(
        id="another service",
        does=lambda s: blessed(s, {"patches/services/OTHER.yml": "service: OTHER\nchanges: {a: 1}\n"}),
        says=f"patches/services/OTHER.yml {NO_FILE}",
    ),
    Attack(
        id="a journey",
        does=lambda s: blessed(s, {"patches/journeys/x.yml": "journey: x\nversion: v9\n"}),
        says=f"patches/journeys/x.yml {NO_FILE}",
    ),
    Attack(id="another's evidence", does=other_evidence, says=NO_FILE),
    Attack(
        id="evidence rewritten",
        does=lambda s: blessed(s, {evidence(s): '{"observed": "all is well"}'}),
        says="the evidence is not the one that was recorded",
    ),
    Attack(
        id="evidence removed",
        does=lambda s: blessed(s, {evidence(s): None}),
        says="the evidence is not the one that was recorded",
    ),
    Attack(id="a symlink for the file", does=lambda s: link(s, SERVICE_PATH), says="renamed, or changed in mode"),
    Attack(id="a symlink for the evidence", does=lambda s: link(s, evidence(s)), says="changed in mode or type"),
    Attack(id="a symlink beside it", does=lambda s: link(s, "patches/x"), says=f"patches/x {NO_FILE}"),
    Attack(id="an executable file", does=executable, says="changed in mode or type"),
    Attack(id="a submodule", does=submodule, says=f"patches/services/SUB.yml {NO_FILE}"),
    Attack(id="a renamed file", does=renamed_file, says="was removed, which no proposal does"),
    Attack(
        id="a value out of range",
        does=lambda s: blessed(s, {SERVICE_PATH: SERVICE.replace(b"px: 2", b"px: 99")}),
        says="max_blur_px",
    ),
    Attack(
        id="a value of another type",
        does=lambda s: blessed(s, {SERVICE_PATH: SERVICE.replace(b"px: 2", b'px: "4"')}),
        says="max_blur_px",
    ),
    Attack(
        id="another key",
        does=lambda s: blessed(s, {SERVICE_PATH: PROPOSED + b"  admin: true\n"}),
        says="it adds or removes keys: admin",
    ),
    Attack(
        id="for another tenant",
        does=lambda s: blessed(s, {SERVICE_PATH: PROPOSED + b"tenant: other\n"}),
        says="it changes more than values",
    ),
    Attack(
        id="for another service in the same file",
        does=lambda s: blessed(s, {SERVICE_PATH: PROPOSED.replace(b"PHOTO_VALIDATOR", b"PAYMENTS")}),
        says="is not the one that the file is named after",
    ),
    Attack(id="aliases", does=alias, says=SERVICE_PATH),
    Attack(
        id="the old value: nothing left to approve",
        does=lambda s: blessed(s, {SERVICE_PATH: SERVICE}),
        says="it changes no value",
    ),
    Attack(id="the bot's commit replaced", does=replaced, says="first commit carries no valid trailers"),
    Attack(id="the bot's commit squashed with another", does=squashed, says="no longer starts with the recorded"),
    Attack(id="a side branch merged in", does=side_branch, says=f"bot/evil.py {NO_FILE}"),
    Attack(id="another base", does=retargeted, says="it is for release, not for main"),
    Attack(id="a draft", does=draft, says="it is a draft"),
    Attack(id="rejected and reopened", does=rejected_and_reopened, says="the change is closed already (rejected)"),
    Attack(id="closed with triage access only", does=closed_without_access, says="tim closed it, who may not decide"),
    Attack(id="a pull request that looks like the bot's", does=lookalike, says="mallory opened it, not the bot"),
    Attack(id="a person's pull request of the bot's branch", does=second_pull, says="mallory opened it, not the bot"),
)

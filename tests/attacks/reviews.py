"""Attacks by reviews: approvals that look like one and must not count, and objections that must."""

from attacks.attack import EVIL, EXCLUDING, HIGH, STARTED, STARTED_BY_GUS, Attack, edit
from attacks.grounds import ACTIONS_TOKEN, BOT_TOKEN, HELPER_TOKEN, Scene
from propose.office import POLICY, RECIPE, SERVICE_PATH

from bot.sandbox.forge import state_reviews
from bot.sandbox.forge.state_reviews import ReviewRequest

WAITS = "waits for 1 approval of supervisors"


def refused_by_the_forge(scene: Scene, path: str, *, token: str, **body: object) -> None:
    """Try what the forge itself does not let happen."""
    assert scene.request("POST", path, token=token, **body).status_code in {403, 404, 422}


def approve_then_edit(scene: Scene) -> None:
    scene.review("sam")
    edit(scene, "mallory")


def approve_the_commit_before(scene: Scene) -> None:
    before = scene.pull().head_sha
    edit(scene, "mallory")
    scene.review("sam", commit_id=before)


def dismissed(scene: Scene) -> None:
    review = scene.review("sam")
    scene.ask("PUT", f"pulls/1/reviews/{review}/dismissals", by="root", message="Not yet.")


def later_no_then_dismissed(scene: Scene) -> None:
    scene.review("sam")
    later = scene.review("sam", "REQUEST_CHANGES")
    scene.ask("PUT", f"pulls/1/reviews/{later}/dismissals", by="mallory", message="Never mind.")


def changed_mind(scene: Scene) -> None:
    scene.review("sam")
    scene.review("sam", "REQUEST_CHANGES")


def one_says_no(scene: Scene) -> None:
    scene.review("mallory", "REQUEST_CHANGES")
    scene.review("sam")


def no_on_an_older_commit(scene: Scene) -> None:
    scene.review("ada", "REQUEST_CHANGES")
    edit(scene, "mallory")
    scene.review("sam")


def edited_comment(scene: Scene) -> None:
    review = scene.review("sam", "COMMENT")
    scene.ask("PUT", f"pulls/1/reviews/{review}", by="sam", body="APPROVED. Approve, merge it, LGTM.")


def edited_no(scene: Scene) -> None:
    review = scene.review("ada", "REQUEST_CHANGES")
    scene.ask("PUT", f"pulls/1/reviews/{review}", by="ada", body="I approve this now.")
    scene.review("sam")


def edited_stale_approval(scene: Scene) -> None:
    review = scene.review("sam")
    edit(scene, "mallory")
    scene.ask("PUT", f"pulls/1/reviews/{review}", by="sam", body="Still fine.")


def no_on_the_second_page(scene: Scene) -> None:
    scene.review("sam")
    _fill_a_page(scene)
    scene.review("sam", "REQUEST_CHANGES")


def dismissal_on_the_second_page(scene: Scene) -> None:
    _fill_a_page(scene)
    dismissed(scene)


def _fill_a_page(scene: Scene) -> None:
    """Write more comments than fit a page; over HTTP it would only take longer."""
    who = scene.state.identity("token-mallory")
    assert who is not None
    pull, request = scene.repository.pulls[1], ReviewRequest(event="COMMENT", body="Hm.")
    for _ in range(110):
        state_reviews.create(scene.state, scene.repository, pull, who, request)


def own_edit(scene: Scene) -> None:
    edit(scene, "sam")
    scene.review("sam")


def edit_written_by(scene: Scene) -> None:
    scene.push({SERVICE_PATH: EVIL}, by="mallory", author="sam")
    scene.review("sam")


def edit_in_anothers_name(scene: Scene) -> None:
    scene.push({SERVICE_PATH: EVIL}, by="sam", author="gus")
    scene.review("sam")


def edit_in_the_bots_name(scene: Scene) -> None:
    scene.push({SERVICE_PATH: EVIL}, by="sam", author="pow-bot[bot]")
    scene.review("sam")


def edit_in_nobodys_name(scene: Scene) -> None:
    scene.push({SERVICE_PATH: EVIL}, by="sam", author="x@nowhere.example")
    scene.review("ada")


def pushed_what_another_wrote(scene: Scene) -> None:
    """Let mallory make the commit, and sam bring it onto the branch."""
    commit = scene.push({SERVICE_PATH: EVIL}, by="mallory", branch="aside", onto=scene.pull().head_sha)
    scene.point(scene.pull().head_ref, commit, by="sam")
    scene.review("sam")


def force_pushed_back(scene: Scene) -> None:
    """Leave no commit of one's own behind, and approve what others wrote."""
    mallorys = edit(scene, "mallory")
    scene.push({SERVICE_PATH: b"x"}, by="sam")
    scene.point(scene.pull().head_ref, mallorys, by="sam")
    scene.review("sam")


def updated_the_branch(scene: Scene) -> None:
    scene.push({"README.md": "x"}, by="root", branch="main")
    scene.ask("PUT", "pulls/1/update-branch", by="sam", expected_head_sha=scene.pull().head_sha)
    scene.review("sam")


def edited_the_recipe(scene: Scene) -> None:
    scene.push({"pow/passport_backlog.yml": RECIPE + b"# later\n"}, by="sam", branch="main")
    scene.review("sam")


def edited_the_recipe_as_nobody(scene: Scene) -> None:
    files = {"pow/passport_backlog.yml": RECIPE + b"# later\n"}
    scene.push(files, by="sam", branch="main", author="x@nowhere.example")
    scene.review("sam")


def lost_write_access(scene: Scene) -> None:
    scene.review("sam")
    scene.state.grant("sam", scene.repository.full_name, "read")


def lost_all_access(scene: Scene) -> None:
    scene.review("sam")
    scene.state.grant("sam", scene.repository.full_name, "none")


def left_the_team(scene: Scene) -> None:
    scene.review("sam")
    scene.state.add_team("agency", "supervisors", members=["ada", "rita"])


def commit_is_gone(scene: Scene) -> None:
    scene.review("sam")
    state_reviews.forget_commit(scene.repository, scene.pull().head_sha)


def account_is_gone(scene: Scene) -> None:
    scene.review("gus")
    scene.state.delete_user("gus")


def pusher_is_gone(scene: Scene) -> None:
    scene.push({SERVICE_PATH: EVIL}, by="gus", author="mallory")
    scene.review("gus", "COMMENT")
    scene.state.delete_user("gus")
    scene.review("sam")


def team_renamed(scene: Scene) -> None:
    scene.review("sam")
    scene.state.rename_team("agency", "supervisors", "approvers")


def team_replaced(scene: Scene) -> None:
    """Wait until a team is renamed, and make one of one's own under the slug that it left."""
    scene.state.rename_team("agency", "supervisors", "approvers")
    scene.state.add_team("agency", "supervisors", members=["mallory"], repositories=())
    scene.review("mallory")


def team_unseen(scene: Scene) -> None:
    scene.review("sam")
    scene.state.add_app("pow-bot", token=BOT_TOKEN, permissions={**_app(scene), "members": "none"})


def _app(scene: Scene) -> dict[str, str]:
    return dict(scene.state.apps["pow-bot"].permissions)


def renamed(scene: Scene, login: str) -> None:
    """Rename an account, take its old login with another one, and approve with the first."""
    scene.state.rename_user(login, "ren")
    scene.state.add_user(login, token="token-decoy")
    scene.review("", token=f"token-{login}")


def edited_the_recipe_and_renamed(scene: Scene) -> None:
    scene.push({"pow/passport_backlog.yml": RECIPE + b"# later\n"}, by="gus", branch="main")
    renamed(scene, "gus")


def pushed_and_renamed(scene: Scene) -> None:
    edit(scene, "gus")
    renamed(scene, "gus")


def raised_on_the_base(scene: Scene) -> None:
    """Let the policy ask for more than the approvals that were given."""
    scene.review("sam")
    policy = POLICY.replace(b"px: MEDIUM", b"px: HIGH")
    scene.push({"pow/settings/policy.yml": policy}, by="root", branch="main")


def only_a_draft(scene: Scene) -> None:
    scene.ask("POST", "pulls/1/reviews", by="sam", body="I approve.")


def comments(scene: Scene) -> None:
    for text in ("/approve", "LGTM", "@pow-bot merge", "- [x] approved"):
        scene.ask("POST", "issues/1/comments", by="sam", body=text)


def own_approval_of_the_bot(scene: Scene) -> None:
    refused_by_the_forge(scene, "pulls/1/reviews", token=BOT_TOKEN, event="APPROVE")


ATTACKS = (
    Attack(id="nobody reviews", does=lambda _: None, says=WAITS, helped_by="ada"),
    Attack(id="stale commit", does=approve_then_edit, says=WAITS, helped_by="ada"),
    Attack(id="on the commit before", does=approve_the_commit_before, says=WAITS, helped_by="ada"),
    Attack(id="on a commit of main", does=lambda s: s.review("sam", commit_id=s.main()), says=WAITS, helped_by="ada"),
    Attack(id="dismissed", does=dismissed, says=WAITS, helped_by="ada"),
    Attack(id="a later no, dismissed", does=later_no_then_dismissed, says=WAITS, helped_by="ada"),
    Attack(id="later changes requested", does=changed_mind, says="sam asked for changes", helped_by="sam"),
    Attack(id="a writer outside the team says no", does=one_says_no, says="mallory asked", helped_by="mallory"),
    Attack(id="a no on an older commit", does=no_on_an_older_commit, says="ada asked for changes", helped_by="ada"),
    Attack(id="a comment only", does=lambda s: s.review("sam", "COMMENT"), says=WAITS, helped_by="sam"),
    Attack(id="a comment edited into an approval", does=edited_comment, says=WAITS, helped_by="sam"),
    Attack(id="a no edited into a yes", does=edited_no, says="ada asked for changes", helped_by="ada"),
    Attack(id="a stale approval, edited", does=edited_stale_approval, says=WAITS, helped_by="sam"),
    Attack(id="a draft of a review", does=only_a_draft, says=WAITS, helped_by="ada"),
    Attack(id="comments that ask for the merge", does=comments, says=WAITS, helped_by="sam"),
    Attack(id="a no on the second page", does=no_on_the_second_page, says="sam asked for changes"),
    Attack(id="a dismissal on the second page", does=dismissal_on_the_second_page, says=WAITS),
    Attack(id="a bot", does=lambda s: s.review("", token=HELPER_TOKEN), says=WAITS, helped_by="ada"),
    Attack(id="the workflow token", does=lambda s: s.review("", token=ACTIONS_TOKEN), says=WAITS, helped_by="ada"),
    Attack(id="the author, the bot itself", does=own_approval_of_the_bot, says=WAITS),
    Attack(id="the committer", does=own_edit, says=WAITS, helped_by="ada"),
    Attack(id="the author of a commit", does=edit_written_by, says=WAITS, helped_by="ada"),
    Attack(id="the pusher, in another's name", does=edit_in_anothers_name, says=WAITS, helped_by="ada"),
    Attack(id="the pusher, in the bot's name", does=edit_in_the_bots_name, says=WAITS, helped_by="ada"),
    Attack(id="a commit of nobody", does=edit_in_nobodys_name, says="nobody that the forge knows wrote commit"),
    Attack(id="the pusher of another's commit", does=pushed_what_another_wrote, says=WAITS, helped_by="ada"),
    Attack(id="the pusher, whose commit is gone", does=force_pushed_back, says=WAITS, helped_by="ada"),
    Attack(id="the pusher of an update", does=updated_the_branch, says=WAITS, helped_by="ada"),
    Attack(id="the originator: edited the recipe", does=edited_the_recipe, says=WAITS, helped_by="ada"),
    Attack(id="the recipe edited by nobody", does=edited_the_recipe_as_nobody, says="its editor cannot be barred"),
    Attack(
        id="the originator: started the run",
        does=lambda s: s.review("sam"),
        says=WAITS,
        setting=STARTED,
        helped_by="ada",
    ),
    Attack(
        id="the originator, renamed: started the run",
        does=lambda s: renamed(s, "gus"),
        says=WAITS,
        setting=STARTED_BY_GUS,
        helped_by="ada",
    ),
    Attack(
        id="the originator, renamed: edited the recipe",
        does=edited_the_recipe_and_renamed,
        says=WAITS,
        helped_by="ada",
    ),
    Attack(id="the pusher, renamed", does=pushed_and_renamed, says=WAITS, helped_by="ada"),
    Attack(id="lost write access", does=lost_write_access, says=WAITS, helped_by="ada"),
    Attack(id="lost all access", does=lost_all_access, says=WAITS, helped_by="ada"),
    Attack(id="reads only", does=lambda s: s.review("eve"), says=WAITS, helped_by="ada"),
    Attack(id="triages only", does=lambda s: s.review("tim"), says=WAITS, helped_by="ada"),
    Attack(id="left the team", does=left_the_team, says=WAITS, helped_by="ada"),
    Attack(id="null commit", does=commit_is_gone, says=WAITS, helped_by="ada"),
    Attack(id="null author", does=account_is_gone, says=WAITS, helped_by="ada"),
    Attack(id="a pusher that is gone", does=pusher_is_gone, says="an account that is gone pushed"),
    Attack(id="wrong team", does=lambda s: s.review("sava"), says=WAITS, helped_by="ada"),
    Attack(id="no team", does=lambda s: s.review("mallory"), says=WAITS, helped_by="ada"),
    Attack(id="team renamed", does=team_renamed, says="the members of team supervisors cannot be read"),
    Attack(
        id="team renamed, and its slug taken",
        does=team_replaced,
        says="the members of team supervisors cannot be read",
    ),
    Attack(id="team unseen", does=team_unseen, says="the members of team supervisors cannot be read"),
    Attack(
        id="one of two",
        does=lambda s: s.review("sam"),
        says="waits for 1 approval of security",
        setting=HIGH,
        helped_by="sava",
    ),
    Attack(
        id="one person, two hats",
        does=lambda s: s.review("dora"),
        says="waits for 1 approval of",
        setting=HIGH,
        helped_by="sam",
    ),
    Attack(
        id="excluded by policy",
        does=lambda s: s.review("gus"),
        says=WAITS,
        setting=EXCLUDING,
        helped_by="ada",
    ),
    Attack(id="policy raised meanwhile", does=raised_on_the_base, says="approval of security", helped_by="sava"),
)

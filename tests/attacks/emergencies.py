"""Attacks on the emergency path: commands of the wrong people, in the wrong places and at the wrong times."""

from attacks.attack import URGENT, Attack, edit
from attacks.grounds import HELPER_TOKEN, Scene
from attacks.reviews import refused_by_the_forge
from propose.office import RECIPE

COMMAND = "/emergency the counters are closed until noon"
WAITS = "waits for 2 approvals of supervisors"
NEEDS = "an emergency needs 1 approval of security"


def by_nobody_special(scene: Scene) -> None:
    scene.review("mallory", body=COMMAND)


def by_a_supervisor(scene: Scene) -> None:
    scene.review("sam", body=COMMAND)


def by_the_editor_of_the_recipe(scene: Scene) -> None:
    scene.push({"pow/passport_backlog.yml": RECIPE + b"# later\n"}, by="sava", branch="main")
    scene.review("sava", body=COMMAND)


def by_whoever_pushed(scene: Scene) -> None:
    edit(scene, "sava")
    scene.review("sava", body=COMMAND)


def by_a_machine(scene: Scene) -> None:
    scene.review("", token=HELPER_TOKEN, body=COMMAND)


def as_a_comment(scene: Scene) -> None:
    scene.ask("POST", "issues/1/comments", by="sava", body=COMMAND)


def as_a_review_that_only_comments(scene: Scene) -> None:
    scene.review("sava", "COMMENT", body=COMMAND)


def on_an_old_commit(scene: Scene) -> None:
    scene.review("sava", body=COMMAND)
    edit(scene, "mallory")


def edited_into_an_old_approval(scene: Scene) -> None:
    review = scene.review("sava")
    edit(scene, "mallory")
    scene.ask("PUT", f"pulls/1/reviews/{review}", by="sava", body=COMMAND)


def edited_into_a_comment(scene: Scene) -> None:
    review = scene.review("sava", "COMMENT")
    scene.ask("PUT", f"pulls/1/reviews/{review}", by="sava", body=COMMAND)


def written_into_anothers_approval(scene: Scene) -> None:
    review = scene.review("sava")
    refused_by_the_forge(scene, f"pulls/1/reviews/{review}", token="token-mallory", body=COMMAND)


def without_a_reason(scene: Scene) -> None:
    scene.review(
        "sava", body="/emergency \u200b\u200b\u200b\u200b\u200b\u200b\u200b\u200b\u200b\u200b\u200b\u200b ok"
    )


def quoted_below_other_words(scene: Scene) -> None:
    scene.review("sava", body=f"Please do not write this:\n{COMMAND}")


def against_an_objection(scene: Scene) -> None:
    scene.review("ada", "REQUEST_CHANGES")
    scene.review("sava", body=COMMAND)


def dismissed(scene: Scene) -> None:
    review = scene.review("sava", body=COMMAND)
    scene.ask("PUT", f"pulls/1/reviews/{review}/dismissals", by="root", message="No emergency.")


def lost_write_access(scene: Scene) -> None:
    scene.review("sava", body=COMMAND)
    scene.state.grant("sava", scene.repository.full_name, "read")


ATTACKS = [
    Attack(
        id="emergency-by-nobody-special",
        does=by_nobody_special,
        says="this person is in no required team",
        setting=URGENT,
    ),
    Attack(id="emergency-by-a-supervisor", does=by_a_supervisor, says=NEEDS, setting=URGENT, helped_by="ada"),
    Attack(id="emergency-by-the-recipes-editor", does=by_the_editor_of_the_recipe, says=WAITS, setting=URGENT),
    Attack(id="emergency-by-the-pusher", does=by_whoever_pushed, says=WAITS, setting=URGENT),
    Attack(id="emergency-by-a-machine", does=by_a_machine, says=WAITS, setting=URGENT),
    Attack(id="emergency-as-a-comment", does=as_a_comment, says=WAITS, setting=URGENT),
    Attack(id="emergency-as-a-commenting-review", does=as_a_review_that_only_comments, says=WAITS, setting=URGENT),
    Attack(id="emergency-on-an-old-commit", does=on_an_old_commit, says=WAITS, setting=URGENT),
    Attack(id="emergency-edited-into-an-old-approval", does=edited_into_an_old_approval, says=WAITS, setting=URGENT),
    Attack(id="emergency-edited-into-a-comment", does=edited_into_a_comment, says=WAITS, setting=URGENT),
    Attack(id="emergency-in-anothers-approval", does=written_into_anothers_approval, says=WAITS, setting=URGENT),
    Attack(id="emergency-without-a-reason", does=without_a_reason, says=NEEDS, setting=URGENT),
    Attack(id="emergency-quoted", does=quoted_below_other_words, says=WAITS, setting=URGENT),
    Attack(
        id="emergency-against-an-objection", does=against_an_objection, says="ada asked for changes", setting=URGENT
    ),
    Attack(id="emergency-dismissed", does=dismissed, says=WAITS, setting=URGENT),
    Attack(id="emergency-without-write-access", does=lost_write_access, says=WAITS, setting=URGENT),
]

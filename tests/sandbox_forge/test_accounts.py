"""Accounts that change their names: the number stays, and so does all that hangs on it."""

from sandbox_forge.forges import REPO, Forge


def test_a_renamed_account_keeps_its_number_its_rights_and_what_it_did(forge: Forge):
    before = forge.rest("write-token").get("/user").json()
    forge.rest("write-token").post(f"{REPO}/issues", json={"title": "Mine"})
    forge.state.rename_user("write", "Scribe")

    after = forge.rest("write-token").get("/user").json()
    assert (after["login"], after["id"]) == ("Scribe", before["id"])
    assert forge.rest().get("/users/write").status_code == 404
    assert forge.rest().get("/users/scribe").json()["id"] == before["id"]
    assert forge.rest().get(f"{REPO}/issues/1").json()["user"]["login"] == "Scribe"
    assert forge.rest().get(f"{REPO}/collaborators/Scribe/permission").json()["role_name"] == "write"
    members = forge.rest().get("/orgs/agency/teams/supervisors/members").json()
    assert [member["login"] for member in members] == ["Scribe", "admin"]


def test_a_login_that_was_left_is_free_for_somebody_else(forge: Forge):
    old = forge.state.account("read").id
    forge.state.rename_user("read", "reader-no-more")
    new = forge.state.add_user("read", token="another-token")
    assert new.id != old
    assert forge.rest().get("/users/read").json()["id"] == new.id
    assert forge.rest("another-token").get(REPO).status_code == 404


def test_a_deleted_account_is_shown_as_it_was(forge: Forge):
    gone = forge.state.account("triage")
    forge.state.delete_user("triage")
    assert forge.state.present(gone) is gone

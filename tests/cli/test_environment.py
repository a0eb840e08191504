"""Who asked for a run, as GitHub's own variables tell it."""

import pytest

from bot.cli.environment import read_environment

SAM, ADA = {"GITHUB_ACTOR": "sam"}, {"GITHUB_TRIGGERING_ACTOR": "ada"}


@pytest.mark.parametrize(
    ("variables", "started_by"),
    [
        ({"GITHUB_EVENT_NAME": "workflow_dispatch", **SAM, "GITHUB_TRIGGERING_ACTOR": "sam"}, ("sam",)),
        ({"GITHUB_EVENT_NAME": "repository_dispatch", **SAM}, ("sam",)),
        ({"GITHUB_EVENT_NAME": "workflow_dispatch", **SAM, **ADA, "GITHUB_RUN_ATTEMPT": "2"}, ("sam", "ada")),
        ({"GITHUB_EVENT_NAME": "schedule", **SAM, **ADA, "GITHUB_RUN_ATTEMPT": "1"}, ()),
        ({"GITHUB_EVENT_NAME": "schedule", **SAM, **ADA, "GITHUB_RUN_ATTEMPT": "2"}, ("ada",)),
        (SAM, ()),
    ],
    ids=["dispatched", "by an agent", "dispatched, run again", "scheduled", "scheduled, run again", "by hand"],
)
def test_whoever_asked_for_the_run_is_named(variables: dict[str, str], started_by: tuple[str, ...]) -> None:
    assert read_environment(variables).started_by == started_by

"""`pow monitor` on an agency in memory: how a watch goes on, and how it ends."""

from datetime import timedelta

import pytest
from monitor.watchtower import DAY, ERRORS, FEEDS, FIVE, HOUR, POLICY, PRINTER, RECIPE, WAITS, a_tower, a_watch

from bot.model.event import Mark
from bot.model.names import ChangeId
from bot.model.record import Phase
from bot.monitor.act import PERSON_LABEL
from bot.propose.change import rollback_id


def recipe_with(*lines: bytes) -> bytes:
    return RECIPE + b"".join(line + b"\n" for line in lines)


def test_nothing_under_watch_is_no_event_and_no_write():
    tower, change = a_watch()
    tower.record(change, Phase.CLOSED, outcome="success")
    writes = len(tower.world.writes)
    assert tower.monitor().events == ()
    assert len(tower.world.writes) == writes
    assert tower.figures.asked == [], "what is closed costs no reading"


def test_an_early_look_holds_and_says_what_it_saw():
    tower, change = a_watch()
    tower.go(DAY)
    event = tower.only()
    (measured,) = tower.of(change, Phase.MEASURED)
    assert (event.mark, event.change, event.subject) == (Mark.WAIT, change, "BLUR")
    assert "watching" in event.sentence
    assert measured.facts["verdict"] == "HOLD"
    assert measured.facts["rollback"]["outcome"] == "DOES_NOT_HOLD"
    assert "### Watch: still watching" in tower.comment(1)
    assert not tower.of(change, Phase.CLOSED)


def test_three_good_days_close_the_loop_and_the_watch():
    tower, change = a_watch()
    tower.go(4 * DAY, waits=3.0)
    event = tower.only()
    assert (event.mark, event.data["closed"]) == (Mark.DONE, "success")
    assert tower.closed(change)["outcome"] == "success"
    assert tower.closed(change)["measurement"]["outcome"] == "HOLDS"
    assert "it worked" in tower.comment(1)
    assert tower.monitor().events == ()
    assert tower.rollback_pulls(change) == []


def test_a_look_at_the_same_moment_writes_nothing_and_a_later_one_edits_its_comment():
    tower, change = a_watch()
    tower.go(DAY)
    tower.monitor()
    writes = len(tower.world.writes)
    tower.monitor()
    assert len(tower.world.writes) == writes
    tower.go(HOUR)
    tower.monitor()
    assert [record.key for record in tower.of(change, Phase.MEASURED)] == [
        "2026-03-04T09:00:00Z",
        "2026-03-04T10:00:00Z",
    ]
    assert "measured 2026-03-04T10:00:00Z" in tower.comment(1), "one comment, kept up to date"


def test_without_a_verdict_at_the_deadline_a_person_is_asked_and_only_a_person_goes_on():
    tower, change = a_watch(blur=recipe_with(b"watch: {deadline: 5_days}"))
    tower.go(5 * DAY)
    event = tower.only()
    assert event.mark is Mark.WARNING
    assert "no verdict by 2026-03-08T09:00:00Z" in event.sentence
    assert "pull request 1" in event.hint
    assert PERSON_LABEL in tower.world.pull(1).labels
    for errors in (0.01, 0.5):
        tower.go(4 * DAY, waits=3.0, errors=errors)
        assert tower.only().mark is Mark.WARNING, "what is inconclusive stays so"
        assert "what is measured from now on ends nothing by itself" in tower.comment(1)
    assert not tower.of(change, Phase.CLOSED)
    assert not tower.of(change, Phase.REVERTED)


@pytest.mark.parametrize(
    ("wanted", "errors", "waits", "outcome"),
    [
        ("keep", 0.01, 20.0, "kept"),
        ("keep", None, 20.0, None),
        ("rollback", 0.01, 20.0, "rolled back"),
        ("rollback", 0.01, None, None),
    ],
)
def test_a_recipe_may_say_what_follows_at_the_deadline_if_its_rules_have_an_answer(wanted, errors, waits, outcome):
    tower, change = a_watch(blur=recipe_with(f"watch: {{deadline: 2_days, on_deadline: {wanted}}}".encode()))
    for days in (2, 7):
        tower.go(days * DAY, errors=errors, waits=waits)
        tower.monitor()
    closed = [record.facts["outcome"] for record in tower.of(change, Phase.CLOSED)]
    assert closed == (["kept"] if outcome == "kept" else [])
    assert len(tower.rollback_pulls(change)) == (outcome == "rolled back")


def test_a_blind_watch_tells_a_person_and_its_clocks_stand():
    tower, change = a_watch(blur=recipe_with(b"watch: {deadline: 5_days}"))
    tower.go(DAY)
    assert tower.only().mark is Mark.WAIT
    tower.figures.down = {ERRORS: "answered 503"}
    marks = []
    for _ in range(6):
        tower.go(HOUR, waits=20.0)
        marks.append(tower.only().mark)
    assert marks == [Mark.WAIT] * 4 + [Mark.WARNING] * 2
    assert "blind for 6 looks in a row, and the clocks stand" in tower.comment(1)
    tower.go(9 * DAY, waits=20.0)
    assert "no verdict by" not in tower.only().sentence, "no deadline passes while nothing is seen"
    tower.figures.down = {}
    tower.go(HOUR, waits=20.0)
    event = tower.only()
    assert event.mark is Mark.WAIT
    assert "measured" in tower.comment(1)
    assert not tower.of(change, Phase.CLOSED)


def test_a_guardrail_takes_back_a_signal_asks_and_a_shadow_is_only_shown():
    for key, mode, mark, pulls in (
        ("guardrails", "auto", Mark.WARNING, 1),
        ("guardrails", "propose", Mark.WARNING, 1),
        ("guardrails", "shadow", Mark.WAIT, 0),
        ("signals", "auto", Mark.WARNING, 0),
    ):
        rule = f'{key}: [{{rule: "wait_time > 30_days", name: slow, mode: {mode}}}]'
        tower, change = a_watch(blur=recipe_with(rule.encode()))
        tower.go(3 * DAY, waits=40.0)
        event = tower.monitor().events[0]
        assert event.mark is mark, (key, mode, event)
        found = tower.rollback_pulls(change)
        assert len(found) == pulls, (key, mode)
        assert [pull.draft for pull in found] == [mode == "propose"] * pulls
        assert "slow" in tower.comment(1)


# What is no evidence


def test_a_feed_that_fails_is_told_and_neither_closes_nor_reverts():
    tower, change = a_watch()
    tower.go(4 * DAY, waits=3.0)
    tower.figures.down = {ERRORS: "answered 503"}
    event = tower.only()
    assert event.mark is Mark.WAIT
    assert "cannot be measured (ERROR)" in event.sentence
    assert "answered 503" in event.sentence
    tower.figures.down = {WAITS: "answered 503"}
    tower.go(HOUR, waits=3.0)
    assert tower.only().mark is Mark.WAIT
    assert not tower.of(change, Phase.CLOSED)
    tower.figures.down = {}
    tower.go(HOUR, waits=3.0)
    assert tower.only().data["closed"] == "success"


def test_silence_since_the_deployment_is_neither_success_nor_harm():
    tower, change = a_watch()
    tower.figures.lay(ERRORS, tower.now - 2 * HOUR, tower.now, share=0.5)
    tower.go(FIVE * 2, errors=None, waits=None)
    assert tower.only().mark is Mark.WAIT
    tower.go(4 * DAY, errors=None, waits=None)
    event = tower.only()
    assert event.mark is Mark.WAIT
    assert "STALE" in event.sentence or "NO_DATA" in event.sentence
    assert not tower.of(change, Phase.CLOSED)
    assert not tower.of(change, Phase.REVERTED)


def test_errors_above_the_limit_that_are_not_proven_yet_hold_back_a_success():
    recipe = RECIPE.replace(b"wait_time < 7_days for 3_days", b"wait_time < 7_days")
    tower, change = a_watch(blur=recipe)
    tower.go(7 * FIVE, errors=0.5, waits=3.0)
    tower.figures.lay(WAITS, tower.now - 7 * FIVE, tower.now, share=3.0)
    event = tower.only()
    assert event.mark is Mark.WAIT, "seven broken windows cannot be eight, and are no success"
    assert "not proven" in event.sentence
    tower.go(FIVE, errors=0.5, waits=3.0)
    assert "it got worse" in tower.monitor().events[0].sentence
    assert tower.of(change, Phase.REVERTED)


def test_a_success_before_the_watch_is_armed_is_none_yet():
    recipe = RECIPE.replace(b"wait_time < 7_days for 3_days", b"wait_time < 7_days")
    tower, change = a_watch(blur=recipe)
    tower.go(4 * FIVE)
    tower.figures.lay(WAITS, tower.now - 4 * FIVE, tower.now, share=3.0, step=timedelta(minutes=1))
    assert "the watch arms 30 minutes after" in tower.only().sentence
    tower.go(4 * FIVE)
    tower.figures.lay(WAITS, tower.now - 4 * FIVE, tower.now, share=3.0, step=timedelta(minutes=1))
    assert tower.only().data["closed"] == "success"
    assert tower.closed(change)["outcome"] == "success"


def test_a_clock_that_was_set_back_decides_nothing():
    tower, change = a_watch()
    tower.go(-2 * HOUR, errors=None, waits=None)
    tower.figures.lay(ERRORS, tower.now - DAY, tower.now, share=0.5)
    tower.figures.lay(WAITS, tower.now - 4 * DAY, tower.now, share=1.0)
    event = tower.only()
    assert event.mark is Mark.WAIT, event
    assert not tower.of(change, Phase.CLOSED)
    assert not tower.of(change, Phase.REVERTED)


# What was there before


def test_a_breach_from_before_the_change_asks_a_person():
    tower, change = a_watch()
    tower.figures.lay(ERRORS, tower.now - DAY, tower.now, share=0.2)
    tower.go(2 * HOUR, errors=0.2)
    event = tower.only()
    assert event.mark is Mark.WARNING
    assert "was there before the change" in event.sentence
    assert PERSON_LABEL in tower.world.pull(1).labels
    assert "already held before this change" in tower.comment(1)
    assert not tower.of(change, Phase.REVERTED)


def test_what_was_there_before_is_remembered_when_the_feed_has_forgotten_it():
    tower, change = a_watch()
    tower.figures.lay(ERRORS, tower.now - DAY, tower.now, share=0.2)
    tower.go(2 * HOUR, errors=0.2)
    tower.monitor()
    tower.figures.samples[ERRORS].clear()
    tower.go(2 * HOUR, errors=0.2)
    assert "was there before the change" in tower.only().sentence
    assert not tower.of(change, Phase.REVERTED)


def test_a_feed_that_was_down_at_the_first_look_is_no_knowledge_of_the_past():
    tower, change = a_watch()
    tower.figures.lay(ERRORS, tower.now - DAY, tower.now, share=0.2)
    tower.figures.down = {ERRORS: "answered 503"}
    tower.go(HOUR, errors=0.2)
    tower.monitor()
    tower.figures.down = {}
    tower.go(HOUR, errors=0.2)
    assert "was there before the change" in tower.only().sentence
    assert not tower.of(change, Phase.REVERTED), "an outage must not turn an old breach into this change's fault"


# One among others


LOSSES = b"""\
  metrics.passport.loss_rate:
    source: json_file
    path: data/losses.json
    columns: {at: at, value: lost, of: printed}
    window: 5_minutes
"""


def test_one_change_that_fails_does_not_keep_the_other_from_its_success():
    other = RECIPE.replace(b"id: BLUR", b"id: SPEED").replace(b"error_rate", b"loss_rate")
    tower, first = a_watch(speed=other, settings__feeds=FEEDS + LOSSES)
    second = tower.land(2, PRINTER, b"speed: 5", b"speed: 6", recipe="SPEED")
    tower.push({"pow/settings/feeds.yml": FEEDS, "pow/speed.yml": None})
    tower.go(4 * DAY, waits=3.0)
    events = tower.monitor().events
    assert {(event.change, event.mark) for event in events} == {(first, Mark.DONE), (second, Mark.FAILURE)}
    failure = next(event for event in events if event.mark is Mark.FAILURE)
    assert "SPEED" in failure.sentence
    assert "pow lint" in failure.hint
    assert not tower.of(second, Phase.CLOSED)


def test_a_recipe_that_is_gone_from_main_still_watches_what_it_was_approved_for():
    tower, change = a_watch()
    tower.push({"pow/blur.yml": None})
    tower.go(4 * DAY, waits=3.0)
    assert tower.only().data["closed"] == "success"
    assert tower.closed(change)["outcome"] == "success"


def test_a_feed_that_is_gone_from_the_settings_fails_its_change_by_name():
    tower, change = a_watch()
    tower.push({"pow/settings/feeds.yml": FEEDS.split(b"  metrics.passport.error_rate")[0]})
    tower.go(HOUR)
    report = tower.monitor()
    (event,) = report.events
    assert report.failed
    assert "BLUR" in event.sentence
    assert "pow/settings/feeds.yml" in event.hint
    assert not tower.of(change, Phase.MEASURED)


DAMAGES = {
    "no proposal": ChangeId("d" * 16),
    "a proposal without a pull request": ChangeId("e" * 16),
    "a deployment without a time": ChangeId("f" * 16),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_record_fails_its_change_and_no_other(damage: str):
    tower, change = a_watch()
    broken, merge = DAMAGES[damage], str(tower.of(change, Phase.MERGED)[0].facts["merge"])
    if damage != "no proposal":
        pull = {} if "without a pull" in damage else {"pull": 1}
        tower.record(broken, Phase.PROPOSED, recipe="BLUR", **pull)
    time = {"effective_at": "some day"} if "without a time" in damage else {"effective_at": "2026-03-03T09:00:00Z"}
    tower.record(broken, Phase.DEPLOYED, merge=merge, **time)
    tower.go(HOUR)
    events = {event.change: event for event in tower.monitor().events}
    assert events[change].mark is Mark.WAIT
    assert events[broken].mark is Mark.FAILURE
    assert "ledger" in events[broken].sentence
    assert "git log pow-ledger" in events[broken].hint


@pytest.mark.parametrize("impact", ["HIGH", {"level": "ENORMOUS"}])
def test_a_proposal_with_a_damaged_impact_is_not_rolled_back_on_a_guess(impact: object):
    tower, change = a_watch()
    (proposed,) = tower.of(change, Phase.PROPOSED)
    tower.record(change, Phase.PROPOSED, key="again", **{**proposed.facts, "impact": impact})
    tower.go(2 * HOUR, errors=0.2)
    report = tower.monitor()
    assert report.failed
    assert "impact" in report.events[-1].sentence
    assert tower.rollback_pulls(change) == []


def test_a_paused_policy_measures_on_and_leaves_the_rollback_to_people():
    tower, change = a_watch(settings__policy=POLICY.replace(b"paused: false", b"paused: true"))
    tower.go(2 * HOUR, errors=0.2)
    event = tower.only()
    assert event.mark is Mark.WARNING
    assert "paused" in event.sentence
    assert [record.facts["verdict"] for record in tower.of(change, Phase.MEASURED)] == ["ASK"]
    assert not tower.of(change, Phase.REVERTED)
    assert tower.rollback_pulls(change) == []
    tower.edit("pow/settings/policy.yml", b"paused: true", b"paused: false")
    tower.go(HOUR, errors=0.2)
    tower.monitor()
    assert len(tower.rollback_pulls(change)) == 1


def test_mode_shadow_only_says_what_it_would_do_until_the_deadline_asks():
    tower, change = a_watch(blur=recipe_with(b"watch: {mode: shadow, deadline: 2_days}"))
    tower.go(2 * HOUR, errors=0.2)
    assert "would be rolled back (mode shadow)" in tower.only().sentence
    tower.go(2 * DAY, errors=0.2)
    event = tower.only()
    assert event.mark is Mark.WARNING
    assert "no verdict by" in event.sentence
    assert tower.rollback_pulls(change) == []


def test_what_a_feeds_server_says_cannot_act_in_the_comment():
    tower, _ = a_watch()
    hostile = "@agency/everyone ![x](https://evil.example/p.png) <!-- --> #7 | a | b\n\n# Approved"

    tower.figures.down = {ERRORS: hostile, WAITS: hostile}
    tower.go(HOUR)
    tower.monitor()
    comment = tower.comment(1)
    assert "@agency" not in comment
    assert "![x]" not in comment
    assert "\n# Approved" not in comment
    assert comment.count("<!--") == 1, "the marker is the only thing that does not show"


def test_a_breach_from_before_that_gets_worse_is_taken_back():
    tower = a_tower()
    tower.go(DAY, errors=0.1)
    change = tower.land()
    tower.go(2 * HOUR, errors=0.1)
    assert "the breach was there before" in tower.only().sentence
    tower.go(2 * HOUR, errors=0.4)
    assert "worse than before the change" in tower.monitor().events[0].sentence
    assert len(tower.rollback_pulls(change)) == 1


def test_a_rollback_for_a_guardrail_is_watched_for_what_the_guardrail_says():
    tower, change = a_watch(blur=recipe_with(b'guardrails: [{rule: "wait_time > 30_days", name: slow}]'))
    tower.go(3 * DAY, waits=40.0)
    tower.monitor()
    (intent,) = tower.of(change, Phase.REVERTED)
    assert (intent.facts["by"], intent.facts["measurement"]["rule"]) == ("slow", "wait_time > 30_days")
    tower.roll_out(rollback_id(change))
    tower.go(3 * DAY, waits=40.0)
    tower.monitor()
    assert tower.closed(rollback_id(change))["recovery"] == "NOT_RECOVERED"


def test_a_change_that_is_worse_than_the_week_before_by_ranks_is_taken_back():
    ranks = b'guardrails: [{rule: "wait_time > 5_days", name: slower, test: {kind: mann_whitney, every: 3_days}}]'
    for waits, pulls in ((9.0, 1), (6.0, 0)):
        tower = a_tower(blur=recipe_with(ranks))
        tower.go(9 * DAY, waits=6.0)
        change = tower.land()
        tower.go(3 * DAY, waits=waits)
        tower.monitor()
        assert len(tower.rollback_pulls(change)) == pulls
        (measured,) = tower.of(change, Phase.MEASURED)
        assert "in the same hours 7 days before" in measured.facts["guards"][0]["now"]["sentence"]


PROVEN = {
    "the recipe says how": {"blur": recipe_with(b"success_test: {kind: confidence_sequence, min_samples: 80}")},
    "the policy says how": {
        "blur": recipe_with(b"success_test: confidence_sequence"),
        "settings__policy": POLICY + b"tests: {confidence_sequence: {min_samples: 80}}\n",
    },
}


@pytest.mark.parametrize("files", PROVEN.values(), ids=PROVEN)
def test_success_that_must_be_proven_waits_for_proof(files: dict[str, bytes]):
    tower, change = a_watch(**files)
    tower.go(3 * DAY, waits=3.0)
    event = tower.only()
    assert event.mark is Mark.WAIT
    assert "holds, and is not proven yet" in event.sentence
    tower.go(DAY, waits=3.0)
    assert tower.only().data["closed"] == "success"
    assert tower.closed(change)["outcome"] == "success"


DEMANDS = {
    "enough samples in each window": (b"watch: {min_samples: 30}", 3.0),
    "enough windows with any": (b"watch: {coverage: 90%}", None),
}


@pytest.mark.parametrize(("line", "second"), DEMANDS.values(), ids=DEMANDS)
def test_success_takes_as_many_samples_and_windows_as_the_recipe_demands(line: bytes, second: float | None):
    for demand, kind in ((line, Mark.WAIT), (b"watch: {min_samples: 10, coverage: 50%}", Mark.DONE)):
        tower, _ = a_watch(blur=recipe_with(demand))
        for waits in (3.0, second, 3.0):
            tower.go(DAY, waits=waits)
        assert tower.only().mark is kind

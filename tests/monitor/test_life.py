"""The whole life of changes as a state machine: whatever happens, in whatever order, docs/invariants.md holds.

Each check that is named there is an `@invariant` or a part of `teardown` here, by the same name.
"""

from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from fakes.world import Killed
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from monitor.life import MALLORY, SAM, STEPS, STRANGER, a_life
from monitor.watchtower import ERRORS, HOUR, WAITS

from bot.ledger.chain import extends
from bot.model.event import Mark
from bot.model.forge import ReviewState
from bot.model.record import OBSOLETE, Phase
from bot.monitor.answer import BRING_BACK
from bot.monitor.opt_out import ASK_FIRST_LABEL

APPROVING = {"approved", "auto", "rollback"}
DATA = {
    "healthy": (0.01, 3.0),
    "slow": (0.01, 25.0),
    "harm": (0.5, 20.0),
    "no errors known": (None, 20.0),
    "nothing": (None, None),
}


class LifeMachine(RuleBasedStateMachine):
    """Bot, people, time and figures act in any order; a run may die at any write, or meet another run there."""

    def __init__(self) -> None:
        super().__init__()
        self.life = a_life()
        self.seen = ()
        self.vetoed: set[int] = set()
        self.stops = []
        self.reserved: set[int] = set()
        self.weighed: set[int] = set()

    # Time and figures

    @rule(hours=st.sampled_from([1, 3, 8, 30, 80]), what=st.sampled_from(sorted(DATA)))
    def time_passes(self, hours, what):
        errors, waits = DATA[what]
        self.life.go(timedelta(hours=hours), errors=errors, waits=waits)

    @rule()
    def the_clock_is_set_back(self):
        self.life.world.now -= 2 * HOUR

    @rule(feed=st.sampled_from([ERRORS, WAITS]))
    def a_feed_fails(self, feed):
        self.life.figures.down[feed] = "no route to host"

    @rule()
    def feeds_are_back(self):
        self.life.figures.down.clear()

    # The bot

    @rule()
    def a_cycle_runs(self):
        self.life.cycle()

    @rule(step=st.sampled_from(STEPS))
    def a_step_runs(self, step):
        self.life.step(step)

    @rule(step=st.sampled_from(STEPS), write=st.integers(1, 6), is_done=st.booleans())
    def a_run_is_killed(self, step, write, is_done):
        world = self.life.world
        (world.fail_after if is_done else world.fail_before)(write)
        with suppress(Killed):
            self.life.step(step)
        world.stay_alive()

    @rule(one=st.sampled_from(STEPS), other=st.sampled_from(STEPS), write=st.integers(0, 4))
    def two_runs_meet(self, one, other, write):
        world = self.life.world
        world.meanwhile = (len(world.writes) + write, lambda: self.life.step(other))
        self.life.step(one)
        world.meanwhile = None

    # People

    def pull(self, number):
        """Return the open pull request that somebody happens to look at."""
        pulls = self.life.open_pulls()
        return pulls[number % len(pulls)]

    @precondition(lambda self: self.life.open_pulls())
    @rule(number=st.integers(0, 3), state=st.sampled_from([ReviewState.APPROVED, ReviewState.CHANGES_REQUESTED]))
    def a_supervisor_reviews(self, number, state):
        self.life.world.review(self.pull(number).number, SAM, state)

    @precondition(lambda self: self.life.open_pulls())
    @rule(number=st.integers(0, 3))
    def somebody_approves_who_may_not(self, number):
        self.life.world.review(self.pull(number).number, MALLORY)

    @precondition(lambda self: self.life.open_pulls())
    @rule(number=st.integers(0, 3))
    def somebody_pushes_on_a_proposal(self, number):
        branch = self.pull(number).head_branch
        self.life.world.push(branch, {"extra.md": f"{self.life.now}\n".encode()}, by=MALLORY)

    @precondition(lambda self: self.life.open_pulls())
    @rule(number=st.integers(0, 3))
    def somebody_closes(self, number):
        pull = self.pull(number)
        self.life.world.close(pull.number)
        self.vetoed.add(pull.number)

    @precondition(lambda self: self.life.open_pulls())
    @rule(number=st.integers(0, 3))
    def somebody_merges_past_the_gate(self, number):
        with suppress(ValueError):  # it conflicts: the forge would not merge it either
            self.life.theirs.append(self.life.world.merge_by_hand(self.pull(number).number, MALLORY))

    @precondition(lambda self: self.merged_pulls())
    @rule(number=st.integers(0, 3))
    def somebody_reverts_by_the_button(self, number):
        merged = self.merged_pulls()
        self.life.revert_by_button(merged[number % len(merged)])

    @precondition(lambda self: self.merged_pulls())
    @rule(number=st.integers(0, 3))
    def somebody_opens_a_revert(self, number):
        merged = self.merged_pulls()
        self.life.open_revert(merged[number % len(merged)])

    @precondition(lambda self: self.merged_reverts())
    @rule(number=st.integers(0, 3), who=st.sampled_from([SAM, MALLORY, STRANGER]))
    def somebody_approves_a_revert_that_is_merged(self, number, who):
        merged = self.merged_reverts()
        self.life.world.review(merged[number % len(merged)], who)

    @precondition(lambda self: self.life.world.pulls)
    @rule(number=st.integers(0, 3), who=st.sampled_from([SAM, STRANGER]), added=st.booleans())
    def somebody_moves_the_label_that_asks_for_a_draft(self, number, who, added):
        pulls = sorted(self.life.world.pulls)
        pull = pulls[number % len(pulls)]
        self.life.world.label(pull, ASK_FIRST_LABEL, by=who, added=added)
        if who == SAM:
            (self.reserved.add if added else self.reserved.discard)(pull)

    @precondition(lambda self: self.life.world.pulls)
    @rule(number=st.integers(0, 3), who=st.sampled_from([SAM, STRANGER]))
    def somebody_asks_for_it_back(self, number, who):
        pulls = sorted(self.life.world.pulls)
        self.life.say(pulls[number % len(pulls)], BRING_BACK, by=who)

    @rule(who=st.sampled_from([SAM, STRANGER]))
    def somebody_labels_a_stop(self, who):
        self.stops.append((self.life.world.file_issue("pow-stop", by=who), who))

    @precondition(lambda self: self.stops)
    @rule()
    def the_stops_are_lifted(self):
        for number, _ in self.stops:
            self.life.world.close_issue(number, by=SAM)
        self.stops.clear()

    @rule(value=st.sampled_from([2, 3, 4]))
    def somebody_sets_the_value_on_main(self, value):
        self.life.commit_by_hand(value)

    @rule()
    def somebody_commits_something_else(self):
        self.life.note_by_hand()

    # What holds at every moment

    @invariant()
    def the_ledger_is_whole_and_only_grows(self):
        records = self.life.ledger.records()
        assert extends(records, self.seen)
        self.seen = records

    @invariant()
    def a_change_is_reverted_at_most_once(self):
        for change in self.changes():
            assert len(self.life.of(change, Phase.REVERTED)) <= 1
            assert len(self.life.rollback_pulls(change)) <= 1

    @invariant()
    def no_rollback_is_rolled_back(self):
        for change in self.changes():
            (proposed, *_) = self.life.of(change, Phase.PROPOSED) or (None,)
            if proposed is not None and proposed.facts["rollback_of"]:
                assert not self.life.of(change, Phase.REVERTED)

    @invariant()
    def a_change_ends_at_most_once(self):
        for change in self.changes():
            assert len(self.life.of(change, Phase.CLOSED)) <= 1

    @invariant()
    def success_rests_on_evidence(self):
        for change in self.changes():
            closed = self.life.of(change, Phase.CLOSED)
            if closed and closed[0].facts["outcome"] == "success":
                last = self.life.of(change, Phase.MEASURED)[-1].facts
                assert last["success"]["outcome"] == "HOLDS"
                assert last["rollback"]["outcome"] == "DOES_NOT_HOLD"
                assert last["success"]["samples"] >= 5
                assert not self.life.of(change, Phase.REVERTED)

    @invariant()
    def a_revert_rests_on_a_measured_breach(self):
        for change in self.changes():
            for reverted in self.life.of(change, Phase.REVERTED):
                assert reverted.facts["measurement"]["outcome"] == "HOLDS"

    @invariant()
    def what_people_reserved_is_only_proposed(self):
        for change in self.changes():
            for record in self.life.of(change, Phase.REVERTED):
                pull = self.life.of(change, Phase.PROPOSED)[0].facts["pull"]
                if record.index not in self.weighed and pull in self.reserved:
                    assert record.facts["draft_because"]
                self.weighed.add(record.index)

    @invariant()
    def only_who_may_write_lifts_a_hold(self):
        for record in self.seen:
            assert record.phase is not Phase.RESUMED or record.facts["by"] == SAM.login

    @invariant()
    def people_who_take_a_change_back_do_it_once(self):
        for change in self.changes():
            back = [self.life.of(each, Phase.MERGED) for each in self.changes() if self.rolls_back(each) == change]
            assert sum(map(len, back)) <= 1

    @invariant()
    def nothing_goes_live_that_was_not_approved(self):
        for change in self.changes():
            if self.life.of(change, Phase.DEPLOYED):
                assert self.life.of(change, Phase.MERGED)
                decided = self.life.of(change, Phase.DECIDED)
                assert {record.facts["result"] for record in decided} & APPROVING

    @invariant()
    def people_approved_what_needs_people(self):
        for record in self.seen:
            if record.phase is Phase.DECIDED and record.facts["result"] == "approved":
                reviews = self.life.world.reviews.get(record.facts["pull"], [])
                given = [r for r in reviews if r.author == SAM and r.commit == record.facts["head"]]
                assert any(review.state is ReviewState.APPROVED for review in given)

    @invariant()
    def what_is_live_came_through_the_bot(self):
        values = [2, *(patch["max_blur_px"] for _, patch in self.life.gateway.patches)]
        assert self.life.live_value() == values[-1]
        assert len(self.life.gateway.patches) <= len([r for r in self.seen if r.phase is Phase.MERGED])

    @invariant()
    def no_commit_of_a_person_is_lost(self):
        assert set(self.life.theirs) <= self.life.world.reachable([self.life.main])

    @invariant()
    def what_a_person_closed_is_never_merged(self):
        for number in self.vetoed:
            pull = self.life.world.pull(number)
            assert not pull.merged

    @invariant()
    def only_who_may_write_stops_the_bot(self):
        stopped = bool(self.life.site().kill_switch.state().stops)
        assert stopped == any(who == SAM for _, who in self.stops)

    def merged_pulls(self):
        """Return what the bot proposed and somebody or the gate merged."""
        pulls = [self.life.world.pull(number) for number in sorted(self.life.world.pulls)]
        return [pull.number for pull in pulls if pull.merge_commit and pull.head_branch.startswith("pow/")]

    def merged_reverts(self):
        """Return the reverts that people opened and merged."""
        pulls = [self.life.world.pull(number) for number in sorted(self.life.world.pulls)]
        return [pull.number for pull in pulls if pull.merge_commit and pull.head_branch.startswith("revert-")]

    def rolls_back(self, change):
        """Return which change another one takes back."""
        (proposed, *_) = self.life.of(change, Phase.PROPOSED) or (None,)
        return proposed.facts["rollback_of"] if proposed is not None else None

    def changes(self):
        """Return every change that the ledger knows."""
        return dict.fromkeys(record.change for record in self.life.ledger.held)

    # What holds when everything has come to rest

    def teardown(self):
        """Let the bot run undisturbed until it changes nothing, and look at what is left."""
        self.life.world.stay_alive()
        self.life.figures.down.clear()
        for _ in range(6):
            before = len(self.life.world.writes)
            events = self.life.cycle()
            if len(self.life.world.writes) == before:
                break
        else:
            pytest.fail(f"it never comes to rest: {self.life.world.writes[-8:]}")
        self.every_open_change_is_told_of(events)
        self.desired_is_live_unless_it_is_told(events)
        self.the_ledger_is_whole_and_only_grows()

    def every_open_change_is_told_of(self, events):
        told = {event.change for event in events if event.sentence}
        for change in self.changes():
            last = self.life.ledger.of(change)[-1]
            rests = last.facts.get("result") == OBSOLETE and last.facts["sentence"]
            if not self.life.of(change, Phase.CLOSED) and not rests:
                assert change in told, last

    def desired_is_live_unless_it_is_told(self, events):
        if self.life.desired() != self.life.live_value():
            assert any(event.mark in {Mark.WARNING, Mark.FAILURE, Mark.WAIT} for event in events)


QUIET = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]


def test_the_life_of_a_change_in_short():
    run = settings(
        max_examples=4, stateful_step_count=12, deadline=None, derandomize=True, suppress_health_check=QUIET
    )
    run_state_machine_as_test(LifeMachine, settings=run)


@pytest.mark.slow
def test_the_life_of_a_change_at_length():
    run = settings(max_examples=400, stateful_step_count=40, deadline=None, suppress_health_check=QUIET)
    run_state_machine_as_test(LifeMachine, settings=run)


def test_every_check_is_on_the_page_and_every_check_on_the_page_is_here():
    page = (Path(__file__).parents[2] / "docs" / "invariants.md").read_text()
    named = {
        line.rsplit("|", 2)[1].strip(" `") for line in page.splitlines() if line.startswith("| ") and "`" in line
    }
    own = vars(LifeMachine)
    checks = {name for name, value in own.items() if hasattr(value, "hypothesis_stateful_invariant")}
    assert named == checks | {"teardown", "every_open_change_is_told_of", "desired_is_live_unless_it_is_told"}

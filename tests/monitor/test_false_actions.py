"""How often the default rollback test is wrong, on few streams; benchmarks/false_actions.py has the whole of it."""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest
from monitor.benchmark import block, load

from bot.model.proof import ShareTest
from bot.model.series import Sample
from bot.model.settings import RollbackTest
from bot.model.verdict import RuleOutcome
from bot.monitor.breach import breach_of, measure_breach
from bot.rules.evaluate import Needs

STREAMS = 60

actions = load("false_actions")
CELLS = [(kind, volume) for kind in actions.KINDS if kind.is_budgeted for volume in actions.VOLUMES]


@pytest.mark.parametrize(("kind", "volume"), CELLS, ids=[f"{kind.name} at {volume}" for kind, volume in CELLS])
def test_the_default_policy_keeps_its_budget(kind, volume):
    found = actions.cell(actions.DEFAULT, kind, volume, STREAMS)
    assert found.early == 0
    if kind.later is not None:
        assert found.broken_budget() is None
        assert found.caught == 1


def test_a_bare_threshold_breaks_the_budget_so_the_budget_can_be_broken():
    bare = "any window beyond the limit"
    found = actions.cell(bare, actions.HEALTHY, 20, 20)
    assert found.broken_budget().startswith("healthy, 2% at 20 requests: 100.00% rolled back, at most 100.00% with")
    assert "caught after" in actions.cell(bare, actions.JUMP, 20, 20).broken_budget()


def test_few_watches_without_a_rollback_prove_nothing():
    quiet = {
        count: actions.Cell(policy="p", kind=actions.HEALTHY, volume=5, looks=(None,) * count)
        for count in (60, 2_000)
    }
    assert quiet[60].early == quiet[2_000].early == 0
    assert quiet[60].broken_budget() == (
        "healthy, 2% at 5 requests: 0.00% rolled back, at most 6.02% with 97.5% confidence, less than 0.5% allowed"
    )
    assert quiet[2_000].broken_budget() is None
    assert actions.Cell(policy="p", kind=actions.BORDER, volume=5, looks=(1,)).broken_budget() is None


TESTS = {"wilson": RollbackTest(), "cusum": RollbackTest(share=ShareTest.CUSUM, breaches=6)}


@pytest.mark.parametrize("test", TESTS.values(), ids=TESTS)
def test_a_stream_is_rolled_back_when_the_monitor_itself_first_says_so(test):
    """Of a watch that is rolled back, the last dozen looks before that, and one of each dozen before these."""
    stream = next(iter(actions.streams(actions.JUMP, 100, 1)))
    found = actions.product(test)(stream, 100)
    assert found > actions.ONSET // actions.WINDOW
    whole = actions.past_of(stream, 100)[actions.ERRORS]
    series = whole.cut(actions.CHANGED - timedelta(hours=1), actions.CHANGED + actions.WATCH)
    for look in (*range(6, found - 12, 12), *range(found - 12, found + 1)):
        now = actions.CHANGED + actions.WINDOW * look
        measured = measure_breach(actions.RULE, {actions.ERRORS: series}, test, now=now, since=actions.CHANGED)
        assert (measured.outcome is RuleOutcome.HOLDS) == (look == found)


@pytest.mark.parametrize(("spread", "variance"), [(0.0, 1.96), (0.05, 1.96 * (1 + 99 * 0.05))])
def test_streams_have_the_mean_and_the_bursts_that_they_are_to_have(spread, variance):
    """A beta-binomial count has 1 + (n - 1) * correlation times the variance of a binomial one."""
    table = actions.distribution(100, 0.02, spread)
    assert table[-1] == pytest.approx(1)
    chances = [table[0], *(b - a for a, b in pairwise(table))]
    mean = sum(hits * chance for hits, chance in enumerate(chances))
    assert mean == pytest.approx(2)
    assert sum((hits - mean) ** 2 * chance for hits, chance in enumerate(chances)) == pytest.approx(variance)


def test_a_burst_that_lasts_has_one_rate_all_the_while():
    stream = next(iter(actions.streams(actions.LASTING, 1_000, 1)))
    length = actions.LASTING.lasting
    bursts = [stream[first : first + length] for first in range(0, len(stream), length)]
    assert len(stream) == actions.BEFORE + actions.LOOKS
    means = [sum(burst) / length for burst in bursts]
    assert max(means) > 100
    assert min(means) < 2
    assert all(
        max(abs(each - mean) for each in burst) < 8 * (mean + 1) ** 0.5
        for burst, mean in zip(bursts, means, strict=True)
    )


def test_the_jump_comes_a_day_after_the_change():
    stream = next(iter(actions.streams(actions.JUMP, 1_000, 1)))
    onset = actions.BEFORE + timedelta(hours=24) // actions.WINDOW
    assert max(stream[:onset]) < 50 < min(stream[onset:])


@pytest.mark.parametrize("shock", actions.SHOCKS, ids=lambda shock: shock.name)
@pytest.mark.parametrize("policy", [actions.DEFAULT, actions.CONTROLLED])
def test_with_a_control_group_an_outage_takes_no_change_back_and_harm_does(shock, policy):
    found = actions.beside_cell(policy, shock, 100, 3)
    assert found.kind.is_budgeted
    expected = shock.is_harm or policy == actions.DEFAULT
    assert sum(look is not None and look > actions.ONSET // actions.WINDOW for look in found.looks) == 3 * expected
    if shock.is_harm:
        assert found.broken_budget() is None


@pytest.mark.parametrize("shock", actions.SHOCKS, ids=lambda shock: shock.name)
def test_a_pair_of_streams_is_rolled_back_when_the_monitor_itself_says_so(shock):
    pair = next(iter(actions.shocked(shock, 20, 1)))
    assert [len(each) for each in pair] == [actions.WEEK + actions.LOOKS] * 2
    found = actions.beside(actions.BESIDE, *pair, 20)
    start = actions.CHANGED - timedelta(days=7)
    samples = [
        Sample(at=start + actions.WINDOW * place, value=float(hits), of=20.0, labels=(office,))
        for office, stream in zip(("south", "north"), pair, strict=True)
        for place, hits in enumerate(stream)
    ]
    header = actions.past_of(pair[0], 20, before=actions.WEEK)[actions.ERRORS].header
    data = {actions.ERRORS: replace(header, samples=tuple(samples), labels=("office",))}
    needs = Needs(fresh_after=actions.CHANGED, changed_at=actions.CHANGED)
    last = found or actions.LOOKS
    for look in (last - 36, last - 12, last):
        now = actions.CHANGED + actions.WINDOW * look
        measured = breach_of(actions.RULE, data, actions.BESIDE, now=now, needs=needs)
        assert (measured.outcome is RuleOutcome.HOLDS) == (look == found)


PEERS = [
    ("3 windows in a row", [0, 9, 9, 0, 9, 9, 9], 7),
    ("3 windows in a row", [9, 9, 0, 9, 9, 0], None),
    ("any window beyond the limit", [0, 0, 9], 3),
    ("argo-rollouts, `failureLimit: 3`", [9, 0, 9, 0, 9, 0, 9], 7),
    ("flagger, `threshold: 5`", [9, 0, 9, 0, 9, 0, 9], None),
    ("flagger, `threshold: 5`", [9, 0, 9, 0, 9, 0, 9, 0, 9], 9),
    ("3 of 5 overlapping pools of 30 min, 50 counted", [9] * 7, 5),
    ("CUSUM alone", [0] * 9, None),
]


@pytest.mark.parametrize(("peer", "errors", "look"), PEERS)
def test_the_rules_of_others_count_as_they_say(peer, errors, look):
    assert actions.POLICIES[peer]([0] * actions.BEFORE + errors, 20) == look


def test_the_same_seed_gives_the_same_streams_and_another_volume_others():
    drawn = [list(actions.streams(actions.BURSTY, volume, 2)) for volume in (20, 20, 100)]
    assert drawn[0] == drawn[1] != drawn[2]
    assert drawn[0][0] != drawn[0][1]


def test_what_the_default_was_picked_on_are_other_streams():
    judged, picked = (
        list(actions.streams(actions.BURSTY, 20, 1, seed=seed)) for seed in (actions.SEED, actions.PICKING_SEED)
    )
    assert judged != picked
    assert RollbackTest() in actions.CANDIDATES.values()


def test_the_page_has_every_policy_with_every_kind_of_stream_and_the_seed():
    written = block("false-actions.md", "streams")
    assert f"seed is {actions.SEED}" in written
    rows = [line.split(" | ")[0].removeprefix("| ") for line in written.splitlines()]
    for policy in actions.POLICIES:
        assert rows.count(policy) == len(actions.KINDS)
    besides = block("false-actions.md", "beside").splitlines()
    for policy in (actions.DEFAULT, actions.CONTROLLED):
        assert sum(line.startswith(f"| {policy} |") for line in besides) == len(actions.SHOCKS)
    picked = block("false-actions.md", "candidates")
    assert f"seed is {actions.PICKING_SEED}" in picked
    assert all(f"| {candidate} |" in picked for candidate in actions.CANDIDATES)


def test_a_block_of_a_page_is_written_anew_and_nothing_else(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("a\n<!-- begin x -->\nold\n<!-- end x -->\nb\n")
    actions.write_block(page, "x", ["new", "lines", ""])
    assert page.read_text() == "a\n<!-- begin x -->\nnew\nlines\n<!-- end x -->\nb\n"
    with pytest.raises(ValueError, match="has no place for y"):
        actions.write_block(page, "y", ["new"])


def test_cells_say_what_became_of_a_jump():
    jump = actions.Cell(policy="p", kind=actions.JUMP, volume=5, looks=(12, 300, 312, 324, None))
    assert actions.in_words(jump) == "20%, 60%, 2.5 h"
    lost = actions.Cell(policy="p", kind=actions.JUMP, volume=5, looks=(12, None))
    assert actions.in_words(lost) == "50%, 0%"

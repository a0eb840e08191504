"""Replaying evidence that sums up says at every look what the monitor itself measures."""

from collections import Counter
from datetime import timedelta
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from rehearse.pasts import ERRORS, MINUTE, START, pasts, rule_of, series_of
from tries import tries

from bot.model.proof import ShareTest
from bot.model.series import Sample
from bot.model.settings import RollbackTest
from bot.model.verdict import RuleOutcome
from bot.monitor.breach import breach_of
from bot.monitor.limit import share_limit_of
from bot.rehearse.chance import Counts, Judge
from bot.rehearse.replay import Looks
from bot.rehearse.replay_breach import replay_breach
from bot.rehearse.strand import Strand
from bot.rehearse.track import micros_at, micros_of, moment_at
from bot.rules.evaluate import Needs

TEST = RollbackTest(
    share=ShareTest.CUSUM,
    window=timedelta(minutes=5),
    windows=6,
    breaches=2,
    pool=timedelta(minutes=30),
    min_samples=5,
    reach=timedelta(hours=3),
    alpha=0.3,
)
HITS, TRIALS = st.sampled_from([0.0, 0.0, 1.0, 2.0, 5.0]), st.sampled_from([0.0, 5.0, 10.0])
RULES = ("error_rate > 5%", "error_rate < 20%", "error_rate <= 0%", "error_rate > 0%", "error_rate >= 100%")


def measured(rule, data, looks, test, needs):
    return [breach_of(rule, data, test, now=moment_at(look), needs=needs).outcome for look in looks.moments]


@settings(max_examples=tries(150), deadline=None)
@given(
    text=st.sampled_from(RULES),
    counts=st.lists(
        st.tuples(st.sampled_from([0.0, 0.0, 1.0, 2.0, 5.0]), st.sampled_from([0.0, 5.0, 10.0])), max_size=80
    ),
    since=st.one_of(st.none(), st.integers(-60, 300)),
    step=st.sampled_from([5, 7, 60]),
    begin=st.integers(0, 120),
)
def test_every_look_says_what_the_monitor_measures(text, counts, since, step, begin):
    rule = rule_of(text)
    series = series_of(ERRORS, [Sample(at=START + 5 * i * MINUTE, value=e, of=n) for i, (e, n) in enumerate(counts)])
    fresh = None if since is None else START + since * MINUTE
    needs = Needs(fresh_after=fresh, changed_at=fresh or START)
    looks = Looks(start=micros_at(START + begin * MINUTE), step=micros_of(step * MINUTE), count=40)
    found = replay_breach(rule, {ERRORS: Strand(series)}, looks, TEST, needs)
    assert found == measured(rule, {ERRORS: series}, looks, TEST, needs)


@settings(max_examples=tries(60), deadline=None)
@given(text=st.sampled_from(RULES), data=pasts((ERRORS,)), step=st.sampled_from([5, 7, 60]))
def test_whatever_data_can_have_wrong_is_replayed_too(text, data, step):
    rule, needs = rule_of(text), Needs(changed_at=START)
    looks = Looks(start=micros_at(START), step=micros_of(step * MINUTE), count=40)
    found = replay_breach(rule, {feed: Strand(reading) for feed, reading in data.items()}, looks, TEST, needs)
    assert found == measured(rule, data, looks, TEST, needs)


def test_the_simulation_of_healthy_changes_judges_as_the_replay_does():
    """Some watches end in a rollback, some do not, and both say so of the same ones."""
    random, rule = Random(5), rule_of("error_rate > 5%")
    limit = share_limit_of(rule)
    assert limit is not None
    judge, endings = Judge(limit=limit, test=TEST, first=1), Counter()
    for _ in range(80):
        rate = random.choice([0.02, 0.06, 0.1])
        hits = tuple(float(sum(random.random() < rate for _ in range(10))) for _ in range(100))
        found = judge.takes_back(Counts(hits=hits, trials=(10.0,) * 100))
        samples = [Sample(at=START + 5 * i * MINUTE, value=value, of=10.0) for i, value in enumerate(hits)]
        looks = Looks(start=micros_at(START + 5 * MINUTE), step=micros_of(5 * MINUTE), count=100)
        needs = Needs(fresh_after=START, changed_at=START)
        outcomes = replay_breach(rule, {ERRORS: Strand(series_of(ERRORS, samples))}, looks, TEST, needs)
        assert found == (RuleOutcome.HOLDS in outcomes)
        endings[found] += 1
    assert min(endings[True], endings[False]) > 10

"""Many changes in one pass: what they share is read once, and what was measured is written down together."""

from collections import Counter

import pytest
from fakes.ledger import MemoryLedger
from hypothesis import given, settings
from hypothesis import strategies as st
from monitor.watchtower import (
    DAY,
    ERRORS,
    HOUR,
    RECIPE,
    WAITS,
    Figures,
    a_tower,
    a_watch,
    run_to_the_end,
)

from bot.collect.gather import Gathered
from bot.model.errors import BotError
from bot.model.event import Mark
from bot.model.names import ChangeId, CommitSha, FeedName
from bot.model.record import Phase
from bot.model.series import FailureKind, FeedFailure, Window
from bot.monitor.approved import ApprovedRecipes
from bot.monitor.feeds import Need, PassFeeds, needed_from
from bot.monitor.round import begin
from bot.monitor.shown import Face, face_of, to_show
from bot.monitor.watched import watch_list
from bot.recipes.library import load_library

SERVICES = ("ONE", "TWO", "THREE")
PATHS = {f"patches/services/{name}.yml": f"service: {name}\nchanges:\n  px: 2\n".encode() for name in SERVICES}


def watches():
    """Three changes of one recipe, each of a service of its own."""
    tower = a_tower()
    tower.push(PATHS)
    changes = [tower.land(number, path) for number, path in enumerate(PATHS, start=1)]
    return tower, changes


def test_every_feed_is_read_once_for_all_changes():
    tower, changes = watches()
    tower.go(DAY)
    assert [event.change for event in tower.monitor().events] == changes[::-1], "the newest first"
    assert Counter(feed for feed, _ in tower.figures.asked) == {ERRORS: 1, WAITS: 1}
    windows = dict(tower.figures.asked)
    assert windows[ERRORS].end == windows[WAITS].end == tower.now
    assert windows[ERRORS].start <= tower.now - DAY - HOUR, "the time before the changes, too"


def test_a_feed_that_is_down_is_asked_once_in_a_pass():
    tower, changes = watches()
    tower.go(DAY)
    tower.figures.down[ERRORS] = "no route"
    tower.monitor()
    assert [feed for feed, _ in tower.figures.asked].count(ERRORS) == 1
    assert {tower.of(change, Phase.MEASURED)[-1].facts["rollback"]["outcome"] for change in changes} == {"ERROR"}


def test_all_measurements_of_a_pass_are_one_write_with_a_record_each():
    tower, changes = watches()
    tower.go(DAY)
    before = len(tower.world.writes)
    tower.monitor()
    records = [write for write in tower.world.writes[before:] if write.startswith("record")]
    assert records == ["record measured, measured, measured"]
    for change in changes:
        (measured,) = tower.of(change, Phase.MEASURED)
        assert measured.facts["verdict"] == "HOLD"


@pytest.mark.parametrize("point", [1, 2, 3, 4, 5, 6])
def test_a_pass_that_dies_is_finished_by_the_next_one(point):
    told = {}
    for dies in (False, True):
        tower, _ = watches()
        tower.go(4 * DAY, waits=3.0)
        if dies:
            tower.world.fail_after(point)
        assert run_to_the_end(tower) == int(dies)
        told[dies] = {name: tower.told()[name] for name in ("pulls", "comments", "ledger")}
    assert told[True] == told[False]


class Refusing(MemoryLedger):
    """A ledger whose branch takes no measurement."""

    def __init__(self, world, held) -> None:
        super().__init__(world)
        self.held = held

    def append_all(self, drafts):
        if any(draft.phase is Phase.MEASURED for draft in drafts):
            raise BotError("the branch moved", hint="again")
        return super().append_all(drafts)


def test_a_ledger_that_takes_nothing_stops_what_would_follow():
    tower, changes = watches()
    tower.go(4 * DAY, waits=3.0)
    tower.ledger = Refusing(tower.world, tower.ledger.held)
    (event,) = tower.monitor().events
    assert (event.mark, event.sentence, event.change) == (Mark.FAILURE, "the branch moved", None)
    assert all(tower.of(change, Phase.CLOSED) == () for change in changes)


def test_a_rollback_begun_in_a_pass_is_known_to_those_that_follow_in_it():
    tower, changes = watches()
    tower.go(DAY, errors=0.5)
    tower.monitor()
    assert [bool(tower.of(change, Phase.REVERTED)) for change in changes] == [False, False, True]
    for change in changes[:2]:
        facts = tower.of(change, Phase.MEASURED)[-1].facts
        assert facts["verdict"] == "HOLD"
        assert f"{changes[2]} is newer" in facts["sentence"]


# What is shared

SHARED = (
    RECIPE.replace(b"for 3_days", b"for 6_hours") + b'guardrails: [{rule: "wait_time > 15_days", name: slower}]\n'
)
COMPARED = SHARED + b"rollback_test: mann_whitney\n"


@settings(max_examples=15, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from([0, 0, 1, 7]), st.sampled_from([0.0, 0.04, 0.2])), min_size=3, max_size=3),
    st.sampled_from([3.0, 20.0, None]),
    st.sampled_from([SHARED, COMPARED]),
)
def test_what_changes_share_is_what_is_measured_of_each_alone(landed, waits, recipe):
    tower = a_tower(blur=recipe)
    tower.push(PATHS)
    for (number, path), (hours, errors) in zip(enumerate(PATHS, start=1), landed, strict=True):
        tower.go(HOUR * hours, errors=errors, waits=waits)
        tower.land(number, path)
    for hours in (5, 9):
        tower.go(HOUR * hours, errors=landed[0][1], waits=waits)
        together = facts_of(tower, watch_list(tower.ledger.records()))
        for watched in watch_list(tower.ledger.records()):
            assert together[watched.id] == facts_of(tower, [watched])[watched.id]


def facts_of(tower, watches):
    """Measure some changes in one pass."""
    site = tower.site()
    library = load_library(site.repository.read_many("pow/", tower.main), endpoints={})
    observer = begin(site, library.settings, tower.main, tower.figures, watches).observer
    return {each.id: observer.facts(each, observer.recipe_of(each)) for each in watches}


# Recipes


def recipes(tower):
    site = tower.site()
    settings = load_library(site.repository.read_many("pow/", tower.main), endpoints={}).settings
    watched = watch_list(tower.ledger.records())
    return ApprovedRecipes(site.repository, settings, [each.merge for each in watched]), watched


def test_merges_with_the_same_recipes_share_what_was_compiled():
    tower, _ = watches()
    approved, watched = recipes(tower)
    found = [approved.of(each) for each in watched]
    assert found[0] is found[1] is found[2]


def test_a_recipe_that_stayed_the_same_beside_others_is_read_and_compiled_once():
    tower = a_tower()
    tower.push(PATHS)
    tower.land(1, "patches/services/ONE.yml")
    tower.push({"pow/other.yml": RECIPE.replace(b"BLUR", b"OTHER")})
    tower.land(2, "patches/services/TWO.yml")
    approved, watched = recipes(tower)
    first, second = [approved.of(each) for each in watched]
    assert first is second


def test_each_change_keeps_the_text_that_it_was_approved_under():
    tower, _ = a_watch()
    tower.edit("pow/blur.yml", b"error_rate > 5%", b"error_rate > 9%")
    tower.push(PATHS)
    tower.land(2, "patches/services/ONE.yml")
    approved, watched = recipes(tower)
    assert [approved.of(each).rollback.text for each in watched] == ["error_rate > 5%", "error_rate > 9%"]


@pytest.mark.parametrize(
    "files",
    [
        {"pow/twin.yml": RECIPE},
        {"pow/blur.yml": b"id: [\n"},
        {"pow/blur.yml": RECIPE.replace(b"error_rate > 5%", b"nothing > 5%")},
        {"pow/blur.yml": None},
    ],
    ids=["claimed twice", "unreadable", "a rule that does not compile", "gone"],
)
def test_a_recipe_that_cannot_be_told_is_an_error_of_its_change(files):
    tower = a_tower()
    tower.push(files)
    tower.land()
    approved, (watched,) = recipes(tower)
    with pytest.raises(BotError, match="recipe BLUR of change 0000000000000001 cannot be read"):
        approved.of(watched)


def test_a_merge_that_the_clone_does_not_hold_is_an_error_of_its_change():
    tower, change = a_watch()
    tower.deploy(change, CommitSha("0" * 40))
    tower.go(DAY)
    assert tower.only().mark is Mark.FAILURE


# Feeds

NOW = a_tower().now


def test_pass_feeds_cut_what_was_read_and_read_alone_what_nobody_foresaw():
    tower, _ = a_watch()
    approved, (watched,) = recipes(tower)
    rule = approved.of(watched).rollback
    figures = tower.figures
    site = tower.site()
    library = load_library(site.repository.read_many("pow/", tower.main), endpoints={})
    specs = {spec.name: spec for spec in library.settings.feeds}
    feeds = PassFeeds(figures, specs, [Need(rule=rule, start=tower.now - HOUR)], now=tower.now)
    spec, figures.asked = specs[FeedName(ERRORS)], []
    inside = Window(start=tower.now - HOUR / 2, end=tower.now - HOUR / 4)
    found = feeds.series(spec, inside)
    assert found == figures.series(spec, inside)
    figures.asked.clear()
    feeds.series(spec, inside)
    assert figures.asked == []
    before = Window(start=tower.now - DAY, end=tower.now - HOUR)
    assert feeds.series(spec, before) == feeds.series(spec, before)
    assert figures.asked == [(ERRORS, before)], "once for each window"


class Large(Figures):
    """Feeds that have too much for one answer of more than an hour."""

    def gather(self, specs, **_: object):
        failures = {
            spec.name: FeedFailure(feed=spec.name, kind=FailureKind.TOO_LARGE, message="too much") for spec in specs
        }
        return Gathered(series={}, complaints={}, logs={}, failures=failures)


def test_a_feed_that_is_too_large_for_all_at_once_is_asked_for_each_need():
    tower, _ = a_watch()
    tower.go(4 * DAY, waits=3.0)
    tower.figures = Large(samples=tower.figures.samples)
    assert tower.only().data["closed"] == "success"


def test_rules_look_back_from_now_and_from_the_change():
    tower, _ = a_watch()
    approved, (watched,) = recipes(tower)
    rule, change = approved.of(watched).rollback, NOW - 3 * DAY
    asked = [needed_from(rule, HOUR, now=NOW, changed_at=change, is_looked_back=back) for back in (False, True)]
    assert asked == [NOW - HOUR, change - HOUR]


# Comments


def face(number, says="HOLD", before="HOLD", shown="2026-01-01"):
    return Face(change=ChangeId(str(number)), says=(says,), before=(before,), shown=shown)


def test_what_is_new_is_shown_and_of_the_rest_what_was_shown_longest_ago():
    faces = [
        face(1, shown="2026-01-03"),
        face(2, says="ASK"),
        face(3, shown="2026-01-01"),
        face(4, shown=""),
        face(5, shown="2026-01-02"),
    ]
    assert to_show(faces, most=2) == {"2", "4", "3", "5"}
    assert to_show(faces, most=0) == {"2", "4"}
    assert to_show(()) == frozenset()


@pytest.mark.parametrize(
    ("facts", "former", "is_new"),
    [
        ({"verdict": "HOLD"}, {}, True),
        ({"verdict": "HOLD"}, {"verdict": "HOLD"}, True),
        ({"verdict": "HOLD"}, {"verdict": "HOLD", "shown": "2026"}, False),
        ({"verdict": "HOLD"}, {"verdict": "HOLD", "shown": 7}, True),
        ({"verdict": "ASK"}, {"verdict": "HOLD", "shown": "2026"}, True),
        ({"rollback": {"outcome": "ERROR"}}, {"rollback": {"outcome": "HOLDS"}, "shown": "2026"}, True),
        ({"rollback": {"outcome": "ERROR"}}, {"rollback": "damaged", "shown": "2026"}, True),
        ({"guards": [{"now": {"outcome": "HOLDS"}}]}, {"guards": [{"now": {}}, 7], "shown": "2026"}, True),
        ({"guards": [{"now": {}}]}, {"guards": [{"now": {}}], "shown": "2026"}, False),
        ({"success": {"outcome": "ERROR"}}, {"success": {"outcome": "ERROR"}, "shown": "2026"}, False),
    ],
)
def test_a_comment_is_wrong_and_not_only_old_when_its_verdict_or_an_outcome_changed(facts, former, is_new):
    assert face_of(ChangeId("1"), facts, former).is_new is is_new


def test_a_comment_that_is_not_written_keeps_the_time_of_the_look_that_it_shows():
    tower, changes = watches()
    tower.go(DAY)
    tower.monitor()
    first = tower.now
    shown = [tower.of(change, Phase.MEASURED)[-1].facts["shown"] for change in changes]
    assert len(set(shown)) == 1
    tower.go(HOUR)
    assert tower.now > first
    tower.monitor()
    assert tower.of(changes[0], Phase.MEASURED)[-1].facts["shown"] > shown[0]

"""What is said of a recipe is what the deciders of a run would do with it."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from recipes.repository_files import FILES, SHORT_NAMES, edited, files

from bot.collect.gather import Gathered
from bot.model.calendar import Calendar, Freeze
from bot.model.finding import ComplaintCount
from bot.model.json import canonical
from bot.model.names import FeedName, RecipeId, TeamSlug
from bot.model.process import ProcessEvent, ProcessLog
from bot.model.proof import ShareTest
from bot.model.series import FailureKind, FeedFailure, Sample, Series, SeriesKind, Window
from bot.model.settings import Approvers, Emergency, GovernanceMode, RollbackTest, Settings, Waiting
from bot.model.unit import DAY, PLAIN_RATIO
from bot.model.verdict import RuleOutcome
from bot.recipes.library import CompiledRecipe, load_library
from bot.rehearse.explain import explain, measure_today, specs_of
from bot.report.explain import Explanation, sections_of
from bot.report.explain_json import json_of

NOW = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
Files = Mapping[str, bytes]


def loaded(repository: Files) -> tuple[CompiledRecipe, Settings]:
    library = load_library(repository, endpoints={})
    assert library.settings is not None, library.diagnostics
    assert library.recipes, library.diagnostics
    return library.recipes[0], library.settings


def explained(repository: Files | None = None, **policy: Any) -> Explanation:
    used = repository or files()
    compiled, settings = loaded(used)
    settings = replace(settings, policy=replace(settings.policy, **policy))
    return explain(compiled, settings, used, now=NOW)


def with_lines(lines: str) -> Files:
    """Return the repository with lines added to the recipe."""
    return files(passport_backlog=FILES[SHORT_NAMES["passport_backlog"]] + lines)


def rewritten(*changes: tuple[str, str]) -> Files:
    """Return the repository with texts replaced, in whatever files they stand."""
    used = dict(files())
    for old, new in changes:
        assert any(old.encode() in content for content in used.values()), old
        used = {path: content.replace(old.encode(), new.encode()) for path, content in used.items()}
    return used


def said(explanation: Explanation, title: str) -> str:
    """Return a section's paragraphs, one per line."""
    section = next(each for each in sections_of(explanation) if each.title.startswith(title))
    return "\n".join(section.paragraphs)


# The whole of it

WHOLE = """\
What it watches
- metrics.passport.wait_time: a metric in days, looked at over 1 day, from metrics /passport/wait
- metrics.passport.error_rate: a share, looked at over 5 minutes, from metrics /passport/error
- events.passport: the process log of 30 days, in which waiting is ranked, from logs/passport.csv
When it fires
max(wait_time) > 20_days
It fires when the largest wait_time of the last day is more than 20 days.
A window with fewer than 5 samples says nothing.
A proposal that waits is closed once the rule has not held for 1 day, and opened again if it returns.
After a rejection it rests for 7 days; while a change of its own is open it proposes nothing.
What it would change
- PHOTO_VALIDATOR: max_blur_px from 2 to 4
- journeys/passport_renewal: version from "v1" to "v2"
--- a/patches/services/PHOTO_VALIDATOR.yml
+++ b/patches/services/PHOTO_VALIDATOR.yml
@@ -1,5 +1,5 @@
 service: PHOTO_VALIDATOR
 changes:
-  max_blur_px: 2
+  max_blur_px: 4
   mode: strict
   retry: true
--- a/patches/journeys/passport_renewal.yml
+++ b/patches/journeys/passport_renewal.yml
@@ -1,2 +1,2 @@
 journey: passport_renewal
-version: v1
+version: v2
Who must approve
The impact is MEDIUM, and people must approve from MEDIUM on: it needs 1 approval of supervisors.
- LOW: every change is at least LOW
- MEDIUM: journeys/passport_renewal is a journey that citizens walk: MEDIUM
- MEDIUM: policy calls max_blur_px MEDIUM
- MEDIUM: max_blur_px changes by 100%, more than 50%: MEDIUM
An approval counts when it is given on the newest commit, by such a person with write access who neither \
worked on the pull request, nor last edited the recipe, nor started the run behind it.
Whoever does not decide is reminded after 1 day.
What nobody decides on within 14 days is closed, never approved.
What counts as success
wait_time < 7_days for 3_days
The change is a success when the mean wait_time is less than 7 days, in every window of 1 day for 3 days, at least \
90% of them measured and never more than 2 in a row missing.
Only data from after the deployment counts, the rollback rule must measurably not hold, and it is never sooner than \
30 minutes after the deployment.
Without a verdict within 21 days a person is asked.
Time in which nothing could be seen is not counted. A person is told after 1 day without data, and after 5 looks \
in a row at which a rule was not measurable.
What counts as rollback
error_rate > 5%
The change is taken back when error_rate is more than 5%, beyond what chance explains. Both must be so:
- over the last 2 hours together, with 99.9% confidence (Wilson's bound), of at least 50 counted
- in at least 8 of the last 12 windows of 10 minutes, each for itself
Only data from after the deployment counts. If it was so before the deployment already and did not get worse, \
or the policy is paused, nothing is taken back and a person is asked.
The watch is armed 30 minutes after the deployment. Then the bot reverts the merge by itself, which puts the former \
values back, and measures for 2 days whether that helped. If something was merged on top, a person decides on a \
draft; so it is after 4 rollbacks in a day.
"""


def test_a_recipe_is_explained_from_start_to_end():
    lines = [
        line
        for section in sections_of(explained())
        for line in (section.title, *section.paragraphs, *section.redline.splitlines())
    ]
    assert "\n".join(lines) + "\n" == WHOLE


# When it fires


def test_what_keeps_it_from_proposing_is_said():
    frozen = Calendar(freezes=(Freeze(first=date(2026, 1, 1), last=date(2026, 1, 6), reason="election"),))
    told = said(explained(paused=True, calendar=frozen), "When")
    assert "The policy is paused" in told
    assert "The calendar is closed, so nothing is proposed at present: frozen until" in told
    used = files()
    compiled, settings = loaded(used)
    muted = explain(compiled, replace(settings, muted=frozenset({RecipeId("PASSPORT_BACKLOG")})), used, now=NOW)
    assert "The recipe is muted in the settings" in said(muted, "When")
    assert "at present" not in said(explained(), "When")


def test_what_is_urgent_is_said_with_its_room():
    said_so = said(explained(with_lines("urgent: true\n")), "When it fires")
    assert "It is urgent: proposed before others, and counted apart while fewer than 5 such are open." in said_so


def test_one_sample_needs_no_saying():
    assert "fewer than" not in said(explained(with_lines("watch: {min_samples: 1}\n")), "When")


# What it would change


def test_a_key_that_is_not_adopted_is_said_with_the_command_that_helps():
    told = said(explained(edited("PHOTO_VALIDATOR", "  max_blur_px: 2\n", "")), "What it would change")
    assert told == (
        "Nothing now: patches/services/PHOTO_VALIDATOR.yml has no `max_blur_px`.\n"
        "hint: `pow adopt PHOTO_VALIDATOR max_blur_px` brings its live value in"
    )


def test_what_is_so_already_changes_nothing_and_has_no_impact():
    journey = "  journey_patch: journeys/passport_renewal@v2\n"
    found = explained(rewritten(("  max_blur_px: 2\n", "  max_blur_px: 4\n"), (journey, "")))
    assert said(found, "What it would change").startswith("Nothing now: the desired state holds its values already.")
    assert said(found, "Who") == (
        "People must approve from impact MEDIUM on; nothing would change that has an impact now."
    )


def test_values_are_written_as_yaml_writes_them():
    used = rewritten(("max_blur_px: 4", 'mode: "loose"\n      retry: false'))
    told = said(explained(used), "What it would change")
    assert 'mode from "strict" to "loose"' in told
    assert "retry from true to false" in told


def test_a_computed_value_is_said_with_how_it_comes_about():
    told = said(explained(rewritten(("max_blur_px: 4", "max_blur_px: {multiply: 8}"))), "What it would change")
    how = "2 \u00d7 8 = 16, held to 12, the most that policy allows"
    assert f"- PHOTO_VALIDATOR: max_blur_px from 2 to 12, for {how}" in told
    at_end = rewritten(
        ("max_blur_px: 4", "max_blur_px: {add: -2}"),
        ("  max_blur_px: 2\n", "  max_blur_px: 1\n"),
        ("  journey_patch: journeys/passport_renewal@v2\n", ""),
    )
    assert said(explained(at_end), "What it would change").startswith(
        "Nothing now: max_blur_px is 1 already, and the least that policy allows is 1."
    )


# Who must approve


def test_a_small_change_needs_nobody():
    small = (
        ("journeys: MEDIUM", "journeys: LOW"),
        ("max_blur_px: MEDIUM", "max_blur_px: LOW"),
        ("max_blur_px: 4", "max_blur_px: 3"),
    )
    told = said(explained(rewritten(*small)), "Who")
    assert "people must approve from MEDIUM on: nobody has to. A request for changes still stops it." in told
    assert "An approval counts" not in told
    asked = rewritten(*small, ("hitl_threshold: MEDIUM", "hitl_threshold: LOW"))
    assert "but the policy asks nobody for LOW" in said(explained(asked), "Who")


def test_every_factor_is_said_and_what_is_not_known_counts_most():
    policy = FILES[SHORT_NAMES["policy"]].replace(
        "  journeys: MEDIUM\n",
        "  journeys: MEDIUM\n  classes: {identity_check: {keys: ['max_*'], level: MEDIUM}}\n"
        "  people_affected: [{above: 1000, level: MEDIUM}, {above: 5000, level: HIGH}]\n"
        "  high_impact: {level: MEDIUM, targets: [PHOTO_VALIDATOR]}\n",
    )
    used = dict(files(policy=policy))
    told = said(explained(used), "Who")
    assert "- MEDIUM: policy calls PHOTO_VALIDATOR high-impact: MEDIUM" in told
    assert "- MEDIUM: max_blur_px is of the class identity_check, which policy calls MEDIUM" in told
    assert "- HIGH: how many people it affects is not known: HIGH" in told
    compiled, settings = loaded(used)
    events = tuple(
        ProcessEvent(case=str(case), activity="apply", end=NOW - timedelta(days=1)) for case in range(1_200)
    )
    log = FeedName("events.passport")
    logs = {log: ProcessLog(feed=log, window=Window(start=NOW - timedelta(days=30), end=NOW), events=events)}
    measured = measure_today(compiled, settings, Gathered(series={}, complaints={}, logs=logs, failures={}), now=NOW)
    told = said(explain(compiled, settings, used, now=NOW, today=measured), "Who")
    assert "- MEDIUM: it affects 1,200 people in 30 days by events.passport, more than 1,000: MEDIUM" in told
    assert "it needs 1 approval of supervisors." in told


def test_a_large_change_needs_all_that_policy_names():
    policy = FILES[SHORT_NAMES["policy"]].replace("max_blur_px: MEDIUM", "max_blur_px: HIGH")
    told = said(explained(files(policy=policy)), "Who")
    assert "it needs 1 approval of supervisors and 1 approval of security." in told
    nobody = files(policy=policy.replace("HIGH: {supervisors: 1, security: 1}", "HIGH: {supervisors: 2}"))
    assert "it needs 2 approvals of supervisors." in said(explained(nobody), "Who")


def test_an_approval_that_nobody_can_give_is_said():
    assert "an approval that nobody can give" in said(explained(approvals={}), "Who")


def test_the_policys_cap_is_said_where_it_counts():
    told = said(explained(rewritten(("hitl_threshold: MEDIUM", "hitl_threshold: HIGH"))), "Who")
    assert "The recipe asks for HIGH, but the policy's cap is MEDIUM." in told


# Rollback


def test_any_other_rule_is_taken_back_on_separate_windows():
    told = said(
        explained(rewritten(("rollback_on: error_rate > 5%", "rollback_on: wait_time > 30_days"))),
        "What counts as rollback",
    )
    assert "The change is taken back when the mean wait_time of the last day is more than 30 days." in told
    assert "it is looked at 3 times, 1 day apart, the last time now, and must be so now and at least 2 times" in told


CONTROL = "rollback_test: {kind: wilson, control: {office: north}}"


def test_evidence_that_sums_up_is_one_thing_more():
    found = explained(rollback=RollbackTest(share=ShareTest.CUSUM, breaches=6))
    told = said(found, "What counts as rollback")
    assert "beyond what chance explains. All three must be so:" in told
    assert "- over the last 2 hours together, of at least 50 counted" in told
    assert "sums up over 3 days to more than what a share just at the limit reaches by a chance of 5% (CUSUM)" in told
    assert "- in at least 6 of the last 12 windows of 10 minutes, each for itself" in told
    rollback = json_of(found)["rollback"]
    assert isinstance(rollback, dict)
    assert rollback["needs"] == {
        "proof": "cusum",
        "breaches": 6,
        "windows": 12,
        "window": 600.0,
        "pool": 7_200.0,
        "min_samples": 50,
        "reach": 259_200.0,
        "alpha": 0.05,
    }


OPEN = (
    (
        "    columns: {at: closed_at, value: days}\n    unit: days\n",
        "    columns: {start: opened, end: closed}\n    unit: days\n    open_cases: true\n",
    ),
    ("success_metric: wait_time < 7_days for 3_days", "success_metric: error_rate < 1%"),
    ('bottleneck_rule: "max(wait_time) > 20_days"', 'bottleneck_rule: "error_rate > 9%"'),
)


@pytest.mark.parametrize(
    ("test", "more"), [("mann_whitney", ()), ("kaplan_meier", OPEN)], ids=["ranks", "open cases"]
)
def test_a_test_on_ranks_or_of_open_cases_is_named(test: str, more: tuple[tuple[str, str], ...]):
    rollback = "rollback_on: error_rate > 5%"
    told = explained(rewritten((rollback, f"rollback_on: median(wait_time) > 30_days\nrollback_test: {test}"), *more))
    assert json_of(told)["rollback"]["test"] == test
    assert "The change is taken back when the median wait_time" in said(told, "What counts as rollback")


def test_what_silence_means_is_said_where_it_means_something():
    rollback = "rollback_on: error_rate > 5%"
    sparse = rewritten(
        ("    window: 5min\n", "    window: 5min\n    kind: sparse\n"),
        (rollback, f"{rollback}\nwatch: {{no_data: ok}}"),
    )
    told = said(explained(sparse), "What counts as rollback")
    assert "No data is no harm." in told
    assert "No data" not in said(explained(), "What counts as rollback")


def test_a_success_that_must_be_proven_is_said_to_be():
    told = said(explained(with_lines("success_test: confidence_sequence\n")), "What counts as success")
    assert told != said(explained(), "What counts as success")


def test_a_guardrail_on_no_share_is_said_as_it_is_measured():
    told = said(
        explained(with_lines("guardrails: ['wait_time > 40_days', 'error_rate > 9%']\n")), "What counts as roll"
    )
    assert "the mean wait_time of the last day is more than 40 days" in told
    assert "error_rate is more than 9%" in told


def test_the_next_levels_approvers_are_told_where_policy_asks_them():
    told = said(explained(waiting=Waiting(escalate_after=timedelta(days=3))), "Who")
    assert "is reminded after 1 day, and after 3 days the next level's approvers may decide, too." in told


def test_a_control_group_is_one_thing_more():
    found = explained(
        rewritten(
            ("    window: 5min\n", "    window: 5min\n    labels: {office: office}\n"),
            ("rollback_on: error_rate > 5%", f"rollback_on: mean(error_rate) > 5%\n{CONTROL}"),
        )
    )
    told = said(found, "What counts as rollback")
    assert "beyond what chance explains. All three must be so:" in told
    assert "- over the last 6 hours together, beyond office north at the same time or, if they" in told
    assert "- in at least 8 of the last 12 windows of 10 minutes, each for itself" in told
    rollback = json_of(found)["rollback"]
    assert isinstance(rollback, dict)
    needs = rollback["needs"]
    assert isinstance(needs, dict)
    assert needs["control"] == {"office": ["north"]}


@pytest.mark.parametrize(
    ("lines", "then"),
    [
        ("watch: {mode: shadow}\n", "Then the bot only says so"),
        ("watch: {mode: propose}\n", "a person decides: the mode is propose"),
        ("reversible: false\n", "a person decides: the recipe is not reversible"),
    ],
)
def test_how_far_the_bot_goes_is_said(lines: str, then: str):
    assert then in said(explained(with_lines(lines)), "What counts as rollback")


# Feeds


def test_every_feed_has_enough_history_for_its_rules():
    used = rewritten(("wait_time < 7_days for 3_days", "wait_time < 7_days for 90_days"))
    compiled, settings = loaded(used)
    history = {spec.name: spec.history for spec in specs_of(compiled, settings)}
    assert history["metrics.passport.wait_time"] >= timedelta(days=90)
    assert history["events.passport"] == timedelta(days=30)


def test_complaints_are_said_to_be_counted_only():
    used = rewritten(("[metrics.passport.wait_time]", "[complaints.passport, metrics.passport.wait_time]"))
    assert "- complaints.passport: complaints of 30 days, of which only the topics are counted" in said(
        explained(used), "What it watches"
    )


# Today


def series(feed: str, *values: tuple[float, float], every: timedelta) -> Series:
    ratio = len(values) > 0 and values[0][1] != 1
    return Series(
        feed=FeedName(feed),
        unit=PLAIN_RATIO if ratio else DAY,
        kind=SeriesKind.RATIO if ratio else SeriesKind.READINGS,
        window=timedelta(minutes=5) if ratio else timedelta(days=1),
        span=Window(start=NOW - timedelta(days=30), end=NOW),
        samples=tuple(
            Sample(at=NOW - every * (len(values) - place), value=value, of=of)
            for place, (value, of) in enumerate(values)
        ),
    )


def today(wait: float, errors: float, **gathered: Any) -> Explanation:
    used = rewritten(("[metrics.passport.wait_time]", "[complaints.passport, metrics.passport.wait_time]"))
    compiled, settings = loaded(used)
    wait_time = series("metrics.passport.wait_time", *[(wait, 1)] * 100, every=timedelta(hours=1))
    error_rate = series("metrics.passport.error_rate", *[(errors, 100)] * 200, every=timedelta(minutes=5))
    feeds = Gathered(
        series={each.feed: each for each in (wait_time, error_rate)}, complaints={}, logs={}, failures={}
    )
    measured = measure_today(compiled, settings, replace(feeds, **gathered), now=NOW)
    return replace(explain(compiled, settings, used, now=NOW), today=measured)


def test_todays_numbers_are_said():
    told = said(today(wait=27.0, errors=1), "Today, 2026-01-05T09:00:00Z").splitlines()
    assert told[0].startswith("- It fires: max(wait_time) is 27 days (n=24)")
    assert told[1].startswith("- Success does not hold: mean(wait_time) is 27 days")
    assert told[2].startswith("- The rollback rule does not hold: metrics.passport.error_rate is 1.00%")
    calm = said(today(wait=2.0, errors=20), "Today").splitlines()
    assert calm[0].startswith("- It does not fire: max(wait_time) is 2 days")
    assert calm[1].startswith("- Success holds already: ")
    assert calm[2].startswith("- The rollback rule holds already, so it would take nothing back: ")


def test_complaints_and_the_process_log_are_told_beside_the_rules():
    window = Window(start=NOW - timedelta(days=7), end=NOW)
    complaints = FeedName("complaints.passport")
    events = tuple(
        ProcessEvent(case=case, activity=activity, start=None, end=NOW - timedelta(days=back))
        for case in ("1", "2")
        for activity, back in (("apply", 5), ("check", 1))
    )
    log = FeedName("events.passport")
    explanation = today(
        wait=27.0,
        errors=1,
        complaints={complaints: ComplaintCount(feed=complaints, window=window, topics={"photo": 7})},
        logs={log: ProcessLog(feed=log, window=window, events=events)},
    )
    told = said(explanation, "Today")
    assert "- 7 complaints in 7 days, 7 of them about photo" in told
    assert "- most time is lost at apply → check: 100.0% of all waiting, 4.00 days a passage" in told


def test_a_feed_that_gives_nothing_is_told_once_and_decides_nothing():
    names = ("metrics.passport.error_rate", "metrics.passport.wait_time", "events.passport")
    failures = {
        FeedName(name): FeedFailure(
            feed=FeedName(name),
            kind=FailureKind.TIMEOUT,
            message="no answer in time",
            hint="" if name.startswith("events") else "is it up?",
        )
        for name in names
    }
    explanation = today(wait=27.0, errors=1, series={}, failures=failures)
    told = said(explanation, "Today").splitlines()
    assert told[0].startswith("- Whether it fires cannot be decided, for it cannot be measured: ")
    assert told[1].startswith("- Success cannot be decided, ")
    assert told[2].startswith("- Rollback cannot be decided, ")
    assert told[3:] == [
        "- events.passport gave nothing: no answer in time",
        "- metrics.passport.error_rate gave nothing: no answer in time (hint: is it up?)",
        "- metrics.passport.wait_time gave nothing: no answer in time",
    ]


# For programs


def test_json_has_the_same_facts():
    found = json_of(today(wait=27.0, errors=1))
    canonical(found)
    assert (found["recipe"], found["version"], found["file"]) == ("PASSPORT_BACKLOG", 1, "pow/passport_backlog.yml")
    change, approval, rollback, now = (found[name] for name in ("change", "approval", "rollback", "today"))
    assert isinstance(change, dict)
    assert change["keys"][0] == {
        "target": "PHOTO_VALIDATOR",
        "key": "max_blur_px",
        "before": 2,
        "after": 4,
        "how": "",
    }
    assert isinstance(approval, dict)
    assert (approval["impact"], approval["needs_people"]) == ("MEDIUM", True)
    assert approval["approvers"] == [{"teams": ["supervisors"], "users": [], "count": 1, "distinct": False}]
    assert isinstance(rollback, dict)
    assert (rollback["test"], rollback["needs"]["breaches"], rollback["when"]) == (
        "share",
        8,
        "error_rate is more than 5%",
    )
    assert isinstance(now, dict)
    assert now["fires"]["outcome"] is RuleOutcome.HOLDS


def test_json_without_feeds_and_without_a_change():
    used = rewritten(("rollback_on: error_rate > 5%", "rollback_on: wait_time > 30_days"))
    found = json_of(explained({path: text for path, text in used.items() if not path.startswith("patches/")}))
    canonical(found)
    change, approval, rollback = found["change"], found["approval"], found["rollback"]
    assert isinstance(change, dict)
    assert change["why_not"] == "there is no patches/services/PHOTO_VALIDATOR.yml"
    assert isinstance(approval, dict)
    assert (approval["impact"], approval["factors"]) == (None, [])
    assert isinstance(rollback, dict)
    assert rollback["needs"] == {"breaches": 2, "windows": 3, "window": 86_400.0}
    assert found["today"] is None


def test_the_emergency_path_and_required_governance_are_told_where_the_policy_has_them():
    emergency = Emergency(approvers=(Approvers(teams=(TeamSlug("security"),), count=1),))
    told = said(explained(emergency=emergency, governance=GovernanceMode.REQUIRED), "Who must approve")
    assert (
        "In an emergency 1 approval of security may do instead, each with /emergency and a reason; then the" in told
    )
    assert "review it within 2 days after the merge." in told
    assert "it merges only while every target has a governance file with all five sections" in told


def test_where_nobody_has_to_approve_no_emergency_is_told():
    emergency = Emergency(approvers=(Approvers(teams=(TeamSlug("security"),), count=1),))
    lax = rewritten(
        ("hitl_threshold: MEDIUM", "hitl_threshold: HIGH"), ("threshold_cap: MEDIUM", "threshold_cap: HIGH")
    )
    assert "emergency" not in said(explained(lax, emergency=emergency), "Who must approve")

"""The pull request's text and the evidence: complete, true to the case, short enough, and safe."""

import json
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from approve.situations import a_policy, a_recipe, low_impact
from fakes.trailers import trailers_of
from propose.cases import SERVICE_PATH, WEEK, a_case, a_change, a_finding, a_ranking
from propose.office import FILES

from bot.model.change import FileEdit, KeyChange
from bot.model.finding import ComplaintCount
from bot.model.json import canonical, digest_of
from bot.model.level import Level
from bot.model.names import CommitSha, FeedName
from bot.model.recipe import RollbackMode, Watch
from bot.model.rehearsal import Rehearsed
from bot.model.unit import DAY, Quantity
from bot.propose.evidence import evidence_of
from bot.propose.proposal import case_of, proposal_of
from bot.propose.trailers import faults_of, read_proposal
from bot.recipes.library import load_library
from bot.recipes.schema import SchemaName, check_shape
from bot.recipes.text import parse
from bot.recipes.tree import Document
from bot.report.charts import daily_chart, daily_table, number
from bot.report.pull_request import MAX_BODY, Case, body_of, complaints_in_words, redline_of, title_of

BASE = CommitSha("b" * 40)
HOSTILE = "@everyone <!-- x --> ![b](https://evil.example/x) fixes #1 | ``` \u202e"


def test_the_body_answers_a_supervisors_questions_in_order() -> None:
    body = body_of(a_case())
    questions = [
        "**The longest wait is 26.3 days, above 20 days**",
        "It needs 1 approval of `supervisors`.",
        "-  max_blur_px: 2  # pixels\n+  max_blur_px: 4  # pixels",
        "| Rule | `max(wait_time) > 20_days` |",
        "1,000 samples over 7 days",
        "patches/evidence/0123456789abcdef.json",
        "```mermaid\nxychart-beta",
        "| 2026-02-26 | 26.5 |",
        "1,434 cases, 8,577 events, 27 activities: 7,755.28 days of waiting",
        "| Photo check | Manual photo review | 791 | 2,422.14 days | 31.2% | 3.06 days | 37.5 s |",
        "44 complaints in 7 days",
        "| delay | 41 |",
        "Impact **MEDIUM** reaches the threshold MEDIUM",
        "max\\_blur\\_px changes by 100%, more than 50%: MEDIUM",
        "**Success** means `wait_time < 7_days for 3_days`, within 21 days.",
        "**Rollback** is on `error_rate > 5%`: the bot reverts the merge by itself",
        "**Reject**: close this pull request. It is not proposed again for 7 days",
        "Change `0123456789abcdef`",
    ]
    places = [body.find(question) for question in questions]

    assert -1 not in places, questions[places.index(-1)]
    assert places == sorted(places)


def test_a_computed_value_is_shown_with_how_it_came_about() -> None:
    key = replace(a_change().keys[0], how="2 * 2 = 4, held to 4, the most that policy allows")
    case = a_case(change=replace(a_change(), keys=(key,)))
    body = body_of(case)

    assert "Computed from the present values, within policy's ranges:" in body
    assert "- `max_blur_px` of `PHOTO_VALIDATOR`: 2 \\* 2 = 4, held to 4, the most that policy allows" in body
    assert "Computed" not in body_of(a_case())
    assert evidence_of(case)["keys"] == [
        {"target": "PHOTO_VALIDATOR", "key": "max_blur_px", "before": 2, "after": 4, "how": key.how}
    ]


@pytest.mark.parametrize(
    ("case", "sentence"),
    [
        (a_case(policy=low_impact()), "Nobody has to approve it."),
        (a_case(policy=low_impact()), "policy lets this pass without people"),
        (a_case(approvers=()), "an approval that nobody can give, for the policy names no team"),
        (
            a_case(approvers=a_policy().approvals[Level.HIGH]),
            "1 approval of `supervisors` and 1 approval of `security`",
        ),
        (a_case(recipe=replace(a_recipe(), reversible=False)), "not reversible, so a person is asked"),
        (
            a_case(recipe=replace(a_recipe(), watch=Watch(mode=RollbackMode.PROPOSE))),
            "prepares the revert, and a person decides",
        ),
        (a_case(recipe=replace(a_recipe(), watch=Watch(mode=RollbackMode.SHADOW))), "only reports it"),
        (a_case(recipe=replace(a_recipe(), cooldown=timedelta(hours=1))), "not proposed again for 1 hour,"),
        (a_case(recipe=replace(a_recipe(), cooldown=timedelta(minutes=90))), "not proposed again for 1.5 hours,"),
        (a_case(recipe=replace(a_recipe(), cooldown=timedelta(minutes=5))), "not proposed again for 5 minutes,"),
        (a_case(recipe=replace(a_recipe(), cooldown=timedelta(0))), "not proposed again for 0 seconds,"),
        (a_case(change=replace(a_change(), keys=a_change().keys * 2)), "This pull request changes 2 values."),
    ],
)
def test_the_body_says(case: Case, sentence: str) -> None:
    assert sentence in body_of(case)


@pytest.mark.parametrize(
    ("fields", "absent"),
    [
        ({"ranking": None}, "Where the time goes"),
        ({"ranking": replace(a_ranking("a", "b"), hand_overs=())}, "Where the time goes"),
        ({"complaints": None}, "## Complaints"),
        ({"daily": ()}, "Day by day"),
        ({"daily": (("2026-02-20", 25.0),)}, "mermaid"),
    ],
)
def test_what_is_not_known_is_not_shown(fields: dict[str, Any], absent: str) -> None:
    assert absent not in body_of(a_case(finding=a_finding(**fields)))


def test_complaints_without_topics_are_only_counted() -> None:
    counts = ComplaintCount(feed=FeedName("complaints.passport"), window=WEEK, topics={})

    assert "0 complaints in 7 days; only their topics are counted.\n\n## Impact" in body_of(
        a_case(finding=a_finding(complaints=counts))
    )


@pytest.mark.parametrize(
    ("topics", "words"),
    [
        ({}, "0 complaints in 7 days"),
        ({"fee": 1}, "1 complaint in 7 days, 1 of them about fee"),
        ({"fee": 3, "delay": 1_200}, "1,203 complaints in 7 days, 1,200 of them about delay"),
        ({"fee": 2, "delay": 2}, "4 complaints in 7 days, 2 of them about delay"),
    ],
)
def test_complaints_in_words_name_the_most_frequent_topic_if_there_is_one(topics: dict[str, int], words: str) -> None:
    counts = ComplaintCount(feed=FeedName("complaints.passport"), window=WEEK, topics=topics)

    assert complaints_in_words(counts) == words


def test_without_a_run_there_is_no_link_and_no_other_address_is_linked() -> None:
    assert "[run]" not in body_of(a_case(run_url=""))
    assert "[run]" not in body_of(a_case(run_url="javascript:alert(1)"))


MARKS = ["pow:finding", "/pow:finding", "pow:values", "/pow:values", "pow:figures", "/pow:figures"]


def test_hostile_names_from_feeds_do_nothing() -> None:
    finding = a_finding(
        observed=HOSTILE,
        sentence=HOSTILE,
        ranking=a_ranking(HOSTILE, HOSTILE),
        complaints=ComplaintCount(feed=FeedName("complaints.passport"), window=WEEK, topics={HOSTILE: 9}),
        daily=((HOSTILE, 1.0), ("2026-02-20", float("nan"))),
        daily_unit=HOSTILE,
    )
    case = a_case(finding=finding)
    body, evidence = body_of(case), canonical(evidence_of(replace(case, finding=replace(finding, daily=())))).decode()

    assert "@everyone" not in body
    assert re.findall("<!-- (/?pow:[a-z]+).*? -->", body) == MARKS
    assert body.count("<!--") == len(MARKS)
    assert "https://evil" not in body
    assert "#1" not in body
    assert "\u202e" not in body + evidence
    assert all(line.count("|") - line.count("\\|") == 9 for line in body.split("\n") if "791" in line)


LONG = "x" * 390
MANY = tuple(f"  k{n}: {LONG}" for n in range(2000))


@pytest.mark.parametrize(
    "fields",
    [
        {"ranking": a_ranking("a" * 5000, "b" * 5000, count=500)},
        {
            "complaints": ComplaintCount(
                feed=FeedName("c.d"), window=WEEK, topics={f"{n}{LONG}": n for n in range(5000)}
            )
        },
        {"daily": tuple((f"{year}-01-01", float(year)) for year in range(1000, 9000))},
        {"sentence": "y" * 100_000, "observed": "z" * 100_000},
        {"sources": a_finding().sources * 5000},
    ],
)
def test_no_amount_of_evidence_makes_the_body_too_long(fields: dict[str, Any]) -> None:
    body = body_of(a_case(finding=a_finding(**fields)))

    assert len(body) <= MAX_BODY
    assert "Not convinced?" in body


def test_a_huge_redline_is_cut_and_what_is_needed_stays() -> None:
    edit = FileEdit(path=SERVICE_PATH, before=b"", after="\n".join(MANY).encode())
    body = body_of(a_case(change=replace(a_change(), edits=(edit,))))

    assert len(body) <= MAX_BODY
    assert "The rest is under _Files changed_." in body
    assert "Not convinced?" in body


def test_the_lightest_parts_go_first() -> None:
    plain = a_case(run_url="https://x.example/")
    body = body_of(replace(plain, run_url=plain.run_url + "r" * (MAX_BODY + 20 - len(body_of(plain)))))

    assert len(body) <= MAX_BODY
    assert "## Complaints\n\n_Left out here for length" in body
    assert "Photo check" in body
    assert "max_blur_px: 4" in body


def test_what_cannot_be_cut_is_cut_off_at_the_end() -> None:
    body = body_of(a_case(run_url="https://x.example/" + "r" * 2 * MAX_BODY))

    assert len(body) == MAX_BODY
    assert body.count("_Left out here for length") == 3


REHEARSED = Rehearsed(rows=(("Fired", "twice | @all, 3 days in all"), ("Proposals", "2, 2 a month")))


def test_the_backtest_is_told_or_why_there_is_none() -> None:
    told = body_of(a_case(rehearsed=REHEARSED))
    assert "## What it would have done so far" in told
    assert "| Proposals | 2, 2 a month |" in told
    assert "| Fired | twice \\| @\u200ball, 3 days in all |" in told
    untold = body_of(a_case(rehearsed=Rehearsed(rows=(), why_not="x could not be read")))
    assert "not replayed: x could not be read. `pow backtest PASSPORT_BACKLOG` reads all that" in untold
    assert "so far" not in body_of(a_case())


NOTHING: dict[str, Any] = {"sources": (), "daily": (), "daily_unit": "", "ranking": None, "complaints": None}
MUCH: dict[str, Any] = {
    "complaints": ComplaintCount(feed=FeedName("c.d"), window=WEEK, topics={f"topic {n}": n for n in range(100)}),
    "ranking": a_ranking("Photo check", "Manual photo review", count=9),
    "groups": tuple(f"office {n}" for n in range(40)),
    "sources": a_finding().sources * 40,
    "daily": tuple((f"2026-01-{day:02}", 20.0 + day / 4) for day in range(1, 32)),
}
LONG_FILE = "\n".join(f"  key_{n}: {'v' * 60}" for n in range(1_500))
LONG_EDIT = FileEdit(path=SERVICE_PATH, before=b"", after=LONG_FILE.encode())
GOLDEN = {
    "without any evidence": ("none", a_case(finding=a_finding(**NOTHING), run_url="")),
    "with a kilobyte of it": ("usual", a_case(rehearsed=REHEARSED)),
    "with a hundred kilobytes": (
        "much",
        a_case(
            finding=a_finding(**MUCH),
            rehearsed=REHEARSED,
            change=replace(
                a_change(),
                edits=(FileEdit(path=SERVICE_PATH, before=b"", after=LONG_FILE.encode()), *a_change().edits),
            ),
        ),
    ),
}


@pytest.mark.parametrize(("name", "case"), GOLDEN.values(), ids=GOLDEN)
def test_the_body_reads_as_it_was_looked_at(name: str, case: Case) -> None:
    """Compare with a text that somebody has read."""
    golden = Path(__file__).parent / "bodies" / f"{name}.md"
    shown = "\n".join(line for line in body_of(case).split("\n") if not line.startswith("+  key_"))
    assert shown == golden.read_text()


def test_backticks_in_a_file_do_not_end_the_redline() -> None:
    edit = FileEdit(path=SERVICE_PATH, before=b"a: ```\n", after=b"a: ````\n")
    body = body_of(a_case(change=replace(a_change(), edits=(edit,))))

    assert "`````diff\n" in body


def test_the_title_names_recipe_target_and_first_value() -> None:
    two = replace(a_change(), keys=a_change().keys * 2)
    odd = replace(a_change(), keys=(KeyChange(target="S", key="k", before=True, after="@x [skip ci]"),))

    assert title_of(a_case()) == "PASSPORT_BACKLOG: PHOTO_VALIDATOR max_blur_px from 2 to 4"
    assert title_of(a_case(change=two)).endswith("from 2 to 4 and 1 more")
    assert title_of(a_case(change=odd)) == "PASSPORT_BACKLOG: S k from true to (see below)"


def test_a_new_file_is_all_plus() -> None:
    assert "+a: 1" in redline_of([FileEdit(path="p", before=None, after=b"a: 1\n")])


def test_the_evidence_fits_its_schema() -> None:
    content = canonical(evidence_of(a_case())).decode()
    document = parse("patches/evidence/0123456789abcdef.json", content.encode())

    assert isinstance(document, Document)
    assert check_shape(document, SchemaName.EVIDENCE) == ()


def test_the_evidence_holds_the_true_numbers() -> None:
    evidence = json.loads(canonical(evidence_of(a_case())))

    assert evidence["keys"] == [{"target": "PHOTO_VALIDATOR", "key": "max_blur_px", "before": 2, "after": 4}]
    assert evidence["ranking"]["hand_overs"][0]["passages"] == 791
    assert evidence["complaints"]["topics"] == {"delay": 41, "fee": 3}
    assert evidence["impact"]["level"] == "MEDIUM"
    assert evidence["sources"][0]["digest"] == digest_of(b"rows")


def test_a_rule_by_groups_names_those_that_it_holds_in() -> None:
    case = a_case(finding=a_finding(groups=("Daly City", "San|Jose\n@team")))
    assert "| Holds in | `Daly City`, `San\u2502Jose @\u200bteam` |" in body_of(case).splitlines()
    assert evidence_of(case)["groups"] == ["Daly City", "San|Jose @team"]
    assert "groups" not in evidence_of(a_case())


def test_of_many_groups_a_supervisor_reads_some_and_the_evidence_names_all() -> None:
    groups = tuple(f"office {number:03}" for number in range(188))
    case = a_case(finding=a_finding(groups=groups))
    assert "and 148 more, which the evidence file names" in body_of(case)
    assert evidence_of(case)["groups"] == list(groups)


def test_evidence_without_ranking_and_complaints_says_so() -> None:
    evidence = evidence_of(a_case(finding=a_finding(ranking=None, complaints=None)))

    assert (evidence["ranking"], evidence["complaints"]) == (None, None)


def test_a_rankings_unknown_window_is_null() -> None:
    evidence = evidence_of(a_case(finding=a_finding(ranking=replace(a_ranking("a", "b"), window=None))))

    assert evidence["ranking"]["window"] is None  # type: ignore[call-overload,index]


def test_a_proposals_texts_agree_with_each_other() -> None:
    proposal = proposal_of(a_case(), base=BASE)
    said = read_proposal(trailers_of(proposal.commit_message))
    content = proposal.files["patches/evidence/0123456789abcdef.json"]

    assert said is not None
    assert said.change == proposal.change.id
    assert said.evidence == proposal.evidence_digest == digest_of(content)
    assert said.impact is proposal.impact.level
    assert proposal.labels == ("pow", "impact:MEDIUM")
    assert faults_of(proposal.commit_message) == ()
    assert proposal_of(a_case(), base=BASE) == proposal


def test_a_case_is_judged_by_policy_and_charted_with_the_rules_limit() -> None:
    library = load_library(
        {path: content for path, content in FILES.items() if path.startswith("pow/")}, endpoints={}
    )
    (compiled,) = library.recipes
    assert library.settings is not None
    policy = library.settings.policy
    case = case_of(a_change(), compiled, a_finding(), policy, at=a_case().at)
    other = case_of(a_change(), compiled, a_finding(daily_unit="px"), policy, at=a_case().at)

    assert case.limit == Quantity(value=20, unit=DAY)
    assert other.limit is None
    assert (case.impact.level, case.threshold) == (Level.MEDIUM, Level.MEDIUM)
    assert [each.teams for each in case.approvers] == [("supervisors",)]


DAILY = tuple((f"2026-03-{day:02}", float(day)) for day in range(1, 32))


def test_a_chart_is_always_the_last_month_with_finite_numbers() -> None:
    many = ((f"2026-02-{day:02}", 1.0) for day in range(1, 29))
    chart = daily_chart((*many, *DAILY, ("2026-04-01", float("inf"))), "days")

    assert chart.count('"') == 2 * 32
    assert "inf" not in chart
    assert "line" in chart
    assert chart.count("line [") == 1


@pytest.mark.parametrize(
    ("values", "axis"),
    [((0.0, 0.0), "0 --> 1"), ((-5.0, -1.0), "-5 --> 1"), ((1.0, 10.0), "0 --> 11")],
)
def test_a_chart_shows_zero_and_some_room(values: tuple[float, ...], axis: str) -> None:
    daily = tuple(zip(("2026-03-01", "2026-03-02"), values, strict=True))

    assert axis in daily_chart(daily, "%")


def test_a_limit_above_the_values_is_still_on_the_chart() -> None:
    assert "--> 44" in daily_chart(DAILY[:2], "days", limit=Quantity(value=40, unit=DAY))


@pytest.mark.parametrize("unit", ["days\nline [1]", '"', "", "x" * 50])
def test_nothing_but_a_plain_unit_enters_a_chart(unit: str) -> None:
    assert 'y-axis "value"' in daily_chart(DAILY, unit)
    assert "| Day | value |" in daily_table(DAILY, unit)


def test_no_days_are_no_table() -> None:
    assert daily_table((), "days") == ""
    assert daily_chart(DAILY[:1], "days") == ""


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (1234567.0, "1234567"), (0.000012345, "0.00001234"), (-2.5, "-2.5"), (26.30, "26.3"), (1e-300, None)],
)
def test_numbers_have_no_exponent(value: float, text: str | None) -> None:
    shown = number(value)

    assert not re.search("[eE]", shown)
    assert text is None or shown == text

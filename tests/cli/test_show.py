"""Whatever a sentence quotes: it is shown and nothing more."""

import contextlib
import io
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cli.show import one_line, show_event, show_json, show_report
from bot.model.event import Cost, Event, Mark, Step, StepReport

HOSTILE = "a\x1b[2J\x1b]0;t\x07b\r\nc\u2028d\u202ee\u200bf\x9b31mg\x00\n::error file=x::forged\n##[group]h\ud800"


def an_event(**fields: object) -> Event:
    return Event(**{"step": Step.GATE, "mark": Mark.DONE, "sentence": "merged", **fields})


def test_an_event_is_a_line_and_its_hint_another(capsys: pytest.CaptureFixture[str]):
    show_event(an_event(subject="#7", hint="run `pow deploy`"))
    assert capsys.readouterr().out == "✔ gate #7: merged\n  hint: run `pow deploy`\n"


@pytest.mark.parametrize("mark", Mark)
def test_every_mark_has_its_own_sign(mark: Mark, capsys: pytest.CaptureFixture[str]):
    show_event(an_event(mark=mark))
    sign = capsys.readouterr().out[0]
    for other in set(Mark) - {mark}:
        show_event(an_event(mark=other))
        assert capsys.readouterr().out[0] != sign


def test_nothing_done_is_said(capsys: pytest.CaptureFixture[str]):
    show_report(StepReport(step=Step.GATE, events=()), as_json=False)
    assert capsys.readouterr().out == "gate: nothing to do\n"


def test_hostile_text_controls_no_terminal_and_forges_no_line(capsys: pytest.CaptureFixture[str]):
    show_event(an_event(sentence=HOSTILE, subject=HOSTILE, hint=HOSTILE))
    shown = capsys.readouterr().out
    assert len(shown.splitlines()) == 2
    assert all(char == "\n" or char.isprintable() for char in shown)
    assert "##[" not in shown


def test_a_redline_keeps_its_lines_and_nothing_in_them_acts(capsys: pytest.CaptureFixture[str]):
    redline = "--- a/x\n+++ b/x\n-old\x1b[31m\n+new\u202e\n ::error::forged\n ##[group]x"
    show_event(an_event(data={"redline": redline}))
    lines = capsys.readouterr().out.splitlines()
    assert lines[1:] == [
        "    --- a/x",
        "    +++ b/x",
        "    -old\ufffd[31m",
        "    +new\ufffd",
        "     : :error::forged",
        "     ## [group]x",
    ]


@given(st.text())
def test_one_line_is_one_line(text: str):
    shown = one_line(text)
    assert shown.isprintable()
    assert not re.match(r"\s*::", shown)
    assert "##[" not in shown


@given(st.text("azAZ09 .,-", max_size=30))
def test_plain_words_stay_as_they_are(text: str):
    assert one_line(text) == " ".join(text.split())


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner, max_size=3)))
def test_json_says_the_same_and_no_terminal_acts_on_it(value: object):
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        show_json(value)
    assert json.loads(printed.getvalue()) == value
    assert printed.getvalue().isascii()


def test_a_report_as_json_has_every_event_whole(capsys: pytest.CaptureFixture[str]):
    report = StepReport(step=Step.GATE, events=(an_event(mark=Mark.FAILURE, sentence=HOSTILE, data={"pull": 7}),))
    show_report(report, as_json=True)
    said = json.loads(capsys.readouterr().out)
    assert (said["step"], said["failed"]) == ("gate", True)
    assert said["events"][0]["sentence"] == HOSTILE
    assert said["events"][0]["data"] == {"pull": 7}


@pytest.mark.parametrize(
    ("cost", "said"),
    [
        (
            Cost(requests=1_234, writes=56, left=4_321, limit=5_000),
            "requests to the forge: 1,234, writes among them: 56; 4,321 of 5,000 are left this hour",
        ),
        (Cost(requests=2), "requests to the forge: 2, writes among them: 0"),
    ],
)
def test_what_a_step_cost_is_talk_and_no_data(cost: Cost, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    show_report(StepReport(step=Step.GATE, events=(), cost=cost), as_json=False)
    printed = capsys.readouterr()
    assert printed.out == "gate: nothing to do\n"
    assert printed.err == f"  {said}\n"


def test_what_cost_nothing_is_not_talked_of(capsys: pytest.CaptureFixture[str]) -> None:
    show_report(StepReport(step=Step.GATE, events=()), as_json=False)
    assert capsys.readouterr().err == ""


def test_json_says_what_a_step_cost(capsys: pytest.CaptureFixture[str]) -> None:
    show_report(StepReport(step=Step.GATE, events=(), cost=Cost(requests=3, writes=1)), as_json=True)
    shown = json.loads(capsys.readouterr().out)
    assert shown["cost"] == {"requests": 3, "writes": 1, "left": None, "limit": None}

"""The summary of a workflow's run: what a step did, and how long the queue is."""

from pathlib import Path

from bot.cli.summary import summarize, summary_text
from bot.model.event import Event, Mark, Step, StepReport


def a_report(*marks: Mark, sentence: str = "x") -> StepReport:
    events = tuple(Event(step=Step.DETECT, mark=mark, sentence=f"{sentence} {n}") for n, mark in enumerate(marks))
    return StepReport(step=Step.DETECT, events=events)


def test_the_worst_comes_first_and_mere_notes_are_left_to_the_log() -> None:
    text = summary_text(a_report(Mark.DONE, Mark.NOTE, Mark.WARNING, Mark.WAIT, Mark.FAILURE))
    assert [line.rpartition(" ")[2] for line in text.splitlines() if line.startswith("- ")] == ["4", "2", "0"]
    assert text.startswith("### pow detect\n\n- ")


def test_nothing_in_it_acts() -> None:
    text = summary_text(a_report(Mark.WARNING, sentence="@all <script> [x](https://evil)"))
    assert not any(each in text for each in ("@all", "<script>", "](https"))


def test_a_long_one_is_cut_and_says_so() -> None:
    assert "- and 1,901 more, in the log" in summary_text(a_report(*[Mark.WARNING] * 2_001))


def test_it_is_added_to_what_is_there_and_only_where_there_is_a_summary(tmp_path: Path) -> None:
    path = tmp_path / "summary.md"
    path.write_text("before\n")
    summarize(a_report(Mark.NOTE), str(path))
    assert path.read_text() == "before\n"
    summarize(a_report(Mark.WARNING, sentence="the queue: 3 wait"), str(path))
    assert path.read_text().startswith("before\n### pow detect\n\n- ")
    assert "the queue: 3 wait" in path.read_text()
    summarize(a_report(Mark.WARNING), "")

import gc
import os
import signal
import subprocess
import sys
import textwrap

import pytest

from bot.cli.processes import spread

MANY = [f"item {number}" for number in range(5_000)]


def lengths(items):
    return [(item, len(item), os.getpid()) for item in items]


def children_of_this_process() -> bool:
    try:
        os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return False
    return True


@pytest.mark.parametrize("count", [0, 1, 2, 1_999, 2_000, 5_000])
def test_results_come_in_the_order_of_the_items(count):
    done = spread(lengths, MANY[:count])
    assert [(item, length) for item, length, _ in done] == [(item, len(item)) for item in MANY[:count]]
    assert not children_of_this_process()


@pytest.mark.parametrize("count", [100, 5_000])
def test_the_collector_of_garbage_is_left_as_it_was(count):
    spread(lengths, MANY[:count])
    assert gc.isenabled()
    assert gc.get_freeze_count() == 0, "what stays frozen is never tidied up, not even at the end"


def test_little_work_is_done_here():
    assert {process for _, _, process in spread(lengths, MANY[:100])} == {os.getpid()}


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="one processor only")
def test_much_work_is_divided():
    assert len({process for _, _, process in spread(lengths, MANY)}) > 1


def test_a_failure_is_the_same_as_without_processes():
    def fail(items: list[str]) -> list[str]:
        if "item 1" in items:
            raise ValueError("item 1")
        return list(items)

    with pytest.raises(ValueError, match="item 1"):
        spread(fail, MANY)
    assert not children_of_this_process()


def test_what_a_child_cannot_hand_over_is_done_again_here():
    parent = os.getpid()

    def work(items: list[str]) -> list[str]:
        if os.getpid() != parent:
            os._exit(1)
        return list(items)

    assert spread(work, MANY) == MANY


def test_what_cannot_be_pickled_is_done_again_here():
    done = spread(lambda items: [(lambda item=item: item) for item in items], MANY)
    assert [each() for each in done] == MANY


def test_an_interrupt_ends_the_children_too():
    script = textwrap.dedent("""
        import os, sys, time
        from bot.cli.processes import spread
        def work(items):
            os.write(1, b"%d\\n" % os.getpid())  # at once: two processes write here
            time.sleep(60)
            return list(items)
        try:
            spread(work, [str(n) for n in range(5000)])
        except KeyboardInterrupt:
            sys.exit(130)
    """)
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    with process:
        assert process.stdout is not None
        wanted = min(len(os.sched_getaffinity(0)), 5)
        pids = [int(process.stdout.readline()) for _ in range(wanted)]
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 130
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)

"""Divides much work among a few processes, where the system has a cheap way to make them; it knows no work itself."""

import gc
import os
import sys
from collections.abc import Callable, Sequence
from typing import BinaryIO, TypeVar

T = TypeVar("T")

_WORTH_A_PROCESS = 1_000
"""Items of work below which another process costs more than it saves."""
_MOST = 8
"""Processes at most: every one of them holds the same files."""


def spread(work: Callable[[Sequence[str]], list[T]], items: Sequence[str]) -> list[T]:
    """Return what `work` returns for all items, in their order, worked on by as many processes as are worth it.

    What a child cannot do, for whatever reason, is done again here, so that a failure is the same as without it.
    """
    count = max(1, min(_processors(), len(items) // _WORTH_A_PROCESS, _MOST))
    gc.disable()  # what is made here is kept to the end, and looking for rubbish among it takes a third of the time
    try:
        if count == 1:
            return work(items)
        gc.freeze()
        done = _divide(work, [items[part::count] for part in range(count)])
        return [done[at % count][at // count] for at in range(len(items))]
    finally:
        gc.unfreeze()  # what stays frozen is not tidied up at the end either, and DuckDB calls that a leak
        gc.enable()


def _processors() -> int:
    """Count the processors that this process may use; one where a fork is not a safe copy."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else 1


def _divide(work: Callable[[Sequence[str]], list[T]], parts: Sequence[Sequence[str]]) -> list[list[T]]:
    """Let a child of its own do each part but the first; none of them outlives this call."""
    import pickle
    import signal

    children: list[tuple[int, BinaryIO]] = []
    try:
        children += (_begin(work, part) for part in parts[1:])
        done = [work(parts[0])]
        for part, (_, pipe) in zip(parts[1:], children, strict=True):
            content = pipe.read()
            done.append(pickle.loads(content) if content else work(part))  # noqa: S301 -- our own child wrote it
        return done
    finally:
        for child, pipe in children:
            pipe.close()
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)


def _begin(work: Callable[[Sequence[str]], list[T]], part: Sequence[str]) -> tuple[int, BinaryIO]:
    """Start a child, and return it with the pipe that its result comes through: whole, or not at all."""
    import pickle

    reading, writing = os.pipe()
    child = os.fork()
    if child:
        os.close(writing)
        return child, os.fdopen(reading, "rb")
    try:
        content = pickle.dumps(work(part), protocol=pickle.HIGHEST_PROTOCOL)
        with os.fdopen(writing, "wb") as pipe:
            pipe.write(content)
    finally:
        os._exit(0)  # a child ends here, and runs nothing that its parent has in mind

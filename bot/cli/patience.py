"""Tells a waiting person what is being waited for."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import click

_SECONDS = 2.0


@contextmanager
def patience(what: str) -> Iterator[None]:
    """Say on stderr what takes so long, once it does."""
    timer = threading.Timer(_SECONDS, click.echo, args=[what], kwargs={"err": True})
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()

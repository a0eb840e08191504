"""Between the page and whoever works for it: actions go in, the newest state comes out. It knows no town, no HTTP."""

import json
import secrets
import threading
from collections.abc import Mapping
from contextlib import suppress
from queue import Empty, Full, Queue

from bot.model.errors import BotError
from bot.model.json import Json
from bot.sandbox.page.actions import Action

_WAITING = 4
"""How many actions may wait; a person who clicks faster is told so."""


class Desk:
    """A queue of actions and the state that the page shows; safe for many threads."""

    def __init__(self) -> None:
        self.token = secrets.token_urlsafe(32)
        """What the page sends with every action: other pages in the same browser do not know it."""
        self._actions: Queue[Action | None] = Queue(_WAITING)
        self._lock = threading.Lock()
        self._is_staffed = False
        self._shown = b"null"
        self._version = 0

    def open(self) -> None:
        """Take actions from now on."""
        with self._lock:
            self._is_staffed = True

    def close(self) -> None:
        """Take no more actions; forget those that wait, and send whoever works here home."""
        with self._lock:
            self._is_staffed = False
            with suppress(Empty):
                while True:
                    self._actions.get_nowait()
            self._actions.put_nowait(None)

    def submit(self, action: Action) -> None:
        """Leave an action to be done; BotError where nobody would do it soon."""
        with self._lock:
            if not self._is_staffed:
                raise BotError("nobody works on this page now", hint="start the sandbox with `pow demo --serve`")
            try:
                self._actions.put_nowait(action)
            except Full as error:
                raise BotError("too much is waiting already", hint="wait until the running step is done") from error

    def take(self) -> Action | None:
        """Wait for the next action; None when the desk closes."""
        return self._actions.get()

    def publish(self, state: Mapping[str, Json]) -> None:
        """Show a state; one that equals the last changes nothing."""
        shown = json.dumps(state, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")
        with self._lock:
            if shown != self._shown:
                self._shown = shown
                self._version += 1

    def read(self, *, after: int = -1) -> bytes | None:
        """Return `{"version", "state"}` as JSON, or None where nothing is newer than `after`."""
        with self._lock:
            if self._version == after:
                return None
            return b'{"version":%d,"state":%s}' % (self._version, self._shown)

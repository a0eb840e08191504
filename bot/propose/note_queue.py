"""Notes what waits to be proposed, for `pow status`; only where it is another queue than the last run's."""

from collections.abc import Iterable, Iterator

from bot.ledger.looks import LOOKS_BRANCH
from bot.ledger.queue_notes import QUEUE_FILE, continued, is_same, read_queue, write_queue
from bot.ledger.site import Site
from bot.model.errors import ConflictError, ForgeError, NotFoundError
from bot.model.event import Event, Mark, Step
from bot.propose.plan import Held, waiting_now
from bot.recipes.library import Library

_MESSAGE = "looks: what waits to be proposed\n\n`pow status` shows it; nothing is decided by it.\n"


def note_queue(site: Site, held: Iterable[Held], library: Library) -> Iterator[Event]:
    """Write the queue down where it changed: three requests, or none; without it only the status knows less."""
    head = site.repository.head(LOOKS_BRANCH)
    before = read_queue(site.repository.read(QUEUE_FILE, head)) if head is not None else ()
    known = {file.recipe.id for file in library.files}
    gone = {each.recipe for each in before if library.is_whole and each.recipe not in known}
    looked_at = gone | {compiled.recipe.id for compiled in library.recipes}
    queue = continued(before, waiting_now(held, site.now), looked_at=looked_at)
    if is_same(before, queue):
        return
    try:
        commit = site.forge.commit(head, {QUEUE_FILE: write_queue(queue)}, _MESSAGE)
        if head is None:
            site.forge.create_branch(LOOKS_BRANCH, commit)
        else:
            site.forge.move_branch(LOOKS_BRANCH, commit)
    except (ConflictError, NotFoundError):
        return  # another run noted at the same time; the next one finds what is missing
    except ForgeError as error:
        sentence = f"the queue could not be noted, so `pow status` does not show it: {error.message}"
        hint = f"may the token write to {LOOKS_BRANCH}?"
        yield Event(step=Step.DETECT, mark=Mark.WARNING, sentence=sentence, hint=hint)

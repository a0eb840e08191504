"""The forge as an ASGI app: REST under /api/v3 as on a GitHub Enterprise Server, git beside it."""

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import BaseRoute
from starlette.types import ASGIApp

from bot.sandbox.forge import smart_http
from bot.sandbox.forge.exchange import Operation
from bot.sandbox.forge.faults import apply_faults
from bot.sandbox.forge.rest import nowhere, route
from bot.sandbox.forge.routes import (
    checks,
    contents,
    deployments,
    git_data,
    issues,
    people,
    pulls,
    repository,
    reviews,
)
from bot.sandbox.forge.state import ForgeState

OPERATIONS: tuple[Operation, ...] = (
    *people.OPERATIONS,
    *git_data.OPERATIONS,
    *contents.OPERATIONS,
    *pulls.OPERATIONS,
    *reviews.OPERATIONS,
    *issues.OPERATIONS,
    *checks.OPERATIONS,
    *deployments.OPERATIONS,
    *repository.OPERATIONS,  # last: its /commits/{ref} takes whatever is longer, too
)


def routes(state: ForgeState) -> list[BaseRoute]:
    """Return every route of the forge, to be put beside others; faults come with `create_app` only."""
    return [*(route(state, operation) for operation in OPERATIONS), nowhere(state), *smart_http.routes(state)]


def create_app(state: ForgeState, *, beside: list[BaseRoute] | None = None) -> Starlette:
    """Make the app, with the state's faults in front of the forge and of the routes beside it."""

    def faulty(app: ASGIApp) -> ASGIApp:
        return apply_faults(app, state.faults, lambda: state.writes)

    return Starlette(routes=[*routes(state), *(beside or [])], middleware=[Middleware(faulty)])

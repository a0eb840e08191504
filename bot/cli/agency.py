"""The client for the agency's servers; its token comes from the environment and from nowhere else."""

from typing import TYPE_CHECKING

from bot.cli.environment import Environment
from bot.model.errors import BotError

if TYPE_CHECKING:
    import httpx

    from bot.sync.exchange import JsonClient


def agency_client(environment: Environment, http: "httpx.Client", *, attempts: int = 4) -> "JsonClient":
    """Return a client that shows the gateway's token and tries so often; BotError without a token."""
    token = environment.gateway_token
    if not token:
        raise BotError(
            "POW_GATEWAY_TOKEN is not set: the gateway takes nothing without it",
            hint="it takes a token of role release_manager: a secret of the environment on GitHub, here an `export`",
        )
    from bot.sync.exchange import JsonClient, Patience

    return JsonClient(http=http, token=lambda: token, patience=Patience(attempts=attempts))

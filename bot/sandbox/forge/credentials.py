"""Reads the Authorization header: which token was sent, and who it belongs to."""

import base64
import binascii

from bot.sandbox.forge.entities import Identity
from bot.sandbox.forge.refusals import Refusal
from bot.sandbox.forge.state import ForgeState


def identify(state: ForgeState, authorization: str | None) -> Identity:
    """Return who sent a request: nobody without a header, a refusal for a token that nobody has."""
    if not authorization:
        return Identity()
    scheme, _, value = authorization.partition(" ")
    token = value.strip()
    if scheme.casefold() == "basic":
        token = _password(token)
    elif scheme.casefold() not in {"bearer", "token"}:
        token = ""
    who = state.identity(token) if token else None
    if who is None:
        raise Refusal(401, "Bad credentials")
    return who


def _password(encoded: str) -> str:
    """Return the password of Basic credentials; git sends the token there, under any user name."""
    try:
        user, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return ""
    return user if password in {"", "x-oauth-basic"} else password

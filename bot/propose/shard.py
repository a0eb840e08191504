"""Which recipes are one machine's share, when several detect side by side; every recipe is in exactly one. Pure."""

import re
from dataclasses import dataclass
from hashlib import sha256

from bot.model.errors import BotError
from bot.model.names import RecipeId

MAX_SHARDS = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Shard:
    """The share `index` of `count`, counted from 1."""

    index: int
    count: int

    def holds(self, recipe: RecipeId) -> bool:
        """Tell whether a recipe is in this share; only its id and the number of shares decide."""
        number = int.from_bytes(sha256(recipe.encode()).digest()[:8], "big")
        return number % self.count == self.index - 1


WHOLE = Shard(index=1, count=1)


def parse_shard(text: str) -> Shard:
    """Read `2/8`; BotError for anything that is no share."""
    match = re.fullmatch(r"([0-9]{1,3})/([0-9]{1,3})", text, re.ASCII)
    index, count = (int(match[1]), int(match[2])) if match else (0, 0)
    if not 1 <= index <= count <= MAX_SHARDS:
        raise BotError(
            f"`{text[:40]}` is no share of the recipes",
            hint=f"write `--shard 2/8` for the second of eight; at most {MAX_SHARDS}",
        )
    return Shard(index=index, count=count)

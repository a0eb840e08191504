"""The one table of binding powers, for reading a rule and for writing it back."""

from bot.rules.syntax import COMPARISONS, Operator

POWER: dict[Operator, int] = {
    Operator.OR: 10,
    Operator.AND: 20,
    **dict.fromkeys(COMPARISONS, 40),
    Operator.ADD: 50,
    Operator.SUBTRACT: 50,
    Operator.MULTIPLY: 60,
    Operator.DIVIDE: 60,
}
"""How tightly operators bind; all group to the left, and comparisons do not chain."""
NOT_POWER = 30
MINUS_POWER = 70
OVER_POWER = 80
ATOM_POWER = 90

"""The rounds in which an amount is reached."""

from __future__ import annotations


def shares(amount: float, rounds: int) -> list[float]:
    """What is gone after each round, as a share of the beginning; every round takes the same share of what remains.

    Args:
        amount: Share that is gone after the last round, exactly.
        rounds: At least 1.

    Example:
        >>> shares(0.75, 2), shares(0.3, 1)
        ([0.5, 0.75], [0.3])
    """
    return [1 - (1 - amount) ** (done / rounds) for done in range(1, rounds)] + [amount]

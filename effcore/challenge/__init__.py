"""Challenges: a card with budgets and a score, and the rules by which a hand-in is judged."""

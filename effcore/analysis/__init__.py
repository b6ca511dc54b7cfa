"""What is computed of points: the frontier, its doubt, and what each step did. Pure: numbers in, numbers out."""

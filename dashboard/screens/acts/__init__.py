"""What a student does in each lesson: controls, and what follows from them at once."""

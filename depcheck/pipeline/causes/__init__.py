"""What is held for a cause, and what explains it."""

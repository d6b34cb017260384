"""One function per attack. Each takes the stage's name and returns its loot, or nothing where it failed."""

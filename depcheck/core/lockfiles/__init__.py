"""Read, compare and write lockfiles."""

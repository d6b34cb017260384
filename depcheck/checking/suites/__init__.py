"""Find out how a repository runs its tests, and what these need."""

"""The story of one night, told on ports and values only."""

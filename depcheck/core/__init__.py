"""Pure values and rules, without clock, randomness, files, network or processes."""

"""Values and laws: no clock, no randomness, no files, no network, no processes."""

"""The interpreters and platforms that a set of pins is for."""

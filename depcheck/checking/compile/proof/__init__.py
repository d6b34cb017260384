"""Prove what a compile would write, without running it."""

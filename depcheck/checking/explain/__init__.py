"""Explain a failure by what a release removed or changed."""

"""Compares what two releases define, by their files alone: nothing is imported, nothing of them is run.

Runs as a guest in our own interpreter (`python -I -m depcheck.checking.api_diff`): parsing strangers' files can
exhaust a process, and then only this one is lost.
"""

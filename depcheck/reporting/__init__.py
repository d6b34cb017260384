"""Tells people: terminal, workflow log, Markdown."""

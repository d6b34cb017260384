"""A closed network for very young releases."""

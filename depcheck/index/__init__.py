"""The local package index: what package tools see of the world, as of any moment.

Nothing is imported here: what only looks at pages must not wait for what fetches them.
"""

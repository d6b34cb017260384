"""The formats of lockfiles, one file and row for each.

The rows are in `known_formats`.
"""

"""The formats of lockfiles: one file and one row in `known_formats` for each."""

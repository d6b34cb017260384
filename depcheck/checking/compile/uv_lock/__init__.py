"""`uv lock` in a copy of the repository, against the local index."""

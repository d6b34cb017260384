"""Find the release that breaks a fresh resolution of a repository's requirements."""

__version__ = "0.1.0"  # written here as well: to ask importlib.metadata takes longer than all of `depcheck --help`

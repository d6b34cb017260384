"""depcheck: would a fresh resolution of these requirements still work, and if not, which release broke it?"""

__version__ = "0.1.0"  # written here as well: to ask importlib.metadata takes longer than all of `depcheck --help`

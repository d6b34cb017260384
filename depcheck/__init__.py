"""depcheck: would a fresh resolution of these requirements still work, and if not, which release broke it?"""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("depcheck-action")
except PackageNotFoundError:  # a source tree that was never installed
    __version__ = "0.0.0"

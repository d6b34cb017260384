"""The local package index: what package tools see of the world, as of any moment."""

from depcheck.index.credentials import Credentials
from depcheck.index.fetch import Fetch
from depcheck.index.local import LocalIndex
from depcheck.index.upstream import PYPI_URL, Upstream, upstreams

__all__ = ["PYPI_URL", "Credentials", "Fetch", "LocalIndex", "Upstream", "upstreams"]

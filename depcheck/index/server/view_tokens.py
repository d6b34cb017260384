"""Names of index views in URLs, equal in every run."""

import hashlib

import msgspec

from depcheck.core.model.index_view import IndexView

LIVE_VIEW = "live"
"""The token of the world as it is now."""


def compute_view_token(world: IndexView) -> str:
    """Return a name for the index view, equal in every run."""
    if world == IndexView():
        return LIVE_VIEW
    parts = (
        world.uploaded_before,
        sorted(world.uploaded_before_by_project),
        sorted(world.specifiers),
        sorted((name, str(version)) for name, version in world.pinned),
    )
    return compute_view_digest(parts)


def compute_view_digest(value: object) -> str:
    """Compute a digest of what makes a view, with 16 hexadecimal digits."""
    return hashlib.sha256(msgspec.json.encode(value)).hexdigest()[:16]

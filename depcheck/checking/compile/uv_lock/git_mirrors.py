"""Local copies of the repositories that a uv.lock names.

They hold the locked commits. uv asks git, and git is told to look there. So the lockfile keeps the real addresses, and
every branch stands where it stood when the project was locked.
"""

import hashlib
import shutil
from collections.abc import Iterable
from pathlib import Path

from depcheck.checking.environments.remote_requirements import RemoteRequirements
from depcheck.checking.sandbox.guest import Guest
from depcheck.core.lockfiles.formats.uv_lock.remote_sources import GitSource

_MAIN = "refs/heads/main"


def mirror_repositories(
    sources: Iterable[GitSource], remotes: RemoteRequirements, guest: Guest, cache: Path
) -> dict[str, str]:
    """Return git's variables for `guest`, with mirrors below `cache`.

    Each repository is fetched once in a run, beside the cache.

    Raises:
        IndexUnavailableError: git could not fetch it.
    """
    settings: list[tuple[str, str]] = []
    for source in sources:
        name = hashlib.sha256(f"{source.address}#{source.commit}".encode()).hexdigest()[:16]
        fetched, place = cache.parent / f"git-{name}", cache / f"git-{name}"
        if not fetched.exists():
            remotes.fetch_history(fetched, source.address, source.commit, (_MAIN, *source.names))
        if not (place.is_symlink() or place.exists()):  # whatever a guest put there is its own loss
            shutil.copytree(fetched / "mirror", place, symlinks=True)
            guest.take_ownership(place)
        bare = source.address.removesuffix("/").removesuffix(".git")
        settings += [(f"url.file://{place}.insteadOf", address) for address in (bare, f"{bare}.git")]
    if not settings:
        return {}
    pairs = {
        variable: text
        for number, (key, value) in enumerate(settings)
        for variable, text in ((f"GIT_CONFIG_KEY_{number}", key), (f"GIT_CONFIG_VALUE_{number}", value))
    }
    return {"GIT_CONFIG_COUNT": str(len(settings)), "UV_NO_GITHUB_FAST_PATH": "1", **pairs}

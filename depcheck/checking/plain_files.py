"""Read files that strangers' code could have put there: plain ones, of a sane size, never through a link."""

import os
import stat
from pathlib import Path


def read_plain(path: Path, most_bytes: int) -> bytes | None:
    """The content of `path`; None where it is missing, no regular file, a link, or longer than `most_bytes`.

    Only the last component is checked for links: the folders above must be ours or the guest's own.
    """
    try:
        file = open(path, "rb", opener=_carefully)  # noqa: SIM115  # Path.open has no opener; closed below
    except OSError:  # a folder among others
        return None
    with file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode) or status.st_size > most_bytes:
            return None
        return file.read(status.st_size)  # not the most there may be: as much memory would be taken before it is read


def _carefully(path: str, flags: int) -> int:
    """Open without following a link and without waiting for whoever would write into a pipe."""
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK)

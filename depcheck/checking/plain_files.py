"""Read files that strangers' code could have put there: plain ones, of a sane size, never through a link."""

import os
import stat
from pathlib import Path


def read_plain(path: Path, most_bytes: int) -> bytes | None:
    """The content of `path`; None where it is missing, no regular file, a link, or longer than `most_bytes`.

    Only the last component is checked for links: the folders above must be ours or the guest's own.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_size > most_bytes:
            return None
        return file.read(status.st_size)  # not the most there may be: as much memory would be taken before it is read

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
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return None
        content = file.read(most_bytes + 1)
    return content if len(content) <= most_bytes else None

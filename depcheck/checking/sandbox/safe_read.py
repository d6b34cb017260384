"""Read files that hostile code may have written.

Only regular ones, of a bounded size, never through a link.
"""

import os
import stat
from pathlib import Path


def read_untrusted_file(path: Path, most_bytes: int) -> bytes | None:
    """Read `path` if it is a regular file of at most `most_bytes`.

    None if it is missing, no regular file, a link, or longer. Only the last component is checked for links:
    the folders above must be this program's or the guest's own.
    """
    try:
        file = open(path, "rb", opener=_open_without_following)  # noqa: SIM115  # Path.open has no opener; closed below
    except OSError:  # a folder among others
        return None
    with file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode) or status.st_size > most_bytes:
            return None
        return file.read(status.st_size)  # not the most there may be: as much memory would be taken before it is read


def _open_without_following(path: str, flags: int) -> int:
    """Open without following a link and without waiting for a pipe's writer."""
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK)

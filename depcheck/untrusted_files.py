"""Read files that hostile code may have written.

Only regular ones, of a bounded size, never through a link. No other module opens files this way.
"""

import os
import stat
from pathlib import Path


class UntrustedFileError(Exception):
    """Why a file is not read; the message goes on after its name."""


def load_untrusted_file(path: Path, most_bytes: int) -> bytes:
    """Read `path`, a regular file of at most `most_bytes`.

    Only the last component is checked for links: the folders above must be this program's or the guest's own.

    Raises:
        UntrustedFileError: It is missing, no regular file, a link, or longer.
    """
    try:
        file = open(path, "rb", opener=_open_without_following)  # noqa: SIM115  # Path.open has no opener; closed below
    except IsADirectoryError:
        raise UntrustedFileError("is no regular file") from None
    except OSError as error:
        raise UntrustedFileError(f"cannot be read ({error.strerror})") from None
    with file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise UntrustedFileError("is no regular file")
        if status.st_size > most_bytes:
            raise UntrustedFileError(f"has more than {most_bytes} bytes")
        return file.read(status.st_size)  # not the most there may be: as much memory would be taken before it is read


def read_untrusted_file(path: Path, most_bytes: int) -> bytes | None:
    """Read `path` if it is a regular file of at most `most_bytes`.

    None if it is missing, no regular file, a link, or longer.
    """
    try:
        return load_untrusted_file(path, most_bytes)
    except UntrustedFileError:
        return None


def _open_without_following(path: str, flags: int) -> int:
    """Open without following a link and without waiting for a pipe's writer."""
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK)

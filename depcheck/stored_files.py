"""Store files that runs share, whole or not at all.

With a checksum where it matters.
"""

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

_DIGEST_BYTES = 32


@contextmanager
def open_replacement(path: Path, parts: Path | None = None) -> Iterator[tuple[Path, BinaryIO]]:
    """Open a temporary file that replaces `path` at the end.

    It lies in `parts`, a folder of the same file system, or beside `path`. On any failure it is removed. Yields
    its path and the open file. Missing folders are created for their owner alone.
    """
    for folder in (parts or path.parent, path.parent):
        _make_private_folder(folder)
    handle, name = tempfile.mkstemp(dir=parts or path.parent)
    part = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            yield part, file
            file.close()
            part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _make_private_folder(folder: Path) -> None:
    """Make a folder and its missing parents for their owner alone."""
    for each in reversed([folder, *folder.parents]):
        if not each.is_dir():
            each.mkdir(exist_ok=True, mode=0o700)  # `parents=True` would make the parents open to all


def write_atomically(path: Path, content: bytes) -> None:
    """Write `content` to `path`, whole or not at all.

    Raises:
        OSError: The disk failed.
    """
    with open_replacement(path) as (_, file):
        file.write(content)


def seal_content(body: bytes, header: bytes = b"") -> bytes:
    """Return `body` behind `header` and a checksum."""
    return header + hashlib.sha256(body).digest() + body


def unseal_content(stored: bytes, header: bytes = b"") -> bytes | None:
    """Return the body of sealed content.

    None if it is damaged, or has another header.
    """
    body = stored[len(header) + _DIGEST_BYTES :]
    return body if stored == seal_content(body, header) else None

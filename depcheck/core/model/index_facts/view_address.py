"""Addresses of index views that differ by their user alone.

uv keeps what it unpacked by an index's address without the user: so all views share their wheels. Pages are asked for
anew in each view, and files are named by their content.
"""

import base64
import binascii
import re

_OWN_ADDRESS = re.compile(r"http://(127\.0\.0\.1:\d+)/([\w-]+)/simple/")
_SHARED_PATH = "/shared/"
_ANY_PASSWORD = "view"  # noqa: S105  # the server is on loopback and asks for none


def to_shared_address(url: str) -> str:
    """Move the view's name from an index URL's path to its user.

    Other addresses stay as they are.
    """
    own = _OWN_ADDRESS.fullmatch(url)
    return f"http://{own[2]}:{_ANY_PASSWORD}@{own[1]}{_SHARED_PATH}simple/" if own else url


def resolve_shared_path(path: str, authorization: str) -> str:
    """Return the path with the view's name, which the user gives."""
    if not path.startswith(_SHARED_PATH):
        return path
    try:
        user = base64.b64decode(authorization.partition(" ")[2]).decode().partition(":")[0]
    except (binascii.Error, UnicodeDecodeError):
        return path
    return f"/{user}/{path.removeprefix(_SHARED_PATH)}"

"""Requirements that are folders of the repository: pip-compile writes them with the path of the machine that ran it.

`-e .` becomes `-e file:///home/somebody/project`. Where the end of such an address is a project in the repository, the
rest is the repository's own folder there, and stands for it in what is compiled and installed here.
"""

import posixpath
import re
from collections.abc import Callable, Iterable
from urllib.parse import unquote

_LONGEST = 4096  # characters; no machine has a longer path
_ADDRESS = re.compile(r"(?:^|[\s@])(?P<root>file://)(?P<path>/[^\s;#\[]*)")


def root_of(references: Iterable[str], is_project: Callable[[str], bool]) -> str:
    """The address of the repository where `references` were written (`file:///home/me/project`), or empty.

    `is_project` says of a path in the repository ("" for itself) whether it can be built. References that disagree
    tell nothing: they are not all of the repository.
    """
    found = (_ADDRESS.search(reference) for reference in references)
    roots = {match["root"] + _root(match["path"], is_project) for match in found if match}
    return roots.pop() if len(roots) == 1 and roots.isdisjoint({"file://"}) else ""


def _root(path: str, is_project: Callable[[str], bool]) -> str:
    """What stands before the longest end of `path` that is a project; empty for none."""
    words = path.rstrip("/").split("/") if len(path) <= _LONGEST else []
    cuts = (cut for cut in range(2, len(words) + 1) if is_project(unquote("/".join(words[cut:]))))
    return "/".join(words[: next(cuts, 0)])


def as_written(text: str, copy: str, root: str, folder: str) -> str:
    """What was compiled in `copy`, the address of a copy of the repository, as if it had been compiled in `root`.

    Without a `root`, editables are written relative to `folder`, the compile's own, as their sources write them.
    """
    if root:
        return text.replace(copy, root)
    editable = re.compile(rf"^(?P<option>-e|--editable) {re.escape(copy)}(?P<tail>/[^\s;#\[]*|)", re.MULTILINE)
    return editable.sub(lambda found: f"{found['option']} {_relative(found['tail'], folder)}", text)


def _relative(tail: str, folder: str) -> str:
    path = posixpath.relpath(unquote(tail).lstrip("/") or ".", folder or ".")
    return path if path.startswith(".") else f"./{path}"


def within(target: str, root: str) -> str | None:
    """The path in the repository of an address below `root`, None for any other."""
    bare = target.partition("#")[0].rstrip("/")
    if not root or not f"{bare}/".startswith(f"{root}/"):
        return None
    path = posixpath.normpath(unquote(bare.removeprefix(root)).strip("/") or ".")
    return None if path.startswith("..") else path

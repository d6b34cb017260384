"""The files that a compile reads, without their index options: tools are to see the local index alone."""

import re
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

_INDEX_OPTION = re.compile(
    r"^[ \t]*(?:-i|--index-url|--pypi-url|--extra-index-url|--trusted-host)(?:[ \t=][^\n]*)?$", re.MULTILINE
)
_INCLUDE = re.compile(r"^[ \t]*(?:-r|-c|--requirement|--constraint)[ \t=]*([^\s#]+)", re.MULTILINE)
_REQUIREMENTS = (".in", ".txt")


def take_out_index_options(root: Path, paths: Iterable[str]) -> None:
    """Blank out the index options of these requirement files under `root`, and of all that they include.

    What a compile writes for them is put back from the committed lockfile.
    """
    seen: set[Path] = set()
    todo = [root / path for path in paths if path.endswith(_REQUIREMENTS)]
    while todo:
        path = todo.pop()
        if path in seen or path.is_symlink() or not path.is_file() or not path.resolve().is_relative_to(root.resolve()):
            continue
        seen.add(path)
        text = path.read_bytes().decode("utf-8", "surrogateescape")
        bare = _INDEX_OPTION.sub("", text)
        if bare != text:
            path.write_bytes(bare.encode("utf-8", "surrogateescape"))
        todo += [path.parent / PurePosixPath(name) for name in _INCLUDE.findall(text) if "://" not in name]

"""What a committed lockfile shows of options that its header leaves out.

Two defaults of pip-compile flip with its next major version, and a header may be missing or the maintainers'
own: what is inferred is passed explicitly, so that a newer tool never shows up as drift. The faithful compile
proves it.
"""

import re
from collections.abc import Collection, Iterator

from packaging.utils import canonicalize_name

from depcheck.core.annotations import style
from depcheck.core.header import Header
from depcheck.core.lockfile import Lockfile

_UNSAFE = frozenset({"distribute", "pip", "setuptools"})
_UNPINNED = re.compile(
    r"^# (?:The following packages are considered to be unsafe[^\r\n]*|.*--allow-unsafe flag\.)\r?\n# ", re.MULTILINE
)
_OLD_STYLE = frozenset({"<1.9", ">=1.9,<6.2"})


def infer_options(
    header: Header, lockfile: Lockfile, given: Collection[str] = (), configured: Collection[str] = ()
) -> tuple[str, ...]:
    """Options for pip-compile that the text shows.

    `given` are the command's options (`--strip-extras`, `--annotation-style=line`), `configured` the keys of
    the tool's configuration in any spelling; what either decides is left to it. An old pip-tools may not know
    what is returned: see `pip_compile_options.supported`.
    """
    decided = {_subject(option) for option in (*given, *configured)}
    found = [*_always(header, lockfile, given), *_annotations(header, lockfile)]
    if not header.argv:
        found += _from_text(header, lockfile)
    return tuple(option for option in found if _subject(option) not in decided)


def infer_uv_options(header: Header, lockfile: Lockfile) -> tuple[str, ...]:
    """The same for uv, whose header shows everything unless it is missing or the maintainers' own."""
    if header.argv:
        return ()
    kept = ["--no-strip-extras"] if any(entry.pin.extras for entry in lockfile.entries) else []
    return (*kept, *_annotations(header, lockfile), *_from_text(header, lockfile))


def _subject(option: str) -> str:
    """What an option decides, whichever way: `--no-strip-extras` and `strip_extras` decide `strip-extras`."""
    name = option.partition("=")[0].lstrip("-").replace("_", "-")
    return name.removeprefix("no-")


def _always(header: Header, lockfile: Lockfile, given: Collection[str]) -> Iterator[str]:
    yield "--allow-unsafe" if _allows_unsafe(lockfile, given) else "--no-allow-unsafe"
    extras = any(entry.pin.extras for entry in lockfile.entries)
    # Without a command, a text without extras fits both; stripping is what stays right as a constraint.
    yield "--no-strip-extras" if extras or header.argv else "--strip-extras"


def _allows_unsafe(lockfile: Lockfile, given: Collection[str]) -> bool:
    """Whether unsafe packages are pinned: the block at the end lists them as comments where they are not."""
    if _UNPINNED.search(lockfile.body):
        return False
    named = {option.partition("=")[2] for option in given if option.startswith("--unsafe-package=")}
    unsafe = {canonicalize_name(name) for name in named} or _UNSAFE
    return any(entry.pin.name in unsafe for entry in lockfile.entries)


def _annotations(header: Header, lockfile: Lockfile) -> Iterator[str]:
    """Before 5.5 all annotations stood beside the requirement, without an option for it."""
    if header.argv and header.era not in _OLD_STYLE:
        return
    seen = style(entry.text for entry in lockfile.entries)
    if seen == "line":
        yield "--annotation-style=line"
    elif not seen and lockfile.entries:
        yield "--no-annotate"


def _from_text(header: Header, lockfile: Lockfile) -> Iterator[str]:
    if any(entry.pin.hashes for entry in lockfile.entries):
        yield "--generate-hashes"
    if not header.compiler:
        yield "--no-header"
    if any(re.match(r"^(?:-i|--index-url|--extra-index-url)\b", option) for option in lockfile.options):
        yield "--emit-index-url"

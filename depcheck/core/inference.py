"""What a committed lockfile shows of options that its header leaves out.

Two defaults of pip-compile flip with its next major version, and a header may be missing or the maintainers'
own: what is inferred is passed explicitly, so that a newer tool never shows up as drift. The faithful compile
proves it.
"""

import re
from collections.abc import Collection, Iterator

from packaging.utils import NormalizedName, canonicalize_name

from depcheck.core.annotations import is_source, style
from depcheck.core.header import Header
from depcheck.core.lockfile import Lockfile
from depcheck.core.pins import Pin

_UNSAFE = frozenset({"distribute", "pip", "setuptools"})
_UNPINNED = re.compile(
    r"^# (?:The following packages are considered to be unsafe[^\r\n]*|considered to be unsafe in a requirements file:|"
    r".*--allow-unsafe flag\.)\r?\n# ",
    re.MULTILINE,
)
_EXCLUDED = re.compile(r"^# The following packages were excluded from the output:", re.MULTILINE)
_OLD_STYLE = frozenset({"<1.6.1", ">=1.6.1,<6.2"})


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
    if not _is_told(header):
        found += [*_from_text(header, lockfile), *_unsafe_names(lockfile)]
    return tuple(option for option in found if _subject(option) not in decided)


def infer_uv_options(header: Header, lockfile: Lockfile, given: Collection[str] = ()) -> tuple[str, ...]:
    """The same for uv, whose header shows everything unless it is missing or the maintainers' own."""
    if _is_told(header):
        return ()
    found = ["--no-strip-extras"] if any(entry.pin.extras for entry in lockfile.entries) else []
    found += ["--universal"] if any(_is_for_all(entry.pin) for entry in lockfile.entries) else []
    found += [f"--no-emit-package={name}" for name in _left_out(lockfile)]
    found += [*_annotations(header, lockfile), *_from_text(header, lockfile)]
    decided = {_subject(option) for option in given}
    return tuple(option for option in found if _subject(option) not in decided)


def written_by_uv(lockfile: Lockfile) -> bool:
    """Whether a text without a header has uv's wording, which pip-compile never uses."""
    return bool(_EXCLUDED.search(lockfile.body) or re.search(r"^ +# from https?://", lockfile.body, re.MULTILINE))


def left_out(lockfile: Lockfile, options: Collection[str] = ()) -> frozenset[NormalizedName]:
    """What `lockfile` leaves to whoever installs it: the block at its end, and what the command's `options` name."""
    named = (option.partition("=")[::2] for option in options)
    excluded = (value for name, value in named if name in {"--unsafe-package", "--no-emit-package"})
    return frozenset(canonicalize_name(name) for name in (*_left_out(lockfile), *excluded))


def _is_told(header: Header) -> bool:
    """Whether the header's command is the compiler's own, so that what it leaves out is the compiler's default."""
    return bool(header.argv) and not header.custom


def _is_for_all(pin: Pin) -> bool:
    """Whether a marker stands at what only other packages ask for: then the set is for all platforms."""
    return bool(pin.marker and pin.via) and not any(map(is_source, pin.via))


def _left_out(lockfile: Lockfile) -> list[str]:
    """The names that the block at the end lists as comments."""
    block = _EXCLUDED.search(lockfile.body) or _UNPINNED.search(lockfile.body)
    rest = lockfile.body[block.start() :].splitlines()[1:] if block else []
    names = (re.match(r"^# ([A-Za-z0-9][\w.-]*)\s*$", line) for line in rest)
    return [match[1] for match in names if match]


def _unsafe_names(lockfile: Lockfile) -> Iterator[str]:
    """What is held to be unsafe, where it is more than the default: an option that replaces the default."""
    names = _left_out(lockfile)
    if {canonicalize_name(name) for name in names} - _UNSAFE:
        yield from (f"--unsafe-package={name}" for name in names)


def _subject(option: str) -> str:
    """What an option decides, whichever way: `--no-strip-extras` and `strip_extras` decide `strip-extras`."""
    name = option.partition("=")[0].lstrip("-").replace("_", "-")
    return name.removeprefix("no-")


def _always(header: Header, lockfile: Lockfile, given: Collection[str]) -> Iterator[str]:
    yield "--allow-unsafe" if _allows_unsafe(lockfile, given) else "--no-allow-unsafe"
    extras = any(entry.pin.extras for entry in lockfile.entries)
    # Without a command, a text without extras fits both; stripping is what stays right as a constraint.
    yield "--no-strip-extras" if extras or _is_told(header) else "--strip-extras"


def _allows_unsafe(lockfile: Lockfile, given: Collection[str]) -> bool:
    """Whether unsafe packages are pinned: the block at the end lists them as comments where they are not."""
    if _UNPINNED.search(lockfile.body):
        return False
    named = {option.partition("=")[2] for option in given if option.startswith("--unsafe-package=")}
    unsafe = {canonicalize_name(name) for name in named} or _UNSAFE
    return any(entry.pin.name in unsafe for entry in lockfile.entries)


def _annotations(header: Header, lockfile: Lockfile) -> Iterator[str]:
    """Before 5.5 all annotations stood beside the requirement, without an option for it."""
    if _is_told(header) and header.era not in _OLD_STYLE:
        return
    seen = style(entry.text for entry in lockfile.entries)
    if seen == "line" or (seen and header.era in _OLD_STYLE and _leaves_direct_out(lockfile)):
        yield "--annotation-style=line"
    elif not seen and lockfile.entries:
        yield "--no-annotate"


def _leaves_direct_out(lockfile: Lockfile) -> bool:
    """Whether only what packages ask for is annotated: before 5.0, where hashes make both styles look alike."""
    listed = any(re.search(r"# via\s*$", entry.text, re.MULTILINE) for entry in lockfile.entries)
    return not listed and not all(entry.pin.via for entry in lockfile.entries)


def _from_text(header: Header, lockfile: Lockfile) -> Iterator[str]:
    if any(entry.pin.hashes for entry in lockfile.entries):
        yield "--generate-hashes"
    if not header.compiler:
        yield "--no-header"
    if any(re.match(r"^(?:-i|--index-url|--extra-index-url)\b", option) for option in lockfile.options):
        yield "--emit-index-url"

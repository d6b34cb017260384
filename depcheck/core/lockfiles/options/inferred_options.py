"""Options that a header leaves out, inferred from the lockfile's text.

Two defaults of pip-compile change with its next major version, and a header may be missing or custom.
Inferred options are passed explicitly, so that a newer tool does not show up as drift. The compile
without upgrade confirms them.
"""

import re
from collections.abc import Collection, Iterator

from packaging.utils import NormalizedName, canonicalize_name

from depcheck.core.lockfiles.header import Header
from depcheck.core.lockfiles.lockfile_parser import Lockfile
from depcheck.core.lockfiles.origin import is_for_other_systems
from depcheck.core.lockfiles.pin_line import detect_annotation_style, is_source_requirer
from depcheck.core.model.pins import Pin

_DEFAULT_UNSAFE = frozenset({"distribute", "pip", "setuptools"})
_UNPINNED_BLOCK = re.compile(
    r"^# (?:The following packages are considered to be unsafe[^\r\n]*|considered to be unsafe in a requirements file:|"
    r".*--allow-unsafe flag\.)\r?\n# ",
    re.MULTILINE,
)
_EXCLUDED_BLOCK = re.compile(r"^# The following packages were excluded from the output:", re.MULTILINE)
_OLD_STYLE_VERSIONS = frozenset({"<1.6.1", ">=1.6.1,<6.2"})


def infer_pip_compile_options(
    header: Header, lockfile: Lockfile, given: Collection[str] = (), configured: Collection[str] = ()
) -> tuple[str, ...]:
    """Infer options for pip-compile from the lockfile's text.

    `given` are the options of the command (`--strip-extras`, `--annotation-style=line`). `configured` are the
    keys of the tool's configuration in any spelling. What either decides is not inferred. An old pip-tools
    may not know a returned option: see `supported` in the pip-compile options.
    """
    decided = {_get_option_subject(option) for option in (*given, *configured)}
    found = [*_infer_changing_defaults(header, lockfile, given), *_infer_annotation_options(header, lockfile)]
    if not _has_compiler_command(header):
        found += [*_infer_text_options(header, lockfile), *_infer_unsafe_packages(lockfile)]
    return tuple(option for option in found if _get_option_subject(option) not in decided)


def infer_uv_options(header: Header, lockfile: Lockfile, given: Collection[str] = ()) -> tuple[str, ...]:
    """Infer options for uv from the lockfile's text.

    Nothing is inferred if the header holds uv's own command, since that shows every option.
    """
    if _has_compiler_command(header):
        return ()
    found = ["--no-strip-extras"] if any(entry.pin.extras for entry in lockfile.entries) else []
    found += ["--universal"] if _is_universal(lockfile) else []
    found += [f"--no-emit-package={name}" for name in _list_omitted_names(lockfile)]
    found += [*_infer_annotation_options(header, lockfile), *_infer_text_options(header, lockfile)]
    decided = {_get_option_subject(option) for option in given}
    return tuple(option for option in found if _get_option_subject(option) not in decided)


def is_written_by_uv(lockfile: Lockfile) -> bool:
    """Return True if the text has a wording that only uv uses."""
    return bool(_EXCLUDED_BLOCK.search(lockfile.body) or re.search(r"^ +# from https?://", lockfile.body, re.MULTILINE))


def find_omitted_packages(lockfile: Lockfile, options: Collection[str] = ()) -> frozenset[NormalizedName]:
    """Find the packages that the lockfile leaves to the installer.

    They are listed in the block at its end, or named by the command's `options`.
    """
    named = (option.partition("=")[::2] for option in options)
    excluded = (value for name, value in named if name in {"--unsafe-package", "--no-emit-package"})
    return frozenset(canonicalize_name(name) for name in (*_list_omitted_names(lockfile), *excluded))


def _has_compiler_command(header: Header) -> bool:
    """Return True if the header holds the compiler's own command.

    Then an option that it leaves out has the compiler's default.
    """
    return bool(header.argv) and not header.is_custom


def _is_universal(lockfile: Lockfile) -> bool:
    """Return True if the pins show a set for all platforms.

    Where a source includes a lockfile, every pin of it has a source among its requirers.
    """
    pins = [entry.pin for entry in lockfile.entries]
    repeated = len({pin.name for pin in pins}) < len(pins)
    return repeated or any(_is_universal_pin(pin) or is_for_other_systems(pin.marker) for pin in pins)


def _is_universal_pin(pin: Pin) -> bool:
    """Return True if a pin shows a set for all platforms.

    Such a pin has a marker, though only other packages require it.
    """
    return bool(pin.marker and pin.requirers) and not any(map(is_source_requirer, pin.requirers))


def _list_omitted_names(lockfile: Lockfile) -> list[str]:
    """List the names in the comment block at the end."""
    block = _EXCLUDED_BLOCK.search(lockfile.body) or _UNPINNED_BLOCK.search(lockfile.body)
    rest = lockfile.body[block.start() :].splitlines()[1:] if block else []
    names = (re.match(r"^# ([A-Za-z0-9][\w.-]*)\s*$", line) for line in rest)
    return [match[1] for match in names if match]


def _infer_unsafe_packages(lockfile: Lockfile) -> Iterator[str]:
    """Yield `--unsafe-package` options if more than the defaults are left out.

    The option replaces the defaults.
    """
    names = _list_omitted_names(lockfile)
    if {canonicalize_name(name) for name in names} - _DEFAULT_UNSAFE:
        yield from (f"--unsafe-package={name}" for name in names)


def _get_option_subject(option: str) -> str:
    """Return the subject that an option decides, on or off.

    `--no-strip-extras` and `strip_extras` both decide `strip-extras`.
    """
    name = option.partition("=")[0].lstrip("-").replace("_", "-")
    return name.removeprefix("no-")


def _infer_changing_defaults(header: Header, lockfile: Lockfile, given: Collection[str]) -> Iterator[str]:
    """Yield explicit values for the two defaults that change between major versions."""
    yield "--allow-unsafe" if _has_unsafe_pins(lockfile, given) else "--no-allow-unsafe"
    extras = any(entry.pin.extras for entry in lockfile.entries)
    # Without a command, a text without extras fits both; stripping is what stays right as a constraint.
    yield "--no-strip-extras" if extras or _has_compiler_command(header) else "--strip-extras"


def _has_unsafe_pins(lockfile: Lockfile, given: Collection[str]) -> bool:
    """Return True if unsafe packages are pinned.

    Where they are not, the block at the end lists them as comments.
    """
    if _UNPINNED_BLOCK.search(lockfile.body):
        return False
    named = {option.partition("=")[2] for option in given if option.startswith("--unsafe-package=")}
    unsafe = {canonicalize_name(name) for name in named} or _DEFAULT_UNSAFE
    return any(entry.pin.name in unsafe for entry in lockfile.entries)


def _infer_annotation_options(header: Header, lockfile: Lockfile) -> Iterator[str]:
    """Yield the option for the annotation style.

    Before 5.5 pip-tools had one style, beside the requirement, and no option for it.
    """
    if _has_compiler_command(header) and header.writer_versions not in _OLD_STYLE_VERSIONS:
        return
    seen = detect_annotation_style(entry.text for entry in lockfile.entries)
    if seen == "line" or (seen and header.writer_versions in _OLD_STYLE_VERSIONS and _is_direct_unannotated(lockfile)):
        yield "--annotation-style=line"
    elif not seen and lockfile.entries:
        yield "--no-annotate"


def _is_direct_unannotated(lockfile: Lockfile) -> bool:
    """Return True if only packages required by packages are annotated.

    That is so before 5.0, where hashes make both styles look alike.
    """
    listed = any(re.search(r"# via\s*$", entry.text, re.MULTILINE) for entry in lockfile.entries)
    return not listed and not all(entry.pin.requirers for entry in lockfile.entries)


def _infer_text_options(header: Header, lockfile: Lockfile) -> Iterator[str]:
    """Yield options for hashes, header and index lines that the text shows."""
    if any(entry.pin.hashes for entry in lockfile.entries):
        yield "--generate-hashes"
    if not header.compiler:
        yield "--no-header"
    if any(re.match(r"^(?:-i|--index-url|--extra-index-url)\b", option) for option in lockfile.options):
        yield "--emit-index-url"

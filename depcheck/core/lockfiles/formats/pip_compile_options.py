"""Every option of `pip-compile` 1.0 to 7.6.2, with its first version.

Source: the changelog and the source code of pip-tools.
"""

from collections.abc import Iterator

from packaging.version import Version

from depcheck.core.lockfiles.options.compiler_options import CompilerOption as Option
from depcheck.core.lockfiles.options.compiler_options import OptionEffect as Effect
from depcheck.core.lockfiles.options.compiler_options import Treatment, build_option_table


def _make_style_pair(name: str, since: str = "", since_no: str = "") -> Iterator[Option]:
    """Yield a switch of the written form and its `--no-` opposite."""
    yield Option(f"--{name}", since=since, effect=Effect.WRITTEN)
    yield Option(f"--no-{name}", since=since_no or since, effect=Effect.WRITTEN)


_OPTION_LIST = (
    Option("--help", Treatment.REFUSE, short="-h"),
    Option("--version", Treatment.REFUSE),
    Option("--color", Treatment.DROP),
    Option("--no-color", Treatment.DROP),
    Option("--verbose", Treatment.DROP, short="-v", effect=Effect.INDEXED),
    Option("--quiet", Treatment.DROP, short="-q", effect=Effect.WRITTEN),
    Option("--dry-run", Treatment.DROP, short="-n"),
    Option("--rebuild", Treatment.DROP, short="-r"),
    Option("--cache-dir", Treatment.DROP, takes_value=True),
    Option("--upgrade", Treatment.DROP, short="-U"),
    Option("--no-upgrade", Treatment.DROP, since="6.3"),
    Option(
        "--upgrade-package", Treatment.UPGRADE_PACKAGE, takes_value=True, short="-P", since="1.8", effect=Effect.INDEXED
    ),
    Option("--output-file", Treatment.OUTPUT, takes_value=True, short="-o", since="1.3"),
    Option("--index-url", Treatment.INDEX, takes_value=True, short="-i"),
    Option("--extra-index-url", Treatment.EXTRA_INDEX, takes_value=True),
    Option("--no-index", since="6.12", effect=Effect.CHOOSING),
    Option("--find-links", Treatment.FIND_LINKS, takes_value=True, short="-f", since="1.4", effect=Effect.CHOOSING),
    Option("--cert", Treatment.DROP, takes_value=True),
    Option("--client-cert", Treatment.DROP, takes_value=True),
    Option("--trusted-host", takes_value=True, effect=Effect.INDEXED),
    Option("--pre", short="-p", effect=Effect.CHOSEN),
    Option("--extra", takes_value=True, since="6.1", effect=Effect.INDEXED),
    Option("--all-extras", since="6.9", effect=Effect.INDEXED),
    Option("--uploaded-prior-to", takes_value=True, since="7.6.0", effect=Effect.CHOOSING),
    *_make_style_pair("header"),
    *_make_style_pair("annotate"),
    *_make_style_pair("emit-trusted-host", "1.9"),
    *_make_style_pair("emit-find-links", "4.1"),
    *_make_style_pair("emit-index-url", "5.2"),
    *_make_style_pair("emit-options", "6.2"),
    Option("--annotation-style", takes_value=True, since="6.3", effect=Effect.WRITTEN),
    Option("--newline", takes_value=True, since="6.10", effect=Effect.WRITTEN),
    *_make_style_pair("allow-unsafe", "1.7.1", "5.5"),
    Option("--unsafe-package", takes_value=True, since="6.9", effect=Effect.CHOSEN),
    *_make_style_pair("strip-extras", "6.2", "7.3"),
    Option("--generate-hashes", since="1.7", effect=Effect.WRITTEN),
    *_make_style_pair("reuse-hashes", "5.3"),
    Option("--max-rounds", takes_value=True, since="1.9", effect=Effect.WRITTEN),
    Option("--build-isolation", since="3.2", effect=Effect.WRITTEN),
    Option("--no-build-isolation", since="3.2"),
    Option("--pip-args", Treatment.PIP_ARGS, takes_value=True, since="5.1", effect=Effect.CHOOSING),
    Option("--resolver", takes_value=True, since="6.8", effect=Effect.WRITTEN | Effect.CHOOSING),
    Option("--config", Treatment.CONFIG, takes_value=True, since="6.14", effect=Effect.CHOOSING),
    Option("--no-config", since="7.0"),
    Option("--constraint", Treatment.CONSTRAINT, takes_value=True, short="-c", since="7.2", effect=Effect.INDEXED),
    Option("--build-deps-for", takes_value=True, since="7.4"),
    Option("--all-build-deps", since="7.4"),
    Option("--only-build-deps", since="7.4"),
)
PIP_COMPILE_OPTIONS = build_option_table(_OPTION_LIST, {})

# Until 6.0 the pair --index / --no-index said whether the output names the index.
PIP_COMPILE_OLD_SPELLINGS = {"--index": "--emit-index-url", "--no-index": "--no-emit-index-url"}


def is_supported_option(option: str, version: str) -> bool:
    """Return True if the pip-tools of `version` has `option`.

    `option` is `--name` or `--name=value`.
    """
    name = option.partition("=")[0]
    known = PIP_COMPILE_OPTIONS.get(name)
    return known is not None and (not known.since or Version(version) >= Version(known.since))

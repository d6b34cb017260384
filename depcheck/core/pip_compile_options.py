"""Every option that `pip-compile` 1.0 to 7.6.2 has or had, and since when (its changelog and sources)."""

from collections.abc import Iterator

from packaging.version import Version

from depcheck.core.compiler_options import CompilerOption as Option
from depcheck.core.compiler_options import Treatment, table


def _pair(name: str, since: str = "", since_no: str = "", treatment: Treatment = Treatment.KEEP) -> Iterator[Option]:
    """A switch and its opposite."""
    yield Option(f"--{name}", treatment, since=since)
    yield Option(f"--no-{name}", treatment, since=since_no or since)


_OPTIONS = (
    Option("--help", Treatment.REFUSE, short="-h"),
    Option("--version", Treatment.REFUSE),
    *_pair("color", treatment=Treatment.DROP),
    Option("--verbose", Treatment.DROP, short="-v"),
    Option("--quiet", Treatment.DROP, short="-q"),
    Option("--dry-run", Treatment.DROP, short="-n"),
    Option("--rebuild", Treatment.DROP, short="-r"),
    Option("--cache-dir", Treatment.DROP, value=True),
    Option("--upgrade", Treatment.DROP, short="-U"),
    Option("--no-upgrade", Treatment.DROP, since="6.3"),
    Option("--upgrade-package", Treatment.UPGRADE_PACKAGE, value=True, short="-P", since="1.8"),
    Option("--output-file", Treatment.OUTPUT, value=True, short="-o", since="1.3"),
    Option("--index-url", Treatment.INDEX, value=True, short="-i"),
    Option("--extra-index-url", Treatment.EXTRA_INDEX, value=True),
    Option("--no-index", since="6.12"),
    Option("--find-links", Treatment.FIND_LINKS, value=True, short="-f", since="1.4"),
    Option("--cert", Treatment.DROP, value=True),
    Option("--client-cert", Treatment.DROP, value=True),
    Option("--trusted-host", value=True),
    Option("--pre", short="-p"),
    Option("--extra", value=True, since="6.1"),
    Option("--all-extras", since="6.9"),
    Option("--uploaded-prior-to", value=True, since="7.6.0"),
    *_pair("header"),
    *_pair("annotate"),
    *_pair("emit-trusted-host", "1.9"),
    *_pair("emit-find-links", "4.1"),
    *_pair("emit-index-url", "5.2"),
    *_pair("emit-options", "6.2"),
    Option("--annotation-style", value=True, since="6.3"),
    Option("--newline", value=True, since="6.10"),
    *_pair("allow-unsafe", "1.7.1", "5.5"),
    Option("--unsafe-package", value=True, since="6.9"),
    *_pair("strip-extras", "6.2", "7.3"),
    Option("--generate-hashes", since="1.7"),
    *_pair("reuse-hashes", "5.3"),
    Option("--max-rounds", value=True, since="1.9"),
    *_pair("build-isolation", "3.2"),
    Option("--pip-args", Treatment.PIP_ARGS, value=True, since="5.1"),
    Option("--resolver", value=True, since="6.8"),
    Option("--config", Treatment.CONFIG, value=True, since="6.14"),
    Option("--no-config", since="7.0"),
    Option("--constraint", Treatment.CONSTRAINT, value=True, short="-c", since="7.2"),
    Option("--build-deps-for", value=True, since="7.4"),
    Option("--all-build-deps", since="7.4"),
    Option("--only-build-deps", since="7.4"),
)
OPTIONS = table(_OPTIONS, {})

# Until 6.0 the pair --index / --no-index said whether the output names the index.
OLD_SPELLINGS = {"--index": "--emit-index-url", "--no-index": "--no-emit-index-url"}


def supported(option: str, version: str) -> bool:
    """Whether the pip-tools of `version` knows `option` (`--name` or `--name=value`)."""
    name = option.partition("=")[0]
    known = OPTIONS.get(name)
    return known is not None and (not known.since or Version(version) >= Version(known.since))

"""A lockfile below its header, as pip-compile 7 writes it (its writer.py), for pins that are known without it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from packaging.utils import NormalizedName

from depcheck.core.closure import Closure
from depcheck.core.pins import Pins

_UNSAFE = frozenset({"distribute", "pip", "setuptools"})
_UNSAFE_SENTENCE = "# The following packages are considered to be unsafe in a requirements file:"
_WIDTH = 24


@dataclass(frozen=True, slots=True)
class Style:
    """How it is written: what the options say of it."""

    annotate: bool = True
    in_line: bool = False
    strip_extras: bool = False
    allow_unsafe: bool = False
    line_end: str = "\n"

    @classmethod
    def of(cls, options: Sequence[str], text: str) -> "Style":
        """As `options` say; line ends are kept as they are in the committed `text`."""

        def on(name: str, *, default: bool) -> bool:
            said = [option for option in options if option in {f"--{name}", f"--no-{name}"}]
            return said[-1] == f"--{name}" if said else default

        return cls(
            annotate=on("annotate", default=True),
            in_line="--annotation-style=line" in options,
            strip_extras=on("strip-extras", default=False),
            allow_unsafe=on("allow-unsafe", default=False),
            line_end="\r\n" if "\r\n" in text else "\n",
        )


def written(pins: Pins, found: Closure, sources: Mapping[NormalizedName, Sequence[str]], style: Style) -> str | None:
    """The text for `pins`; None where there are none, or one of them is unsafe and to be left out.

    `sources` are the files that name a package, as annotations call them ("-r requirements.in").
    """
    unsafe = sorted(pins.keys() & _UNSAFE)
    if not pins or (unsafe and not style.allow_unsafe):
        return None
    lines = [_entry(name, pins, found, sources, style) for name in sorted(pins.keys() - _UNSAFE)]
    if unsafe:
        lines += ["", _UNSAFE_SENTENCE, *(_entry(name, pins, found, sources, style) for name in unsafe)]
    return "\n".join([*lines, ""]).replace("\n", style.line_end)


def _entry(
    name: NormalizedName, pins: Pins, found: Closure, sources: Mapping[NormalizedName, Sequence[str]], style: Style
) -> str:
    extras = "" if style.strip_extras else ",".join(sorted(found.extras[name]))
    line = f"{name}[{extras}]=={pins[name].version}" if extras else f"{name}=={pins[name].version}"
    hashed = [f"    --hash={each}" for each in sorted(pins[name].hashes)]
    line = " \\\n".join([line, *hashed])
    via = sorted({*sources.get(name, ()), *found.parents(name)})
    if not style.annotate or not via:
        return line
    if style.in_line and hashed:
        return f"{line}\n    # via {', '.join(via)}"
    if style.in_line:
        return f"{line:{_WIDTH}}  # via {', '.join(via)}"
    return "\n".join([line, *_split(via)])


def _split(via: Sequence[str]) -> Iterator[str]:
    if len(via) == 1:
        yield f"    # via {via[0]}"
        return
    yield "    # via"
    yield from (f"    #   {each}" for each in via)

"""Render a lockfile's body in the format of pip-compile 7.

Used for pins that are known without running the compiler. Source: pip-tools' writer.py.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from packaging.utils import NormalizedName

from depcheck.checking.compile.proof.closure import Closure
from depcheck.core.model.pins import Pins

_UNSAFE_PACKAGES = frozenset({"distribute", "pip", "setuptools"})
_UNSAFE_COMMENT = "# The following packages are considered to be unsafe in a requirements file:"
_ANNOTATION_COLUMN = 24


@dataclass(frozen=True, slots=True)
class OutputStyle:
    """The output style that the compiler's options ask for."""

    has_annotations: bool = True
    has_inline_annotations: bool = False
    strip_extras: bool = False
    allow_unsafe: bool = False
    line_end: str = "\n"

    @classmethod
    def from_options(cls, options: Sequence[str], text: str) -> "OutputStyle":
        """Build the style that `options` ask for.

        Line ends are those of the committed lockfile's `text`.
        """

        def on(name: str, *, default: bool) -> bool:
            said = [option for option in options if option in {f"--{name}", f"--no-{name}"}]
            return said[-1] == f"--{name}" if said else default

        return cls(
            has_annotations=on("annotate", default=True),
            has_inline_annotations="--annotation-style=line" in options,
            strip_extras=on("strip-extras", default=False),
            allow_unsafe=on("allow-unsafe", default=False),
            line_end="\r\n" if "\r\n" in text else "\n",
        )


def render_lockfile_body(
    pins: Pins, found: Closure, sources: Mapping[NormalizedName, Sequence[str]], style: OutputStyle
) -> str | None:
    """Render the lockfile's body for `pins`.

    `sources` are the files that require each package directly, in the words of annotations ("-r
    requirements.in"). Returns None if there are no pins, or if one of them is an unsafe package that the style
    leaves out.
    """
    unsafe = sorted(pins.keys() & _UNSAFE_PACKAGES)
    if not pins or (unsafe and not style.allow_unsafe):
        return None
    lines = [_render_entry(name, pins, found, sources, style) for name in sorted(pins.keys() - _UNSAFE_PACKAGES)]
    if unsafe:
        lines += ["", _UNSAFE_COMMENT, *(_render_entry(name, pins, found, sources, style) for name in unsafe)]
    return "\n".join([*lines, ""]).replace("\n", style.line_end)


def _render_entry(
    name: NormalizedName,
    pins: Pins,
    found: Closure,
    sources: Mapping[NormalizedName, Sequence[str]],
    style: OutputStyle,
) -> str:
    extras = "" if style.strip_extras else ",".join(sorted(found.extras[name]))
    line = f"{name}[{extras}]=={pins[name].version}" if extras else f"{name}=={pins[name].version}"
    hashed = [f"    --hash={each}" for each in sorted(pins[name].hashes)]
    line = " \\\n".join([line, *hashed])
    via = sorted({*sources.get(name, ()), *found.find_parents(name)})
    if not style.has_annotations or not via:
        return line
    if style.has_inline_annotations and hashed:
        return f"{line}\n    # via {', '.join(via)}"
    if style.has_inline_annotations:
        return f"{line:{_ANNOTATION_COLUMN}}  # via {', '.join(via)}"
    return "\n".join([line, *_render_split_annotation(via)])


def _render_split_annotation(via: Sequence[str]) -> Iterator[str]:
    if len(via) == 1:
        yield f"    # via {via[0]}"
        return
    yield "    # via"
    yield from (f"    #   {each}" for each in via)

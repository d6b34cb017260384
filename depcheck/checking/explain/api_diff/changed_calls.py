"""Find what a release changed of what a traceback's lines use.

Whatever the error says.
"""

from collections.abc import Iterator

import griffe

from depcheck.checking.explain.api_diff.unpack import ReleaseFiles

LONGEST_SIGNATURE = 160
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.,'\"-+")


def find_callable(release: ReleaseFiles, dotted: str) -> griffe.Function | None:
    """Find the function that a call of `dotted` runs.

    For a class its `__init__`.
    """
    found = release.find_object(dotted)
    maker = release.find_member(found, "__init__") if isinstance(found, griffe.Class) else found
    return maker if isinstance(maker, griffe.Function) else None


def describe_signatures(good: ReleaseFiles, bad: ReleaseFiles, dotted: str) -> str:
    """Describe both signatures of a callable, or return an empty string."""
    both = [find_callable(release, dotted) for release in (good, bad)]
    name = dotted.rpartition(".")[2]
    texts = [format_signature(name, each) for each in both if each]
    return f"was {texts[0]}, is {texts[1]}" if len(texts) == len(both) and texts[0] != texts[1] else ""


def format_signature(name: str, function: griffe.Function) -> str:
    """Format a signature for people, without annotations.

    Defaults that are not plain are left out.
    """
    parts, starred = [], False
    for each in function.parameters:
        if each.name in {"self", "cls"}:
            continue
        if each.kind is griffe.ParameterKind.keyword_only and not starred:
            parts.append("*")
        starred = starred or each.kind in {griffe.ParameterKind.keyword_only, griffe.ParameterKind.var_positional}
        stars = {griffe.ParameterKind.var_positional: "*", griffe.ParameterKind.var_keyword: "**"}.get(each.kind, "")
        default = "" if stars or each.default is None else f"={_shorten_default(str(each.default))}"
        parts.append(f"{stars}{each.name}{default}")
    text = f"{name}({', '.join(parts)})"
    return text if len(text) <= LONGEST_SIGNATURE else f"{text[:LONGEST_SIGNATURE]}…"


def find_renamed_parameter(good: ReleaseFiles, bad: ReleaseFiles, dotted: str, parameter: str) -> str:
    """Find the parameter that took the place of `parameter`.

    It stands where that stood, and is new. Empty if none does.
    """
    before, after = (find_callable(release, dotted) for release in (good, bad))
    if before is None or after is None:
        return ""
    old, new = ([each.name for each in side.parameters] for side in (before, after))
    if parameter not in old or parameter in new:
        return ""
    added = [name for name in new if name not in old]
    place = old.index(parameter)
    at_place = new[place] if place < len(new) and new[place] in added else ""
    return at_place or (added[0] if len(added) == 1 and len(old) == len(new) else "")


def list_changed_defaults(good: ReleaseFiles, bad: ReleaseFiles, dotted: str) -> Iterator[tuple[str, str, str]]:
    """List parameters whose defaults changed, with both defaults."""
    before, after = (find_callable(release, dotted) for release in (good, bad))
    if before is None or after is None:
        return
    old = {each.name: str(each.default) for each in before.parameters if each.default is not None}
    for each in after.parameters:
        if each.default is not None and each.name in old and old[each.name] != str(each.default):
            yield each.name, _shorten_default(old[each.name]), _shorten_default(str(each.default))


def find_new_place(good: ReleaseFiles, bad: ReleaseFiles, owner: str, name: str) -> str:
    """Find the module that defines a removed name now.

    Only where one alone does that did not before, and the name is long enough to be no accident.
    """
    least = 5  # characters
    if len(name) < least or name.startswith("_"):
        return ""
    top = owner.partition(".")[0]
    known = {owner, *good.list_defining_modules(top, name)}
    found = [module for module in bad.list_defining_modules(top, name) if module not in known]
    return found[0] if len(found) == 1 else ""


def _shorten_default(text: str) -> str:
    return text if len(text) <= 30 and set(text) <= _PLAIN else "…"  # noqa: PLR2004  # characters that fit

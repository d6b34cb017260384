# ruff: noqa: ANN401, INP001
# Type hints and values of mkdocs are of any type; scripts are no package.
"""Write the reference from the code.

Commands, options, inputs, outputs, exit statuses, fields of the report.

Run by itself it prints the page; as a hook of mkdocs it adds the page to the site, so it is never out of date.
"""

import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, get_type_hints

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from depcheck import __version__  # noqa: E402  # the checkout's own
from depcheck.cli import main  # noqa: E402  # the checkout's own
from depcheck.cli.argument_parser import COMMANDS  # noqa: E402
from depcheck.core.config.option_form import Option, OptionForm  # noqa: E402
from depcheck.core.config.options import CHECK_OPTIONS  # noqa: E402
from depcheck.core.config.publish_options import PUBLISH_OPTIONS  # noqa: E402
from depcheck.core.model import report  # noqa: E402

_FORMS = {
    OptionForm.ONE: "one",
    OptionForm.MANY: "repeatable",
    OptionForm.SWITCH: "switch",
    OptionForm.OFF_SWITCH: "switch",
}
_STATUSES = {
    0: "nothing is broken",
    1: "something is broken",
    2: "wrong usage or configuration; nothing was checked",
    3: "could not judge, or could not publish",
    main.BUG_STATUS: "a bug of ours; the traceback is in the report folder",
    main._INTERRUPTED_STATUS: "interrupted",  # noqa: SLF001  # what it is belongs to the command line
}
_ENTRY = re.compile(r"^  ([a-z-]+):\n((?:    .*\n)+)", re.MULTILINE)


def page() -> str:
    """Return the whole page as Markdown."""
    return (
        "\n\n".join(
            (
                f"# Reference\n\nMade from the code of {__version__}.",
                "## Commands",
                *(_command(name, *parts) for name, parts in COMMANDS.items()),
                "## Exit statuses",
                _table(("status", "means", "verdicts"), [_status(code, words) for code, words in _STATUSES.items()]),
                "## The action",
                _of_the_action(),
                "## report.json",
                *(_shape(shape) for shape in _shapes()),
            )
        )
        + "\n"
    )


def _command(name: str, summary: str, options: Sequence[Option], examples: str) -> str:
    rows = [(f"`--{option.name}`", option.help, _FORMS[option.form], option.default) for option in options]
    shown = "\n".join(line.removeprefix("  ") for line in examples.splitlines()[1:])
    return (
        f"### depcheck {name}\n\n{summary}\n\n{_table(('option', 'is', 'form', 'default'), rows)}\n\n"
        f"```console\n{shown}\n```"
    )


def _status(code: int, words: str) -> tuple[str, ...]:
    verdicts = [f"`{status}`" for status in report.Status if status.exit_status == code]
    return str(code), words, ", ".join(verdicts)


def _of_the_action() -> str:
    text = (ROOT / "action.yml").read_text(encoding="utf-8")
    inputs, _, outputs = text.partition("\ninputs:\n")[2].partition("\noutputs:\n")
    taken, given = (_ENTRY.findall(part + "\n") for part in (inputs, outputs.partition("\nruns:")[0]))
    shared = {option.name for option in (*CHECK_OPTIONS, *PUBLISH_OPTIONS)}
    rows = [(f"`{name}`", _described(body), "yes" if name in shared else "") for name, body in taken]
    results = [(f"`{name}`", _described(body)) for name, body in given]
    return f"{_table(('input', 'is', 'also an option'), rows)}\n\n{_table(('output', 'is'), results)}"


def _described(body: str) -> str:
    found = re.search(r'description: "(.*)"', body)
    return found[1] if found else ""


def _shapes() -> list[type]:
    found: list[type] = [report.Report]
    for shape in found:
        for hint in get_type_hints(shape).values():
            found += [each for each in _within(hint) if is_dataclass(each) and each not in found]
    return found


def _within(hint: Any) -> Iterable[Any]:
    yield hint
    for part in getattr(hint, "__args__", ()):
        yield from _within(part)


def _shape(shape: type) -> str:
    hints = get_type_hints(shape)
    rows = [(f"`{each.name}`", _type(hints[each.name])) for each in fields(shape)]
    words = (shape.__doc__ or "").strip().split("\n\n")
    said = "\n\n".join(" ".join(part.split()) for part in words)
    return f"### {shape.__name__}\n\n{said}\n\n{_table(('field', 'type'), rows)}"


def _type(hint: Any) -> str:
    arguments = getattr(hint, "__args__", ())
    name = getattr(hint, "__name__", str(hint))
    if name in {"Union", "UnionType"} or not hasattr(hint, "__name__"):
        return " or ".join(_type(part) for part in arguments)
    if name == "tuple":
        return f"list of {_type(arguments[0])}"
    if name == "dict":
        return f"object: {_type(arguments[0])} to {_type(arguments[1])}"
    return {"str": "text", "NoneType": "null", "bool": "true or false", "datetime": "time"}.get(name, name)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(cell.replace('|', '&#124;') for cell in row)} |" for row in rows]
    return "\n".join((f"| {' | '.join(head)} |", f"|{' --- |' * len(head)}", *lines))


def on_config(config: Any) -> Any:
    """Put pages that the contents do not name under Explanation."""
    listed = str(config.nav)
    docs = Path(config.docs_dir)
    names = sorted(page.relative_to(docs).as_posix() for page in docs.rglob("*.md"))
    (explanation,) = [part["Explanation"] for part in config.nav if "Explanation" in part]
    explanation += [name for name in names if f"'{name}'" not in listed]
    return config


def on_files(files: Any, config: Any) -> Any:
    """Add the page to the site: the hook of mkdocs."""
    from mkdocs.structure.files import File  # noqa: PLC0415  # only where the site is built

    files.append(File.generated(config, "reference.md", content=page()))
    return files


if __name__ == "__main__":
    sys.stdout.write(page())

"""Takes single walls away, by laying changed files of ours over those in the image: nothing in production can do that."""

from pathlib import Path

ROOT = Path(__file__).parents[2]

Change = tuple[str, str, str]
WALLS: dict[str, tuple[Change, ...]] = {}


def taken_away(names: list[str], folder: Path) -> dict[str, Path]:
    """The changed files, by the path that they have in the image."""
    texts: dict[str, str] = {}
    for name in names:
        for path, old, new in WALLS[name]:
            text = texts.get(path) or (ROOT / path).read_text()
            if old not in text:
                raise SystemExit(
                    f"{path} has no {old!r} any more: the wall {name} cannot be taken away; correct {__file__}"
                )
            texts[path] = text.replace(old, new)
    for path, text in texts.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    return {path: folder / path for path in texts}

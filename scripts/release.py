# ruff: noqa: INP001
"""Prepare and check a release of this repository.

Needs no more than a Python >= 3.11.

python3 scripts/release.py check VERSION     pyproject.toml and CHANGELOG.md are about VERSION, and it is ready
python3 scripts/release.py point IMAGE       action.yml runs IMAGE, name@sha256:digest, instead of building it
"""

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
_VERSION = re.compile(r"\d+\.\d+\.\d+")
_IMAGE = re.compile(r"[a-z0-9.-]+(?::\d+)?(?:/[a-z0-9._-]+)+@sha256:[0-9a-f]{64}")
_WORDS = 2
_DESCRIPTION_CHARS = 125  # the Marketplace's limit


def check(version: str, root: Path = ROOT) -> list[str]:
    """Return obstacles to releasing `version`, a sentence each."""
    wrong = [] if _VERSION.fullmatch(version) else [f"{version!r} is no version of the form 1.2.3."]
    stated = tomllib.loads((root / "pyproject.toml").read_text())["project"]["version"]
    if stated != version:
        wrong.append(f"pyproject.toml says {stated}, not {version}; change one of them.")
    changes = (root / "CHANGELOG.md").read_text()
    if not re.search(rf"^## {re.escape(version)} \(\d{{4}}-\d\d-\d\d\)$", changes, re.MULTILINE):
        wrong.append(f"CHANGELOG.md has no heading `## {version} (YYYY-MM-DD)`; say what changed, and when.")
    return wrong + _of_the_marketplace((root / "action.yml").read_text())


def _of_the_marketplace(action: str) -> list[str]:
    wrong = [
        f"action.yml has no {key}, which the Marketplace wants."
        for key in ("name", "branding", "author")
        if not re.search(rf"^{key}:", action, re.MULTILINE)
    ]
    text = re.search(r"^description:(?: >-)?\s*((?:.+\n(?:  .+\n)*))", action, re.MULTILINE)
    length = len(" ".join(text[1].split())) if text else 0
    if not 0 < length <= _DESCRIPTION_CHARS:
        wrong.append(
            f"The description of action.yml has {length} characters; the Marketplace takes 1 to {_DESCRIPTION_CHARS}."
        )
    return wrong


def point(image: str, root: Path = ROOT) -> None:
    """Let action.yml run `image`, so that no job rebuilds it.

    Raises ValueError where that cannot be.
    """
    if not _IMAGE.fullmatch(image):
        raise ValueError(f"{image!r} is no image by digest; give name@sha256:… as the build printed it.")
    path = root / "action.yml"
    text, count = re.subn(r"^  image: Dockerfile$", f"  image: docker://{image}", path.read_text(), flags=re.MULTILINE)
    if count != 1:
        raise ValueError(f"{path} has {count} lines `  image: Dockerfile`, not one; nothing was changed.")
    path.write_text(text)


def main(words: list[str]) -> int:
    """Return 0 when done, 1 for an obstacle, 2 for other words."""
    if [*words[:1], len(words)] not in (["check", _WORDS], ["point", _WORDS]):
        sys.stderr.write(__doc__ or "")
        return 2
    try:
        wrong = check(words[1]) if words[0] == "check" else point(words[1]) or []
    except ValueError as error:
        wrong = [str(error)]
    for sentence in wrong:
        sys.stderr.write(f"release: {sentence}\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

"""The fenced blocks of README and docs, pasted into a shell."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
SHELL = {"sh", "bash", "console"}
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_COMMENT = re.compile(r"\s{2,}# .*$")
_MARK = "@@ended with "
_TIMEOUT_S = 1800
_KEPT = ("SSL_CERT_FILE", "PIP_CERT", "REQUESTS_CA_BUNDLE")


@dataclass(frozen=True)
class Block:
    """A fenced block of a page."""

    page: str
    kind: str
    text: str

    @property
    def commands(self) -> tuple[str, ...]:
        """The commands of a shell block, without prompts and comments."""
        lines = (line for line in self.text.splitlines() if line.strip() and not line.startswith("#"))
        if self.kind == "console":
            lines = (line.removeprefix("$ ") for line in lines if line.startswith("$ "))
        return tuple(_COMMENT.sub("", line) for line in lines) if self.kind in SHELL else ()


@dataclass(frozen=True)
class Ran:
    """A command as it was pasted, and how it ended."""

    command: str
    status: int
    output: str


def read_blocks() -> Iterator[Block]:
    """Yield all blocks of all pages."""
    for page in PAGES:
        for kind, text in _FENCE.findall(page.read_text()):
            yield Block(str(page.relative_to(ROOT)), kind, text)


def paste_commands(commands: Sequence[str], folder: Path, home: Path, own: Mapping[str, str]) -> list[Ran]:
    """Paste `commands` into one shell, which begins in `folder`.

    As a reader has it: a home, `depcheck` and `uv` on the PATH, nothing of this machine's configuration. `own` are
    further variables.
    """
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    reader = {"HOME": str(home), "PATH": path, "PIP_CONFIG_FILE": os.devnull, "UV_NO_CONFIG": "1"}
    home.mkdir()
    script = "".join(f'{command}\necho "{_MARK}$?"\n' for command in commands)
    ran = subprocess.run(
        ["timeout", str(_TIMEOUT_S), "bash", "-c", f"exec 2>&1 </dev/null\n{script}"],
        cwd=folder,
        env={**kept, **reader, **own},
        capture_output=True,
        text=True,
        check=False,
    )
    ended = re.findall(rf"(.*?){_MARK}(\d+)\n", ran.stdout, re.DOTALL)
    assert len(ended) == len(commands), ran.stdout[-3000:] + ran.stderr
    return [Ran(command, int(status), said) for command, (said, status) in zip(commands, ended, strict=True)]

"""Wheels from source: strangers' code builds them as the guest, each in a place that nothing else uses."""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from packaging.utils import InvalidWheelFilename, NormalizedName, parse_wheel_filename
from uv import find_uv_bin

from depcheck.checking.interpreters import Interpreter
from depcheck.checking.plain_files import read_plain
from depcheck.checking.process import Guest, Ran
from depcheck.checking.sandbox import Network

# The copy of the repository has no .git to take a version from.
VERSIONS = {"SETUPTOOLS_SCM_PRETEND_VERSION": "0", "PBR_VERSION": "0.0.0", "PDM_BUILD_SCM_VERSION": "0"}
MOST_WHEEL_BYTES = 1 << 30
UV = {"UV_LINK_MODE": "hardlink", "UV_PYTHON_DOWNLOADS": "never", "UV_HTTP_RETRIES": "1", "UV_NO_PROGRESS": "1"}


@dataclass(frozen=True, slots=True)
class Wheelhouse:
    """The wheels of one environment that had to be built, in `folder`, to which only we write.

    A build executes its package. So each has its own cache, which goes with it, and all that crosses is one plain
    file of the right name: a package can lie about itself, and about nothing else. `source` is the guest's copy of
    the repository, `index_url` the world that build requirements come from.
    """

    guest: Guest
    folder: Path
    source: Path
    interpreter: Interpreter
    index_url: str
    timeout_s: float
    _kept: dict[str, Path | None] = field(default_factory=dict)

    @property
    def options(self) -> tuple[str, ...]:
        """What makes uv look here too."""
        return ("--find-links", str(self.folder)) if any(self._kept.values()) else ()

    def hashes(self, name: NormalizedName, line: str) -> str:
        """`line` with the hash of what was built for it, where it has hashes: they are the source distribution's."""
        wheel = self._kept.get(line)
        if wheel is None or " --hash=" not in line or parse_wheel_filename(wheel.name)[0] != name:
            return line
        return f"{line} --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}"

    def has(self, line: str) -> bool:
        """Whether that requirement was built already."""
        return line in self._kept

    def build(
        self,
        line: str,
        network: Network,
        name: NormalizedName | None = None,
        *,
        own: bool = False,
        folder: Path | None = None,
    ) -> Path | Ran | None:
        """The wheel of one requirement, built the first time; uv's run where that failed, None where it gave nothing.

        `own`: the repository itself is built, which needs versions; a release brings its own and must keep it.
        `folder` is where the build may write, `source` by default.
        """
        if line not in self._kept:
            with TemporaryDirectory(dir=self.folder.parent, prefix="build-", ignore_cleanup_errors=True) as room:
                ran = self._run(line, Path(room), network, own=own, folder=folder or self.source)
                if not ran.passed:
                    return ran
                self._kept[line] = self._taken(Path(room, "cache"), name)
        return self._kept[line]

    def _run(self, line: str, room: Path, network: Network, *, own: bool, folder: Path) -> Ran:
        room.chmod(0o755)
        requirement, cache, target = room / "requirement.txt", room / "cache", room / "target"
        requirement.write_text(f"{line}\n", encoding="utf-8")
        for place in (cache, target):
            place.mkdir()
            self.guest.own(place)
        uv = find_uv_bin()
        words = ["pip", "install", "--quiet", "--no-deps", "--python", str(self.interpreter.path)]
        words += ["--index-url", self.index_url, "--target", str(target), "--requirement", str(requirement)]
        return self.guest.run(
            [uv, *words],
            folder=folder,
            timeout_s=self.timeout_s,
            env={**UV, "UV_CACHE_DIR": str(cache), **(VERSIONS if own else {})},
            network=network,
            readable=(Path(uv).parent, self.interpreter.prefix, room),
            writable=(cache, target),
        )

    def _taken(self, cache: Path, name: NormalizedName | None) -> Path | None:
        """The built wheel, copied to where the guest cannot reach it."""
        for path in sorted(cache.glob("sdists-v*/**/*.whl")):
            try:
                said = parse_wheel_filename(path.name)[0]
            except InvalidWheelFilename:
                continue
            content = read_plain(path, MOST_WHEEL_BYTES) if name in {None, said} else None
            if content is not None:
                self.folder.mkdir(exist_ok=True)
                (self.folder / path.name).write_bytes(content)
                return self.folder / path.name
        return None

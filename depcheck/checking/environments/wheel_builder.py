"""Build wheels from source as the guest, each in its own folder."""

import hashlib
import re
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from email.parser import HeaderParser
from pathlib import Path

from packaging.utils import InvalidWheelFilename, NormalizedName, parse_wheel_filename
from uv import find_uv_bin

from depcheck.checking.environments.interpreters import Interpreter
from depcheck.checking.sandbox.guest import Guest
from depcheck.checking.sandbox.launcher.tree_removal import open_guest_folder
from depcheck.checking.sandbox.policy import NetworkPolicy
from depcheck.checking.sandbox.process_result import ProcessResult
from depcheck.core.model.index_facts.view_address import to_shared_address
from depcheck.untrusted_files import list_beneath, read_beneath

# For a repository without a history to take a version from.
FALLBACK_VERSION_VARIABLES = {
    "SETUPTOOLS_SCM_PRETEND_VERSION": "0",
    "PBR_VERSION": "0.0.0",
    "PDM_BUILD_SCM_VERSION": "0",
}
MOST_WHEEL_BYTES, MOST_METADATA_BYTES = 1 << 30, 16 << 20
METADATA_PLACE = re.compile(r"[^/]+\.dist-info/METADATA")
UV_VARIABLES = {
    "UV_LINK_MODE": "hardlink",
    "UV_PYTHON_DOWNLOADS": "never",
    "UV_HTTP_RETRIES": "1",
    "UV_NO_PROGRESS": "1",
}


@dataclass(frozen=True, slots=True)
class WheelBuilder:
    """The wheels of one environment that had to be built.

    Below `folder`, to which only we write, each in a folder of its own.

    A build executes its package. So each has its own cache, which goes with it, and all that crosses is one plain
    file of the right name: a package can lie about itself, and about nothing else. `source` is the guest's copy of
    the repository, `index_url` the world that build requirements come from, `links` folders of the
    repository's copy with distributions. `versioned` says that the copies of the repository have a history to take a
    version from.
    """

    guest: Guest
    folder: Path
    source: Path
    interpreter: Interpreter
    index_url: str
    timeout_s: float
    links: tuple[Path, ...] = ()
    versioned: bool = False
    _wheels: dict[str, Path | None] = field(default_factory=dict)

    def list_index_options(self, lines: Iterable[str] | None = None) -> list[str]:
        """List uv's options for the index and what was built for `lines`.

        For all lines by default. What another line gave has other hashes, and uv would prefer it to the index.
        """
        wheels = self._wheels.values() if lines is None else map(self._wheels.get, lines)
        built = dict.fromkeys(each.parent for each in wheels if each and each.is_relative_to(self.folder))
        links = [word for folder in (*built, *self.links) for word in ("--find-links", str(folder))]
        return ["--index-url", to_shared_address(self.index_url), *links]

    def add_wheel_hash(self, name: NormalizedName, line: str) -> str:
        """Add the built wheel's hash to `line`, if it has hashes.

        The hashes of the line are the source distribution's.
        """
        wheel = self._wheels.get(line)
        if wheel is None or " --hash=" not in line or parse_wheel_filename(wheel.name)[0] != name:
            return line
        return f"{line} --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}"

    def has(self, line: str) -> bool:
        """Whether that requirement was built already."""
        return line in self._wheels

    def keep_wheel(self, line: str, wheel: Path) -> Path:
        """Keep a wheel of ours as what `line` gives."""
        self._wheels[line] = wheel
        return wheel

    def build_wheel(
        self,
        line: str,
        network: NetworkPolicy,
        name: NormalizedName | None = None,
        *,
        own: bool = False,
        folder: Path | None = None,
    ) -> Path | ProcessResult | None:
        """Build the wheel of one requirement the first time.

        uv's run where that failed, None where it gave nothing.

        `own`: the repository itself is built, which needs versions; a release brings its own and must keep it.
        `folder` is where the build may write, `source` by default.
        """
        if line not in self._wheels:
            with open_guest_folder(self.folder.parent, "build-") as room:
                ran = self._run_build(line, room, network, own=own, folder=folder or self.source)
                if not ran.is_success:
                    return ran
                self._wheels[line] = self._collect_wheel(room / "cache", name)
        return self._wheels[line]

    def _run_build(self, line: str, room: Path, network: NetworkPolicy, *, own: bool, folder: Path) -> ProcessResult:
        room.chmod(0o755)
        requirement, cache, target = room / "requirement.txt", room / "cache", room / "target"
        requirement.write_text(f"{line}\n", encoding="utf-8")
        for place in (cache, target):
            place.mkdir()
            self.guest.take_ownership(place)
        uv = find_uv_bin()
        words = ["pip", "install", "--quiet", "--no-deps", "--python", str(self.interpreter.path)]
        words += ["--index-url", self.index_url, "--target", str(target), "--requirement", str(requirement)]
        words += [word for link in self.links for word in ("--find-links", str(link))]
        return self.guest.run(
            [uv, *words],
            folder=folder,
            timeout_s=self.timeout_s,
            env={
                **UV_VARIABLES,
                "UV_CACHE_DIR": str(cache),
                **(FALLBACK_VERSION_VARIABLES if own and not self.versioned else {}),
            },
            network=network,
            readable=(Path(uv).parent, self.interpreter.prefix, room),
            writable=(cache, target),
        )

    def _collect_wheel(self, cache: Path, name: NormalizedName | None) -> Path | None:
        """Copy the built wheel to a folder that the guest cannot reach."""
        for path in list_beneath(cache):
            if not (path.parts[0].startswith("sdists-v") and path.suffix == ".whl"):
                continue
            try:
                said = parse_wheel_filename(path.name)[0]
            except InvalidWheelFilename:
                continue
            content = read_beneath(cache, path, MOST_WHEEL_BYTES) if name in {None, said} else None
            if content is not None:
                wheel = self.folder / str(len(self._wheels)) / path.name
                wheel.parent.mkdir(parents=True)
                wheel.write_bytes(content)
                return wheel
        return None


def read_wheel_requirements(wheel: Path) -> tuple[str, ...] | None:
    """Return Requires-Dist of a built wheel as written.

    None if it cannot be read.
    """
    try:
        with zipfile.ZipFile(wheel) as archive:
            places = [each for each in archive.infolist() if METADATA_PLACE.fullmatch(each.filename)]
            if len(places) != 1 or places[0].file_size > MOST_METADATA_BYTES:
                return None
            headers = HeaderParser().parsestr(archive.read(places[0]).decode(errors="replace"))
    except (OSError, ValueError, zipfile.BadZipFile, RuntimeError, NotImplementedError):
        return None
    return tuple(" ".join(line.split()) for line in headers.get_all("Requires-Dist", []))

"""Decide how the project itself is installed beside the pins."""

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import Version
from uv import find_uv_bin

from depcheck.checking.discovery.files.requirement_files import is_project_file
from depcheck.checking.environments import requirement_lines
from depcheck.checking.environments.editable import EDITABLE, EditableBuilds, is_editable
from depcheck.checking.environments.environment import VirtualEnvironment
from depcheck.checking.environments.own_project import (
    Place,
    Wants,
    compare_wants,
    describe_completed,
    describe_left_out,
    describe_no_package,
    describe_own_pin,
    describe_test_needs,
    describe_unfit_needs,
    find_no_package,
    parse_completion,
)
from depcheck.checking.environments.remote_requirements import RemoteRequirements
from depcheck.checking.environments.wheel_builder import UV_VARIABLES
from depcheck.checking.sandbox.guest import Guest
from depcheck.checking.sandbox.policy import NetworkPolicy
from depcheck.checking.sandbox.process_result import ProcessResult
from depcheck.core.lockfiles.spec import EnvironmentSpec
from depcheck.core.model.installed import OwnInstallation
from depcheck.core.model.pins import Pins
from depcheck.core.text.process_output import find_error_line
from depcheck.untrusted_files import read_untrusted_file

MOST_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Target:
    """An environment to install the project into, with pins and folders."""

    environment: VirtualEnvironment
    pins: Pins
    builds: EditableBuilds
    network: NetworkPolicy


@dataclass(frozen=True, slots=True)
class ProjectInstaller:
    """Builds the project and finds what it needs beside the pins.

    `form` is the setting `project`.

    How it stands beside the pins is decided with the first set of pins of an environment, the committed one: a later
    set that does not fit the project is a finding.
    """

    guest: Guest
    form: str
    timeout_s: float
    _places: dict[str, Place] = field(default_factory=dict)
    _remarks: dict[str, str] = field(default_factory=dict)
    _resolved: dict[tuple[Path, tuple[str, ...], tuple[str, ...]], ProcessResult | dict[NormalizedName, Version]] = (
        field(default_factory=dict)
    )

    def install(self, spec: EnvironmentSpec, into: Target) -> OwnInstallation | ProcessResult | None:
        """Return what to install beside the pins.

        For the project and for its tests. The run that failed, or None where a build gave no wheel.
        """
        own = self._install_project(spec, into) if spec.project else OwnInstallation()
        if not spec.test_needs.lines or not isinstance(own, OwnInstallation):
            return own
        return self._add_test_needs(spec, own, into)

    def _install_project(self, spec: EnvironmentSpec, into: Target) -> OwnInstallation | ProcessResult | None:
        """Return what to install for the project."""
        if spec.project_name in into.pins:
            return _pinned(spec, into.pins, spec.project_name)
        builds, house = into.builds, into.builds.house
        line = f"{EDITABLE}{builds.work}" if self.form != "copy" else str(house.source)
        built = (
            builds.build(line, into.network) if is_editable(line) else house.build_wheel(line, into.network, own=True)
        )
        if not isinstance(built, Path):
            return self._without_package(spec, built)
        wants = compare_wants(built, into.pins, into.environment.interpreter.markers)
        if wants.name in into.pins:
            return _pinned(spec, into.pins, wants.name)
        known = spec.history is None or bool(spec.history.tags)
        own = OwnInstallation(wants.name, str(built), is_editable(line) and house.has(line), known)
        return own if _is_compiled_from_project(spec) else self._beside(spec, own, wants, into)

    def _without_package(
        self, spec: EnvironmentSpec, built: ProcessResult | None
    ) -> OwnInstallation | ProcessResult | None:
        """Leave a repository out that is no package, as its people do."""
        said = find_no_package(built.output) if built else ""
        if not said or self._places.setdefault(spec.name, Place.LEFT_OUT) is not Place.LEFT_OUT:
            return built
        self._remarks[spec.name] = describe_no_package(spec.project_name, said)
        return OwnInstallation(remarks=(self._remarks[spec.name],))

    def _beside(
        self, spec: EnvironmentSpec, own: OwnInstallation, wants: Wants, into: Target
    ) -> OwnInstallation | ProcessResult:
        place = self._places.get(spec.name)
        if place is Place.HELD or (place is None and not wants.missing and not wants.refused):
            self._places[spec.name] = Place.HELD
            return own
        if place is Place.LEFT_OUT:
            return OwnInstallation(remarks=(self._remarks[spec.name],))
        found = self._resolve(wants.requires, {}, into) if wants.missing else {}
        if place is None and (isinstance(found, ProcessResult) or wants.refused):
            why = find_error_line(found.output) if isinstance(found, ProcessResult) and not wants.refused else ""
            self._places[spec.name] = Place.LEFT_OUT
            self._remarks[spec.name] = describe_left_out(_files(spec), wants, why)
            return OwnInstallation(remarks=(self._remarks[spec.name],))
        self._places[spec.name] = Place.COMPLETED
        if isinstance(found, ProcessResult):
            return found
        remarks = (describe_completed(_files(spec), wants, found),) if found else ()
        return replace(own, beside=found, remarks=remarks)

    def _add_test_needs(
        self, spec: EnvironmentSpec, own: OwnInstallation, into: Target
    ) -> OwnInstallation | ProcessResult:
        """Resolve what the tests need beside the pins, or leave it out.

        Decided with the committed set, as for the project.
        """
        key, needs = f"{spec.name}\0tests", spec.test_needs
        if self._places.get(key) is Place.LEFT_OUT:
            return replace(own, remarks=(*own.remarks, self._remarks[key]))
        found = self._resolve(needs.lines, own.beside, into)
        if isinstance(found, ProcessResult):
            if self._places.setdefault(key, Place.LEFT_OUT) is not Place.LEFT_OUT:
                return found
            self._remarks[key] = describe_unfit_needs(needs.label, find_error_line(found.output))
            return replace(own, remarks=(*own.remarks, self._remarks[key]))
        self._places[key] = Place.COMPLETED
        more = {name: version for name, version in found.items() if name != own.name}
        remark = describe_test_needs(_files(spec), needs.label, more)
        return replace(own, beside={**more, **own.beside}, remarks=(*own.remarks, remark))

    def _resolve(
        self, wanted: tuple[str, ...], beside: Mapping[NormalizedName, Version], into: Target
    ) -> ProcessResult | dict[NormalizedName, Version]:
        """Resolve requirements, held to the pins and to what is beside them."""
        held = {**beside, **{pin.name: pin.version for pin in into.pins.values() if pin.version}}
        pins = tuple(sorted(f"{name}=={version}" for name, version in held.items()))
        key = (into.environment.folder, wanted, pins)
        if key not in self._resolved:
            self._resolved[key] = self._run_resolver(wanted, pins, into)
        return self._resolved[key]

    def _run_resolver(
        self, wanted: tuple[str, ...], pins: tuple[str, ...], into: Target
    ) -> ProcessResult | dict[NormalizedName, Version]:
        room = into.environment.folder / "beside"
        room.mkdir(exist_ok=True)
        for name, content in (("requires.in", wanted), ("pins.txt", pins)):
            (room / name).write_text("".join(f"{line}\n" for line in content), encoding="utf-8")
        answers = room / "answers"
        answers.mkdir(exist_ok=True)
        self.guest.take_ownership(answers)
        uv, interpreter = find_uv_bin(), into.environment.interpreter
        words = [uv, "pip", "compile", "--quiet", "--no-header", "--no-annotate", "--no-config", "--upgrade"]
        words += ["--python", str(interpreter.path), "--index-url", into.builds.house.index_url]
        words += ["--constraint", str(room / "pins.txt"), "--output-file", str(answers / "resolved.txt")]
        ran = self.guest.run(
            [*words, str(room / "requires.in")],
            folder=answers,
            timeout_s=self.timeout_s,
            env={**UV_VARIABLES, "UV_CACHE_DIR": str(answers / "cache")},
            network=into.network,
            readable=(Path(uv).parent, interpreter.prefix, room),
        )
        resolved = read_untrusted_file(answers / "resolved.txt", MOST_BYTES)
        return parse_completion(resolved or b"", into.pins) if ran.is_success else ran


def _pinned(spec: EnvironmentSpec, pins: Pins, name: str) -> OwnInstallation:
    """Report that the lockfile's own pin of the project is installed."""
    pin = pins[canonicalize_name(name)]
    return OwnInstallation(remarks=(describe_own_pin(_files(spec), pin.name, pin.version or pin.reference),))


def format_pin_lines(
    environment: VirtualEnvironment, spec: EnvironmentSpec, pins: Pins, remotes: RemoteRequirements, *, form: str
) -> dict[str, NormalizedName | None]:
    """Return installer lines for the pins, with their index names."""
    copy, lines = environment.folder / "source", dict[str, NormalizedName | None]()
    for line, pin in requirement_lines.format_install_lines(spec, pins, copy):
        inside = line.startswith(f"{copy}") and ";" not in line
        if inside and form != "copy" and requirement_lines.is_editable_pin(pin):
            lines[f"{EDITABLE}{environment.work}{line.removeprefix(str(copy))}"] = None
        else:
            lines[remotes.localize_line(line)] = None if pin.reference else pin.name
    return lines


def add_own_project(
    lines: Mapping[str, NormalizedName | None], own: OwnInstallation
) -> dict[str, NormalizedName | None]:
    """Add the project's wheel and its further needs to the installer's lines."""
    added: dict[str, NormalizedName | None] = {own.wheel: None} if own.wheel else {}
    return {**lines, **added, **{f"{name}=={version}": name for name, version in own.beside.items()}}


def _is_compiled_from_project(spec: EnvironmentSpec) -> bool:
    """Return True if a lockfile was compiled from the project's own file.

    Then what it lacks is a finding.
    """
    sources = [source for lock in spec.lockfiles for source in lock.sources]
    return any(is_project_file(source) and not posixpath.dirname(source) for source in sources)


def _files(spec: EnvironmentSpec) -> str:
    return " and ".join(lock.path for lock in spec.lockfiles)

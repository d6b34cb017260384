"""Settings: every option of the commands, validated.

Units are in the fields' names.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePath
from typing import TypeAlias

from depcheck.core.config.bans import Ban
from depcheck.core.config.cooldown import CooldownException
from depcheck.core.config.rules import Rule


@dataclass(frozen=True, slots=True)
class Settings:
    """Options of `depcheck check`, named as in the contract.

    `test` is None for "find out", an empty string for none. `network` is `open`, `off` or comma-separated
    ports; ports behind `open` are what very young releases may reach. `env` are names of variables that checks may
    see. Empty `lockfiles` is all found; empty `python` is inferred.
    `project` says how the repository's own package is installed: `editable`, `copy` or `none`.
    `history` are reports of past nights, or folders of them.
    `only` are names of environments to judge, none for all. `environments` are those that the configuration
    describes one by one.
    `together` are groups of lockfiles that are installed together, where what was found out would be wrong;
    `compile_commands` are pairs of a lockfile's path and the command that it is compiled with, where its header says
    nothing or something wrong.
    """

    repo: PurePath = PurePath()
    report: PurePath = PurePath("depcheck-report")
    lockfiles: tuple[str, ...] = ()
    together: tuple[tuple[str, ...], ...] = ()
    compile_commands: tuple[tuple[str, str], ...] = ()
    python: str = ""
    as_of: datetime | None = None
    good: datetime | None = None
    cooldown_days: float = 3
    cooldown_security_days: float = 0
    cooldown_exceptions: tuple[CooldownException, ...] = ()
    quarantine_days: float = 1
    require: str = ""
    bans: tuple[Ban, ...] = ()
    holds: tuple[Rule, ...] = ()
    ignores: tuple[Rule, ...] = ()
    test: str | None = None
    smoke: tuple[str, ...] = ()
    boot: tuple[str, ...] = ()
    boot_seconds: float = 10
    imports: bool = True
    project: str = "editable"
    without: tuple[str, ...] = ()
    setup: str = ""
    env: tuple[str, ...] = ()
    timeout_s: float = 1800
    parallel: int = 1
    budget_minutes: float = 60
    confirmations: int = 2
    network: str = "open"
    sandbox: bool = True
    advisories: bool = True
    index_url: str = ""
    extra_index_urls: tuple[str, ...] = ()
    history: tuple[PurePath, ...] = ()
    only: tuple[str, ...] = ()
    environments: tuple["EnvironmentSettings", ...] = ()

    def get_for_environment(self, configured: str) -> "Settings":
        """Return the settings of the environment with this name in the configuration.

        For any other name, these settings.
        """
        return next((each.settings for each in self.environments if each.name == configured), self)


@dataclass(frozen=True, slots=True)
class EnvironmentSettings:
    """An environment that the configuration describes, with all options resolved.

    Its lockfiles are `settings.lockfiles`; empty means those that are found.
    """

    name: str
    settings: Settings


@dataclass(frozen=True, slots=True)
class BisectSettings:
    """Options of `depcheck bisect`.

    `requirements` are loose requirement files of this machine. The two dates are in `check`: `good` is a day on
    which everything worked (never None), `as_of` a day on which it did not (None is now).
    """

    requirements: tuple[PurePath, ...]
    check: Settings


@dataclass(frozen=True, slots=True)
class PlanOptions:
    """Options of `depcheck plan`.

    `jobs` is the maximum number of rows, `last` are folders with reports of an earlier run.
    """

    jobs: int = 256
    last: tuple[PurePath, ...] = ()


@dataclass(frozen=True, slots=True)
class PublishOptions:
    """Options of `depcheck publish`.

    They say what may be written to the forge, and with which names. `group` puts the updates of all environments into
    one pull request. `milestone` is a number, 0 for none. An empty
    `target_branch` is the branch of the run.
    """

    dry_run: bool = False
    pull_request: bool = True
    group: bool = False
    issue: bool = True
    dashboard: bool = False
    labels: tuple[str, ...] = ("dependencies",)
    assignees: tuple[str, ...] = ()
    reviewers: tuple[str, ...] = ()
    branch_prefix: str = "depcheck/"
    milestone: int = 0
    target_branch: str = ""
    title_prefix: str = ""
    draft: bool = False
    auto_merge: bool = False


@dataclass(frozen=True, slots=True)
class RawOption:
    """The texts given for one option, and where they were given.

    `origin` is for messages: `--as-of`, `as-of in depcheck.toml`. `tables` are the tables of an array of
    tables, each with options of its own.
    """

    origin: str
    texts: tuple[str, ...] = ()
    tables: tuple["RawOptions", ...] = ()


RawOptions: TypeAlias = Mapping[str, RawOption]  # by option name

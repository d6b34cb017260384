"""Choose how the guest is isolated on this machine.

Also builds the launcher's order.
"""

import os
import shutil
import stat
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from depcheck.checking.sandbox.launcher import landlock, seccomp
from depcheck.core.model.errors import DepcheckError

GUEST_UID = 64321  # neither root nor a runner's user (1001), and in no group
GUEST_USER_COUNT = 500  # users of guests: two runs on one machine must not end each other's
PARALLEL_USER_STEP = 1000  # between users of one run that work at the same time; those of other runs lie between
SYSTEM_FOLDERS = ("/usr", "/lib", "/lib32", "/lib64", "/bin", "/sbin", "/etc", "/opt", "/proc", "/sys", "/nix/store",
          "/run/systemd/resolve", "/run/resolvconf")  # fmt: skip
SHARED_FOLDERS = ("/tmp", "/var/tmp", "/dev/shm")  # noqa: S108  # where programs expect to write, whatever TMPDIR says
MESSAGE_QUEUES = "/dev/mqueue"  # of POSIX; only a mount shows them, and nobody writes there by path
MIB = 1 << 20
LOOPBACK = "127.0.0.1"
MOST_LINKS = 40  # as many as the kernel follows
MOST_PROCESSES, MOST_FILE_BYTES, LEAST_MEMORY_BYTES = 4096, 8192 * MIB, 4096 * MIB
# Of all processes of a guest together (`walls.watching`): the part of the memory that they may use, and what must be
# left for others of memory, disk space and inodes, but never more than one part in `spared` of what was free before.
COMBINED_LIMITS = {"memory_share": 0.8, "free_memory_share": 0.05, "free_bytes": 512 * MIB, "free_inodes": 20_000,
            "spared": 10}  # fmt: skip


@dataclass(frozen=True, slots=True)
class NetworkPolicy:
    """The addresses that a guest may connect to.

    Any (`ports` is None), TCP to these ports of this host, or none. If `near`, also of the networks that this host
    is in, where the services of a job are.
    """

    ports: frozenset[int] | None
    near: bool = False

    @classmethod
    def from_option(cls, text: str, *, is_closed: bool = False) -> "NetworkPolicy":
        """Parse the option: `open`, `off`, or ports separated by commas.

        If `is_closed`, `open` leaves nothing but the ports behind it.
        """
        words = text.split(",")
        if "open" in words and not is_closed:
            return OPEN_NETWORK
        ports = frozenset(int(word) for word in words if word not in {"open", "off"})
        return cls(ports, near=True) if ports else NO_NETWORK

    @classmethod
    def from_ports(cls, *ports: int) -> "NetworkPolicy":
        """Allow TCP to these ports alone."""
        return cls(frozenset(ports))


OPEN_NETWORK, NO_NETWORK = NetworkPolicy(None), NetworkPolicy(frozenset())


def get_network_of_url(url: str) -> NetworkPolicy:
    """Return the network that a guest needs for `url`.

    Its port alone where that is on this host.
    """
    parts = urlsplit(url)
    return NetworkPolicy.from_ports(parts.port) if parts.hostname == LOOPBACK and parts.port else OPEN_NETWORK


@dataclass(frozen=True, slots=True)
class SandboxPolicy:
    """The isolation that this machine can give a guest.

    `uid` is the guest's own user, None if it is this program's. If `is_required`, it is all or nothing:
    what cannot be isolated is not run.
    """

    is_enabled: bool = False
    uid: int | None = None
    landlock_abi: int = 0
    seccomp: bool = False
    addresses: bool = False
    is_required: bool = False

    def derive_installer(self) -> "SandboxPolicy":
        """Derive the same policy for the installer's user.

        The guest can read and not change what that user installs.
        """
        return self if self.uid is None else replace(self, uid=self.uid + GUEST_USER_COUNT)

    def derive_parallel_user(self, number: int) -> "SandboxPolicy":
        """Derive the same policy for another user, for parallel work.

        0 gives this one.
        """
        return self if self.uid is None else replace(self, uid=self.uid - number * PARALLEL_USER_STEP)

    def to_report(self) -> dict[str, bool | int | str]:
        """Return the isolation in force, as the report shows it."""
        return {
            "user_dropped": self.uid is not None,
            "no_new_privs": self.is_enabled and sys.platform == "linux",
            "landlock_abi": self.landlock_abi,
            "network_rules": self.landlock_abi >= landlock.NET_ABI,
            "network_addresses": self.addresses,
            "seccomp": self.seccomp,
            "rlimits": True,
            "watched": sys.platform == "linux",
        }


def is_readable_by_others(path: Path) -> bool:
    """Return True if a user without special rights could read `path`.

    Each folder above must let other users pass.
    """
    real = path.resolve()
    try:
        passable = all(folder.stat().st_mode & stat.S_IXOTH for folder in real.parents)
        return passable and bool(real.stat().st_mode & stat.S_IROTH)
    except OSError:
        return False


def choose_sandbox_policy(
    *, sandbox: bool, in_actions: bool, needed: Iterable[Path] = (), worker: int = 0
) -> SandboxPolicy:
    """Choose the sandbox policy for this machine.

    `needed` must stay readable for the guest. Each `worker` has its own user.

    Raises:
        DepcheckError: Root cannot give up its rights, or in Actions the guest cannot be separated from the token's
            process.
    """
    if not sandbox:
        return SandboxPolicy()
    closed = [path for path in needed if path.exists() and not is_readable_by_others(path)]
    drops = os.geteuid() == 0 and not closed
    if os.geteuid() == 0 and closed:
        raise DepcheckError(
            f"Packages' code would run as root: the user that it is given up to could not read {closed[0]}, so nothing "
            "was run. Put it where other users can read it, or use --no-sandbox where no secret is in reach."
        )
    if in_actions and not drops:
        raise DepcheckError(
            "Packages' code cannot be kept away from this job's tokens: this process is not root, so nothing was run. "
            "Use the container action, or --no-sandbox in a job whose token can only read."
        )
    uid = GUEST_UID + worker % GUEST_USER_COUNT if drops else None
    return SandboxPolicy(
        is_enabled=True,
        uid=uid,
        landlock_abi=landlock.get_landlock_abi(),
        seccomp=seccomp.is_seccomp_available(),
        addresses=seccomp.can_hand_over_connections(),
        is_required=in_actions,
    )


def build_resource_limits(walls: SandboxPolicy) -> dict[str, int]:
    """Build the resource limits by name.

    The limit of processes counts all of a user's, so only the guest's own user has it.
    """
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    common = {"RLIMIT_CORE": 0, "RLIMIT_FSIZE": MOST_FILE_BYTES, "RLIMIT_DATA": max(memory, LEAST_MEMORY_BYTES)}
    return common if walls.uid is None else {**common, "RLIMIT_NPROC": MOST_PROCESSES}


def build_sandbox_order(
    walls: SandboxPolicy, network: NetworkPolicy, *, readable: Iterable[Path], writable: Iterable[Path]
) -> dict[str, Any]:
    """Build the part of the launcher's order that describes the sandbox.

    See the launcher's `__main__.py`.
    """
    return {
        "walls": walls.is_enabled,
        "uid": walls.uid,
        "limits": build_resource_limits(walls),
        "together": COMBINED_LIMITS,
        "read": [*SYSTEM_FOLDERS, *(str(path) for path in readable)],
        "write": [*SHARED_FOLDERS, *(str(path) for path in writable)],
        "shared": [*SHARED_FOLDERS, MESSAGE_QUEUES],
        "ports": None if network.ports is None else sorted(network.ports),
        "near": network.near,
        "addresses": walls.addresses,
    }


def find_program_folders(program: str, path: str) -> Sequence[Path]:
    """Find the folders that `program` needs.

    Its own and those of each link on the way to the real file.
    """
    here = Path(program if os.sep in program else shutil.which(program, path=path) or program)
    trees: list[Path] = []
    for _ in range(MOST_LINKS):
        trees.append(here.parent.parent if here.parent.name == "bin" else here.parent)
        if not here.is_symlink():
            break
        here = here.parent / here.readlink()
    return trees


def give_folder_to_guest(folder: Path, walls: SandboxPolicy) -> None:
    """Make the guest's user the owner of `folder` and all in it.

    Links are not followed. Does nothing if the guest runs as this program's user.
    """
    if walls.uid is not None:
        _change_owner(folder, walls.uid, walls.uid)


def _change_owner(folder: Path, uid: int, gid: int) -> None:
    """Change the owner of `folder` and all in it, by descriptors.

    Nothing can lead out of it meanwhile.
    """
    if not folder.is_dir() or folder.is_symlink():
        os.lchown(folder, uid, gid)
        return
    for _, folders, files, here in os.fwalk(folder, follow_symlinks=False):
        for name in (*folders, *files):
            os.chown(name, uid, gid, dir_fd=here, follow_symlinks=False)
        os.fchown(here, uid, gid)


def take_back(folder: Path, walls: SandboxPolicy) -> None:
    """Give `folder`, which a guest had, back to our user.

    And all in it. Nothing for our own user.
    """
    if walls.uid is not None:
        _change_owner(folder, os.geteuid(), os.getegid())

"""Which walls stand around the guest on this machine, and the order that tells the launcher to raise them."""

import os
import shutil
import stat
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from depcheck.checking.walls import landlock, seccomp
from depcheck.core.errors import DepcheckError

GUEST_UID = 64321  # neither root nor a runner's user (1001), and in no group
GUESTS = 500  # users of guests: two runs on one machine must not end each other's
USERS_APART = 1000  # between users of one run that work at the same time; those of other runs lie between
SYSTEM = ("/usr", "/lib", "/lib32", "/lib64", "/bin", "/sbin", "/etc", "/opt", "/proc", "/sys", "/nix/store",
          "/run/systemd/resolve", "/run/resolvconf")  # fmt: skip
SHARED = ("/tmp", "/var/tmp", "/dev/shm")  # noqa: S108  # where programs expect to write, whatever TMPDIR says
MIB = 1 << 20
LOOPBACK = "127.0.0.1"
LINKS = 40  # as many as the kernel follows
PROCESSES, FILE_BYTES, LEAST_MEMORY_BYTES = 4096, 8192 * MIB, 4096 * MIB
# Of all processes of a guest together (`walls.watching`): the part of the memory that they may use, and what must be
# left for others of memory, disk space and inodes, but never more than one part in `spared` of what was free before.
TOGETHER = {"memory_share": 0.8, "free_memory_share": 0.05, "free_bytes": 512 * MIB, "free_inodes": 20_000,
            "spared": 10}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Network:
    """What a guest may reach: any address (`ports` is None), or TCP to these ports, or nothing."""

    ports: frozenset[int] | None

    @classmethod
    def of(cls, text: str) -> "Network":
        """From the option's text: `open`, `off`, or ports with commas between them."""
        if text == "open":
            return OPEN
        return OFF if text == "off" else cls(frozenset(int(port) for port in text.split(",")))

    @classmethod
    def only(cls, *ports: int) -> "Network":
        """TCP to these ports alone."""
        return cls(frozenset(ports))


OPEN, OFF = Network(None), Network(frozenset())


def network_of_url(url: str) -> Network:
    """Return what a guest needs to reach `url`: its port alone where that is on this host."""
    parts = urlsplit(url)
    return Network.only(parts.port) if parts.hostname == LOOPBACK and parts.port else OPEN


@dataclass(frozen=True, slots=True)
class Walls:
    """The walls that can stand here. `uid` is the guest's own user, None where it is ours.

    `required` walls are all or nothing: what cannot be isolated is not run.
    """

    raised: bool = False
    uid: int | None = None
    landlock_abi: int = 0
    seccomp: bool = False
    required: bool = False

    def apart(self) -> "Walls":
        """The same walls around another user: what is put in place as that one, the guest can read and not change."""
        return self if self.uid is None else replace(self, uid=self.uid + GUESTS)

    def beside(self, number: int) -> "Walls":
        """The same walls around another user, for work that goes on at the same time; 0 is this one."""
        return self if self.uid is None else replace(self, uid=self.uid - number * USERS_APART)

    def isolation(self) -> dict[str, bool | int | str]:
        """For the report: which walls stand."""
        return {
            "user_dropped": self.uid is not None,
            "no_new_privs": self.raised and sys.platform == "linux",
            "landlock_abi": self.landlock_abi,
            "network_rules": self.landlock_abi >= landlock.NET_ABI,
            "seccomp": self.seccomp,
            "rlimits": True,
            "watched": sys.platform == "linux",
        }


def open_to_others(path: Path) -> bool:
    """Whether a user without any rights of ours could read `path`: each folder above lets strangers pass."""
    real = path.resolve()
    try:
        passable = all(folder.stat().st_mode & stat.S_IXOTH for folder in real.parents)
        return passable and bool(real.stat().st_mode & stat.S_IROTH)
    except OSError:
        return False


def walls_here(*, sandbox: bool, in_actions: bool, needed: Iterable[Path] = (), worker: int = 0) -> Walls:
    """The walls for this machine. `needed` must stay readable for the guest; each `worker` has its own user.

    Raises DepcheckError in Actions where the guest cannot be separated from the token's process.
    """
    if not sandbox:
        return Walls()
    closed = [path for path in needed if path.exists() and not open_to_others(path)]
    drops = os.geteuid() == 0 and not closed
    if in_actions and not drops:
        why = f"the guest's user could not read {closed[0]}" if closed else "this process is not root"
        raise DepcheckError(
            f"Packages' code cannot be kept away from this job's tokens: {why}, so nothing was run. "
            "Use the container action, or --no-sandbox in a job whose token can only read."
        )
    uid = GUEST_UID + worker % GUESTS if drops else None
    return Walls(raised=True, uid=uid, landlock_abi=landlock.abi(), seccomp=seccomp.available(), required=in_actions)


def limits(walls: Walls) -> dict[str, int]:
    """Resource limits by name; that of processes counts a user's, so only the guest's own user has it."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    common = {"RLIMIT_CORE": 0, "RLIMIT_FSIZE": FILE_BYTES, "RLIMIT_DATA": max(memory, LEAST_MEMORY_BYTES)}
    return common if walls.uid is None else {**common, "RLIMIT_NPROC": PROCESSES}


def order(walls: Walls, network: Network, *, readable: Iterable[Path], writable: Iterable[Path]) -> dict[str, Any]:
    """The part of the launcher's order that speaks of walls; see `walls/__main__.py`."""
    return {
        "walls": walls.raised,
        "uid": walls.uid,
        "limits": limits(walls),
        "together": TOGETHER,
        "read": [*SYSTEM, *(str(path) for path in readable)],
        "write": [*SHARED, *(str(path) for path in writable)],
        "shared": list(SHARED),
        "ports": None if network.ports is None else sorted(network.ports),
    }


def trees_of(program: str, path: str) -> Sequence[Path]:
    """The folders that `program` needs: its own and those of each link on the way to the real file."""
    here = Path(program if os.sep in program else shutil.which(program, path=path) or program)
    trees: list[Path] = []
    for _ in range(LINKS):
        trees.append(here.parent.parent if here.parent.name == "bin" else here.parent)
        if not here.is_symlink():
            break
        here = here.parent / here.readlink()
    return trees


def hand_over(folder: Path, walls: Walls) -> None:
    """Make the guest the owner of `folder` and all in it, links not followed. Nothing for our own user."""
    if walls.uid is not None:
        _change_owner(folder, walls.uid, walls.uid)


def _change_owner(folder: Path, uid: int, gid: int) -> None:
    """Change the owner of `folder` and all in it, by descriptors: nothing can lead out of it meanwhile."""
    if not folder.is_dir() or folder.is_symlink():
        os.lchown(folder, uid, gid)
        return
    for _, folders, files, here in os.fwalk(folder, follow_symlinks=False):
        for name in (*folders, *files):
            os.chown(name, uid, gid, dir_fd=here, follow_symlinks=False)
        os.fchown(here, uid, gid)


def take_back(folder: Path, walls: Walls) -> None:
    """Make this process's user the owner of `folder` and all in it, which a guest had; nothing for our own user."""
    if walls.uid is not None:
        _change_owner(folder, os.geteuid(), os.getegid())

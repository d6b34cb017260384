"""One run of the action's container, as GitHub's runner would.

With its mounts and variables, and secrets in all of them.
"""

import contextlib
import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import stage
from hostile.places import DATAGRAMS

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
IN_IMAGE = "/opt/depcheck/lib/python3.13/site-packages"
RUNNER = 1001
LIMIT_S = 600.0  # a run without an end is ended by then
CANARIES = (
    "input-token",
    "runtime-token",
    "oidc-token",
    "git-config",
    "git-credentials",
    "event",
    "netrc",
    "docker-login",
    "index-password",
    "ignored-file",
)
EXHAUSTION = (
    "fork_bomb",
    "memory_bomb",
    "memory_of_many",
    "disk_filler",
    "inode_filler",
    "one_large_file",
    "deep_paths",
    "output_flood",
    "hang",
)
BROKEN = "python -c 'import app; app.run()'"


@dataclass(frozen=True)
class Plan:
    """What to run: image, tools, overlaid files, and exhaustions.

    Overlays are files of ours; exhaustions are ways of using the machine up.
    """

    image: str
    tools: Path
    patched: dict[str, Path]
    exhaustion: Sequence[str]
    limit_s: float


@dataclass(frozen=True)
class Run:
    """The result of one run.

    `github` is the folder of the mounts, `before` their files' contents before it.
    """

    status: int
    printed: bytes
    took_s: float
    limit_s: float
    github: Path
    before: dict[str, bytes]
    shelf: str


def docker(*words: str, limit_s: float = 120) -> subprocess.CompletedProcess[bytes]:
    """Run a docker command.

    DOCKER and DOCKER_HOST say which client and engine.
    """
    return subprocess.run(
        [os.environ.get("DOCKER", "docker"), *words], capture_output=True, timeout=limit_s, check=False
    )


def tools(folder: Path, base: str) -> None:
    """Download the wheels that a run needs, by the image's pip."""
    if folder.exists():
        return
    folder.mkdir(parents=True)
    words = ["python3", "-m", "pip", "download", "--quiet", "--only-binary", ":all:", "--dest", "/out"]
    done = docker(
        "run",
        "--rm",
        "--network",
        "host",
        "-v",
        f"{folder}:/out",
        base,
        *words,
        "pytest==8.4.2",
        *read_tool_pins(),
    )
    if done.returncode:
        shutil.rmtree(folder)
        raise SystemExit(f"The tools for the attack suite could not be fetched: {done.stderr.decode()[-500:]}")


def read_tool_pins() -> list[str]:
    """Read the pins of the compilers' own environment.

    As its lockfile names them.
    """
    text = next(ROOT.glob("depcheck/**/tool_locks/newest.txt")).read_text()
    return re.findall(r"^([\w.-]+==[^\s;\\]+)(?: \\| *$)", text, re.MULTILINE)


def mounts(github: Path, tool_wheels: Path) -> None:
    """Create everything the runner mounts, with secrets where it leaves them."""
    for name in ("runner_temp", "home/.docker", "workflow", "file_commands", "workspace"):
        (github / name).mkdir(parents=True)
    workspace = github / "workspace"
    stage.repository(workspace, tool_wheels)
    (workspace / "pyproject.toml").write_text("[tool.pytest.ini_options]\n")
    git = ["git", "-C", str(workspace), "-c", "user.name=t", "-c", "user.email=t@example.org"]
    for words in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "--message", "Lock"]):
        subprocess.run([*git, *words], check=True)
    with (workspace / ".git/config").open("a") as file:
        file.write('[http "https://github.com/"]\n\textraheader = AUTHORIZATION: basic canary-git-config\n')
    (workspace / ".gitignore").write_text("gha-creds-*.json\n.env\n.npmrc\n*.pem\ndepcheck-report\n")
    for name in ("gha-creds-0.json", ".env", ".npmrc", "deploy.pem"):
        (workspace / name).write_text("canary-ignored-file\n")
    (github / "runner_temp/git-credentials-1.config").write_text(
        "[http]\n\textraheader = basic canary-git-credentials\n"
    )
    (github / "workflow/event.json").write_text('{"secret": "canary-event"}')
    (github / "home/.netrc").write_text("machine example.org login x password canary-netrc\n")
    (github / "home/.docker/config.json").write_text('{"auths": {"example.org": {"auth": "canary-docker-login"}}}')
    for name in ("env", "path", "output", "state", "summary"):
        (github / "file_commands" / name).touch()
    for path in (github, *github.rglob("*")):
        os.chown(path, RUNNER, RUNNER)
        path.chmod(0o755 if path.is_dir() else 0o644)


def contents(github: Path) -> dict[str, bytes]:
    """Read every file below the mounts, by path.

    But the report and what git may refresh.
    """
    kept = (path for path in sorted(github.rglob("*")) if path.is_file() and not path.is_symlink())
    return {str(path.relative_to(github)): path.read_bytes() for path in kept if "depcheck-report" not in path.parts}


def environment(inputs: dict[str, str]) -> list[str]:
    """Return the variables of a job with a powerful token.

    It can write and ask for an identity.
    """
    values = {
        "HOME": "/github/home", "GITHUB_ACTIONS": "true", "CI": "true", "GITHUB_REPOSITORY": "owner/name",
        "GITHUB_WORKSPACE": "/github/workspace", "GITHUB_EVENT_PATH": "/github/workflow/event.json",
        **{f"GITHUB_{name.upper()}": f"/github/file_commands/{name}" for name in ("env", "path", "output", "state")},
        "GITHUB_STEP_SUMMARY": "/github/file_commands/summary", "RUNNER_TEMP": "/github/runner_temp",
        "ACTIONS_RUNTIME_TOKEN": "canary-runtime-token", "ACTIONS_RESULTS_URL": "https://results.example/",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "canary-oidc-token", "ACTIONS_ID_TOKEN_REQUEST_URL": "https://id.example/",
        "INPUT_TOKEN": "canary-input-token",
        **{f"INPUT_{name.upper()}": value for name, value in inputs.items()},
    }  # fmt: skip
    return [word for name, value in values.items() for word in ("-e", f"{name}={value}")]


def inputs(exhaustion: Sequence[str]) -> dict[str, str]:
    """Return inputs of `check` on the private index.

    Each way of using the machine up is a check of its own.
    """
    smoke = [f"python -m hostile.attacks.exhaustion {name}" for name in exhaustion]
    return {
        "command": "run", "dry-run": "true", "python": "3.13", "fail-on": "unjudged", "network": "9001",
        "index-url": "http://reader:canary-index-password@127.0.0.1:8000/", "timeout": "40", "smoke": "\n".join([*smoke, BROKEN]),
    }  # fmt: skip


def listen_for_datagrams(place: Path) -> socket.socket:
    """Return a UNIX socket of another program, which anybody may write to."""
    others = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    others.bind(str(place))
    place.chmod(0o777)
    others.setblocking(False)
    return others


def run(plan: Plan, scratch: Path) -> Run:
    """Run it as `plan` says, with `scratch` for all that is mounted."""
    github = scratch / "github"
    shelf = scratch / "shelf"
    mounts(github, plan.tools)
    stage.index(shelf / "index", plan.tools)
    (shelf / "log").touch()
    before = contents(github)
    beside = f"depcheck-shelf-{os.getpid()}"
    docker("rm", "--force", beside)
    done = docker(
        "run", "--detach", "--name", beside, "--sysctl", "net.ipv4.ping_group_range=1 0", "-v", f"{HERE}:/suite:ro", "-v", f"{shelf}:/shelf", "--entrypoint", "python3",
        plan.image, "/suite/shelf.py", "/shelf/index", "/shelf/log",
    )  # fmt: skip
    if done.returncode:
        raise SystemExit(f"The index beside the container did not start: {done.stderr.decode()}")
    words = [
        "run",
        "--rm",
        "--name",
        f"{beside}-run",
        "--workdir",
        "/github/workspace",
        "--network",
        f"container:{beside}",
    ]
    words += [
        "--memory",
        "4g",
        "--memory-swap",
        "4g",
        "--pids-limit",
        "8000",
        "--tmpfs",
        "/tmp:exec,mode=1777,size=1500m,nr_inodes=100k",
        "--tmpfs",
        "/var/lib/depcheck:exec,mode=711,size=1500m,nr_inodes=100k",
    ]  # a small machine
    words += environment(inputs(plan.exhaustion))
    engine = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock").removeprefix("unix://")
    words += ["-v", f"{engine}:/var/run/docker.sock", "-v", f"{scratch / 'datagrams'}:{DATAGRAMS}"]
    words += [
        word
        for name in ("runner_temp", "home", "workflow", "file_commands", "workspace")
        for word in ("-v", f"{github / name}:/github/{name}")
    ]
    words += [word for inside, path in plan.patched.items() for word in ("-v", f"{path}:{IN_IMAGE}/{inside}:ro")]
    others = listen_for_datagrams(scratch / "datagrams")
    began = time.monotonic()
    try:
        with (scratch / "printed").open("wb") as file:
            status = subprocess.run(
                [os.environ.get("DOCKER", "docker"), *words, plan.image],
                stdout=file,
                stderr=subprocess.STDOUT,
                timeout=plan.limit_s,
                check=False,
            ).returncode
    except subprocess.TimeoutExpired:
        status = -1
        docker("rm", "--force", f"{beside}-run")
    took_s = time.monotonic() - began
    docker("rm", "--force", beside)
    with others, contextlib.suppress(BlockingIOError), (shelf / "log").open("a") as log:
        while True:
            log.write(f"visit {others.recv(200)!r}\n")
    return Run(
        status, (scratch / "printed").read_bytes(), took_s, plan.limit_s, github, before, (shelf / "log").read_text()
    )

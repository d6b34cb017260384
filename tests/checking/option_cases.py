"""Every option of the compilers, in a command that writes a lockfile."""

PROJECT = """\
[build-system]
requires = ["setuptools<80", "wheel"]
build-backend = "setuptools.build_meta"

[tool.setuptools]
py-modules = ["thing"]

[project]
name = "thing"
version = "1"
requires-python = ">=3.8"
dependencies = ["jinja2<3.1.5"]

[project.optional-dependencies]
dev = ["click<8.2"]
more = ["six"]

[dependency-groups]
test = ["click<8.2"]
"""
FILES = {
    "requirements.in": "jinja2>=3.1,<3.1.5\nclick<8.2\n",
    "setuptools.in": "jinja2<3.1.5\nsetuptools<80\n",
    "extras.in": "requests[socks]<2.32.4\n",
    "base.txt": "click==8.1.7\n",
    "pre.in": "jinja2\n",
    "indexed.in": "--index-url https://pypi.org/simple\n--trusted-host pypi.org\nsix==1.16.0\n",
    "included.in": "-r requirements.in\nsix<2\n",
    "pyproject.toml": PROJECT,
    "thing.py": '"""A thing."""\n__version__ = "1"\n',
    "deps/inner.in": "-c ../base.txt\nclick\n",
    ".pip-tools.toml": "",
    "wheels/.keep": "",
    "wheels.in": "",
    "overrides.in": "markupsafe<3\n",
    "excludes.in": "markupsafe\n",
    "build.in": "setuptools<80\n",
}
PIP_TOOLS = {
    "plain": "requirements.in",
    "output": "-o locked.txt requirements.in",
    "no-annotate": "--no-annotate requirements.in",
    "annotation-line": "--annotation-style=line requirements.in",
    "annotation-split": "--annotation-style split requirements.in",
    "no-header": "--no-header requirements.in",
    "hashes": "--generate-hashes requirements.in",
    "no-reuse-hashes": "--generate-hashes --no-reuse-hashes requirements.in",
    "allow-unsafe": "--allow-unsafe -o unsafe.txt setuptools.in",
    "no-allow-unsafe": "--no-allow-unsafe -o safe.txt setuptools.in",
    "unsafe-package": "--unsafe-package=markupsafe requirements.in",
    "strip-extras": "--strip-extras extras.in",
    "no-strip-extras": "--no-strip-extras extras.in",
    "extra": "--extra dev -o dev.txt pyproject.toml",
    "extras-twice": "--extra=dev --extra more -o all.txt pyproject.toml",
    "all-extras": "--all-extras -o every.txt pyproject.toml",
    "build-deps": "--all-build-deps -o build.txt pyproject.toml",
    "only-build-deps": "--build-deps-for=wheel --only-build-deps -o only.txt pyproject.toml",
    "constraint": "-c base.txt requirements.in",
    "pre": "--pre pre.in",
    "pip-args": "--pip-args='--prefer-binary' requirements.in",
    "newline-crlf": "--newline=crlf requirements.in",
    "newline-preserve": "--newline preserve requirements.in",
    "max-rounds": "--max-rounds=20 requirements.in",
    "resolver": "--resolver=backtracking requirements.in",
    "no-build-isolation": "--no-build-isolation requirements.in",
    "index-option": "--index-url=https://pypi.org/simple requirements.in",
    "extra-index": "--extra-index-url=https://pypi.org/simple requirements.in",
    "no-emit-index": "--no-emit-index-url indexed.in",
    "index-in-source": "indexed.in",
    "no-emit-options": "--no-emit-options indexed.in",
    "included": "included.in",
    "several-sources": "-o several.txt requirements.in included.in",
    "other-folder": "-o deps/inner.txt deps/inner.in",
    "uploaded-prior-to": "--uploaded-prior-to=2024-12-01T00:00:00Z requirements.in",
    "no-config": "--config=.pip-tools.toml requirements.in",
    "find-links": "--find-links=wheels requirements.in",
    "no-emit-find-links": "--find-links=wheels --no-emit-find-links requirements.in",
    "emit-trusted-host": "--trusted-host=pypi.org requirements.in",
    "no-emit-trusted-host": "--no-emit-trusted-host indexed.in",
    "all-build-deps": "--all-build-deps -o build.txt pyproject.toml",
    "no-index": "--no-index --find-links=wheels -o wheels.txt wheels.in",
    "upgrade-package": "-P jinja2 requirements.in",
    "short-options": "-U -o locked.txt -p -c base.txt -P 'jinja2<3.1.4' requirements.in",
}
ONE_RUN = frozenset(
    {"--config", "--no-config", "--custom-compile-command", "--config-file"}
)  # the option is in the cases, or names itself
# Not followed, with a reason: what would write elsewhere, or what depends on the machine.
REFUSED = frozenset({"--help", "--version", "--format", "--torch-backend"})

_PLAIN = "-o locked.txt requirements.in"
_KEYS = {
    "annotate": "annotate = false",
    "no-annotate": "no-annotate = true",
    "annotation-style": "annotation-style = 'line'",
    "header": "header = false",
    "hashes": "generate-hashes = true",
    "reuse-hashes": "generate-hashes = true\nreuse-hashes = false",
    "strip-extras": "strip-extras = true",
    "allow-unsafe": "allow_unsafe = true",
    "unsafe-package": "unsafe-package = ['markupsafe']",
    "constraint": "constraint = ['base.txt']",
    "pre": "pre = true",
    "pip-args": "pip-args = '--prefer-binary'",
    "newline": "newline = 'crlf'",
    "max-rounds": "max-rounds = 20",
    "resolver": "resolver = 'backtracking'",
    "no-build-isolation": "no-build-isolation = true",
    "index-url": "index-url = 'https://pypi.org/simple'",
    "extra-index-url": "extra-index-url = ['https://pypi.org/simple']",
    "no-emit-index-url": "index-url = 'https://pypi.org/simple'\nemit-index-url = false",
    "no-emit-options": "emit-options = false",
    "find-links": "find-links = ['wheels']",
    "trusted-host": "trusted-host = ['pypi.org']",
    "uploaded-prior-to": "uploaded-prior-to = '2024-12-01T00:00:00Z'",
    "quiet": "quiet = 1",
}
# case: the file, what is added to it, the command
CONFIGURED = {
    **{name: (".pip-tools.toml", f"[tool.pip-tools]\n{key}\n", _PLAIN) for name, key in _KEYS.items()},
    "in-pyproject": ("pyproject.toml", "\n[tool.pip-tools]\ngenerate-hashes = true\n", "-o locked.txt pyproject.toml"),
    "extra": ("pyproject.toml", "\n[tool.pip-tools]\nextra = ['dev']\n", "-o locked.txt pyproject.toml"),
    "all-extras": ("pyproject.toml", "\n[tool.pip-tools]\nall-extras = true\n", "-o locked.txt pyproject.toml"),
    "build-deps": ("pyproject.toml", "\n[tool.pip-tools]\nall-build-deps = true\n", "-o locked.txt pyproject.toml"),
    "command-specific": (
        "pyproject.toml",
        "\n[tool.pip-tools]\nannotate = true\n[tool.pip-tools.compile]\nannotate = false\n[tool.pip-tools.sync]\nask = true\n",
        "-o locked.txt pyproject.toml",
    ),
    "long-spelling": (".pip-tools.toml", "[tool.pip-tools]\n'--annotate' = false\n", _PLAIN),
}

OF_UV = {
    name: f"requirements.in -o locked.txt {words}"
    for name, words in {
        "plain": "",
        "constraints": "-c base.txt",
        "overrides": "--override overrides.in",
        "excludes": "--excludes excludes.in",
        "build-constraints": "-b build.in",
        "require-build-hashes": "--require-build-hashes",
        "no-deps": "--no-deps",
        "strip": "--no-strip-extras extras.in",
        "no-strip-markers": "--no-strip-markers",
        "no-annotate": "--no-annotate",
        "no-header": "--no-header",
        "annotation-style": "--annotation-style line",
        "hashes": "--generate-hashes",
        "no-build": "--no-build",
        "no-binary": "--no-binary jinja2",
        "only-binary": "--only-binary :all:",
        "platform": "--python-platform windows",
        "universal": "--universal",
        "no-emit-package": "--no-emit-package markupsafe",
        "unsafe-package": "--unsafe-package=markupsafe",
        "emit-index-url": "--emit-index-url",
        "emit-find-links": "--emit-find-links -f wheels",
        "emit-build-options": "--emit-build-options --no-binary jinja2",
        "emit-index-annotation": "--emit-index-annotation",
        "index": "--index https://pypi.org/simple",
        "default-index": "--default-index https://pypi.org/simple",
        "index-url": "-i https://pypi.org/simple",
        "extra-index-url": "--extra-index-url https://pypi.org/simple",
        "index-strategy": "--index-strategy unsafe-best-match",
        "upgrade": "-U",
        "upgrade-package": "-P jinja2",
        "resolution": "--resolution lowest-direct",
        "prerelease": "--prerelease allow",
        "prerelease-package": "--prerelease-package jinja2=allow",
        "fork-strategy": "--universal --fork-strategy fewest",
        "exclude-newer": "--exclude-newer 2024-12-01",
        "exclude-newer-package": "--exclude-newer-package jinja2=2024-06-01",
        "no-sources": "--no-sources",
        "no-sources-package": "--no-sources-package jinja2",
        "config-setting": "-C x=y",
        "config-settings-package": "--config-settings-package jinja2:x=y",
        "no-build-isolation": "--no-build-isolation",
        "no-build-isolation-package": "--no-build-isolation-package jinja2",
        "python-version": "--python-version 3.12",
        "no-emit-index-url": "--no-emit-index-url",
    }.items()
} | {
    "extra": "pyproject.toml -o locked.txt --extra dev",
    "all-extras": "pyproject.toml -o locked.txt --all-extras",
    "group": "-o locked.txt --group test",
    "group-of-a-file": "-o locked.txt --group pyproject.toml:test",
    "directory": "--directory deps inner.in -o inner.txt",
    "project": "--project . requirements.in -o locked.txt",
    "no-index": "--no-index -f wheels wheels.in -o wheels.txt",
}
OF_UVS_CONFIGURATION = {
    name: f"\n[tool.uv.pip]\n{text}\n"
    for name, text in {
        "hashes": "generate-hashes = true",
        "no-annotate": "no-annotate = true",
        "annotation-style": "annotation-style = 'line'",
        "universal": "universal = true",
        "no-emit-package": "no-emit-package = ['markupsafe']",
        "python-version": "python-version = '3.12'",
        "exclude-newer": "exclude-newer = '2024-12-01T00:00:00Z'",
        "upgrade": "upgrade = true",
        "resolution": "resolution = 'lowest-direct'",
        "index-url": "index-url = 'https://pypi.org/simple'",
        "extra-index-url": "extra-index-url = [\n  'https://pypi.org/simple',\n]",
    }.items()
} | {
    "index": "\n[[tool.uv.index]]\nname = 'pypi'\nurl = 'https://pypi.org/simple'\ndefault = true\n",
    "overrides": "\n[tool.uv]\noverride-dependencies = ['markupsafe<3']\n",
    "constraints": "\n[tool.uv]\nconstraint-dependencies = ['markupsafe<3']\n",
}

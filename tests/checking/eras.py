"""Eras of pip-compile that word header or body differently.

And the options that are combined.
"""

from dataclasses import dataclass

from packaging.version import Version

from depcheck.core.lockfiles.formats.pip_compile_options import is_supported_option


@dataclass(frozen=True)
class Era:
    """A pip-tools with its contemporary pip, an interpreter and its era.

    Both tools serve the interpreter; the era is the one that the header shows.
    """

    version: str
    pip: str
    python: str
    shows: str
    beside: tuple[str, ...] = ("click<8.2", "setuptools<75")

    def before(self, version: str) -> bool:
        return Version(self.version) < Version(version)


_FIRST, _OLD, _NAMED, _CAPITAL = "<1.6.1", ">=1.6.1,<6.2", ">=6.2,<6.11", ">=6.11"
_LONG_AGO = ("click<7", "setuptools<41")
ERAS = (
    Era("1.4.5", "7.1.2", "2.7", _FIRST, _LONG_AGO),
    Era("1.6.5", "8.1.1", "2.7", _OLD, _LONG_AGO),
    Era("1.8.2", "9.0.3", "3.6", _OLD, _LONG_AGO),
    Era("1.9.0", "9.0.3", "2.7", _OLD, _LONG_AGO),
    Era("1.11.0", "9.0.3", "3.6", _OLD, _LONG_AGO),
    Era("2.0.2", "10.0.1", "3.6", _OLD, _LONG_AGO),
    Era("3.9.0", "19.1.1", "3.7", _OLD),
    Era("4.5.1", "20.0.2", "3.8", _OLD),
    Era("5.4.0", "20.2.4", "3.8", _OLD),  # the last with aligned annotations
    Era("5.5.0", "20.3.4", "3.8", _OLD),  # the first with split ones
    Era("6.1.0", "21.0.1", "3.8", _OLD),
    Era("6.2.0", "21.1.3", "3.8", _NAMED),
    Era("6.4.0", "21.3.1", "3.8", _NAMED),
    Era("6.10.0", "22.3", "3.9", _NAMED),
    Era("6.11.0", "22.3.1", "3.9", _CAPITAL),
    Era("6.14.0", "23.1.2", "3.9", _CAPITAL),
    Era("7.2.0", "23.2.1", "3.10", _CAPITAL),
    Era("7.4.1", "24.2", "3.10", _CAPITAL),
    Era("7.5.0", "25.1.1", "3.11", _CAPITAL, ("click==8.3.0",)),  # writes options that nobody gave
    Era("7.6.2", "26.0", "3.11", _CAPITAL, ()),
)
# A case is there for its first word; of the others an era gets those that it knows.
CASES: dict[str, tuple[str, ...]] = {
    "plain": (),
    "hashes": ("--generate-hashes", "--allow-unsafe", "--no-reuse-hashes", "--max-rounds=12"),
    "bare": (
        *("--no-annotate", "--pre", "--no-emit-index-url", "--trusted-host=pypi.org", "--no-emit-trusted-host"),
        *("--no-emit-options", "--no-strip-extras", "--no-allow-unsafe"),
    ),
    "line": ("--annotation-style=line", "--strip-extras"),
    "line-hashes": ("--annotation-style=line", "--generate-hashes", "--newline=lf"),
    "split-hashes": ("--annotation-style=split", "--generate-hashes", "--no-strip-extras"),
    "no-header": ("--no-header", "--no-emit-index-url"),
    "output": (
        *("--output-file=locked.txt", "--pip-args=--prefer-binary", "--no-build-isolation", "--resolver=backtracking"),
        *("--extra-index-url=https://pypi.org/simple", "--find-links=wheels", "--no-emit-find-links"),
    ),
    "extra": ("--extra=dev", "--output-file=locked.txt", "pyproject.toml"),
    "all-extras": ("--all-extras", "--all-build-deps", "--output-file=locked.txt", "pyproject.toml"),
    "newline": (  # setuptools too: 6.10.0 loses it where the names of unsafe packages are others
        *("--newline=crlf", "--unsafe-package=markupsafe", "--unsafe-package=setuptools"),
        "--constraint=constraints.txt",
    ),
    "configured": ("--config", "requirements.in"),  # .pip-tools.toml stands there; the word itself is not given
}
FILES = {
    "constraints.txt": "markupsafe<2.1\n",
    "wheels/.keep": "",
    "pyproject.toml": (
        "[build-system]\nrequires=['setuptools<75']\nbuild-backend='setuptools.build_meta'\n"
        "[project]\nname='demo'\nversion='1'\ndependencies=['jinja2==3.1.2']\n"
        "[project.optional-dependencies]\ndev=['click<8.2']\n[tool.setuptools]\npy-modules=[]\n"
    ),
}
SOURCES = ("requirements.in", "pyproject.toml")
_SOURCE = "jinja2[i18n]=={jinja2}\nbabel=={babel}\nmarkupsafe{markupsafe}\nsetuptools<{setuptools}\ncolorama; sys_platform == 'win32'\n"


def source(era: Era) -> str:
    """Return what an interpreter of the era can install."""
    if era.python in {"2.7", "3.6"}:
        return _SOURCE.format(jinja2="2.10.1", babel="2.6.0", markupsafe="<2", setuptools=41)
    return _SOURCE.format(jinja2="3.1.2", babel="2.11.0", markupsafe="", setuptools=60)


def can_write(era: Era, case: str) -> bool:
    """Whether the era knows what the case is there for."""
    return not CASES[case] or is_supported_option(CASES[case][0], era.version)


def words(era: Era, case: str) -> tuple[str, ...]:
    """Return the command's words after its name."""
    given = CASES[case]
    spelt = (_spelt(word, era) for word in given)
    known = [word for word in spelt if word in SOURCES or _known(word, era)]
    named = () if given and given[-1] in SOURCES else ("requirements.in",)
    return (*(word for word in known if word != "--config"), *named)


def _spelt(word: str, era: Era) -> str:
    """Spell options as before 5.2, when `--no-index` alone left out the index."""
    return "--no-index" if word == "--no-emit-index-url" and era.before("5.2") else word


def _known(word: str, era: Era) -> bool:
    return is_supported_option(word, era.version) or (word == "--no-index" and era.before("5.2"))

"""Read path files (`.pth`), whose lines of code run at every start."""

import re

# What setuptools writes for namespace packages, by its generations; only the names differ.
_NAMESPACE_HEAD = "import sys, types, os;"
_NAMESPACE_PLACE = "p = os.path.join(sys._getframe(1).f_locals['sitedir'], *NAMES);"
_NAMESPACE_NEW = (
    "has_mfs = sys.version_info > (3, 5);" + _NAMESPACE_PLACE + "importlib = has_mfs and __import__('importlib.util');"
    "has_mfs and __import__('importlib.machinery');m = has_mfs and sys.modules.setdefault('PACKAGE', importlib.util."
    "module_from_spec(importlib.machinery.PathFinder.find_spec('PACKAGE', [os.path.dirname(p)])));"
)
_NAMESPACE_ENDS = (
    "m = m or sys.modules.setdefault('PACKAGE', types.ModuleType('PACKAGE'));",
    "m = m or not has_mfs and sys.modules.setdefault('PACKAGE', types.ModuleType('PACKAGE'));",
)
_NAMESPACE_OLD = (
    _NAMESPACE_PLACE + "ie = os.path.exists(os.path.join(p,'__init__.py'));"
    "m = not ie and sys.modules.setdefault('PACKAGE', types.ModuleType('PACKAGE'));"
)
_NAMESPACE_TAIL = "mp = (m or []) and m.__dict__.setdefault('__path__',[]);(p not in mp) and mp.append(p)"
_IN_PARENT = ";m and setattr(sys.modules['PARENT'], 'CHILD', m)"
NAMESPACE_LINES = frozenset(
    _NAMESPACE_HEAD + middle + _NAMESPACE_TAIL + end
    for middle in (*(_NAMESPACE_NEW + each for each in _NAMESPACE_ENDS), _NAMESPACE_OLD)
    for end in ("", _IN_PARENT)
)
_NAMES = re.compile(r"\*(\('\w+'(?:, '\w+')*,?\))")
# What setuptools writes for itself: the code is its own module's.
_DISTUTILS = re.compile(
    r"import os; var = 'SETUPTOOLS_USE_DISTUTILS'; enabled = os\.environ\.get\(var, '(?:local|stdlib)'\) == 'local'; "
    r"enabled and __import__\('_distutils_hack'\)\.(?:add_shim|do_override)\(\);? ?"
)


def has_own_code(text: str, owner: str) -> bool:
    """Return True if a path file holds code of its own.

    `owner` is the distribution's normalised name.
    """
    lines = [line for line in text.splitlines() if line.startswith(("import ", "import\t"))]
    return not all(_is_known_line(line, owner) for line in lines)


def _is_known_line(line: str, owner: str) -> bool:
    found = _NAMES.search(line)
    if found is None:
        return owner == "setuptools" and _DISTUTILS.fullmatch(line) is not None
    names = re.findall(r"\w+", found[1])
    line = line.replace(found[0], "*NAMES").replace(f"'{'.'.join(names)}'", "'PACKAGE'")
    if len(names) > 1:
        parent = f"['{'.'.join(names[:-1])}'], '{names[-1]}'"
        line = line.replace(parent, "['PARENT'], 'CHILD'")
    return line.rstrip() in NAMESPACE_LINES

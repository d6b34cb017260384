"""Evaluate conditions of imports, as far as a type checker would."""

import ast
import operator
from collections.abc import Callable, Mapping
from typing import Any

_COMPARISONS: Mapping[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
_KNOWN = {"TYPE_CHECKING": False, "typing.TYPE_CHECKING": False, "sys.platform": "linux", "os.name": "posix"}


def evaluate_condition(test: ast.expr, python: tuple[int, ...]) -> bool | None:
    """Return what `test` gives on Linux and `python`, or None.

    None where that is not known.
    """
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        inner = evaluate_condition(test.operand, python)
        return None if inner is None else not inner
    if isinstance(test, ast.Constant):
        return bool(test.value)
    if isinstance(test, ast.Name | ast.Attribute):
        known = _KNOWN.get(ast.unparse(test))
        return known if isinstance(known, bool) else None
    if isinstance(test, ast.Compare) and len(test.ops) == 1:
        return _compare(test, python)
    return None


def _compare(test: ast.Compare, python: tuple[int, ...]) -> bool | None:
    name = ast.unparse(test.left)
    if name.startswith("sys.version_info"):
        left: object = python[0] if name in {"sys.version_info[0]", "sys.version_info.major"} else python
    else:
        left = _KNOWN.get(name)
    compare = _COMPARISONS.get(type(test.ops[0]))
    try:
        right = ast.literal_eval(test.comparators[0])
        return compare(left, right) if compare and left is not None else None
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return None

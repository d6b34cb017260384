"""The result of a process, as the launcher answers it."""

import json
from dataclasses import dataclass
from types import NoneType
from typing import Any

from depcheck.core.model.errors import DepcheckError, IndexUnavailableError
from depcheck.core.text.process_output import clean_text, cut_middle

HEAD_CHARS, TAIL_CHARS = 64 << 10, 256 << 10
COMMAND_NOT_FOUND = 127
_ANSWER_TYPES: dict[str, type | tuple[type, ...]] = {
    "status": (int, NoneType), "timed_out": bool, "stayed_up": bool, "walls": (dict, NoneType), "error": str,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ProcessResult:
    """The result of a process.

    `exit_status` is negative for a signal, None if this program ended it. `exceeded_limit` then tells which
    limit its processes exceeded together, or is empty. `output` is stdout and stderr together, clean and
    bounded. `answer` are the raw bytes of the separate channel: descriptor 3 of a guest, stdout of an own
    command.
    """

    exit_status: int | None
    timed_out: bool
    output: str
    duration_s: float
    stayed_up: bool = False
    answer: bytes = b""
    exceeded_limit: str = ""

    @property
    def is_success(self) -> bool:
        """True if it ended by itself with status 0."""
        return self.exit_status == 0 and not self.timed_out


def build_result(answer: bytes, program: str, text: str, channel: bytes, duration_s: float) -> ProcessResult:
    """Build a guest's result from the launcher's answer and both outputs.

    Raises:
        DepcheckError: The sandbox could not be set up, so nothing was run.
    """
    shown = cut_middle(text, HEAD_CHARS, TAIL_CHARS)
    ended = _parse_launcher_answer(answer)
    if not ended:  # the launcher itself did not answer in time
        return ProcessResult(None, True, shown, duration_s)
    if ended["walls"] is None and not ended["error"]:
        raise IndexUnavailableError(
            f"{program} ended before it began and said nothing, so no package is to blame: the machine was perhaps "
            "short of memory or processes. Run it again, and where several runs share it, one after the other."
        )
    if ended["walls"] is None:
        raise DepcheckError(
            f"The walls around packages' code could not be raised ({ended['error']}): {program} was not run. "
            "Use a kernel and a container that allow them, or --no-sandbox where no secret is in reach."
        )
    if ended["error"]:
        return ProcessResult(
            COMMAND_NOT_FOUND, False, f"{program} could not be started: {clean_text(ended['error'])}\n", duration_s
        )
    told = ended.get("exceeded", "")
    if told and ended.get("was_short"):
        raise IndexUnavailableError(
            f"{program} was ended: {told}, which was so before it began. No package is to blame; free some memory."
        )
    return ProcessResult(ended["status"], ended["timed_out"], shown, duration_s, ended["stayed_up"], channel, told)


def _parse_launcher_answer(answer: bytes) -> dict[str, Any]:
    """Parse the launcher's answer.

    Empty if the launcher was ended before it wrote all of it.
    """
    try:
        ended = json.loads(answer)
    except (ValueError, RecursionError):
        return {}
    whole = isinstance(ended, dict) and ended.keys() >= _ANSWER_TYPES.keys()
    return ended if whole and all(isinstance(ended[name], kind) for name, kind in _ANSWER_TYPES.items()) else {}

"""Read what guest scripts answer, line by line."""

import json


def parse_guest_answers(answer: bytes) -> list[list[str]]:
    """Parse the lines of a guest script's answer.

    Lines that are no answer are foreign text, attached to the next `ended`.
    """
    told: list[list[str]] = []
    stray: list[str] = []
    for line in answer.decode(errors="replace").splitlines():
        try:
            words = json.loads(line)
        except (ValueError, RecursionError):
            words = None
        if not isinstance(words, list) or len(words) < 2 or not all(isinstance(word, str | int) for word in words):  # noqa: PLR2004
            stray.append(line)
            continue
        words = [str(word) for word in words]
        if words[0] == "ended":
            words, stray = [*words[:3], "\n".join([*words[3:4], *stray])], []
        if len(words) >= _WORD_COUNTS.get(words[0], 99):
            told.append(words)
    return told


_WORD_COUNTS = {"start": 2, "pass": 2, "fail": 4, "ended": 4, "done": 2}

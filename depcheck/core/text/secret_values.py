"""Mask secrets that we hold, by value and in each form."""

import re
from base64 import b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, quote_plus, unquote, urlsplit

from depcheck.core.text.terminal_safe import MASK

_SHORTEST = 6  # characters; a shorter value is in too many words
_SECRET_NAME = re.compile(r"(?i)pass|secret|token|credential|auth|(?:^|_)(?:key|pat|pwd)(?:$|_)|api_?key")
_INDEX_NAME = re.compile(r"(?i)INDEX|FIND_LINKS")


@dataclass(frozen=True, slots=True)
class SecretMasker:
    """Masks some secrets in texts and in structures of texts."""

    shape: re.Pattern[str] | None

    def mask_text(self, text: str) -> str:
        """Return the text with the secrets masked."""
        return self.shape.sub(MASK, text) if self.shape else text

    def mask_values(self, value: Any, spared: frozenset[str] = frozenset()) -> Any:  # noqa: ANN401  # JSON
        """Return lists and objects with all texts masked.

        What is below the keys `spared` stays: what is committed is not ours to change.
        """
        if isinstance(value, str):
            return self.mask_text(value)
        if isinstance(value, dict):
            return {key: each if key in spared else self.mask_values(each, spared) for key, each in value.items()}
        return [self.mask_values(each, spared) for each in value] if isinstance(value, list | tuple) else value


def make_secret_masker(secrets: Iterable[str]) -> SecretMasker:
    """Make a masker of these secrets."""
    forms = {form for secret in secrets if len(secret) >= _SHORTEST for form in list_secret_forms(secret)}
    ordered = sorted(forms, key=lambda form: (-len(form), form))
    return SecretMasker(re.compile("|".join(map(re.escape, ordered))) if ordered else None)


def list_secret_forms(secret: str) -> frozenset[str]:
    """List the forms of a secret: as it is, URL-quoted, in base64.

    In base64 it begins at one of three offsets, as in `user:password`; what its neighbours decide is left out.
    """
    quoted = {quote(secret, safe=""), quote(secret), quote_plus(secret)}
    small = {re.sub(r"%[0-9A-F]{2}", lambda found: found[0].lower(), form) for form in quoted}
    encoded = {_encode_at(secret.encode(errors="replace"), offset) for offset in range(3)}
    swapped = {form.translate(str.maketrans("+/", "-_")) for form in encoded}
    return frozenset(form for form in {secret, *quoted, *small, *encoded, *swapped} if len(form) >= _SHORTEST)


def _encode_at(content: bytes, offset: int) -> str:
    """Encode `content` behind `offset` other bytes, less the characters that those share."""
    whole = b64encode(b"\0" * offset + content).decode().rstrip("=")
    end = (offset + len(content)) * 8 // 6  # the last character may hold bits of what follows
    return whole[(offset * 8 + 5) // 6 : end]


def find_secret_values(environ: Mapping[str, str], names: Iterable[str]) -> frozenset[str]:
    """Find the secrets in the variables of a run.

    They are the passwords of indexes, and those of `names` whose names say so.
    Of a URL with credentials, its password is one, whatever the variable is called.
    """
    wanted = set(names)
    indexes = (value for name, value in environ.items() if _INDEX_NAME.search(name))
    passed = {name: environ[name] for name in wanted if name in environ}
    words = [word for value in (*indexes, *passed.values()) for word in value.split()]
    told = {value for name, value in passed.items() if _SECRET_NAME.search(name)}
    named = {value for name, value in environ.items() if re.fullmatch(r"UV_INDEX_\w+_PASSWORD", name)}
    return frozenset(each for each in (*told, *named, *map(_find_url_password, words)) if each)


def _find_url_password(word: str) -> str:
    try:
        return unquote(urlsplit(word).password or "") if "://" in word else ""
    except ValueError:
        return ""

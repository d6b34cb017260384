"""Extras and groups that are not installed, told beside a target's markers."""

from collections.abc import Collection, Mapping

_KEY = "left_out"  # no marker of PEP 508


def add_left_out(markers: Mapping[str, str], names: Collection[str]) -> Mapping[str, str]:
    """Return the markers with the names of what is not installed."""
    return {**markers, _KEY: " ".join(sorted(names))} if names else markers


def read_left_out(markers: Mapping[str, str]) -> frozenset[str]:
    """Return the names of what is not installed."""
    return frozenset(markers.get(_KEY, "").split())

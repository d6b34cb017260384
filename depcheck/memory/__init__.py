"""Remembers resolutions: a compile is not repeated when nothing that it could see has changed since."""

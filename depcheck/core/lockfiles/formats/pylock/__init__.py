"""pylock.toml (PEP 751), as `uv pip compile` writes it."""

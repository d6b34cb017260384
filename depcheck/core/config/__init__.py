"""Options and settings, wherever they come from."""

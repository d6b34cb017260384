"""What an earlier run saw of the very same sets."""

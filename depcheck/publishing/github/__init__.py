"""The GitHub adapter of the forge."""

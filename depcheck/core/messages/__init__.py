"""The titles and bodies that people read on the forge."""

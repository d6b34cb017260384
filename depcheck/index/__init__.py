"""The local package index: what package tools see of the world, as of any moment."""

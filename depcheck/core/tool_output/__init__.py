"""Read what package tools print when they fail."""

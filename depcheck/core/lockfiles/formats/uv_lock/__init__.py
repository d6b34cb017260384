"""uv.lock: its text, its graph, and what may change."""

"""Progress of a run, and what it costs."""

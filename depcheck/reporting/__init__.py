"""Reports for people: terminal, workflow log, Markdown and HTML."""

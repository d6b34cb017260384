"""What a repository's images, workflows and tests install: which Python, and what together."""

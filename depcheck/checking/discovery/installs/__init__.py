"""What images, workflows and tests install: which Python, what together."""

"""What runs unasked in an environment, found and switched off."""

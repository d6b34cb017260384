"""What stands at the foot of a body, boxes among it."""

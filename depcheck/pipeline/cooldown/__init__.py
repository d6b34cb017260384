"""What is proposed: the newest set that is old enough."""

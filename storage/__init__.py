"""What is known and what was believed, kept for good."""

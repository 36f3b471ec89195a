"""What was said: the world's formats become graded reports, and reports become events."""

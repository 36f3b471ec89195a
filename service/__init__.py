"""When things happen and who sees them: configuration, the nightly story, commands."""

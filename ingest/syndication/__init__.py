"""Feeds before they are parsed: what is read of them, bounded and well-formed."""

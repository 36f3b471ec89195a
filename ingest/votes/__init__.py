"""Votes of the UN General Assembly: how far two states agree, year by year."""

from ingest.votes.reading import parse_votes, read_votes
from ingest.votes.values import Agreement, Share, Trend, Votes, trend

__all__ = ["Agreement", "Share", "Trend", "Votes", "parse_votes", "read_votes", "trend"]

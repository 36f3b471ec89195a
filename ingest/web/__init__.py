"""Asking over HTTP, safe and bounded whatever the other side does; `ingest.fetch` is its door."""

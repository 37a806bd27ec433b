"""Telling what became of each recipient: status events, and the look-up by number."""

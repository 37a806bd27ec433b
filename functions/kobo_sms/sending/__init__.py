"""Sending one part: claimed, asked for, recorded."""

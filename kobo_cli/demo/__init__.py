"""kobo demo: what it sends, and whether all of it came to the end it should."""

"""What the mock remembers."""

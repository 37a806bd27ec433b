"""What lies in the dead-letter queue: looked at, put back on its lane, or dropped."""

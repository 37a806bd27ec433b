"""The processes of the stack: how they start, are found, and end."""

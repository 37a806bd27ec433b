"""What there is to say, put together from the table's items, and how it looks in a terminal."""

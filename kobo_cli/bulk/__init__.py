"""A campaign from a CSV file of people's: read, checked, priced, shown, and written down as requests."""

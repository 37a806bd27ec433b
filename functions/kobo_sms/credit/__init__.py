"""The balance: read, forecast, and whom to alert."""

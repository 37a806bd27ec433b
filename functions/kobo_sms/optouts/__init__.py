"""Who opted out: numbers that promotional requests are not sent to, and those that it is suggested for."""

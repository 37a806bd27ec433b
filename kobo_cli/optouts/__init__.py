"""Who opted out, as an operator keeps it: added, taken back, listed, read from files, suggested by reports."""

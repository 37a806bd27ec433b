"""Campaigns as people see them: handed over, ordered about, and what became of them."""

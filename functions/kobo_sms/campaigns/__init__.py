"""Campaigns: many requests, put on the queue from a file, that can be followed and stopped as one."""

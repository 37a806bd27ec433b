"""Delivery reports: which are due, asked for, recorded, and what is learned from them."""

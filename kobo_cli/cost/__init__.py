"""What AWS charges for texts: counted calls and sizes, at list prices.

What a part, a recipient or a scheduled run takes is counted on an AWS in process, and held to these numbers by
tests/integration/cost: a further write, or a longer log line, fails there.
"""

"""The composition root: a module for each function puts its parts together, once for each warm process.

A function imports its own module alone, so that a cold start compiles nothing of the others. boto3's clients are made
here, when the first event comes, and nowhere else; so is the environment read.
"""

"""What goes wrong with the local stack."""


class LocalStackError(Exception):
    """The local stack can't start or can't go on; the message says why and what to do."""

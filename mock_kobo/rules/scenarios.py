"""What happens without set-up: the magic recipients (README.md) and the delivery codes."""

from __future__ import annotations

DELIVERED = "DELIVRD"
PENDING = "PROCESSED"

# A call of send/ that holds one of these is refused as a whole.
MAGIC_ANSWERS = {
    "2348030009002": "error_param",
    "2348030009003": "error_credit",
    "2348030009004": "error_billing",
    "2348030009005": "error_gw",
    "2348030009006": "error_user",
    "2348030009007": "error_limit",
}

# What report/ says of an SMS to one of these once its time has come.
MAGIC_REPORTS = {
    "2348030009101": "UNDELIV",
    "2348030009102": "UNDELIV_DND",
    "2348030009103": "EXPIRED",
    "2348030009104": "REJECTD",
    "2348030009105": PENDING,
    "2348030009106": "UNDELIV err:0dc",
}

# docs/kobomobile-api.md, "Reports": the words seen on sibling gateways.
PENDING_WORDS = ("PROCESSED", "ACCEPTD", "ENROUTE", "UNKNOWN")
FINAL_WORDS = ("DELIVRD", "UNDELIV", "UNDELIV_DND", "EXPIRED", "REJECTD", "DELETED")

# docs/kobomobile-api.md, "Delivery error codes": the code that the dialect's `err_suffix` puts behind a bare word.
# The page has none for DELETED: 000 there is our choice.
SUFFIX_CODES = {
    "DELIVRD": "000",
    "UNDELIV": "0dc",
    "UNDELIV_DND": "008",
    "EXPIRED": "206",
    "REJECTD": "008",
    "DELETED": "000",
}
